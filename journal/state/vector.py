"""Sets of event ids as vectors: lane -> intervals of seq (docs/format.md, "Segments"). Pure.

Vectors are values: no function here changes one that it was given.
"""

from bisect import bisect_right
from collections.abc import Sequence

from journal.format.segment import Intervals, Vector

EventId = tuple[int, str]
"""(seq, lane): compares as the total order of events does."""

EMPTY: Vector = {}


def contains(vector: Vector, seq: int, lane: str) -> bool:
    """Tell whether an event id is in the set."""
    intervals = vector.get(lane)
    if not intervals:
        return False
    if len(intervals) == 1:
        return intervals[0][0] <= seq <= intervals[0][1]
    at = bisect_right(intervals, (seq, seq + 1 << 60)) - 1
    return at >= 0 and intervals[at][0] <= seq <= intervals[at][1]


def of(lane: str, low: int, high: int) -> Vector:
    """Return the set of one lane's ids from ``low`` to ``high``; empty if there are none."""
    return {lane: ((low, high),)} if low <= high else {}


def union(first: Vector, second: Vector) -> Vector:
    """Return the ids in either set."""
    if not second:
        return first
    merged = dict(first)
    for lane, intervals in second.items():
        here = merged.get(lane)
        if here is None:
            merged[lane] = intervals
        elif here != intervals:
            merged[lane] = normal([*here, *intervals])
    return merged


def subtract(first: Vector, second: Vector) -> Vector:
    """Return the ids in the first set that are not in the second, as a set of its own: a view's grows in place."""
    rest: Vector = {}
    for lane, intervals in first.items():
        other = second.get(lane)
        if other is None:
            rest[lane] = intervals
        elif other != intervals:
            left = _subtract(intervals, other)
            if left:
                rest[lane] = left
    return rest


def intersect(first: Vector, second: Vector) -> Vector:
    """Return the ids in both sets."""
    return subtract(first, subtract(first, second))


def below(vector: Vector, seq: int) -> Vector:
    """Return the ids whose seq is less than ``seq``."""
    rest: Vector = {}
    for lane, intervals in vector.items():
        kept = tuple((low, min(high, seq - 1)) for low, high in intervals if low < seq)
        if kept:
            rest[lane] = kept
    return rest


def through(vector: Vector, event: EventId) -> Vector:
    """Return the ids up to an event, it included, in the total order."""
    seq, last_lane = event
    rest: Vector = {}
    for lane, intervals in vector.items():
        top = seq if lane <= last_lane else seq - 1
        if intervals[-1][1] <= top:
            rest[lane] = intervals
        elif intervals[0][0] <= top:
            rest[lane] = tuple((low, min(high, top)) for low, high in intervals if low <= top)
    return rest


def without_ends(vector: Vector, other: Vector) -> Vector:
    """Return a set without the last ids of each lane, as long as these are in another set."""
    rest = vector
    for lane, intervals in other.items():
        own = vector.get(lane, ())
        kept = _without_end(own, intervals)
        if kept != own:
            rest = {name: spans for name, spans in rest.items() if name != lane}
            if kept:
                rest[lane] = kept
    return rest


def seqs(vector: Vector) -> Intervals:
    """Return the seqs of all ids of a set, whatever their lane: ascending intervals that do not touch."""
    return normal([interval for intervals in vector.values() for interval in intervals])


def is_subset(first: Vector, second: Vector) -> bool:
    """Tell whether every id of the first set is in the second."""
    return not subtract(first, second)


def count(vector: Vector) -> int:
    """Return how many ids are in the set."""
    return sum(high - low + 1 for intervals in vector.values() for low, high in intervals)


def highest(vector: Vector) -> int:
    """Return the greatest seq in the set; 0 for the empty set."""
    return max((intervals[-1][1] for intervals in vector.values()), default=0)


def intervals(seqs: Sequence[int]) -> Intervals:
    """Return ascending seqs as intervals."""
    if not seqs:
        return ()
    if seqs[-1] - seqs[0] + 1 == len(seqs):
        return ((seqs[0], seqs[-1]),)
    found: list[tuple[int, int]] = []
    for seq in seqs:
        if found and seq == found[-1][1] + 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return tuple(found)


def normal(intervals: list[tuple[int, int]]) -> Intervals:
    """Return intervals, in any order, as the ascending ones that do not touch."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(intervals):
        if joined and low <= joined[-1][1] + 1:
            if high > joined[-1][1]:
                joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return tuple(joined)


def _without_end(intervals: Intervals, other: Intervals) -> Intervals:
    left = len(intervals)
    while left:
        low, high = intervals[left - 1]
        at = bisect_right(other, (high, high + 1 << 60)) - 1
        if at < 0 or other[at][1] < high:
            break
        start = other[at][0]
        left -= 1
        if start > low:
            return (*intervals[:left], (low, start - 1))
    return intervals[:left]


def _subtract(intervals: Intervals, other: Intervals) -> Intervals:
    """Both ascend, so each is walked once: a stranger's may be very many."""
    left: list[tuple[int, int]] = []
    at = 0
    for low, high in intervals:
        start = low
        while at < len(other) and other[at][1] < start:
            at += 1
        while at < len(other) and other[at][0] <= high:
            other_low, other_high = other[at]
            if other_low > start:
                left.append((start, other_low - 1))
            start = other_high + 1
            if start > high:
                break  # it may reach into the next interval
            at += 1
        if start <= high:
            left.append((start, high))
    return tuple(left)
