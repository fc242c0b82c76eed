"""Writing anew the files of the truth that hold what is redacted, in copies that came back by a merge too.

What is redacted is known before this begins: the notes are durable, and every reader goes by them
(``index.redacting``). So this changes no state; it only makes the bytes on the disk what readers make of them already.
A segment or a pack becomes a pack under a new name, a checkpoint another checkpoint; the old file leaves, and so do
the blobs to which nothing refers any more. What is new shares no piece of its bytes with what leaves
(``segments.unlike``), so that git takes none for the other renamed.

Crash argument, for any instant: every event is readable, old or new, since (1) the new files are there whole, synced
and read back before (2) git's index is told of new and old in one replacement, so that no commit, of whoever, takes
the removals along without the packs, and only then (3) the old ones are removed, one by one, blobs first: while an old
line is there, the next run finds what it refers to. (Of an old line whose blob is gone no reader takes anything; the
new one counts.) Cut anywhere, files are left that a reader knows to hold what is redacted, and whoever holds the lock
next does it again: a new file that is there already has the same name and the same bytes. An own segment that leaves
ends this work tree's lane: its memory goes before the file does, so that the next write begins a new one.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from journal.disk.files import write_whole
from journal.disk.folders import ensure_folder, full_path
from journal.errors import DamagedError, RefusedError
from journal.format import values
from journal.format.checkpoint import decode_entities, decode_header, decompress_lines, encode_lines
from journal.format.lines import BadLineError, seal, unseal
from journal.format.names import (
    checkpoint_file,
    is_sha256,
    pack_file,
    parse_checkpoint_file,
    parse_pack_file,
    parse_segment_file,
)
from journal.format.record import Record
from journal.format.segment import decode_header as decode_segment_header
from journal.index.bounds import first_header, limits_of
from journal.index.places import list_events
from journal.index.redacting import redacted, redacted_form
from journal.index.view import Key, View
from journal.segments.folders import ARCHIVE, CHECKPOINTS, SEGMENTS, read_text, text_of
from journal.segments.pack import encode_pack
from journal.segments.scan import scan
from journal.segments.unlike import deflate_unlike, salt_of, spaced_unlike
from journal.state import vector
from journal.state.redaction import KEY
from journal.store.blobs import blob_path, blob_paths, write_blob
from journal.store.engine import Engine
from journal.store.home import LANE_FILE, TIP_FILE


@dataclass(slots=True)
class Rewritten:
    """What changed, by path in the store: ``added`` and ``removed`` files of the truth, ``blobs`` that left."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)


def rewrite(engine: Engine, view: View, more: Iterable[Key] = (), blobs: Iterable[str] = ()) -> Rewritten:
    """Write anew all files that hold what is redacted, and those named in ``more``; the lock is held.

    ``blobs``: sha256 of blobs that leave as well, if nothing refers to them.

    The view is to be brought forward afterwards. Raises GitError or OSError, with nothing lost, where it cannot be
    done.
    """
    redacting = view.redacting
    behind = set() if redacting is None else redacting.unredacted & view.facts.keys()
    done = Rewritten()
    dropped = set(blobs)
    for key in sorted(with_cut_off(engine, view, {*behind, *more})):
        _rewrite_file(engine, view, key, done, dropped)
    dropped -= _referenced(engine, view, set(done.removed)) if dropped else set()
    for sha256 in sorted(dropped):
        done.blobs.extend(
            path for path in blob_paths(sha256) if engine.files.stat(full_path(engine.root, path)) is not None
        )
    if done.removed or done.blobs:
        _stage(engine, done)
        _remove(engine, done)
    return done


def with_cut_off(engine: Engine, view: View, keys: set[Key]) -> set[Key]:
    """Add the segments of which one of these says where they are cut off: once it is a pack, no reader asks it that."""
    found, rest = set(keys), list(keys)
    while rest:
        folder, name = rest.pop()
        ended = first_header(engine.files, full_path(engine.root, f"{folder}/{name}")) if folder == SEGMENTS else None
        key = (SEGMENTS, f"{ended[0]}.jsonl") if ended is not None else ("", "")
        if ended is None or key not in view.facts or key in found:
            continue
        data = engine.files.read(full_path(engine.root, "/".join(key)))
        if scan(data, limit_seq=ended[1]).end < len(data):
            found.add(key)
            rest.append(key)
    return found


def _rewrite_file(engine: Engine, view: View, key: Key, done: Rewritten, dropped: set[str]) -> None:
    path = "/".join(key)
    data = engine.files.read(full_path(engine.root, path))
    new = _checkpoint(view, key[1], data) if key[0] == CHECKPOINTS else _pack(engine, view, key, data, dropped)
    if new is not None:
        added, content = new
        if added == path:
            return
        if added not in done.added:
            _write_new(engine, added, content)
            done.added.append(added)
    done.removed.append(path)


def _write_new(engine: Engine, added: str, content: bytes) -> None:
    ensure_folder(engine.files, engine.root, added.partition("/")[0], durable=True)
    write_whole(engine.files, full_path(engine.root, added), content, durable=True)
    if engine.files.read(full_path(engine.root, added)) != content:
        raise DamagedError("the file does not read back as it was written", path=added)


# -- segments and packs -----------------------------------------------------------------------------


def _pack(engine: Engine, view: View, key: Key, data: bytes, dropped: set[str]) -> tuple[str, bytes] | None:
    named = parse_segment_file(key[1]) or parse_pack_file(key[1])
    assert named is not None, key
    lines: list[bytes] = []
    for line, fields in _readable(engine, view, named.lane, counted_lines(view, key, data)):
        if fields["kind"] == "segment":
            lines.append(line)
            continue
        after = redacted(view, fields, named.lane)
        if after is fields:
            lines.append(line)
        elif after is not None:
            before = references_in(fields) | (references_in(_payload(view, fields)) if "ref" in fields else set())
            dropped |= before - references_in(after)
            lines.append(_line(engine, after, line))
    if not lines:
        return None
    salt = salt_of(b"".join(lines))
    content = encode_pack(lines, lambda text: deflate_unlike(text, salt))
    if b"".join(lines) != text_of(content, ARCHIVE).data:
        raise DamagedError("the pack does not read back as it was made", path="/".join(key))
    return f"{ARCHIVE}/{pack_file(named.first, named.lane, content)}", content


def _readable(engine: Engine, view: View, lane: str, lines: Iterable[bytes]) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield lines and their fields, in the place of one whose blob has left already the new one, which says it all."""
    copies: dict[int, bytes] | None = None
    for line in lines:
        fields = unseal(line)
        if fields["kind"] != "segment" and redacted(view, fields, lane) is None:
            copies = _new_copies(engine, lane) if copies is None else copies
            copy = copies.get(fields["seq"], line)
            yield copy, unseal(copy)
        else:
            yield line, fields


def _new_copies(engine: Engine, lane: str) -> dict[int, bytes]:
    """Return the lines of a lane that are redacted already, by seq."""
    found: dict[int, bytes] = {}
    for name, _ in engine.files.list(os.path.join(engine.root, ARCHIVE)):
        named = parse_pack_file(name)
        if named is not None and named.lane == lane:
            text = read_text(engine.files, os.path.join(engine.root, ARCHIVE, name), ARCHIVE).data
            for section in scan(text).sections:
                behind = (item for item in section.found if KEY in item.record)
                found.update((item.record["seq"], text[item.offset : item.offset + item.length]) for item in behind)
    return found


def counted_lines(view: View, key: Key, data: bytes) -> list[bytes]:
    """Return the lines of a segment or pack that count: headers and records, without torn ends, residue and damage."""
    facts = view.facts.get(key)
    text = text_of(data, key[0]).data
    limit = limits_of(view, [key]).get(key[1].removesuffix(".jsonl")) if key[0] == SEGMENTS else None
    if limit is None and key[0] == SEGMENTS and facts is not None and facts.last:
        limit = facts.last
    lines: list[bytes] = []
    for section in scan(text, limit_seq=limit).sections:
        if section.header is not None:
            lines.append(text[section.offset : text.index(b"\n", section.offset) + 1])
        lines.extend(text[item.offset : item.offset + item.length] for item in section.found)
    return lines


def _line(engine: Engine, record: Record, before: bytes) -> bytes:
    """Return the line of a redacted record, with the spaces that the old line has."""
    fields = {name: item for name, item in record.items() if name != "crc"}
    start = before.index(b",") + 1
    spaces = len(before[start:]) - len(before[start:].lstrip(b" "))
    try:
        return seal(fields, spaces=spaces)
    except RefusedError:
        payload = spaced_unlike(values.encode_trusted(fields.pop("data")))
        return seal({**fields, "ref": write_blob(engine.files, engine.root, payload)}, spaces=spaces)


def _payload(view: View, record: Record) -> dict[str, Any]:
    try:
        return view.payload(record)
    except BadLineError:
        return {}


def references_in(value: Any) -> set[str]:
    """Return the sha256 of all blobs to which a value refers."""
    found: set[str] = set()
    rest = [value]
    while rest:
        item = rest.pop()
        if type(item) is dict:
            if is_sha256(item.get("sha256")) and type(item.get("bytes")) is int:
                found.add(item["sha256"])
            rest.extend(item.values())
        elif type(item) is list:
            rest.extend(item)
    return found


def _referenced(engine: Engine, view: View, removed: set[str]) -> set[str]:
    """Return the sha256 of all blobs to which a file of the truth refers that stays, as it is on the disk."""
    found: set[str] = set()
    for folder in (SEGMENTS, ARCHIVE, CHECKPOINTS):
        for name, _ in engine.files.list(os.path.join(engine.root, folder)):
            if f"{folder}/{name}" not in removed and not name.endswith(".journal-tmp"):
                found |= _references_of(engine, view, folder, name)
    return found


def _references_of(engine: Engine, view: View, folder: str, name: str) -> set[str]:
    found: set[str] = set()
    path = os.path.join(engine.root, folder, name)
    try:
        if folder == CHECKPOINTS:
            lines = decompress_lines(engine.files.read(path))
            next(lines)
            for form in decode_entities(lines):
                found |= references_in(form)
            return found
        for line in read_text(engine.files, path, folder).data.splitlines(keepends=True):
            if b'"sha256"' in line:
                fields = unseal(line)
                found |= references_in(fields)
                if fields["kind"] != "segment" and "ref" in fields:
                    found |= references_in(_payload(view, fields))
    except (BadLineError, OSError):
        pass  # what does not verify refers to nothing
    return found


# -- checkpoints ------------------------------------------------------------------------------------


def _checkpoint(view: View, name: str, data: bytes) -> tuple[str, bytes] | None:
    """Return the checkpoint that replaces one; None where it cannot be read and is not needed."""
    named = parse_checkpoint_file(name)
    assert named is not None, name
    redacting = view.redacting
    lines = decompress_lines(data)
    header = decode_header(next(lines))
    try:
        forms = [redacted_form(view, form) for form in decode_entities(lines)]
    except BadLineError as error:
        # It may refer to a blob that left with what it held: then the events themselves say it all.
        list_events(view)
        if vector.is_subset(header.covers, view.have_files):
            return None
        raise DamagedError(f"the checkpoint cannot be read: {error}", path=f"{CHECKPOINTS}/{name}") from error
    named_here = None if redacting is None else redacting.within(header.covers)
    text = b"".join(encode_lines(header._replace(redacted=named_here), forms))
    content = deflate_unlike(text, salt_of(text))
    return f"{CHECKPOINTS}/{checkpoint_file(named.head, content)}", content


# -- taking the old ones away -----------------------------------------------------------------------


def _stage(engine: Engine, done: Rewritten) -> None:
    """Tell git's index of what came and what left, at once. Raises GitError."""
    if engine.git is None:
        return
    from journal.git.commit import FileChange, stage_changes
    from journal.git.status import index_paths
    from journal.upkeep.place import place_of

    place = place_of(engine)
    known = index_paths(place.repository, place.prefix)
    gone = [path for path in map(place.outer, (*done.removed, *done.blobs)) if path in known]
    if not gone:
        return
    written = [*done.added, *_new_blobs(engine, done)]
    changes = [FileChange(place.outer(path), engine.files.read(full_path(engine.root, path))) for path in written]
    changes.extend(FileChange(path, None) for path in gone)
    stage_changes(place.repository, changes, files=engine.files)


def _new_blobs(engine: Engine, done: Rewritten) -> list[str]:
    """Return the blobs to which the new files refer."""
    found: set[str] = set()
    for path in done.added:
        folder = path.partition("/")[0]
        if folder == CHECKPOINTS:
            lines = decompress_lines(engine.files.read(full_path(engine.root, path)))
            next(lines)
            for form in decode_entities(lines):
                found |= references_in(form.get("ref"))
        else:
            for line in read_text(engine.files, full_path(engine.root, path), ARCHIVE).data.splitlines(keepends=True):
                fields = unseal(line)
                if fields["kind"] == "segment":
                    found |= references_in(decode_segment_header(fields).sees_ref)
                else:
                    found |= references_in(fields.get("ref"))
    return [
        path for path in map(blob_path, sorted(found)) if engine.files.stat(full_path(engine.root, path)) is not None
    ]


def _remove(engine: Engine, done: Rewritten) -> None:
    own = engine.own_segment()
    if own is not None and f"{SEGMENTS}/{own}" in done.removed:
        engine.close_lane()
        for name in (LANE_FILE, TIP_FILE):
            engine.files.remove(os.path.join(engine.local, name))
        engine.files.sync_folder(engine.local)
    for gone in (done.blobs, done.removed):
        for path in gone:
            engine.files.remove(full_path(engine.root, path))
        for folder in sorted({os.path.dirname(full_path(engine.root, path)) for path in gone}):
            engine.files.sync_folder(folder)
    engine.indexing.freshness.forget()
