"""The state of one entity as a join (docs/format.md, "State"). Pure.

The events of an entity are a set. Of that set the state keeps the maximal ones, over all (``heads``)
and per top-level field (``assignments``), and the *holes*: ids that some applied event saw but that
are not here. Git lets people drop history and bring it back, so sets of events are not always
causally closed, and "in the past of" is not transitive: it is exactly what a writer's checkout held.

``apply`` adds one event, ``join`` adds a whole state; both are commutative, associative and
idempotent, which the property tests prove on random histories with holes.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from journal.format.segment import Vector
from journal.state import vector
from journal.state.vector import EventId


class Absent:
    """The value of a field that an event unset."""

    _only: "Absent | None" = None

    def __new__(cls) -> "Absent":
        """Return the one instance."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()

Payload = dict[str, Any]
Assignments = tuple[tuple[EventId, Any], ...]
"""(event id, value or ABSENT), ascending by event id."""


class Change(NamedTuple):
    """What one event does to its entity; ``image`` is the full post-image, None for a tombstone."""

    id: EventId
    rev: int
    image: Payload | None
    set: tuple[str, ...] | list[str]
    unset: tuple[str, ...] | list[str]


class Past:
    """What the writer of one segment saw: the causality of all events in it.

    ``sees`` is the header's vector; of its own segment an event saw all that stand before it.
    """

    __slots__ = ("first", "hidden", "lane", "sees")

    def __init__(self, lane: str, first: int, sees: Vector, hidden: Vector = vector.EMPTY) -> None:
        self.lane, self.first = lane, first
        self.sees = sees
        self.hidden = hidden
        """What is not in this checkout of ``sees``, and of the segment itself where a line of it was lost.

        Computed once for a whole segment it may name later events of it too: ``apply`` lets those out.
        """

    def has(self, event: EventId, of: EventId) -> bool:
        """Tell whether ``event`` is in the past of the segment's event ``of``."""
        seq, lane = event
        if seq >= of[0]:
            return False
        if lane == self.lane and seq >= self.first:
            return True
        return vector.contains(self.sees, seq, lane)

    def seen_by(self, seq: int) -> Vector:
        """Return all that the segment's event ``seq`` saw: ``sees``, and what stands before it here."""
        return vector.union(self.sees, vector.of(self.lane, self.first, seq - 1))


class Holes(NamedTuple):
    """Ids that an applied event saw but that are not here: for the heads, and per field."""

    heads: Vector
    fields: dict[str, Vector]


NO_HOLES = Holes({}, {})


class EntityState(NamedTuple):
    """The maximal events of one entity. A value: never changed in place."""

    rev: int
    heads: dict[EventId, Payload | None]
    fields: dict[str, Assignments]
    holes: Holes = NO_HOLES

    @property
    def event(self) -> EventId:
        """The greatest head."""
        return max(self.heads)

    @property
    def is_deleted(self) -> bool:
        """Whether all heads are tombstones."""
        return all(image is None for image in self.heads.values())


def apply(state: EntityState | None, change: Change, past: Past) -> EntityState:
    """Return the state with one more event in it.

    The caller applies an event once; it may come in any order. Assignments and heads in its past
    are superseded, concurrent ones stay beside it, and it is superseded itself where it arrives out
    of a hole.
    """
    me = change.id
    hidden = vector.below(past.hidden, me[0]) if past.hidden else vector.EMPTY
    if state is None:
        state = EntityState(0, {}, {})
    holes = state.holes
    if holes is NO_HOLES and not hidden and _saw_all(past, state.heads, me):
        return _succeed(state, change, past)
    heads = {head: image for head, image in state.heads.items() if not past.has(head, me)}
    if not vector.contains(holes.heads, *me):
        heads[me] = change.image
    fields = dict(state.fields)
    hole_fields = dict(holes.fields)
    for name, value in _assigned(change):
        kept = [pair for pair in fields.get(name, ()) if not past.has(pair[0], me)]
        if not vector.contains(hole_fields.get(name, vector.EMPTY), *me):
            kept.append((me, value))
        fields[name] = tuple(sorted(kept, key=_by_id))
        if hidden:
            hole_fields[name] = vector.union(hole_fields.get(name, vector.EMPTY), hidden)
    if hidden or holes is not NO_HOLES:
        here = vector.of(me[1], me[0], me[0])
        holes = _without(Holes(vector.union(holes.heads, hidden), hole_fields), here)
    return EntityState(max(state.rev, change.rev), heads, fields, holes)


def _saw_all(past: Past, heads: Iterable[EventId], me: EventId) -> bool:
    for head in heads:  # noqa: SIM110 - mostly there is one, and a generator would be most of what this takes
        if not past.has(head, me):
            return False
    return True


def follow(state: EntityState | None, change: Change) -> EntityState:
    """Return what ``apply`` does where nothing is missing and the writer saw all events here: all is superseded."""
    me, image = change.id, change.image
    if state is None:
        state = EntityState(0, {}, {})
    fields = state.fields.copy()
    if image is not None:
        for name in change.set:
            fields[name] = ((me, image.get(name, ABSENT)),)
        for name in change.unset:
            if name not in change.set:
                fields[name] = ((me, ABSENT),)
    return EntityState(max(state.rev, change.rev), {me: image}, fields)


def _succeed(state: EntityState, change: Change, past: Past) -> EntityState:
    """The usual case of ``apply``: the event saw all heads (or is the first), and nothing is missing."""
    me, known, heads = change.id, state.fields, state.heads
    fields = known.copy()
    for name, value in _assigned(change):
        before = known.get(name, ())
        if not before or (len(before) == 1 and (before[0][0] in heads or past.has(before[0][0], me))):
            fields[name] = ((me, value),)
        else:
            kept = [pair for pair in before if not past.has(pair[0], me)]
            fields[name] = tuple(sorted([*kept, (me, value)], key=_by_id))
    return EntityState(max(state.rev, change.rev), {me: change.image}, fields)


def _assigned(change: Change) -> Iterable[tuple[str, Any]]:
    image = change.image
    if image is None:
        return ()
    assigned = [(name, image.get(name, ABSENT)) for name in change.set]
    if change.unset:
        assigned.extend((name, ABSENT) for name in change.unset if name not in change.set)
    return assigned


def join(first: EntityState, first_has: Vector, second: EntityState, second_has: Vector) -> EntityState:
    """Return the state of the union of two sets of events.

    ``first_has`` and ``second_has`` are all event ids, of whatever entity, in either set: what one
    side has but no longer keeps, it has superseded.
    """
    heads = {
        **_surviving(first.heads, second.heads, second_has, second.holes.heads),
        **_surviving(second.heads, first.heads, first_has, first.holes.heads),
    }
    fields: dict[str, Assignments] = {}
    for name in {**first.fields, **second.fields}:
        mine, theirs = dict(first.fields.get(name, ())), dict(second.fields.get(name, ()))
        kept = {
            **_surviving(mine, theirs, second_has, second.holes.fields.get(name, vector.EMPTY)),
            **_surviving(theirs, mine, first_has, first.holes.fields.get(name, vector.EMPTY)),
        }
        fields[name] = tuple(sorted(kept.items(), key=_by_id))
    names = {*first.holes.fields, *second.holes.fields}
    holes = Holes(
        vector.union(first.holes.heads, second.holes.heads),
        {
            name: vector.union(first.holes.fields.get(name, vector.EMPTY), second.holes.fields.get(name, vector.EMPTY))
            for name in names
        },
    )
    holes = _without(_without(holes, first_has), second_has)
    return EntityState(max(first.rev, second.rev), heads, fields, holes)


def _surviving(
    mine: dict[EventId, Any], theirs: dict[EventId, Any], their_events: Vector, their_holes: Vector
) -> dict[EventId, Any]:
    """Of my maximal events those that the other side has not superseded."""
    return {
        event: value
        for event, value in mine.items()
        if event in theirs or not (vector.contains(their_events, *event) or vector.contains(their_holes, *event))
    }


def normal(state: EntityState, has: Vector) -> EntityState:
    """Return the state with only those holes that are still missing, given all events here."""
    return state if state.holes is NO_HOLES else state._replace(holes=_without(state.holes, has))


def _without(holes: Holes, here: Vector) -> Holes:
    heads = vector.subtract(holes.heads, here)
    fields = {name: rest for name, missing in holes.fields.items() if (rest := vector.subtract(missing, here))}
    return Holes(heads, fields) if heads or fields else NO_HOLES


def fold(changes: Iterable[tuple[Change, Past]]) -> EntityState | None:
    """Return the state of these events, in whatever order they come."""
    state: EntityState | None = None
    for change, past in changes:
        state = apply(state, change, past)
    return state


def _by_id(pair: tuple[EventId, Any]) -> EventId:
    return pair[0]
