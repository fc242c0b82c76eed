"""Gaps: events that a cursor knows of and this checkout cannot show. Pure."""

from itertools import chain, islice

from journal.errors import GapError
from journal.format.names import event_id
from journal.format.segment import Vector
from journal.state import vector
from journal.store.positions import Gaps
from journal.subscriptions.arrivals import Survey
from journal.subscriptions.group import Group

_IDS_MAX = 10


def gaps_of(group: Group, found: Survey) -> Gaps:
    """Return what a cursor took and is gone, and what it has not done with and cannot be read."""
    known = vector.union(found.here, found.unreadable)
    unreadable = vector.subtract(found.unreadable, group.done) if found.unreadable else vector.EMPTY
    return Gaps(vector.subtract(group.taken, known), unreadable)


def untold(gaps: Gaps, reported: Vector) -> Gaps:
    """Return what of a gap nobody was told of."""
    return Gaps(vector.subtract(gaps.gone, reported), vector.subtract(gaps.unreadable, reported))


def all_of(gaps: Gaps) -> Vector:
    """Return every id of a gap."""
    return vector.union(gaps.gone, gaps.unreadable)


def error_of(gaps: Gaps) -> GapError:
    """Return the error that tells of a gap."""
    return GapError(
        f"{count_text(gaps)} that the cursor knows of: {', '.join(first_ids(all_of(gaps)))}",
        gaps=gaps,
        hint="a branch that has them brings them back; to go on without them: accept_gap, or on_gap",
    )


def count_text(gaps: Gaps) -> str:
    """Return how much is missing, in words: at most so much, as numbers that a lane left to others count with it."""
    count = vector.count(gaps.gone) + vector.count(gaps.unreadable)
    return "1 event is not here" if count == 1 else f"up to {count:,} events are not here"


def first_ids(ids: Vector) -> list[str]:
    """Return some of the event ids of a set."""
    spans = (
        (event_id(seq, lane) for seq in range(low, high + 1))
        for lane, intervals in sorted(ids.items())
        for low, high in intervals
    )
    return list(islice(chain.from_iterable(spans), _IDS_MAX))
