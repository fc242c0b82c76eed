"""The whole journal in the total order, from a position token on: entities, streams and notes together.

A reading is of the moment at which it was asked for, and is read piece by piece, so that a caller may take its time.
What it costs follows what is new to the token, not the journal.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from journal.errors import JournalError
from journal.format import token
from journal.format.limits import SEQ_MAX
from journal.format.segment import Vector
from journal.index.records import RecordReader
from journal.index.rows import Location
from journal.index.view import View
from journal.state import vector
from journal.state.vector import EventId
from journal.store.damage import open_damage
from journal.store.engine import Engine
from journal.store.events import Reach, ReadEvent, Told, event_told
from journal.store.looking_back import look_back
from journal.store.lost_payloads import LOST, lose_in, payload_or_lost

E = TypeVar("E", bound=ReadEvent)
Piece = Callable[[View, EventId, int], tuple[Iterable[E], EventId | None]]
"""Asked with a view, the event to go on behind, and a size: events, and the last one looked at (None: no more)."""

PIECE_EVENTS = 1024
"""So many events are read at a time, between which other threads get their turn."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """Events that no reading from a token can give: lane -> intervals of seq.

    ``gone``: the token names them, and they are not in this checkout any more; a branch was dropped, or another is
    checked out. ``unreadable``: they are new to the token, and their lines are damaged or lost.
    """

    gone: Vector
    unreadable: Vector

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.gone or self.unreadable)


def decoded(since: str | None) -> Vector:
    """Return what a token names; nothing for None. Raises RefusedError."""
    return vector.EMPTY if since is None else token.decode(since)


def read_all(engine: Engine, since: Vector, limit: int | None) -> Iterator[ReadEvent]:
    """Return the events here that a vector lacks, in the total order, as they are at the time of this call.

    Raises JournalError, on the way, where events leave the checkout meanwhile: read on from the last token then.
    """
    reach = look_back(engine, reach_of)

    def piece(view: View, after: EventId, size: int) -> tuple[list[ReadEvent], EventId | None]:
        fresh = still_fresh(view, reach, since)
        places = list(islice(places_of(view, fresh, after), size))
        records = RecordReader(view).read_each(places)
        events = []
        for place, record in zip(places, records, strict=True):
            if record is not None:
                data = payload_or_lost(view, record, (place.seq, place.lane), reach, lose_in(view))
                if data is not LOST:
                    events.append(event_told(ReadEvent, record, Told(since, reach, place.lane), data))
        return events, (places[-1].seq, places[-1].lane) if len(places) == size else None

    return in_pieces(engine, piece, limit)


def in_pieces(engine: Engine, piece: Piece[E], limit: int | None) -> Iterator[E]:
    """Yield what ``piece`` reads, part by part, each behind the one before, until one says that it is the last."""
    after: EventId | None = (0, "")
    left = limit if limit is not None else 1 << 62
    while after is not None and left > 0:
        size = min(left, PIECE_EVENTS)
        start = after
        events, after = look_back(engine, lambda view: piece(view, start, size))  # noqa: B023
        if limit is None:
            yield from events
        else:
            found = list(events)
            left -= len(found)
            yield from found


def still_fresh(view: View, reach: Reach, since: Vector) -> Vector:
    """Return what a reading is to give, without what turned out to be damaged since it began: no token names that.

    Raises JournalError where events of it have left the checkout since.
    """
    gone = vector.subtract(vector.subtract(reach.here, readable(view)), reach.bridges)
    if gone:
        if vector.subtract(vector.subtract(gone, _lost(view)), since):
            raise JournalError(
                "events left this checkout while they were read: a branch was switched, or history was dropped",
                hint="read on from the token of the last event; what it names and is gone is told as a gap",
            )
        reach.here = vector.subtract(reach.here, gone)
    return vector.subtract(reach.here, since)


def _lost(view: View) -> Vector:
    """Return what damage has cost, or may have: of a lane with damage of which it is not known what it held, all."""
    lost = unreadable(view)
    for item in view.damage:
        if item.lane and item.high < item.low:
            lost = vector.union(lost, vector.of(item.lane, 1, SEQ_MAX))
    return lost


def places_of(view: View, fresh: Vector, after: EventId) -> Iterator[Location]:
    """Return the places of the events of a set that come after one, in the total order; needs all files listed."""
    for low, high in vector.seqs(fresh):
        for place in view.places(max(low, after[0]), high) if high >= after[0] else ():
            if (place.seq, place.lane) > after and vector.contains(fresh, place.seq, place.lane):
                yield place


def gaps(view: View, since: Vector) -> Gaps:
    """Return what a reading from a vector cannot give; needs all files listed."""
    return Gaps(vector.subtract(since, view.have), vector.subtract(unreadable(view), since))


def readable(view: View) -> Vector:
    """Return the events of this checkout that can be read, which a reader's tokens name; needs all files listed.

    What only a checkpoint knows, or is damaged, is new to such a token, so that it comes once its line is back.
    """
    return vector.subtract(view.have, unreadable(view))


def reach_of(view: View) -> Reach:
    """Return what a reading that begins now can give; needs all files listed."""
    return Reach(readable(view), view.bridges)


def unreadable(view: View) -> Vector:
    """Return the events of this checkout whose lines are not here or damaged, unless somebody accepted that."""
    lost = vector.subtract(view.have, view.have_files)
    damage = open_damage(view)
    for item in view.damage:
        if item.lane and item not in damage:
            lost = vector.subtract(lost, vector.of(item.lane, max(item.low, 1), item.high))
    for item in damage:
        if item.lane:
            these = vector.of(item.lane, max(item.low, 1), item.high)
            # What is damaged in one file, another may have whole; but not where a blob is lost, to which all refer.
            lost = vector.union(lost, these if item.blob else vector.subtract(these, view.have_files))
    return lost
