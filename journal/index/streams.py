"""Streams as a view knows them: the index's tables, and over them what the overlay has. Needs all files listed.

While all that is new sorts behind what the index has, which is what appending does, a stream is its stretches there and
a short tail. Where something arrived late or was hidden, and the index cannot be written now (another process holds the
lock), the stream is put together in memory.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from journal.format.names import parse_event_id
from journal.format.record import Record
from journal.format.segment import Vector
from journal.index.overlay import StreamChanges
from journal.index.stream_table import BEYOND, NOWHERE, StreamFacts, placed_with_keys
from journal.index.view import View
from journal.state import vector
from journal.state.stream import TRUNCATE_NOTE, Entry, Placed, Stretch, Truncation, place, stretches_of
from journal.state.vector import EventId

# -- what a record says -----------------------------------------------------------------------------


def note_record(view: View, record: Record, at: EventId) -> str | None:
    """Take what a record says of its stream into the overlay, unless the index has it; return which stream it is."""
    if record["kind"] == "event":
        stream: str = record["stream"]
        note_event(view, stream, at, record["rev"], record.get("key"))
        return stream
    name, through = _cut(record) if record.get("note") == TRUNCATE_NOTE else (None, NOWHERE)
    if name is not None:
        changes = changes_of(view, name)
        if not (at in changes.cuts or view.index.streams.has(name, at)):
            changes.cut(at, through)
    return name


def note_event(view: View, name: str, at: EventId, rev: int, key: str | None) -> None:
    """Take an event of a stream into the overlay, unless the index has it."""
    changes = changes_of(view, name)
    if at <= changes.end and (changes.has(at) or (at <= changes.base.end and view.index.streams.has(name, at))):
        return
    if key is None:
        changes.add(at, 1, rev)
    else:
        first = view.index.streams.first_of_key(name, key)
        changes.add_keyed(at, rev, key, repeats=first is not None and first < at)


def _cut(record: Record) -> tuple[str | None, EventId]:
    data = record["data"]
    name, through = data.get("stream"), data.get("through")
    parsed = parse_event_id(through) if type(through) is str else None
    return (name, parsed) if type(name) is str and name and parsed is not None else (None, NOWHERE)


def changes_of(view: View, name: str) -> StreamChanges:
    """Return what the overlay knows of a stream, begun where it knows nothing."""
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
    """One stream, as a view has it at one moment: its stretches, in order."""

    def __init__(self, view: View, name: str) -> None:
        self._view, self._name = view, name
        self._table = view.index.streams
        self._changes = view.overlay.streams.get(name)
        self._tail: list[Stretch] = []
        """What comes behind the index's stretches."""
        self._whole: list[Stretch] | None = None
        """All of it, where it had to be put together in memory."""
        if self._changes is not None and self._changes.is_tail:
            self._tail = self._changes.stretches
        elif self._changes is not None:
            self._whole = list(stretches_of(self._put_together(view.have)))

    @classmethod
    def as_of(cls, view: View, name: str, had: Vector) -> "Reading":
        """Return the stream as it was when no more than a set of events was here."""
        reading = cls(view, name)
        reading._whole = list(stretches_of(reading._put_together(had)))
        return reading

    def _put_together(self, had: Vector) -> Iterator[Placed]:
        keys, stretches = self._table.keys(self._name), [*self._table.between(self._name, 0, BEYOND[0])]
        if self._changes is not None:
            keys |= self._changes.keys_by_event()
            stretches += self._changes.stretches
        events = (event for stretch in stretches for event in stretch.placed() if vector.contains(had, *event.at))
        entries = sorted(Entry(event.at, event.rev, keys.get(event.at)) for event in events)
        cuts = [cut for cut in truncations(self._view, self._name) if vector.contains(had, *cut.at)]
        return place(entries, cuts, knows=lambda _: False)

    @property
    def is_put_together(self) -> bool:
        """Whether all of it is in memory, so that later looks at it see what this one does."""
        return self._whole is not None

    @property
    def facts(self) -> StreamFacts:
        """What the stream holds."""
        changes = self._changes
        if changes is None:
            return self._table.facts(self._name)
        if self._whole is None:
            added = changes.last - changes.base.last
            return StreamFacts(self._name, changes.last, changes.base.visible + added, changes.rev, changes.end)
        counted = [stretch for stretch in self._whole if stretch.position is not None]
        last = (counted[-1].position or 0) + counted[-1].length - 1 if counted else 0
        visible = sum(stretch.length for stretch in counted if not stretch.is_hidden)
        return StreamFacts(self._name, last, visible, changes.rev, self._whole[-1].end if self._whole else NOWHERE)

    @property
    def first(self) -> int:
        """The least position that is not hidden; where there is none, the one that the next event will have."""
        found = None if self._whole is not None else self._table.first_visible(self._name)
        if found is None:
            found = next((stretch.position for stretch in self.visible()), None)
        return found if found is not None else self.facts.last + 1

    @property
    def last_counted(self) -> EventId | None:
        """The event at the last position, hidden or not; None where there is none."""
        behind = self._tail if self._whole is None else self._whole
        found = next((stretch.end for stretch in reversed(behind) if stretch.position is not None), None)
        return self._table.last_counted(self._name) if found is None and self._whole is None else found

    def first_of_key(self, key: str) -> EventId | None:
        """Return the earliest event that has a key."""
        known = [self._table.first_of_key(self._name, key)]
        if self._changes is not None:
            known.append(self._changes.keys.get(key))
        return min((at for at in known if at is not None), default=None)

    def visible(self, low: int = 1, high: int = BEYOND[0], *, reverse: bool = False) -> Iterator[Stretch]:
        """Yield the events of a range of positions that are not hidden, by position or against it."""
        stretches: Iterable[Stretch]
        if self._whole is not None:
            stretches = reversed(self._whole) if reverse else self._whole
        elif reverse:
            stretches = chain(reversed(self._tail), self._table.visible(self._name, low, high, reverse=True))
        else:
            stretches = chain(self._table.visible(self._name, low, high), self._tail)
        for stretch in stretches:
            if stretch.position is None or stretch.is_hidden:
                continue
            start, stop = max(0, low - stretch.position), min(stretch.length, high + 1 - stretch.position)
            if start < stop:
                yield stretch.part(start, stop)

    def everything(self) -> Iterator[Placed]:
        """Yield all events, hidden ones and repetitions too, with their keys, in the total order."""
        keys = self._table.keys(self._name)
        if self._changes is not None:
            keys |= self._changes.keys_by_event()
        return placed_with_keys(self._all(), keys)

    def at(self, event: EventId) -> Stretch | None:
        """Return one event, hidden or not; None where it is none of this stream's."""
        seq, lane = event
        for stretch in self._stretches(seq, seq):
            if stretch.lane == lane and stretch.seq <= seq < stretch.seq + stretch.length:
                return stretch.part(seq - stretch.seq, seq - stretch.seq + 1)
        return None

    def _all(self) -> Iterator[Stretch]:
        return self._stretches(0, BEYOND[0])

    def _stretches(self, low: int, high: int) -> Iterator[Stretch]:
        """Yield the stretches that reach into a range of seqs, and maybe others, in the total order."""
        if self._whole is not None:
            yield from self._whole
            return
        yield from self._table.between(self._name, low, high)
        yield from self._tail

    def fresh(
        self, ids: Vector, after: EventId, *, with_hidden: bool = False, with_all: bool = False
    ) -> Iterator[Stretch]:
        """Yield the events of a set that come behind one, in the total order.

        Those that are hidden with ``with_hidden`` only; repetitions of a key too ``with_all``.
        """
        for low, high in vector.seqs(ids):
            for stretch in self._stretches(max(low, after[0]), high) if high >= after[0] else ():
                if not (with_all or (stretch.position is not None and (with_hidden or not stretch.is_hidden))):
                    continue
                least = max(low, after[0] + (stretch.lane <= after[1]))
                for first, last in ids.get(stretch.lane, ()):
                    start, stop = max(first, stretch.seq, least), min(last, high, stretch.seq + stretch.length - 1) + 1
                    if start < stop:
                        yield stretch.part(start - stretch.seq, stop - stretch.seq)


def length_of(view: View, name: str) -> tuple[int, int]:
    """Return (greatest position, greatest rev) of a stream: what appending to it asks, and nothing more."""
    changes = view.overlay.streams.get(name)
    if changes is not None and changes.is_tail:
        return changes.last, changes.rev
    facts = Reading(view, name).facts
    return facts.last, facts.rev


def names(view: View) -> list[str]:
    """Return the names of all streams, sorted; reserved ones too."""
    known = {facts.name for facts in view.index.streams.all()}
    known.update(name for name, changes in view.overlay.streams.items() if changes.stretches or changes.cuts)
    return sorted(known)


# -- writing ----------------------------------------------------------------------------------------


def write_streams(view: View) -> None:
    """Write what the overlay knows of streams to the index, within a transaction of the caller."""
    table = view.index.streams
    for name, changes in view.overlay.streams.items():
        if changes.is_tail:
            if changes.stretches:
                table.append(Reading(view, name).facts, changes.stretches, changes.keyed)
            continue
        if changes.stretches:
            table.insert(name, changes.stretches, changes.keyed)
            table.settle(name, min(stretch.start for stretch in changes.stretches), truncations(view, name))
        table.truncate(name, [Truncation(at, through, view.saw(at)) for at, through in changes.cuts.items()])
        table.count(name)


def forget(view: View, lost: dict[tuple[int, str], set[int]]) -> None:
    """Forget events of streams, given by (stream's number, lane), and number what is left of these streams again.

    Within a transaction of the caller.
    """
    table = view.index.streams
    starts: dict[str, EventId] = {}
    for (number, lane), seqs in lost.items():
        name = table.name(number)
        if name is not None:
            table.forget(number, lane, seqs)
            first = (min(seqs), lane)
            starts[name] = min(starts.get(name, first), first)
    for name, start in starts.items():
        cuts = truncations(view, name)
        table.settle(name, start, cuts)
        table.show(name, cuts)
        table.count(name)
