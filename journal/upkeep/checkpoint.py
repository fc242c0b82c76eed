"""Writing a checkpoint: the state of all that this checkout holds, so that a rebuild need not replay it.

The lock is not held while it is written. Crash argument: the file is complete, synced and read back before its
name appears, so a checkpoint is there whole or not at all; the note that records it comes after. One
that was killed before its note is as good: its name is the hash of its bytes.
"""

import hashlib
import os
from collections.abc import Iterator
from typing import Any

from journal.disk.files import write_whole
from journal.disk.folders import ensure_folder
from journal.errors import DamagedError
from journal.format import values
from journal.format.checkpoint import (
    CheckpointHeader,
    compress,
    decode_entities,
    decode_header,
    decompress_lines,
    encode_lines,
)
from journal.format.limits import PAYLOAD_BYTES_INLINE_MAX
from journal.format.lines import BadLineError
from journal.format.names import checkpoint_file
from journal.index.streams import length_of, names
from journal.index.view import Key, OvertakenError, View, state_from_texts
from journal.segments.folders import CHECKPOINTS
from journal.state import vector
from journal.state.encoding import encode_state
from journal.state.entity import EntityState, normal
from journal.store.batch import Note
from journal.store.blobs import write_blob
from journal.store.damage import open_damage
from journal.store.engine import Engine
from journal.store.history import event_at, places_between

NOTE = "checkpoint"
_TRIES = 5
_REPORT_EVERY = 1000


def write_checkpoint(engine: Engine, actor: str | None) -> str:
    """Write a checkpoint and return its name; where nothing happened since the last one, return that.

    Raises DamagedError while there is damage that nobody accepted: it must not be made to look whole.
    """
    for _ in range(_TRIES):
        try:
            return _write(engine, actor)
        except (OvertakenError, FileNotFoundError):
            continue  # another process wrote between two looks at the index, or packed what was being read
    with engine.locked():
        return _write(engine, actor)


def _write(engine: Engine, actor: str | None) -> str:
    with engine.reading(history=True) as view:
        if open_damage(view):
            raise DamagedError(
                "the truth is damaged; a checkpoint would make the loss look like the whole story",
                hint="journal doctor tells what is damaged and what can be done",
            )
        known = still_current(engine, view)
        if known is not None:
            return known
        head, covers = view.top, dict(view.have)
        redacted = None if view.redacting is None else view.redacting.within(covers)
        header = CheckpointHeader(engine.config.store, head, covers, vector.count(covers), _streams(view), redacted)
        entities, report = 0, engine.options.progress
        of = sum(live + deleted for _, live, deleted in view.index.counts()) if report is not None else 0

        def forms() -> Iterator[dict[str, Any]]:
            nonlocal entities
            for form in _forms(engine, view):
                entities += 1
                if report is not None and entities % _REPORT_EVERY == 0:
                    report("checkpoint", entities, max(entities, of))
                yield form

        with view.snapshot():
            data = compress(encode_lines(header, forms()))
    name = checkpoint_file(head, data)
    path = os.path.join(engine.root, CHECKPOINTS, name)
    ensure_folder(engine.files, engine.root, CHECKPOINTS, durable=True)
    write_whole(engine.files, path, data, durable=True)
    _verify(engine.files.read(path), data)
    note = {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "head": head, "entities": entities}
    engine.write([Note(note=NOTE, data=note, actor=actor)])
    return name


def _verify(found: bytes, written: bytes) -> None:
    try:
        lines = decompress_lines(found)
        decode_header(next(lines))
        for _ in decode_entities(lines):
            pass
    except BadLineError as error:
        raise DamagedError(f"the checkpoint does not read back: {error}") from error
    if found != written:
        raise DamagedError("the checkpoint does not read back as it was written")


def _streams(view: View) -> dict[str, int]:
    return {name: length_of(view, name)[1] for name in names(view)}


def still_current(engine: Engine, view: View) -> str | None:
    """Return the newest checkpoint if all that it does not cover is notes about checkpoints."""
    if not view.covers:
        return None
    rest = vector.subtract(view.have, view.covers)
    if vector.count(rest) > 8:
        return None
    for lane, intervals in rest.items():
        for low, high in intervals:
            for place in places_between(view, lane, low, high):
                if event_at(view, place).note != NOTE:
                    return None
    return max((name for folder, name in view.facts if folder == CHECKPOINTS), default=None)


def _forms(engine: Engine, view: View) -> Iterator[dict[str, Any]]:
    extra = dict(view.overlay.states)
    for type, id, data, text in view.index.every_state():
        if (type, id) not in extra:
            extra_before = sorted(key for key in extra if key < (type, id))
            for key in extra_before:
                yield from _form(engine, view, key, extra.pop(key))
            yield from _form(engine, view, (type, id), state_from_texts(data, text))
    for key in sorted(extra):
        yield from _form(engine, view, key, extra[key])


def _form(engine: Engine, view: View, key: Key, state: EntityState | None) -> Iterator[dict[str, Any]]:
    if state is None:
        return
    form = {"type": key[0], "id": key[1], **encode_state(normal(state, view.have))}
    if "data" in form:
        text = values.encode_trusted(form["data"])
        if len(text) > PAYLOAD_BYTES_INLINE_MAX:
            form["ref"] = write_blob(engine.files, engine.root, text)
            del form["data"]
    yield form
