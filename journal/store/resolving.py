"""Settling an open conflict: which ordinary write does what a person decided. Decisions only.

The write is made under the lock, by one who has seen all sides, so it supersedes them. It names the field even if
the value stays as it is: else confirming a winner could settle nothing.
"""

from typing import Any, NamedTuple

from journal.errors import NotFoundError, UsageError, command_line
from journal.format.names import event_id, parse_event_id
from journal.index.view import Key, View
from journal.state.entity import ABSENT, EntityState
from journal.state.value import conflicts
from journal.state.vector import EventId
from journal.store.batch import Delete, Put

ACTION = "resolve"


class Decision(NamedTuple):
    """What settles it: the side of an event (``take``), or a ``value``; ABSENT: no value was given."""

    take: str | None
    value: Any
    actor: str | None
    summary: str | None


def settling(view: View, key: Key, field: str | None, decision: Decision) -> Put | Delete:
    """Return the write that settles a field, or (``field`` None) an update beside a delete.

    Raises NotFoundError where that is not open, or ``take`` is none of its sides; UsageError where the decision
    itself makes no sense.
    """
    if (decision.take is None) is (decision.value is ABSENT):
        raise UsageError("a conflict is settled by the side of an event, or by a value: one of the two")
    state = view.state(key)
    open_fields = [item.field for item in conflicts(state, view.strategies(key[0]))] if state is not None else []
    if state is None or field not in open_fields:
        what = "update beside a delete" if field is None else f"field {field!r}"
        raise NotFoundError(
            f"{key[0]} {key[1]!r} has no open {what}", hint=f"what is open: {command_line('conflicts', *key)}"
        )
    return _settle_delete(state, key, decision) if field is None else _settle_field(state, key, field, decision)


def _settle_field(state: EntityState, key: Key, field: str, decision: Decision) -> Put:
    value = decision.value
    if decision.take is not None:
        sides = dict(state.fields[field])
        value = sides[_side(decision.take, list(sides), f"field {field!r}")]
    unset, fields = ((field,), {}) if value is ABSENT else ((), {field: value})
    return Put(
        type=key[0],
        id=key[1],
        set=fields,
        unset=unset,
        action=ACTION,
        actor=decision.actor,
        summary=decision.summary,
    )


def _settle_delete(state: EntityState, key: Key, decision: Decision) -> Put | Delete:
    """Take a tombstone: the entity is deleted. Take an update: it stays as it shows."""
    if decision.take is None:
        raise UsageError("a value settles a field; an update beside a delete is settled by the event to take")
    side = _side(decision.take, sorted(state.heads), "update beside a delete")
    actor, summary = decision.actor, decision.summary
    if state.heads[side] is None:
        return Delete(type=key[0], id=key[1], actor=actor, summary=summary)
    return Put(type=key[0], id=key[1], action=ACTION, records_same=True, actor=actor, summary=summary)


def _side(text: str, sides: list[EventId], what: str) -> EventId:
    named = parse_event_id(text)
    found = [side for side in sides if side == named or (text.isascii() and text.isdigit() and side[0] == int(text))]
    if len(found) != 1:
        listed = ", ".join(event_id(*side) for side in sides)
        why = "is no side" if not found else "names several sides"
        raise NotFoundError(f"{text!r} {why} of the open {what}: these are {listed}", hint="nothing was written")
    return found[0]
