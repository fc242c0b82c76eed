"""The value that an entity shows, and its conflicts (docs/format.md, "State"). Pure."""

from collections.abc import Callable
from typing import Any, NamedTuple

from journal.format import values
from journal.state.entity import ABSENT, Assignments, EntityState, Payload
from journal.state.vector import EventId

Strategies = dict[str, str]
"""Field name -> merge strategy; a field that is not named merges by ``lww``."""


class FieldConflict(NamedTuple):
    """A field with different maximal values, or (field None) an update beside a delete."""

    field: str | None
    winner: EventId
    winner_value: Any
    losers: tuple[tuple[EventId, Any], ...]


class Lifted(NamedTuple):
    """A payload for callers (journal/state/upcasting.py).

    ``lifted_from`` is the version as written, None where nothing was lifted. ``error`` says why the payload is
    served as written although it should have been lifted.
    """

    data: Payload
    lifted_from: int | None = None
    error: str | None = None


def value(state: EntityState, strategies: Strategies) -> Payload | None:
    """Return what the entity shows, None if it is deleted.

    With one head that is the head's post-image. With several, each field shows its winner; a field
    that no event here assigned (its event was lost or dropped) shows what the greatest head that
    knows it says, so that a lost line costs no more than itself. The order of the members, too, is the
    same whatever the order in which the events came.
    """
    if len(state.heads) == 1:
        return next(iter(state.heads.values()))
    if state.is_deleted:
        return None
    merged: Payload = {}
    for _, image in sorted(state.heads.items()):
        merged.update(image or {})
    for name, assignments in sorted(state.fields.items()):
        winner = settle(assignments, strategies.get(name, "lww"))
        if winner is ABSENT:
            merged.pop(name, None)
        else:
            merged[name] = winner
    return merged


def conflicts(state: EntityState, strategies: Strategies) -> list[FieldConflict]:
    """Return what concurrent events left open, by field."""
    found: list[FieldConflict] = []
    if len(state.heads) > 1:
        live = [head for head, image in state.heads.items() if image is not None]
        dead = [head for head, image in state.heads.items() if image is None]
        if live and dead:
            winner = max(live)
            losers = tuple((head, ABSENT) for head in sorted(dead))
            found.append(FieldConflict(None, winner, state.heads[winner], losers))
    if state.is_deleted:
        return found
    shown = _only_image(state)
    for name, assignments in sorted(state.fields.items()):
        if len(assignments) == 1 or _combined(assignments, strategies.get(name, "lww")) is not None:
            continue
        event, winner_value = (
            assignment_shown(assignments, shown.get(name, ABSENT)) if shown is not None else assignments[-1]
        )
        losers = tuple(pair for pair in assignments if not is_same(pair[1], winner_value))
        if losers:
            found.append(FieldConflict(name, event, winner_value, losers))
    return found


def settle(assignments: Assignments, strategy: str) -> Any:
    """Return the value of a field from its maximal assignments (ascending); ABSENT if unset.

    ``lww`` takes the last. ``union``, ``max`` and ``min`` combine all that are set and of the right
    kind, whatever their order; where that makes no sense they fall back to ``lww``.
    """
    if len(assignments) == 1:
        return assignments[0][1]
    combined = _combined(assignments, strategy)
    return assignments[-1][1] if combined is None else combined[0]


def assignment_shown(assignments: Assignments, value_shown: Any) -> tuple[EventId, Any]:
    """Return the assignment that shows: the last with that value; the last where none has it.

    None has it where a strategy combined several, or a sole head's writer did not hold the winner.
    """
    return next((pair for pair in reversed(assignments) if is_same(pair[1], value_shown)), assignments[-1])


def _combined(assignments: Assignments, strategy: str) -> list[Any] | None:
    """Return the combined value, alone in a list; None where the last assignment has to win."""
    present = [item for _, item in assignments if item is not ABSENT]
    return _COMBINE[strategy](present) if strategy in _COMBINE and present else None


def _only_image(state: EntityState) -> Payload | None:
    return next(iter(state.heads.values())) if len(state.heads) == 1 else None


def _union(present: list[Any]) -> list[Any] | None:
    if not all(type(item) is list for item in present):
        return None
    members: dict[bytes, Any] = {}
    for item in present:
        for member in item:
            members.setdefault(values.canonical(member), member)
    return [list(members.values())]


def _extreme(pick: Callable[..., Any]) -> Callable[[list[Any]], list[Any] | None]:
    def combine(present: list[Any]) -> list[Any] | None:
        numbers = all(type(item) in (int, float) for item in present)
        texts = all(type(item) is str for item in present)
        # Equal numbers may be spelled 1 and 1.0: the text decides, so that no order matters.
        return [pick(present, key=lambda item: (item, values.canonical(item)))] if numbers or texts else None

    return combine


_COMBINE: dict[str, Callable[[list[Any]], list[Any] | None]] = {
    "union": _union,
    "max": _extreme(max),
    "min": _extreme(min),
}
STRATEGIES = ("lww", *_COMBINE)


def is_same(first: Any, second: Any) -> bool:
    """Tell whether two values of a field are the same JSON, or both ABSENT."""
    return first is second if first is ABSENT or second is ABSENT else values.is_same(first, second)
