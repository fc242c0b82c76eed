"""Changing a few entries of an index and leaving all other bytes as they are. Pure.

The extensions after a change: ``TREE`` with the changed folders not valid, ``REUC`` as it was; the
others are left out, since they describe the entries as they were (``UNTR``, ``FSMN``), their places
(``EOIE``, ``IEOT``), or something unknown. Git makes them again where it wants them.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from journal.git.cache_tree import invalidate, nested
from journal.git.index_format import (
    FLAG_ASSUME_VALID,
    FLAG_EXTENDED,
    FLAG_NAME,
    HEADER_SIZE,
    ID_AT,
    MODE_AT,
    MORE_INTENT_TO_ADD,
    MORE_SKIP_WORKTREE,
    MTIME_AT,
    SIZE_AT,
    IndexEntry,
    IndexFile,
)

_HITS_LOOKED_UP_MAX = 128
_NO_STAT = bytes(ID_AT)


class Wanted(NamedTuple):
    """What an index is to say of a path. ``stat``: the first 40 bytes of an entry, with any mode."""

    mode: int
    identity: bytes
    stat: bytes | None  # None: not known, so that git looks into the file
    on_disk: bool


class Edit(NamedTuple):
    """Bytes that take the place of others. Those that put in at one place are in the names' order."""

    start: int
    end: int
    data: bytes
    added: int  # entries


def is_up_to_date(entries: Sequence[IndexEntry], wanted: Wanted | None) -> bool:
    """Tell whether the index already says what is wanted of a path."""
    if wanted is None:
        return not entries
    return (
        len(entries) == 1
        and (entries[0].mode, entries[0].identity, entries[0].stage) == (wanted.mode, wanted.identity, 0)
        and not entries[0].more_flags & MORE_INTENT_TO_ADD
    )


def edits_for(index: IndexFile, wanted: Mapping[bytes, Wanted | None]) -> list[Edit]:
    """Return what is to be changed so that the index says what is wanted; [] where it does."""
    edits = []
    for name, want in sorted(wanted.items(), key=lambda item: item[0]):
        start = index.seek(name)
        entries = index.find(name)
        if is_up_to_date(entries, want):
            continue
        data = b"" if want is None else entry_bytes(name, want, entries[0] if entries else None)
        end = entries[-1].end if entries else start
        edits.append(Edit(start, end, data, (1 if want else 0) - len(entries)))
    return edits


def entry_bytes(name: bytes, want: Wanted, before: IndexEntry | None) -> bytes:
    """Encode one entry. What its owner set by hand on the entry before it stays.

    ``--skip-worktree`` stays only while the file is not on the disk, as in git itself.
    """
    flags, more = min(len(name), FLAG_NAME), 0
    if before is not None:
        flags |= before.flags & FLAG_ASSUME_VALID
        more = before.more_flags & MORE_SKIP_WORKTREE if not want.on_disk else 0
    stat = want.stat or _NO_STAT
    head = stat[:MODE_AT] + struct.pack(">I", want.mode) + stat[MODE_AT + 4 :] + want.identity
    if more:
        head += struct.pack(">HH", flags | FLAG_EXTENDED, more)
    else:
        head += struct.pack(">H", flags)
    size = len(head) + len(name)
    return head + name + bytes(8 - size % 8)


def racy_entries(index: IndexFile, seconds: int) -> list[IndexEntry]:
    """Return the entries of files that were last changed in this second.

    Git trusts the times of a file only if they are before those of the index itself; where they
    are of the same second it looks into the file. A rewritten index is younger, so that a change
    made right after a ``git add`` would no longer be seen: see ``smudge``.
    """
    pattern = struct.pack(">I", seconds & 0xFFFFFFFF)
    hits: list[int] = []
    position = HEADER_SIZE - 1
    while (position := index.data.find(pattern, position + 1, index.entries_end)) >= 0:
        hits.append(position - MTIME_AT)
        if len(hits) > _HITS_LOOKED_UP_MAX:
            return [entry for entry in index.entries() if index.data.startswith(pattern, entry.start + MTIME_AT)]
    return [entry for hit in hits if (entry := index.entry_around(hit)) is not None]


def smudge(entry: IndexEntry) -> Edit:
    """Note a size of 0, git's own sign for "look into this file before you trust its times"."""
    return Edit(entry.start + SIZE_AT, entry.start + SIZE_AT + 4, bytes(4), 0)


def patched(index: IndexFile, edits: Sequence[Edit], names: list[bytes]) -> list[bytes | memoryview]:
    """Return the pieces of the index with the edits made, without the checksum. Nothing large is copied.

    ``names`` are the paths whose folders' trees changed.
    """
    data = memoryview(index.data)
    count = index.count + sum(edit.added for edit in edits)
    pieces: list[bytes | memoryview] = [data[:8], struct.pack(">I", count)]
    position = HEADER_SIZE
    for edit in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [data[position : edit.start], edit.data]
        position = edit.end
    pieces.append(data[position : index.entries_end])
    for extension in index.extensions:
        content: bytes | None = None
        if extension.name == b"TREE":
            content = invalidate(index.data[extension.start : extension.end], nested(names), index.hash_length)
        elif extension.name == b"REUC":
            content = index.data[extension.start : extension.end]
        if content is not None:
            pieces.append(extension.name + struct.pack(">I", len(content)) + content)
    return pieces
