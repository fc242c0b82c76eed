"""Open conflicts, with who wrote each side."""

from dataclasses import dataclass
from typing import Any

from journal.format.names import event_id
from journal.index.view import View
from journal.state.entity import ABSENT
from journal.state.value import conflicts
from journal.state.vector import EventId
from journal.store.history import event_at


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that concurrent edits left open; ``field`` None: an update beside a delete.

    ``winner`` and ``losers`` have ``event``, ``value``, ``actor`` and ``ts``.
    """

    type: str
    id: str
    field: str | None
    winner: dict[str, Any]
    losers: tuple[dict[str, Any], ...]


def count_open(view: View) -> int:
    """Return how many conflicts are open."""
    rows = map(view.row, {*view.index.conflicted(), *view.overlay.states})
    return sum(row.conflicts for row in rows if row is not None)


def open_conflicts(view: View, type: str | None, id: str | None) -> list[FieldConflict]:
    """Return the conflicts of all entities, of a type, or of one."""
    keys = {*view.index.conflicted(), *view.overlay.states}
    found: list[FieldConflict] = []
    for key in sorted(keys):
        state = view.state(key) if type in (None, key[0]) and id in (None, key[1]) else None
        if state is None:
            continue
        for conflict in conflicts(state, view.strategies(key[0])):
            winner = _side(view, conflict.winner, conflict.winner_value)
            losers = tuple(_side(view, *loser) for loser in conflict.losers)
            found.append(FieldConflict(*key, conflict.field, winner, losers))
    return found


def _side(view: View, at: EventId, item: Any) -> dict[str, Any]:
    places = view.places_at(*at)
    event = event_at(view, places[0]) if places else None
    shown = {} if item is ABSENT else {"value": item}
    return {"event": event_id(*at), **shown, "actor": event and event.actor, "ts": event and event.ts}
