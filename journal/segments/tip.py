"""What this work tree remembers of the end of its lane: ``local/tip`` and ``local/lane.json``. Pure.

``lane.json`` is written when a segment is started: which one, and the surroundings it was started
in. ``tip`` has three short lines of a fixed size, each overwritten in place: the *tip*, how far the segment was
written, by whoever held the lock last; the *mark*, how far it is known to be durable; and the *cut*, where a segment
ends of which something could not be written or made durable.
Neither is needed: without them the work tree starts a new lane.
"""

import zlib
from functools import lru_cache
from typing import Any, NamedTuple

from journal.disk.files import FileStat
from journal.format import values
from journal.format.names import is_lane, parse_segment_file

TIP_BYTES = MARK_BYTES = 256
"""How long each line is; a cut is spelled as a mark."""


class Tip(NamedTuple):
    """How far the open segment was written, and which file that is; ``size`` in bytes, ``seq`` the last record."""

    segment: str
    size: int
    seq: int
    inode: int
    ctime_ns: int


class Mark(NamedTuple):
    """A place in a segment: ``size`` in bytes, and ``seq``, the last record in them."""

    segment: str
    size: int
    seq: int


class LaneMemory(NamedTuple):
    """The lane that this work tree owns, its newest segment, and when that one was started.

    ``number``: how many segments the lane has had since one with a complete ``sees``.
    """

    lane: str
    segment: str
    surroundings: list[Any]
    number: int


def encode_tip(tip: Tip) -> bytes:
    """Return the text of a tip."""
    return _text(b"%b %d %d %d %d" % (tip.segment.encode(), *tip[1:]), TIP_BYTES)


def decode_tip(text: bytes) -> Tip | None:
    """Return the tip, or None where the bytes are not one (a torn overwrite after a power cut)."""
    found = _fields(text[:TIP_BYTES], 5)
    if found is None:
        return None
    size, seq, inode, ctime_ns = found[1]
    return Tip(found[0], size, seq, inode, ctime_ns)


def encode_mark(mark: Mark) -> bytes:
    """Return the text of a mark."""
    return _text(b"%b %d %d" % (mark.segment.encode(), mark.size, mark.seq), MARK_BYTES)


def decode_mark(text: bytes) -> Mark | None:
    """Return the mark, or None where the bytes are not one."""
    found = _fields(text[:MARK_BYTES], 3)
    if found is None:
        return None
    size, seq = found[1]
    return Mark(found[0], size, seq)


def _text(said: bytes, size: int) -> bytes:
    return (b"%b %08x" % (said, zlib.crc32(said))).ljust(size - 1) + b"\n"


@lru_cache(maxsize=8)
def _fields(text: bytes, count: int) -> tuple[str, tuple[int, ...]] | None:
    """Return the segment and the numbers that a text says; None where its checksum does not match.

    Remembered: of the three lines most often one is new.
    """
    said, _, checksum = text.rstrip().rpartition(b" ")
    if checksum != b"%08x" % zlib.crc32(said):
        return None
    segment, *numbers = said.split(b" ")
    name = segment.decode("ascii", "replace")
    if len(numbers) != count - 1 or not all(map(bytes.isdigit, numbers)) or not parse_segment_file(name):
        return None
    return name, tuple(map(int, numbers))


def encode_memory(memory: LaneMemory) -> bytes:
    """Return the text of ``lane.json``."""
    return values.pretty(memory._asdict())


def decode_memory(data: bytes) -> LaneMemory | None:
    """Return the memory, or None where the bytes are not one."""
    try:
        memory = LaneMemory(**values.decode(data))
    except (ValueError, TypeError):
        return None
    named = parse_segment_file(memory.segment) if type(memory.segment) is str else None
    if named is None or type(memory.lane) is not str or not is_lane(memory.lane) or named.lane != memory.lane:
        return None
    return memory if type(memory.surroundings) is list and type(memory.number) is int else None


def is_exactly(tip: Tip, found: FileStat) -> bool:
    """Tell whether the file is the one remembered, and nobody but us has touched it since."""
    return (found.size, found.inode, found.ctime_ns) == (tip.size, tip.inode, tip.ctime_ns)
