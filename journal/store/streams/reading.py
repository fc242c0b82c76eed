"""Reading a stream: a range of positions, or what is new to a token, filtered, piece by piece."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from journal.errors import DamagedError
from journal.format.names import event_id
from journal.format.segment import Vector
from journal.index.records import Chunk, RecordReader
from journal.index.streams import Reading
from journal.index.view import View
from journal.state import vector
from journal.state.entity import Payload
from journal.state.redaction import Redactions
from journal.state.stream import Stretch
from journal.state.vector import EventId
from journal.store.engine import Engine
from journal.store.events import Reach, StreamEvent, Told, event_told, stream_events_told
from journal.store.history import stamp_of
from journal.store.lifting import lifted_events
from journal.store.looking_back import look_back
from journal.store.lost_payloads import LOST, Lose, lose_by, lose_in, payload_or_lost
from journal.store.positions import PIECE_EVENTS, in_pieces, reach_of, still_fresh
from journal.store.streams.as_of import StreamAsOf

if TYPE_CHECKING:
    from journal.format.event_lines import EventLine

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
    then, reach = look_back(engine, lambda view: (StreamAsOf(view, selection.stream), reach_of(view)))
    since = selection.since or vector.EMPTY

    def piece(view: View, after: EventId, size: int) -> tuple[Iterator[StreamEvent], EventId | None]:
        fresh = still_fresh(view, reach, since)
        stretches = up_to(size, _stretches(then.reading(view), selection, fresh, after))
        events = events_of(view, stretches, since, reach, lose_by(engine))
        return _lifted(engine, selection, events), last_of(stretches, size)

    return selection.chosen(in_pieces(engine, piece, None))


def read_last(engine: Engine, selection: Selection, count: int) -> list[StreamEvent]:
    """Return the last events of a selection, so many of them, in the stream's order."""
    then, reach = look_back(engine, lambda view: (StreamAsOf(view, selection.stream), reach_of(view)))
    since = selection.since or vector.EMPTY
    found: list[StreamEvent] = []
    high, size = selection.high, 0

    def piece(view: View, high: int, size: int) -> tuple[list[StreamEvent], int]:
        fresh = still_fresh(view, reach, since)
        visible = then.reading(view).visible(selection.low, high, reverse=True)
        parts = (part for stretch in visible for part in reversed([*_within(stretch, fresh)]))
        stretches = last_up_to(size, parts)
        events = list(events_of(view, stretches, since, reach, lose_in(view)))[::-1]
        return events, (stretches[0].position or 1) - 1 if stretches else 0

    while high > 0 and len(found) < count:
        # The filters may let few through: each piece is twice the one before.
        top, size = high, min(max(count - len(found), 2 * size), PIECE_EVENTS)
        events, high = look_back(engine, lambda view: piece(view, top, size))  # noqa: B023
        found += islice(selection.chosen(_lifted(engine, selection, iter(events))), count - len(found))
    return found[::-1]


def _lifted(engine: Engine, selection: Selection, events: Iterator[StreamEvent]) -> Iterator[StreamEvent]:
    return lifted_events(engine, events) if selection.is_lifted else events


def _stretches(stream: Reading, selection: Selection, fresh: Vector, after: EventId) -> Iterator[Stretch]:
    """Yield what a selection asks for behind an event."""
    if selection.since is None and after <= (0, ""):
        for stretch in stream.visible(selection.low, selection.high):
            yield from _within(stretch, fresh)
        return
    for stretch in stream.fresh(fresh, after):
        position = stretch.position or 0
        start, stop = max(0, selection.low - position), min(stretch.length, selection.high + 1 - position)
        if start < stop:
            yield stretch.part(start, stop)


def _within(stretch: Stretch, ids: Vector) -> Iterator[Stretch]:
    for low, high in ids.get(stretch.lane, ()):
        start, stop = max(low, stretch.seq) - stretch.seq, min(high + 1, stretch.seq + stretch.length) - stretch.seq
        if start < stop:
            yield stretch.part(start, stop)


def up_to(size: int, stretches: Iterator[Stretch]) -> list[Stretch]:
    """Return the first stretches that have so many events together, the last of them cut where they would have more."""
    taken: list[Stretch] = []
    for stretch in stretches:
        taken.append(stretch.part(0, min(stretch.length, size)))
        size -= taken[-1].length
        if not size:
            break
    return taken


def last_up_to(size: int, stretches: Iterator[Stretch]) -> list[Stretch]:
    """Return the same of stretches that come against the order, in the order."""
    taken: list[Stretch] = []
    for stretch in stretches:
        taken.append(stretch.part(max(0, stretch.length - size), stretch.length))
        size -= taken[-1].length
        if not size:
            break
    return taken[::-1]


def last_of(stretches: list[Stretch], size: int) -> EventId | None:
    """Return the last event of stretches that have so many events; None where they have fewer: nothing follows."""
    return stretches[-1].end if sum(stretch.length for stretch in stretches) == size else None


def events_of(
    view: View, stretches: list[Stretch], since: Vector, reach: Reach, lose: Lose | None
) -> Iterator[StreamEvent]:
    """Return the events of stretches. Where lines do not verify the view doubts their file: look again then.

    Those whose payload is lost are passed over, if ``lose`` says how that is noted.

    What stands in files is read now; most of it is decoded when it is asked for.
    """
    reader = RecordReader(view)
    parts = []
    for chunk in reader.chunks(stretches):
        stretch = chunk.stretch
        told = Told(since, reach, stretch.lane, None if stretch.position is None else stretch.position - stretch.seq)
        is_redacted = view.redacting is not None and _is_redacted(view.redacting.known, stretch)
        parts.append(_redacted(view, reader, stretch, told, lose) if is_redacted else _decoded(view, chunk, told, lose))
    return chain.from_iterable(parts)


def _decoded(view: View, chunk: Chunk, told: Told, lose: Lose | None) -> Iterator[StreamEvent]:
    from journal.format.event_lines import decode_lines

    lines = decode_lines(chunk.text, chunk.lengths)  # decoded when they are asked for

    # A blob is there whatever becomes of the segments meanwhile.
    def fetch(line: "EventLine") -> Payload | None:
        return payload_or_lost(view, {"ref": line.ref}, (line.seq, told.lane), told.reach, lose)

    return stream_events_told(lines, told, fetch, LOST)


def _is_redacted(known: Redactions, stretch: Stretch) -> bool:
    return any((seq, stretch.lane) in known for seq in range(stretch.seq, stretch.seq + stretch.length))


def _redacted(
    view: View, reader: RecordReader, stretch: Stretch, told: Told, lose: Lose | None
) -> Iterator[StreamEvent]:
    places = (place for span in view.spans_of(stretch.lane, *stretch.seqs) for place in span.places())
    found = {place.seq: place for place in places if stretch.seqs[0] <= place.seq <= stretch.seqs[1]}
    records = list(filter(None, reader.read_each(found[seq] for seq in sorted(found))))

    def events() -> Iterator[StreamEvent]:
        for record in records:
            data = payload_or_lost(view, record, (record["seq"], told.lane), told.reach, lose)
            if data is not LOST:
                yield event_told(StreamEvent, record, told, data)

    return events()


def event_of(view: View, name: str, at: EventId) -> StreamEvent:
    """Return one event of a stream, hidden or not. Raises DamagedError where its line does not verify any more."""
    stretch = Reading(view, name).at(at)
    events = list(events_of(view, [stretch], vector.EMPTY, reach_of(view), None)) if stretch is not None else []
    if not events:
        raise DamagedError(
            f"event {event_id(*at)} does not verify any more", hint="journal doctor tells what is damaged"
        )
    return events[0]
