"""A world of replicas that write, take over, drop and bring back events: the histories to join.

Every event notes, as a plain set, what its writer held. The oracle knows nothing else: it reads the
definitions of docs/format.md, "State", off these sets, without intervals, holes or states.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st

from journal.format import values
from journal.format.segment import Vector
from journal.state import vector
from journal.state.delta import difference
from journal.state.encoding import decode_state, encode_state
from journal.state.entity import ABSENT, Change, EntityState, Past, apply, join, normal
from journal.state.value import value
from journal.state.vector import EventId

REPLICAS = 3
ENTITIES = ("ant", "bee")
FIELDS = ("x", "y", "tags")
ALL = (1 << 16) - 1


class Event(NamedTuple):
    """One event of the world: what a reader gets of it, and what really happened."""

    entity: str
    change: Change
    past: Past
    span: Vector
    """The ids that a reader knows once it has this event: its own, and those its lane skipped before it."""
    saw: frozenset[EventId]
    """The truth that ``past`` must tell: what the writer held."""

    @property
    def id(self) -> EventId:
        return self.change.id


Events = dict[EventId, Event]


class Replica:
    """One work tree: the events it holds, and the lane it writes."""

    def __init__(self) -> None:
        self.held: Events = {}
        self.lane = ""
        self.tip: EventId | None = None
        self.segment: Past | None = None

    def move(self, held: Events) -> None:
        """Git changed what is here: the open segment is closed, and a lost tip ends the lane."""
        self.held, self.segment = held, None
        if self.tip not in held:
            self.lane, self.tip = "", None


class World:
    """Replicas, and every event that any of them ever wrote."""

    def __init__(self) -> None:
        self.replicas = [Replica() for _ in range(REPLICAS)]
        self.events: Events = {}
        self._lanes = 0

    def write(self, at: int, entity: str, image: dict[str, Any] | None, named: Iterable[str] = ()) -> Event:
        """One replica sets the entity's post-image (None: a tombstone), as it would from what it shows."""
        replica = self.replicas[at]
        state = known(replica.held).states.get(entity)
        before = value(state, {}) if state else None
        changed, unset = difference(before, image, state) if image is not None else ([], [])
        changed = sorted({*changed, *named} - {*unset}) if image is not None else []
        unset = sorted({*unset, *(set(named) - set(image or ()))}) if image is not None else []
        if not replica.lane:
            self._lanes += 1
            replica.lane, replica.segment = f"{self._lanes:0>13}", None
        seq = 1 + max((seq for seq, _ in replica.held), default=0)
        if replica.segment is None:
            replica.segment = Past(replica.lane, seq, has(replica.held.values()))
        tip = replica.tip[0] if replica.tip else 0
        event = Event(
            entity,
            Change((seq, replica.lane), 1 + (state.rev if state else 0), image, changed, unset),
            replica.segment,
            vector.of(replica.lane, tip + 1, seq),
            frozenset(replica.held),
        )
        replica.held = {**replica.held, event.id: event}
        replica.tip = event.id
        self.events[event.id] = event
        return event

    def edit(self, at: int, entity: str, fields: dict[str, Any]) -> Event:
        """One replica sets some fields and keeps the rest."""
        shown = self.shown(at, entity)
        return self.write(at, entity, {**(shown or {}), **fields}, named=fields)

    def delete(self, at: int, entity: str) -> Event:
        return self.write(at, entity, None)

    def take(self, at: int, other: int, mask: int = ALL) -> None:
        """One replica merges some of what another holds."""
        replica = self.replicas[at]
        replica.move({**replica.held, **some(self.replicas[other].held, mask)})

    def bring_back(self, at: int, mask: int = ALL) -> None:
        """One replica finds some of what was ever written, wherever it was dropped."""
        replica = self.replicas[at]
        replica.move({**replica.held, **some(self.events, mask)})

    def drop(self, at: int, mask: int) -> None:
        """One replica loses some of its events, causally closed or not."""
        replica = self.replicas[at]
        lost = some(replica.held, mask)
        replica.move({id: event for id, event in replica.held.items() if id not in lost})

    def meet(self) -> None:
        """Every replica takes all that any other holds."""
        together = {id: event for replica in self.replicas for id, event in replica.held.items()}
        for replica in self.replicas:
            replica.move({**replica.held, **together})

    def state(self, at: int, entity: str) -> EntityState:
        return known(self.replicas[at].held).states[entity]

    def shown(self, at: int, entity: str) -> dict[str, Any] | None:
        state = known(self.replicas[at].held).states.get(entity)
        return value(state, {}) if state else None


def some(events: Events, mask: int) -> Events:
    """The events that the bits of a mask choose, in the total order."""
    return {id: events[id] for at, id in enumerate(sorted(events)) if mask >> at % 16 & 1}


# What a reader knows.


class Known(NamedTuple):
    """The state of every entity in a set of events, and that set."""

    states: dict[str, EntityState]
    has: Vector


NOTHING = Known({}, vector.EMPTY)


def has(events: Iterable[Event]) -> Vector:
    """All ids that these events make known."""
    ids: Vector = vector.EMPTY
    for event in events:
        ids = vector.union(ids, event.span)
    return ids


def add(here: Known, events: Iterable[Event]) -> Known:
    """Apply events one by one, in the order given; what is not applied yet counts as missing."""
    states, ids = dict(here.states), here.has
    for event in events:
        missing = vector.subtract(event.past.seen_by(event.id[0]), ids)
        past = Past(event.past.lane, event.past.first, event.past.sees, missing)
        states[event.entity] = apply(states.get(event.entity), event.change, past)
        ids = vector.union(ids, event.span)
    return Known(states, ids)


def known(events: Events) -> Known:
    """Apply events in the total order, as a rebuild does."""
    return add(NOTHING, [events[id] for id in sorted(events)])


def join_known(first: Known, second: Known) -> Known:
    """Join two sets of events by their states alone."""
    states = {**first.states, **second.states}
    for entity in first.states.keys() & second.states.keys():
        states[entity] = join(first.states[entity], first.has, second.states[entity], second.has)
    return Known(states, vector.union(first.has, second.has))


def stored(here: Known) -> Known:
    """The same after a way through a checkpoint."""
    texts = {entity: values.encode_trusted(encode_state(state)) for entity, state in here.states.items()}
    return Known({entity: decode_state(values.decode(text)) for entity, text in texts.items()}, here.has)


def text(here: Known) -> dict[str, bytes]:
    """The bytes of every entity's state: what must not depend on the way here."""
    return {
        entity: values.encode_trusted(encode_state(normal(state, here.has)))
        for entity, state in sorted(here.states.items())
    }


# The oracle.


class Meaning(NamedTuple):
    """What the definition says of one entity: maximal events, and what they saw that is not here."""

    heads: dict[EventId, Any]
    fields: dict[str, dict[EventId, Any]]
    head_holes: set[EventId]
    field_holes: dict[str, set[EventId]]


def assigned(event: Event) -> dict[str, Any]:
    """The fields that an event assigns; a tombstone assigns none."""
    image = event.change.image
    if image is None:
        return {}
    unset = dict.fromkeys(event.change.unset, ABSENT)
    return {**unset, **{name: image[name] for name in event.change.set}}


def meaning(events: Events, entity: str) -> Meaning:
    """Read the state of an entity off the definition, by brute force."""
    mine = [event for event in events.values() if event.entity == entity]
    writers = {name: [event for event in mine if name in assigned(event)] for event in mine for name in assigned(event)}
    return Meaning(
        {event.id: event.change.image for event in _maximal(mine)},
        {name: {event.id: assigned(event)[name] for event in _maximal(some)} for name, some in writers.items()},
        _missing(mine, events),
        {name: missing for name, some in writers.items() if (missing := _missing(some, events))},
    )


def meaning_of(state: EntityState, world: World) -> Meaning:
    """What a computed state says, in the oracle's terms."""

    def ids(missing: Vector) -> set[EventId]:
        return {id for id in world.events if vector.contains(missing, *id)}

    field_holes = {name: ids(missing) for name, missing in state.holes.fields.items()}
    return Meaning(
        state.heads,
        {name: dict(pairs) for name, pairs in state.fields.items()},
        ids(state.holes.heads),
        {name: missing for name, missing in field_holes.items() if missing},
    )


def _maximal(events: list[Event]) -> Iterator[Event]:
    return (event for event in events if not any(event.id in other.saw for other in events))


def _missing(events: Iterable[Event], here: Events) -> set[EventId]:
    return {id for event in events for id in event.saw if id not in here}


# Histories for hypothesis.

_at = st.integers(0, REPLICAS - 1)
_entity = st.sampled_from(ENTITIES)
_one = st.sampled_from([1 << bit for bit in range(8)])
_mask = st.one_of(st.just(ALL), st.integers(0, ALL), _one)
_item = st.one_of(
    st.integers(0, 3),
    st.lists(st.sampled_from("abc"), max_size=2),
    st.sampled_from([None, True, 1.0, "a", {"p": 1, "q": 2}, {"q": 2, "p": 1}]),
)
_fields = st.dictionaries(st.sampled_from(FIELDS), _item, max_size=3)
_step = st.one_of(
    st.tuples(st.just("edit"), _at, _entity, _fields),
    st.tuples(st.just("edit"), _at, st.just(ENTITIES[0]), _fields),
    st.tuples(st.just("write"), _at, _entity, _fields),
    st.tuples(st.just("delete"), _at, _entity),
    st.tuples(st.just("take"), _at, _at, _mask),
    st.tuples(st.just("drop"), _at, st.one_of(st.integers(0, ALL), _one)),
    st.tuples(st.just("bring_back"), _at, _mask),
)
# Two replicas at one entity, one field at a time, one event lost at a time: the tangled histories.
_tangled = st.one_of(
    st.tuples(
        st.just("edit"), st.integers(0, 1), st.just(ENTITIES[0]), st.sampled_from([{"x": 0}, {"x": 1}, {"y": 0}])
    ),
    st.tuples(st.just("drop"), st.integers(0, 1), _one),
    st.tuples(st.just("take"), st.integers(0, 1), st.integers(0, 1), st.one_of(st.just(ALL), _one)),
)


@st.composite
def worlds(draw: st.DrawFn, steps_max: int = 18) -> World:
    """A world after some steps, most of them writes."""
    world = World()
    step = _tangled if draw(st.booleans()) else _step
    for verb, *rest in draw(st.lists(step, min_size=3, max_size=steps_max)):
        getattr(world, verb)(*rest)
    return world


@st.composite
def histories(draw: st.DrawFn) -> tuple[World, Events]:
    """A world, and a set of its events that some checkout may hold."""
    world = draw(worlds())
    choice = draw(st.integers(-1, REPLICAS))
    if choice < 0:
        return world, some(world.events, draw(st.integers(0, ALL)))
    if choice == REPLICAS:
        return world, dict(world.events)
    return world, world.replicas[choice].held
