"""The two kinds of sides: all that a view holds (the present, or a commit), and what the writer of an event saw."""

from collections.abc import Iterator

from journal.format import values
from journal.format.names import event_id
from journal.format.segment import Vector
from journal.index.places import list_events
from journal.index.view import Key, View
from journal.segments.folders import CHECKPOINTS
from journal.state import vector
from journal.state.entity import EntityState, Payload
from journal.state.vector import EventId
from journal.store.events import Event
from journal.store.history import event_at, value_at
from journal.store.listing import all_rows


class Side:
    """All that a view holds. ``name``: a commit, or None for the present."""

    def __init__(self, view: View, name: str | None) -> None:
        self.view, self.name = view, name

    @property
    def has(self) -> Vector:
        """The events that count on this side."""
        return self.view.have

    def texts(self, type: str | None) -> Iterator[tuple[Key, str]]:
        """Yield what each live entity shows, as JSON text."""
        for row in all_rows(self.view, type, deleted=False):
            if row.data is not None:
                yield (row.type, row.id), row.data

    def shown(self, key: Key) -> tuple[EntityState | None, Payload | None]:
        """Return an entity's state and what it shows."""
        row = self.view.row(key)
        if row is None:
            return None, None
        return self.view.state(key), None if row.data is None else values.decode(row.data)

    def event(self, id: EventId) -> Event | None:
        """Return an event of this side; None where the files that held it are not there."""
        found = self.view.places_at(*id)
        if not found and not all(facts.listed for facts in self.view.facts.values() if facts.folder != CHECKPOINTS):
            list_events(self.view)  # a rebuild does not note where events stand
            found = self.view.places_at(*id)
        return event_at(self.view, found[0]) if found else None


class EventSide(Side):
    """What the writer of an event saw, the event itself included."""

    def __init__(self, view: View, at: EventId) -> None:
        super().__init__(view, event_id(*at))
        self._at = at

    @property
    def has(self) -> Vector:
        """The events that count on this side, whether they are here or not."""
        seq, lane = self._at
        return vector.union(self.view.saw(self._at).seen_by(seq), vector.of(lane, seq, seq))

    def texts(self, type: str | None) -> Iterator[tuple[Key, str]]:
        """Yield what each live entity showed, as JSON text."""
        known = {(kind, id) for kind, id, _, _ in self.view.index.every_state()}
        for key in sorted(known | self.view.overlay.states.keys()):
            document = self.shown(key)[1] if type in (None, key[0]) else None
            if document is not None:
                yield key, values.encode_trusted(document).decode()

    def shown(self, key: Key) -> tuple[EntityState | None, Payload | None]:
        """Return an entity's state and what it showed."""
        return value_at(self.view, key, self._at)


def touched(view: View, first: Vector, second: Vector) -> set[Key]:
    """Return the entities of the events that only one of two sides has; needs all files listed."""
    only = vector.union(vector.subtract(first, second), vector.subtract(second, first))
    found = (view.touched(lane, low, high) for lane, intervals in only.items() for low, high in intervals)
    return set().union(*found)
