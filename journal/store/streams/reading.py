"""Reading a stream: a range of positions, or what is new to a token, filtered, piece by piece."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from journal.errors import DamagedError
from journal.format.names import event_id
from journal.format.segment import Vector
from journal.index.places import RecordReader, read_record
from journal.index.rows import Location
from journal.index.streams import Placing, Reading
from journal.index.view import View
from journal.state import vector
from journal.state.stream import Placed
from journal.state.vector import EventId
from journal.store.engine import Engine
from journal.store.history import event_fields, payload_of, stamp_of
from journal.store.lifting import lifted_events
from journal.store.looking_back import look_back
from journal.store.model import StreamEvent, event_told
from journal.store.positions import PIECE_EVENTS, in_pieces, readable, refuse_changed

BEYOND = 1 << 62


class Selection(NamedTuple):
    """Which events of a stream: positions ``low`` to ``high``, not in ``since``, and what a filter lets through.

    ``events``: names of events, None for all; the times: from, and before; ``where``: asked last, with the event.
    ``is_lifted``: payloads are lifted by upcasters.
    """

    stream: str
    low: int = 1
    high: int = BEYOND
    since: Vector | None = None
    events: Collection[str] | None = None
    after_time: datetime | None = None
    before_time: datetime | None = None
    where: Callable[[StreamEvent], bool] | None = None
    is_lifted: bool = True

    def chosen(self, events: Iterator[StreamEvent]) -> Iterator[StreamEvent]:
        """Return those of some events that the filters let through."""
        has_filters = any(asked is not None for asked in (self.events, self.after_time, self.before_time, self.where))
        return filter(self.wants, events) if has_filters else events

    def wants(self, event: StreamEvent) -> bool:
        """Tell whether the filters let an event through."""
        if self.events is not None and event.event not in self.events:
            return False
        if self.after_time is not None or self.before_time is not None:
            stamp = stamp_of(event)
            if stamp is None or (self.after_time is not None and stamp < self.after_time):
                return False
            if self.before_time is not None and stamp >= self.before_time:
                return False
        return self.where is None or self.where(event)


def read(engine: Engine, selection: Selection) -> Iterator[StreamEvent]:
    """Return the events of a selection in the stream's order, of those that are here at the time of this call.

    Raises JournalError, on the way, where events leave the checkout meanwhile: read on from the last token then.
    """
    here = look_back(engine, readable)
    since = selection.since or vector.EMPTY
    fresh = vector.subtract(here, since)

    def piece(view: View, after: EventId, size: int) -> tuple[list[StreamEvent], EventId | None]:
        refuse_changed(view, fresh)
        placings = list(islice(_placings(view, selection, fresh, after), size))
        events = events_of(view, placings, since, here)
        last = placings[-1][0] if len(placings) == size else None
        return events, last and last.at

    return selection.chosen(_lifted(engine, selection, in_pieces(engine, piece, None)))


def read_last(engine: Engine, selection: Selection, count: int) -> list[StreamEvent]:
    """Return the last events of a selection, so many of them, in the stream's order."""
    since = selection.since or vector.EMPTY
    found: list[StreamEvent] = []
    high = selection.high

    def piece(view: View, high: int, size: int) -> tuple[list[StreamEvent], int]:
        placings = Reading(view, selection.stream).visible(selection.low, high, reverse=True)
        some = list(islice(placings, size))
        events = events_of(view, some, since, readable(view))
        return events, (some[-1][0].position or 1) - 1 if len(some) == size else 0

    while high > 0 and len(found) < count:
        top, size = high, min(count - len(found), PIECE_EVENTS)
        events, high = look_back(engine, lambda view: piece(view, top, size))  # noqa: B023
        new = (event for event in events if not vector.contains(since, event.seq, event.lane))
        found += selection.chosen(_lifted(engine, selection, new))
    return found[:count][::-1]


def _lifted(engine: Engine, selection: Selection, events: Iterator[StreamEvent]) -> Iterator[StreamEvent]:
    return lifted_events(engine, events) if selection.is_lifted else events


def _placings(view: View, selection: Selection, fresh: Vector, after: EventId) -> Iterator[Placing]:
    """Yield the places of what a selection asks for behind an event."""
    stream = Reading(view, selection.stream)
    if selection.since is not None or after > (0, ""):
        for row, location in stream.fresh(fresh, after):
            if selection.low <= (row.position or 0) <= selection.high:
                yield row, location
        return
    for row, location in stream.visible(selection.low, selection.high):
        if vector.contains(fresh, *row.at):
            yield row, location


def events_of(view: View, placings: list[Placing], since: Vector, here: Vector) -> list[StreamEvent]:
    """Return the events at places; those that do not verify are passed over (doctor reports them)."""
    records = RecordReader(view).read_each(location for _, location in placings)
    return [
        event_told(StreamEvent, record, location.lane, payload_of(view, record), since, here, row.position or 0)
        for (row, location), record in zip(placings, records, strict=True)
        if record is not None
    ]


def placing_of(view: View, name: str, at: EventId) -> Placing:
    """Return the place of one event of a stream, hidden or not."""
    stream = Reading(view, name)
    return next(placing for placing in stream.everything(at[0], at[0]) if placing[0].at == at)


def event_of(view: View, row: Placed, location: Location) -> StreamEvent:
    """Return the event at a place. Raises DamagedError where its line does not verify any more."""
    record = read_record(view, location)
    if record is None:
        raise DamagedError(
            f"event {event_id(*row.at)} does not verify any more", hint="journal doctor tells what is damaged"
        )
    return StreamEvent(**event_fields(view, record, location.lane), here=readable(view), position=row.position or 0)
