"""Streams as a view knows them: the index's tables, and over them what the overlay has. Needs all files listed.

While all that is new sorts behind what the index has, which is what appending does, a stream is its rows there and a
short tail. Where something arrived late or was hidden, and the index cannot be written now (another process holds the
lock), the stream is put together in memory.
"""

from bisect import bisect_left
from collections.abc import Iterator

from journal.format.names import parse_event_id
from journal.format.record import Record
from journal.format.segment import Vector
from journal.index.overlay import StreamChanges
from journal.index.rows import Location
from journal.index.stream_table import BEYOND, NOWHERE, StreamFacts
from journal.index.view import View
from journal.state import vector
from journal.state.stream import TRUNCATE_NOTE, Entry, Placed, Truncation, place
from journal.state.vector import EventId

Placing = tuple[Placed, Location]
"""An event of a stream: its place in the stream, and where its line stands."""


# -- what a record says -----------------------------------------------------------------------------


def _stream_of(record: Record) -> str | None:
    if record["kind"] == "event":
        stream: str = record["stream"]
        return stream
    return _cut(record)[0] if record.get("note") == TRUNCATE_NOTE else None


def note_record(view: View, record: Record, at: EventId) -> str | None:
    """Take what a record says of its stream into the overlay, unless the index has it; return which stream it is."""
    name = _stream_of(record)
    if name is None:
        return None
    if record["kind"] == "event":
        note_event(view, name, Entry(at, record["rev"], record.get("key")))
        return name
    changes = _changes(view, name)
    if not (at in changes.cuts or view.index.streams.has(name, at)):
        changes.cut(at, _cut(record)[1])
    return name


def note_event(view: View, name: str, entry: Entry) -> None:
    """Take an event of a stream into the overlay, unless the index has it."""
    at, _, key = entry
    changes, table = _changes(view, name), view.index.streams
    if at in changes.entries or (at <= changes.base.end and table.has(name, at)):
        return
    first = table.first_of_key(name, key) if key is not None else None
    changes.add(entry, repeats=first is not None and first < at)


def _cut(record: Record) -> tuple[str | None, EventId]:
    data = record["data"]
    name, through = data.get("stream"), data.get("through")
    parsed = parse_event_id(through) if type(through) is str else None
    return (name, parsed) if type(name) is str and name and parsed is not None else (None, NOWHERE)


def _changes(view: View, name: str) -> StreamChanges:
    changes = view.overlay.streams.get(name)
    if changes is None:
        table = view.index.streams
        through = max((through for _, through in table.truncations(name)), default=NOWHERE)
        changes = view.overlay.streams[name] = StreamChanges(table.facts(name), through)
    return changes


def truncations(view: View, name: str) -> list[Truncation]:
    """Return all truncations of a stream."""
    known = dict(view.index.streams.truncations(name))
    changes = view.overlay.streams.get(name)
    known.update(changes.cuts if changes is not None else {})
    return [Truncation(at, through, view.saw(at)) for at, through in sorted(known.items())]


# -- reading ----------------------------------------------------------------------------------------


class Reading:
    """One stream, as a view has it at one moment."""

    def __init__(self, view: View, name: str) -> None:
        self._view, self._name = view, name
        self._table = view.index.streams
        self._changes = view.overlay.streams.get(name)
        self._whole: list[Placed] | None = None
        """All of it, where it had to be put together in memory."""
        if self._changes is not None and self._changes.tail is None:
            self._whole = self._put_together(self._changes)

    def _put_together(self, changes: StreamChanges) -> list[Placed]:
        known = {row.at: Entry(row.at, row.rev, row.key) for row, _ in self._table.between(self._name, 0, BEYOND[0])}
        known.update(changes.entries)
        entries = (entry for _, entry in sorted(known.items()))
        return list(place(entries, truncations(self._view, self._name), knows=lambda _: False))

    @property
    def facts(self) -> StreamFacts:
        """What the stream holds."""
        changes = self._changes
        if changes is None:
            return self._table.facts(self._name)
        if self._whole is None:
            added = sum(row.position is not None for row in changes.tail or ())
            return StreamFacts(self._name, changes.last, changes.base.visible + added, changes.rev, changes.end)
        counted = [row for row in self._whole if row.position is not None]
        last = (counted[-1].position if counted else None) or 0
        visible = sum(not row.is_hidden for row in counted)
        return StreamFacts(self._name, last, visible, changes.rev, self._whole[-1].at if self._whole else NOWHERE)

    @property
    def first(self) -> int:
        """The least position that is not hidden; where there is none, the one that the next event will have."""
        for row, _ in self.visible():
            return row.position or 0
        return self.facts.last + 1

    def first_of_key(self, key: str) -> EventId | None:
        """Return the earliest event that has a key."""
        known = [self._table.first_of_key(self._name, key)]
        if self._changes is not None:
            known.append(self._changes.keys.get(key))
        return min((at for at in known if at is not None), default=None)

    def visible(self, low: int = 1, high: int = BEYOND[0], *, reverse: bool = False) -> Iterator[Placing]:
        """Yield the events of a range of positions that are not hidden, by position or against it."""
        if self._whole is not None:
            yield from self._of_memory(self._whole, low, high, reverse=reverse)
            return
        tail = self._changes.tail or [] if self._changes is not None else []
        if reverse:
            yield from self._of_memory(tail, low, high, reverse=True)
        yield from map(self._newest, self._table.visible(self._name, low, high, reverse=reverse))
        if not reverse:
            yield from self._of_memory(tail, low, high, reverse=False)

    def everything(self, low: int, high: int) -> Iterator[Placing]:
        """Yield the events of a range of seqs, hidden ones and repetitions too, in the total order."""
        memory = self._whole
        if memory is None:
            yield from map(self._newest, self._table.between(self._name, low, high))
            memory = self._changes.tail or [] if self._changes is not None else []
        for row in memory:
            if low <= row.at[0] <= high:
                yield row, self._location(row.at)

    def fresh(
        self, ids: Vector, after: EventId, *, with_hidden: bool = False, with_all: bool = False
    ) -> Iterator[Placing]:
        """Yield the events of a set that come after one, in the total order.

        Hidden ones only ``with_hidden``, and repetitions of a key too ``with_all``.
        """

        def is_asked(row: Placed) -> bool:
            at, _, _, position, is_hidden = row
            is_there = with_all or (position is not None and (with_hidden or not is_hidden))
            return is_there and at > after and vector.contains(ids, *at)

        tail = self._whole
        if tail is None:
            tail = self._changes.tail or [] if self._changes is not None else []
            for low, high in vector.seqs(ids) if after < _end(self._changes) else ():
                if high >= after[0]:
                    newest = self._view.overlay.events
                    for placing in self._table.between(self._name, max(low, after[0]), high):
                        if is_asked(placing[0]):
                            yield self._newest(placing) if newest else placing
        start = bisect_left(tail, after, key=lambda row: row.at)
        for row in tail[start:]:
            if is_asked(row):
                yield row, self._location(row.at)

    def _of_memory(self, rows: list[Placed], low: int, high: int, *, reverse: bool) -> Iterator[Placing]:
        for row in reversed(rows) if reverse else rows:
            if row.position is not None and not row.is_hidden and low <= row.position <= high:
                yield row, self._location(row.at)

    def _newest(self, placing: Placing) -> Placing:
        event = self._view.overlay.events.get(placing[0].at)
        return placing if event is None else (placing[0], event.location)

    def _location(self, at: EventId) -> Location:
        event = self._view.overlay.events.get(at)
        return event.location if event is not None else self._view.index.event(*at)[0]


def _end(changes: StreamChanges | None) -> EventId:
    return BEYOND if changes is None else changes.base.end


def length_of(view: View, name: str) -> tuple[int, int]:
    """Return (greatest position, greatest rev) of a stream: what appending to it asks, and nothing more."""
    changes = view.overlay.streams.get(name)
    if changes is not None and changes.tail is not None:
        return changes.last, changes.rev
    facts = Reading(view, name).facts
    return facts.last, facts.rev


def names(view: View) -> list[str]:
    """Return the names of all streams, sorted; reserved ones too."""
    known = {facts.name for facts in view.index.streams.all()}
    known.update(name for name, changes in view.overlay.streams.items() if changes.entries or changes.cuts)
    return sorted(known)


# -- writing ----------------------------------------------------------------------------------------


def write_streams(view: View) -> None:
    """Write what the overlay knows of streams to the index, within a transaction of the caller."""
    table = view.index.streams
    for name, changes in view.overlay.streams.items():
        if changes.tail is not None:
            if changes.tail:
                table.append(Reading(view, name).facts, changes.tail)
            continue
        table.insert(name, changes.entries.values())
        table.truncate(name, changes.cuts.items())
        start = min(changes.entries, default=BEYOND)
        table.settle(name, start, truncations(view, name), cuts_moved=bool(changes.cuts))


def forget(view: View, touched: dict[str, EventId]) -> None:
    """Number the streams again that lost events; within a transaction of the caller."""
    for name, start in touched.items():
        view.index.streams.settle(name, start, truncations(view, name), cuts_moved=True)
