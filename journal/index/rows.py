"""The rows of the index as values."""

import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from journal.disk.files import FileStat
from journal.format import values
from journal.format.segment import Intervals, Vector

if TYPE_CHECKING:
    import sqlite3


class FileFacts(NamedTuple):
    """One applied file of the truth; see schema.py for the fields."""

    id: int
    folder: str
    name: str
    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int
    applied: int
    crc: int
    last: int
    listed: int


class SectionFacts(NamedTuple):
    """What the index knows of one segment's header.

    ``prev_segment`` ends at ``prev_seq``; it is of another lane where that one is not gone on with.
    """

    lane: str
    first: int
    sees: Vector
    prev_segment: str | None
    prev_seq: int
    number: int

    @property
    def gap(self) -> tuple[int, int]:
        """The least and the greatest of the seqs between the lane's segment before and this one; (1, 0) if none.

        They belong to no event.
        """
        is_of_lane = self.prev_segment is not None and self.prev_segment.endswith(f"-{self.lane}")
        return (self.prev_seq + 1, self.first - 1) if is_of_lane and self.prev_seq else (1, 0)


class Location(NamedTuple):
    """Where an event's line stands."""

    seq: int
    lane: str
    file: int
    offset: int
    inner: int
    length: int


class EntityRow(NamedTuple):
    """One entity as the index holds it; ``data`` is None for a deleted one."""

    type: str
    id: str
    rev: int
    seq: int
    lane: str
    conflicts: int
    data: str | None


class DamageFacts(NamedTuple):
    """One place of the truth that does not verify; ``blob``: the sha256 of what a line there refers to in vain."""

    file: int
    offset: int
    length: int
    lane: str
    low: int
    high: int
    reason: str
    blob: str = ""


class PrintedFacts(NamedTuple):
    """A projection as this checkout wrote it last."""

    hash: bytes
    size: int
    mtime_ns: int
    inode: int


def broken(what: str) -> "sqlite3.DatabaseError":
    """Return the error for rows that are not as they were written: SQLite has no checksums, so it does not tell."""
    import sqlite3  # not for the merge driver, which opens no index

    return sqlite3.DatabaseError(f"{what} are not as they were written")


_OF_THE_CONTENT = ("Could not decode to UTF-8", "no such table", "no such column", "malformed")


def is_broken(error: "sqlite3.Error") -> bool:
    """Tell whether an error is of what the index holds, and not of the disk or of others who use it."""
    import sqlite3

    if isinstance(error, sqlite3.OperationalError):
        return str(error).startswith(_OF_THE_CONTENT)
    return isinstance(error, sqlite3.DatabaseError)


def row_sum(row: EntityRow) -> int:
    """Return the checksum that stands beside an entity's row."""
    type, id, rev, seq, lane, conflicts, data = row
    return zlib.crc32(f"{type}\n{id}\n{rev}\n{seq}\n{lane}\n{conflicts}\n{data}".encode())


def state_sum(data: str | None, state: str) -> int:
    """Return the checksum that stands beside an entity's state; any, where rot has made either of them no text."""
    return zlib.crc32(f"{state}".encode(), zlib.crc32(f"{data}".encode()) if data is not None else 1)


def intervals_of(text: str) -> Intervals:
    """Return intervals from the JSON that the index keeps. Raises sqlite3.DatabaseError for what is none."""
    try:
        return _numbers(values.decode(text))
    except (ValueError, TypeError) as error:
        raise broken("intervals") from error


def _numbers(intervals: Any) -> Intervals:
    found = tuple((low, high) for low, high in intervals)
    if not all(type(low) is type(high) is int for low, high in found):
        raise TypeError
    return found


@lru_cache(maxsize=256)
def vector_of(text: str) -> Vector:
    """Return a vector from the JSON that the index keeps. Shared, as vectors are values.

    Raises sqlite3.DatabaseError for what is none.
    """
    try:
        return {lane: _numbers(intervals) for lane, intervals in values.decode(text).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise broken("vectors") from error


def section_of(row: tuple[Any, ...]) -> SectionFacts:
    """Return a segment's header from its row."""
    lane, first, sees, prev_segment, prev_seq, number = row
    return SectionFacts(lane, first, vector_of(sees), prev_segment, prev_seq, number)


def stat_facts(stat: FileStat) -> tuple[int, int, int, int]:
    """Return (size, mtime_ns, inode, ctime_ns), by which a file is known again."""
    return stat.size, stat.mtime_ns, stat.inode, stat.ctime_ns


def with_stat(facts: FileFacts, stat: FileStat) -> FileFacts:
    """Return facts with the file's present stat."""
    size, mtime_ns, inode, ctime_ns = stat_facts(stat)
    return facts._replace(size=size, mtime_ns=mtime_ns, inode=inode, ctime_ns=ctime_ns)


def grown(facts: FileFacts, stat: FileStat, text: bytes, last: int) -> FileFacts:
    """Return facts of a file that was applied by a text more, up to the event ``last``."""
    applied, crc = facts.applied + len(text), zlib.crc32(text, facts.crc)
    return FileFacts(facts.id, facts.folder, facts.name, *stat_facts(stat), applied, crc, last, facts.listed)


def is_continued(before: FileFacts, after: FileFacts) -> bool:
    """Tell whether a file is the one that it was, and as much is known of it, but for its end."""
    return (before.folder, before.name, before.inode, before.listed) == (
        after.folder,
        after.name,
        after.inode,
        after.listed,
    )


def is_unchanged(facts: FileFacts, stat: FileStat) -> bool:
    """Tell whether a file is, by its stat, the one that was applied."""
    return (facts.size, facts.mtime_ns, facts.inode, facts.ctime_ns) == stat_facts(stat)


def checksum_on(crc: int, data: bytes) -> int:
    """Return the checksum, by which an applied prefix is known again, of a prefix that grew; 0 is none."""
    return zlib.crc32(data, crc)
