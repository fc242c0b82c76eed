"""The bytes of git's index, versions 2 and 3: where its entries and extensions are. Pure.

An index is a header (``DIRC``, version, count), the entries in the order of their names, then
extensions (name, length, bytes), then a checksum of all before it. An entry has no fixed size, so
the n-th is found by walking over those before it: about 30 ms for 100,000 in Python. Because the
names are sorted, one entry is found much faster by bisecting the *bytes*: from any offset, the next
place where four well-formed entries with ascending names follow each other is taken for a border.
Whatever is found so is checked, and small indexes, and those where the fast way finds no clear
answer, are walked from the start.

    entry = ctime(8) mtime(8) dev(4) ino(4) mode(4) uid(4) gid(4) size(4) id(20|32) flags(2) [more flags(2)]
            name NUL, and NULs up to a length that eight divides
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from journal.errors import GitError
from journal.git.digests import Digest
from journal.git.repository import ObjectFormat

HEADER_SIZE = 12
MTIME_AT, MODE_AT, SIZE_AT, ID_AT = 8, 24, 36, 40
FLAG_ASSUME_VALID, FLAG_EXTENDED, FLAG_STAGE = 0x8000, 0x4000, 0x3000
FLAG_NAME = 0x0FFF
MORE_SKIP_WORKTREE, MORE_INTENT_TO_ADD = 0x4000, 0x2000

_MODES = frozenset(struct.pack(">I", mode) for mode in (0o100644, 0o100755, 0o120000, 0o160000, 0o40000))
_CHAIN_LENGTH = 4
_RESYNC_BYTES_MAX = 1 << 15
_WALK_BYTES = 1 << 10
_WALKED_WHOLE_BYTES_MAX = 1 << 14


class UnsupportedIndexError(Exception):
    """The index has a part that only git understands, and its checksum does not say that it is damaged."""


class IndexEntry(NamedTuple):
    """One entry: where it is, and what it says."""

    start: int
    end: int
    name: bytes
    mode: int
    identity: bytes
    flags: int
    more_flags: int

    @property
    def stage(self) -> int:
        """0, or which side of a conflict this is."""
        return (self.flags & FLAG_STAGE) >> 12


class Extension(NamedTuple):
    """A named part after the entries; ``start`` and ``end`` enclose its bytes without their header."""

    name: bytes
    start: int
    end: int


class IndexFile:
    """An index in memory; of version 4 only the header and the checksum are looked at.

    Building one raises GitError for what is no index, UnsupportedIndexError for one that only git
    understands. The checksum is computed beside other work: see ``verify``.
    """

    def __init__(self, data: bytes, object_format: ObjectFormat) -> None:
        self.data = data
        self.hash_length = 20 if object_format == "sha1" else 32
        self.trailer_start = len(data) - self.hash_length
        if self.trailer_start < HEADER_SIZE or data[:4] != b"DIRC":
            raise _damaged()
        self.version, self.count = struct.unpack_from(">II", data, 4)
        if self.version not in (2, 3, 4):
            raise UnsupportedIndexError(f"version {self.version}")
        trailer = data[self.trailer_start :]
        # All zeros: written under index.skipHash.
        self.has_checksum = any(trailer)
        self._trailer = trailer
        self._digest = Digest([memoryview(data)[: self.trailer_start]] if self.has_checksum else [], object_format)
        self._sought: dict[bytes, int] = {}
        self._fixed_size = ID_AT + self.hash_length + 2
        if self.version == 4:
            self.entries_end = HEADER_SIZE
            self.extensions: list[Extension] = []
            return
        try:
            self.entries_end = self._find_entries_end()
        except UnsupportedIndexError:
            self.verify()
            raise
        self.extensions = self.extensions_from(self.entries_end) or []

    def verify(self) -> None:
        """Raise GitError where the checksum is wrong. To be called before the index is relied on."""
        if self.has_checksum and self._digest.result() != self._trailer:
            raise _damaged()

    def entry_at(self, start: int) -> IndexEntry:
        """Decode the entry that starts at ``start``. Raises UnsupportedIndexError where none does."""
        end = self._next(start)
        data = self.data
        flags_at = start + self._fixed_size - 2
        flags = int.from_bytes(data[flags_at : flags_at + 2], "big")
        more = int.from_bytes(data[flags_at + 2 : flags_at + 4], "big") if flags & FLAG_EXTENDED else 0
        return IndexEntry(
            start,
            end,
            self._name_at(start),
            int.from_bytes(data[start + MODE_AT : start + MODE_AT + 4], "big"),
            data[start + ID_AT : flags_at],
            flags,
            more,
        )

    def entries(self, start: int = HEADER_SIZE) -> Iterator[IndexEntry]:
        """Walk over the entries from a border on."""
        while start < self.entries_end:
            entry = self.entry_at(start)
            yield entry
            start = entry.end

    def seek(self, name: bytes) -> int:
        """Return where the first entry is whose name is not less than ``name``."""
        if name in self._sought:
            return self._sought[name]
        low, high = HEADER_SIZE, self.entries_end
        while high - low > _WALK_BYTES:
            border = self._resync((low + high) // 2, high)
            if border is None:
                break
            if self._name_at(border) < name:
                low = border
            elif border < high:
                high = border
            else:
                break
        while low < self.entries_end and self._name_at(low) < name:
            low = self._next(low)
        self._sought[name] = low
        return low

    def find(self, name: bytes) -> list[IndexEntry]:
        """Return the entries of one name: none, one, or the sides of a conflict."""
        found = []
        for entry in self.entries(self.seek(name)):
            if entry.name != name:
                break
            found.append(entry)
        return found

    def entry_around(self, start: int) -> IndexEntry | None:
        """Return the entry that starts at ``start``; None where that only looks like one."""
        if (start - HEADER_SIZE) % 8 or start < HEADER_SIZE or self._end_of(start) is None:
            return None
        entry = self.entry_at(start)
        return entry if any(found.start == start for found in self.find(entry.name)) else None

    def extensions_from(self, position: int) -> list[Extension] | None:
        """Read the extensions from ``position`` on; None where they do not end at the checksum."""
        found: list[Extension] = []
        while position < self.trailer_start:
            start = position + 8
            if start > self.trailer_start:
                return None
            name = self.data[position : position + 4]
            position = start + int.from_bytes(self.data[position + 4 : start], "big")
            found.append(Extension(name, start, position))
        if position != self.trailer_start:
            return None
        for extension in found:
            # By git's rule a reader may pass over an extension whose name starts in upper case, and no other.
            if not extension.name[:1].isupper():
                raise UnsupportedIndexError(f"extension {extension.name!r}")
        return found

    def _find_entries_end(self) -> int:
        end = None
        if self.trailer_start - HEADER_SIZE > _WALKED_WHOLE_BYTES_MAX:
            end = self._walk_to_extensions(self._last_border())
        if end is None:
            end = HEADER_SIZE
            for _ in range(self.count):
                end = self._next(end)
            if self.extensions_from(end) is None:
                raise UnsupportedIndexError("extensions of an unknown form")
        return end

    def _last_border(self) -> int:
        """Return a border not far from the last entry, by bisection."""
        low, high = HEADER_SIZE, self.trailer_start
        while high - low > _WALK_BYTES:
            middle = (low + high) // 2
            border = self._resync(middle, self.trailer_start)
            if border is None or border <= low:
                high = middle
            else:
                low = border
        return low

    def _walk_to_extensions(self, start: int) -> int | None:
        while (end := self._end_of(start)) is not None and end <= self.trailer_start:
            start = end
        return start if self.extensions_from(start) is not None else None

    def _next(self, start: int) -> int:
        end = self._end_of(start)
        if end is None or end > self.trailer_start:
            raise UnsupportedIndexError("an entry of an unknown form")
        return end

    def _resync(self, position: int, limit: int) -> int | None:
        """Return the first border at or after ``position``; None where there is none near."""
        position += -(position - HEADER_SIZE) % 8
        for start in range(position, min(position + _RESYNC_BYTES_MAX, limit), 8):
            if self.data[start + MODE_AT : start + MODE_AT + 4] in _MODES and self._is_border(start, limit):
                return start
        return None

    def _is_border(self, start: int, limit: int) -> bool:
        before = b""
        for _ in range(_CHAIN_LENGTH):
            end = self._end_of(start)
            if end is None or end > limit:
                return False
            name = self._name_at(start)
            if name < before:
                return False
            before, start = name, end
        return True

    def _name_start(self, start: int) -> int:
        flags_at = start + self._fixed_size - 2
        return flags_at + (4 if self.data[flags_at] & (FLAG_EXTENDED >> 8) else 2)

    def _name_at(self, start: int) -> bytes:
        name_start = self._name_start(start)
        return self.data[name_start : self.data.index(b"\0", name_start)]

    def _end_of(self, start: int) -> int | None:
        """Return where a well-formed entry that starts at ``start`` ends; None where none does."""
        data = self.data
        flags_at = start + self._fixed_size - 2
        if flags_at + 4 > self.trailer_start or data[start + MODE_AT : start + MODE_AT + 4] not in _MODES:
            return None
        name_start = self._name_start(start)
        name_end = data.find(b"\0", name_start, self.trailer_start)
        length = ((data[flags_at] << 8) | data[flags_at + 1]) & FLAG_NAME
        if name_end <= name_start or min(name_end - name_start, FLAG_NAME) != length:
            return None
        end = start + (name_end - start + 8 & ~7)
        return end if not data[name_end:end].strip(b"\0") else None


def _damaged() -> GitError:
    """Return the error for an index that is not what its checksum or its format says."""
    return GitError("git's index is damaged", hint="run: git status; git fsck; see what git says of it")
