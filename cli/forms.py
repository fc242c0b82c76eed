"""The JSON forms of what is printed (docs/json.md). Apart from the library's classes, so that those may change."""

from typing import TYPE_CHECKING, Any

from journal.upkeep.exporting import entity_form, event_form, lifted_form

if TYPE_CHECKING:
    from journal.store.conflicts import FieldConflict
    from journal.store.events import Event
    from journal.store.expectation import Conflict
    from journal.store.history import Blame
    from journal.upkeep.comparing.model import EntityDifference

__all__ = [
    "blame_form",
    "conflict_form",
    "difference_form",
    "entity_change_form",
    "entity_form",
    "event_form",
    "field_conflict_form",
    "lifted_form",
]


def entity_change_form(event: "Event") -> dict[str, Any]:
    """An event of an entity, as in ``history --json``."""
    return {
        "event": event.id,
        "seq": event.seq,
        "rev": event.rev,
        "action": event.action,
        "actor": event.actor,
        "ts": event.ts,
        "summary": event.summary,
        "set": list(event.set),
        "unset": list(event.unset),
        "data": event.data,
    } | lifted_form(event)


def blame_form(line: "Blame") -> dict[str, Any]:
    """A field and who set it, as in ``blame --json``."""
    return {"field": line.field, "value": line.value, "event": line.event, "actor": line.actor, "ts": line.ts}


def field_conflict_form(conflict: "FieldConflict") -> dict[str, Any]:
    """An open conflict, as in ``conflicts --json``."""
    return {
        "type": conflict.type,
        "id": conflict.id,
        "field": conflict.field,
        "winner": conflict.winner,
        "losers": list(conflict.losers),
    }


def difference_form(entity: "EntityDifference") -> dict[str, Any]:
    """An entity that differs, as in ``diff --json``; a value that is absent is left out."""
    from journal.state.entity import ABSENT

    fields = []
    for item in entity.fields:
        sides = {name: value for name, value in (("old", item.old), ("new", item.new)) if value is not ABSENT}
        fields.append({"field": item.field, **sides, "event": item.event, "actor": item.actor, "ts": item.ts})
    return {"type": entity.type, "id": entity.id, "change": entity.change, "fields": fields}


def conflict_form(conflict: "Conflict") -> dict[str, Any]:
    """An expectation that was not met; of a key, a value that is absent is left out."""
    from journal.state.entity import ABSENT

    sides = (("expected", conflict.expected), ("actual", conflict.actual))
    return {
        "type": conflict.type,
        "id": conflict.id,
        **{name: value for name, value in sides if value is not ABSENT},
        "heads": list(conflict.heads),
    }
