"""What of the events here a cursor has not taken yet: found in the index, in the total order, piece by piece."""

from typing import NamedTuple

from journal.errors import DamagedError
from journal.format.record import Record
from journal.format.segment import Vector
from journal.index.lost_payloads import note_loss
from journal.index.records import read_record
from journal.index.view import View
from journal.state import vector
from journal.state.vector import EventId
from journal.store import positions
from journal.store.events import Event, Reach
from journal.store.history import as_event
from journal.subscriptions.selection import Selection

_EVENTS_MAX = 64
_BYTES_MAX = 4 << 20
_PASSED_MAX = 5_000


class Survey(NamedTuple):
    """What one look at the store found, for one cursor.

    ``here``: the ids of events that can be read here; ``fresh``: those of them that were not taken; ``unreadable``: ids
    that are known to be events of this checkout and cannot be read. ``events`` are the first of the fresh ones that are
    meant; ``end`` is the id up to which all was looked at, None where that is everything. ``bridges``: of all, what is
    no event.
    """

    here: Vector
    fresh: Vector
    unreadable: Vector
    events: list[Event]
    end: EventId | None
    bridges: Vector

    def through(self, last: EventId | None) -> Vector:
        """Return the fresh ids up to ``last``, in the total order; None: up to where this looked."""
        last = last if last is not None else self.end
        fresh = self.fresh if last is None else Reach(self.fresh, self.bridges).through(last)
        return vector.subtract(fresh, self.unreadable)


def survey(view: View, taken: Vector, selection: Selection) -> Survey:
    """Look for the first events that are not in ``taken``; the view has the places of all. Costs what is new."""
    unreadable = positions.unreadable(view)
    here = vector.subtract(view.have, unreadable)
    fresh = vector.subtract(here, taken)
    found: list[Event] = []
    size = passed = 0
    for place in positions.places_of(view, fresh, (0, "")):
        record = read_record(view, place)
        event = None
        if record is not None and not selection.has(record):
            passed += 1
        else:
            event = _event(view, record, place.lane)
            if event is None:
                unreadable = vector.union(unreadable, vector.of(place.lane, place.seq, place.seq))
            else:
                found.append(event)
                size += place.length + (record or {}).get("ref", {}).get("bytes", 0)
        if len(found) >= _EVENTS_MAX or size >= _BYTES_MAX or passed >= _PASSED_MAX:
            end = (place.seq, place.lane)
            return Survey(vector.subtract(here, unreadable), fresh, unreadable, found, end, view.bridges)
    return Survey(vector.subtract(here, unreadable), fresh, unreadable, found, None, view.bridges)


def read_events(view: View, ids: list[EventId]) -> dict[EventId, Event]:
    """Return the events of some ids; those that are not here, or cannot be read, are left out."""
    found = {}
    for seq, lane in ids:
        for place in view.places_at(seq, lane):
            record = read_record(view, place)
            event = _event(view, record, lane)
            if event is not None:
                found[seq, lane] = event
    return found


def _event(view: View, record: Record | None, lane: str) -> Event | None:
    if record is None:
        return None
    try:
        return as_event(view, record, lane)
    except DamagedError as error:
        note_loss(view, (record["seq"], lane), error.message)
        return None
