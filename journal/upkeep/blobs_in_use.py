"""Which blobs are in use: what events, checkpoints and keys refer to.

An event is in use for ever, and so is what it refers to: as a payload that was too long for its line, or by a reference
anywhere in its payload. Keys have no history (docs/kv.md): what a key's value refers to counts only where the two
newest checkpoints or the present say so. Anything that looks like a sha256 under that name counts as a reference here:
to keep a blob that nobody needs costs room, to lose one costs the blob.

What a pack says is read once and kept in ``local/derived/blobs/``: a pack never changes.
"""

import contextlib
import os
import re
from collections.abc import Iterable
from typing import Any

from journal.disk.files import write_whole
from journal.disk.folders import checked, ensure_folder, full_path
from journal.disk.pieces import pieces_of
from journal.format import values
from journal.format.checkpoint import decompress_lines
from journal.format.lines import BadLineError
from journal.format.names import is_sha256
from journal.format.reserved import KV_TYPE
from journal.index.view import View
from journal.segments.folders import ARCHIVE, CHECKPOINTS, read_text
from journal.store.blobs import blob_path
from journal.store.engine import Engine

DERIVED = "local/derived/blobs"
_MENTION = re.compile(rb'"sha256"\s*:\s*"([0-9a-f]{64})"')
_MENTION_BYTES_MAX = 100
_NOTES_BYTES_MAX = 1 << 28

Notes = dict[str, Any]
"""``packs``: name -> what it mentions; ``idle``: see ``blob_parking``."""


def read_notes(engine: Engine) -> Notes:
    """Return what was noted last; nothing where there is none, or it cannot be read."""
    path = os.path.join(engine.root, *DERIVED.split("/"), "notes.json")
    try:
        notes = values.decode(engine.files.read_at(checked(engine.files, engine.root, path), 0, _NOTES_BYTES_MAX))
        if type(notes) is dict and type(notes["packs"]) is dict and type(notes["idle"]) is dict:
            return notes
    except (OSError, ValueError, KeyError):
        pass
    return {"packs": {}, "idle": {}}


def write_notes(engine: Engine, notes: Notes) -> None:
    """Keep notes for the next run. They are derived: a power cut may take them."""
    folder = ensure_folder(engine.files, engine.root, DERIVED)
    write_whole(engine.files, os.path.join(folder, "notes.json"), values.encode_trusted(notes), durable=False)


def in_use(engine: Engine, view: View, notes: Notes) -> set[str]:
    """Return the sha256 of every blob in use; what packs mention is added to the notes. Raises FileNotFoundError."""
    found: set[str] = set()
    packs: dict[str, list[str]] = {}
    for folder, name in sorted(view.facts):
        path = os.path.join(engine.root, folder, name)
        if folder == CHECKPOINTS:
            with contextlib.suppress(BadLineError):  # one that does not verify counts for nothing
                for line in decompress_lines(engine.files.read(path)):
                    found.update(_mentions(line))
        elif folder == ARCHIVE:
            known = notes["packs"].get(name)
            packs[name] = known if known is not None else sorted(_of_events(engine, path, folder))
            found.update(packs[name])
        else:
            found.update(_of_events(engine, path, folder))
    notes["packs"] = packs
    for type, _, data, state in view.index.every_state():
        if type == KV_TYPE:
            found.update(_mentions((data or "").encode()), _mentions(state.encode()))
    return found


def _of_events(engine: Engine, path: str, folder: str) -> set[str]:
    found: set[str] = set()
    for line in read_text(engine.files, path, folder).data.split(b"\n"):
        mentioned = _mentions(line)
        if mentioned:
            own = _payload_of_a_key(line)
            found |= mentioned | _mentions_of_payload(engine, line) if own is None else own
    return found


def _payload_of_a_key(line: bytes) -> set[str] | None:
    """Return the blob of a key's change whose payload was too long for its line: without it the event is damaged.

    None where that is no change of a key, or cannot be read.
    """
    try:
        record = values.decode(line)
    except ValueError:
        return None
    if type(record) is not dict or record.get("kind") != "entity" or record.get("type") != KV_TYPE:
        return None
    ref = record.get("ref")
    return {ref["sha256"]} if type(ref) is dict and is_sha256(ref.get("sha256")) else set()


def _mentions_of_payload(engine: Engine, line: bytes) -> set[str]:
    """Return what a payload mentions that was too long for its line."""
    if b'"ref"' not in line:
        return set()
    found: set[str] = set()
    for sha256 in _mentions(line):
        path = full_path(engine.root, blob_path(sha256))
        if engine.files.stat(path) is not None:
            found |= _in_pieces(pieces_of(engine.files, path))
    return found


def _in_pieces(chunks: Iterable[bytes]) -> set[str]:
    found: set[str] = set()
    rest = b""
    for chunk in chunks:
        found |= _mentions(rest + chunk)
        rest = chunk[-_MENTION_BYTES_MAX:]
    return found


def _mentions(text: bytes) -> set[str]:
    return {mention.decode() for mention in _MENTION.findall(text)} if b'"sha256"' in text else set()
