"""The header line of a segment (docs/format.md, "Segments"). Pure."""

from itertools import pairwise
from typing import Any, NamedTuple

from journal.format.limits import FORMAT, SEQ_MAX
from journal.format.lines import BadLineError, seal, unseal
from journal.format.names import is_lane, parse_segment_file
from journal.format.record import check_ref

Intervals = tuple[tuple[int, int], ...]
Vector = dict[str, Intervals]
"""Lane -> sorted, disjoint, non-adjacent intervals of seq, both ends included."""


class Previous(NamedTuple):
    """Where the valid part of a segment before ends; ``size`` in bytes is only a hint."""

    segment: str
    size: int
    seq: int


class Header(NamedTuple):
    """The first line of a segment.

    What the writer saw is given in one of three ways: ``sees`` complete; ``sees_ref``, the blob of a
    complete one; or ``added`` and ``dropped`` against what the segment named by ``previous`` says.

    ``previous`` is the lane's segment before. In a lane's first segment it may be one of another lane: the work tree's
    lane before, which ends there.
    """

    store: str
    lane: str
    first: int
    sees: Vector | None = None
    sees_ref: dict[str, Any] | None = None
    added: Vector | None = None
    dropped: Vector | None = None
    previous: Previous | None = None


def encode_header(header: Header, *, spaces: int = 0) -> bytes:
    """Return the header's line; ``spaces`` is for ``seal``."""
    fields: dict[str, Any] = {
        "kind": "segment",
        "format": FORMAT,
        "store": header.store,
        "lane": header.lane,
        "first": header.first,
    }
    if header.sees is not None:
        fields["sees"] = header.sees
    elif header.sees_ref is not None:
        fields["sees"] = {"ref": header.sees_ref}
    else:
        fields["sees_added"] = header.added or {}
        fields["sees_dropped"] = header.dropped or {}
    if header.previous is not None:
        is_of_lane = header.previous.segment.endswith(f"-{header.lane}")
        fields["prev" if is_of_lane else "ends"] = {
            "segment": header.previous.segment,
            "bytes": header.previous.size,
            "seq": header.previous.seq,
        }
    return seal(fields, spaces=spaces)


def decode_header(fields: dict[str, Any]) -> Header:
    """Return the header of an unsealed line. Raises BadLineError.

    A newer format is refused here too: a reader must not guess at what it does not know.
    """
    if fields.get("kind") != "segment":
        raise BadLineError("the first line is not a segment header")
    if fields.get("format") != FORMAT:
        raise BadLineError(f"the segment has format {str(fields.get('format'))[:20]}; this version reads {FORMAT}")
    store, lane, first = fields.get("store"), fields.get("lane"), fields.get("first")
    if type(store) is not str or type(lane) is not str or not is_lane(lane):
        raise BadLineError("no store or no lane")
    if type(first) is not int or not 1 <= first <= SEQ_MAX:
        raise BadLineError("no first seq")
    is_first = fields.get("prev") is None
    previous = _previous(fields.get("ends" if is_first else "prev"), lane, first, is_of_lane=not is_first)
    sees = fields.get("sees")
    if sees is None:
        if is_first:
            raise BadLineError("a lane's first segment must say all it sees")
        added = _vector(fields.get("sees_added"), first)
        dropped = _vector(fields.get("sees_dropped"), first)
        return Header(store, lane, first, added=added, dropped=dropped, previous=previous)
    if type(sees) is dict and set(sees) == {"ref"}:
        check_ref(sees["ref"], "sees.ref")
        return Header(store, lane, first, sees_ref=sees["ref"], previous=previous)
    return Header(store, lane, first, sees=_vector(sees, first), previous=previous)


def newer_format(line: bytes) -> int | None:
    """Return the format that a line says if it is a segment's header of a later one; else None."""
    try:
        fields = unseal(line)
    except BadLineError:
        return None
    version = fields.get("format")
    return version if fields.get("kind") == "segment" and type(version) is int and version > FORMAT else None


def decode_vector(value: Any, *, below: int = SEQ_MAX + 1) -> Vector:
    """Return a vector from its JSON form. Raises BadLineError; no seq may reach ``below``."""
    return _vector(value, below)


def _previous(value: Any, lane: str, first: int, *, is_of_lane: bool) -> Previous | None:
    if value is None:
        return None
    key = "prev" if is_of_lane else "ends"
    if type(value) is not dict:
        raise BadLineError(f"{key} is not an object")
    segment, size, seq = value.get("segment"), value.get("bytes"), value.get("seq")
    if type(segment) is not str or type(size) is not int or type(seq) is not int or size < 0 or seq < 0:
        raise BadLineError(f"{key} is not {{segment, bytes, seq}}")
    name = parse_segment_file(f"{segment}.jsonl")
    if name is None or (name.lane == lane) is not is_of_lane or name.first >= first or seq >= first:
        raise BadLineError(f"{key} is no earlier segment of {'the' if is_of_lane else 'another'} lane")
    return Previous(segment, size, seq)


def _vector(value: Any, below: int) -> Vector:
    if type(value) is not dict:
        raise BadLineError("sees is not an object")
    vector: Vector = {}
    for lane, intervals in value.items():
        if not is_lane(lane) or type(intervals) is not list or not intervals:
            raise BadLineError("sees does not map lanes to intervals")
        vector[lane] = tuple(map(_interval, intervals))
        if len(intervals) == 1 and vector[lane][0][1] < below:
            continue
        flat = [0, *(bound for interval in vector[lane] for bound in interval)]
        if any(later < earlier for earlier, later in pairwise(flat)) or flat[-1] >= below:
            raise BadLineError("sees has intervals out of order, or of the future")
        if any(high + 1 >= low for (_, high), (low, _) in pairwise(vector[lane])):
            raise BadLineError("sees has intervals that touch")
    return vector


def _interval(value: Any) -> tuple[int, int]:
    if type(value) is not list or len(value) != 2 or type(value[0]) is not int or type(value[1]) is not int:
        raise BadLineError("an interval is not [from, to]")
    if not 1 <= value[0] <= value[1]:
        raise BadLineError("an interval is not [from, to] with 1 <= from <= to")
    return value[0], value[1]
