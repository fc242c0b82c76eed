"""From two sides to what differs between them: entities, and in them fields."""

from collections.abc import Iterator

from journal.format import values
from journal.format.names import event_id
from journal.index.view import Key
from journal.state.entity import ABSENT, EntityState, Payload
from journal.state.value import assignment_shown
from journal.state.vector import EventId
from journal.store.events import Event
from journal.upkeep.comparing.model import EntityDifference, FieldDifference
from journal.upkeep.comparing.sides import Side, touched


def differences(old: Side, new: Side, type: str | None) -> Iterator[EntityDifference]:
    """Yield the entities that differ, by type and id."""
    for key in sorted(_candidates(old, new, type)):
        before, (state, after) = old.shown(key)[1], new.shown(key)
        fields = tuple(_fields(new, state, before, after))
        if before is None and after is not None:
            yield EntityDifference(*key, "added", fields)
        elif before is not None and after is None:
            yield EntityDifference(*key, "removed", fields)
        elif fields:
            yield EntityDifference(*key, "changed", fields)


def _candidates(old: Side, new: Side, type: str | None) -> set[Key]:
    """Return the entities that may differ: where both sides have the same events to go by, theirs; else all texts."""
    if old.view is new.view:
        return {key for key in touched(old.view, old.has, new.has) if type in (None, key[0])}
    before = dict(old.texts(type))
    changed = {key for key, text in new.texts(type) if before.pop(key, None) != text}
    return changed | before.keys()


def _fields(
    new: Side, state: EntityState | None, before: Payload | None, after: Payload | None
) -> Iterator[FieldDifference]:
    first, second = before or {}, after or {}
    events: dict[EventId, Event | None] = {}
    for name in sorted(first.keys() | second.keys()):
        sides = first.get(name, ABSENT), second.get(name, ABSENT)
        if ABSENT in sides or values.canonical(sides[0]) != values.canonical(sides[1]):
            id = _assigned_by(state, name, sides[1], is_live=after is not None)
            if id is not None and id not in events:
                events[id] = new.event(id)  # usually one event gave several fields their values
            event = events[id] if id is not None else None
            who = (event.actor, event.ts) if event is not None else (None, None)
            yield FieldDifference(name, *sides, None if id is None else event_id(*id), *who)


def _assigned_by(state: EntityState | None, name: str, value: object, *, is_live: bool) -> EventId | None:
    """Return the event that gave a field what it shows; None where this side has no event of the entity."""
    if state is None:
        return None
    pairs = state.fields.get(name, ()) if is_live else ()
    return assignment_shown(pairs, value)[0] if pairs else state.event
