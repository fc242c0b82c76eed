"""What this work tree remembers of the end of its lane: ``local/tip`` and ``local/lane.json``. Pure.

``lane.json`` is written when a segment is started: which one, and the surroundings it was started
in. ``tip`` is one short line, overwritten in place after every sync: how far the segment is durable.
Neither is needed: without them the work tree starts a new lane.
"""

from typing import Any, NamedTuple

from journal.disk.files import FileStat
from journal.format import values
from journal.format.lines import BadLineError, seal, unseal
from journal.format.names import is_lane, parse_segment_file

_TIP_BYTES = 256


class Tip(NamedTuple):
    """How far the open segment is durable, and which file that is.

    ``size``: bytes that were synced; ``seq``: the last record in them. ``is_failed``: a sync failed,
    so nobody may append to this file, or count what stands beyond ``size``, any more.
    """

    segment: str
    size: int
    seq: int
    inode: int
    ctime_ns: int
    is_failed: bool = False


class LaneMemory(NamedTuple):
    """The lane that this work tree owns, its newest segment, and when that one was started.

    ``number``: how many segments the lane has had since one with a complete ``sees``.
    """

    lane: str
    segment: str
    surroundings: list[Any]
    number: int


def encode_tip(tip: Tip) -> bytes:
    """Return the fixed-size text of a tip."""
    line = seal(tip._asdict())
    return line[:-1].ljust(_TIP_BYTES - 1) + b"\n"


def decode_tip(data: bytes) -> Tip | None:
    """Return the tip, or None where the bytes are not one (a torn overwrite after a power cut)."""
    try:
        fields = unseal(data.rstrip() + b"\n")
        fields.pop("crc")
        tip = Tip(**fields)
    except (BadLineError, TypeError):
        return None
    numbers = (tip.size, tip.seq, tip.inode, tip.ctime_ns)
    is_sound = type(tip.segment) is str and parse_segment_file(tip.segment) and all(type(n) is int for n in numbers)
    return tip if is_sound else None


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
