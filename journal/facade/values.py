"""Rows and drafts as the values that callers get."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journal.errors import RefusedError, UsageError
from journal.format import values
from journal.format.names import event_id, parse_event_id
from journal.format.reserved import KV_TYPE
from journal.index.rows import EntityRow
from journal.state.entity import Payload
from journal.state.value import Lifted, Strategies, conflicts

if TYPE_CHECKING:
    from journal.store.batch import Draft, Written
    from journal.store.events import Event
    from journal.store.expectation import Conflict, Expectation
    from journal.store.model import Entity


def expectation(rev: int | None, event: str | Sequence[str] | None) -> "Expectation":
    """Return what a caller's ``expect_rev`` and ``expect_event`` ask for; heads may be one text with commas.

    Raises UsageError for what can be no rev and no event: nothing would ever be as expected.
    """
    from journal.store.expectation import ANYTHING, Expectation

    if rev is None and event is None:
        return ANYTHING
    heads = tuple(event.split(",")) if isinstance(event, str) else event
    named = None if heads is None else tuple(head.strip() for head in heads if head.strip())
    wrong = next((head for head in named or () if parse_event_id(head) is None), None)
    if wrong is not None:
        raise UsageError(f"not an event: {wrong!r}", hint="what is expected are the entity's heads, each SEQ@LANE")
    if rev is not None and rev < 0:
        raise UsageError(f"not a rev: {rev}", hint="revs count from 1; 0 expects that there is none")
    return Expectation(rev, named)


def caller_type(type: str) -> str:
    """Return a type that a caller may write. Raises RefusedError for one of the journal's own."""
    if type == KV_TYPE:
        raise RefusedError(
            f"the type {type!r} is the journal's own",
            hint="keys are written with journal kv, in Python with journal.kv",
        )
    return type


def check_is_something(
    data: Payload | None, set: Mapping[str, Any] | None, unset: Sequence[str], merge: Payload | None
) -> None:
    """Raise UsageError where a put is given nothing to write: None is no empty document, but a mistake."""
    if data is None and set is None and not unset and merge is None:
        raise UsageError("put: nothing to write", hint="give the document, or set, unset or merge")


def entity_of(row: EntityRow, shown: Lifted) -> "Entity":
    """Return the entity of a row and of what callers see of its document."""
    from journal.store.model import Entity

    data = None if row.data is None else shown.data
    event = event_id(row.seq, row.lane)
    return Entity(row.type, row.id, row.rev, event, data, row.conflicts, shown.lifted_from, shown.error)


def entity_written(written: "Written", strategies: Strategies) -> "Entity":
    """Return the entity that a draft has just made; its conflicts: fields that were seen, but not named."""
    from journal.store.model import Entity

    draft, own = written.single, written.single.own
    data = None if draft.payload is None else values.decode(draft.payload)
    state = draft.state
    is_open = state is not None and any(len(pairs) > 1 for pairs in state.fields.values())
    still_open = len(conflicts(state, strategies)) if state is not None and is_open else 0
    return Entity(own["type"], own["id"], own["rev"], event_id(written.seq, written.lane), data, still_open)


def certain(written: "Entity | Conflict") -> "Entity":
    """Return the entity that was written, where nothing was expected that could not be met."""
    from journal.store.model import Entity

    assert isinstance(written, Entity), written
    return written


def as_events(written: "Written") -> "Sequence[Event]":
    """Return the records of a draft that was just written as callers see them."""
    from journal.store.batch import Draft

    if isinstance(written.draft, Draft):
        return (_event(written, written.draft),)
    from journal.facade.appended import AppendedEvents

    return AppendedEvents(written)


def all_events(firsts: "Iterable[Event]", written: "Iterable[Written]") -> "list[Event]":
    """Return the first events of keys that were there already, and the records of drafts that were written."""
    return [*firsts, *(event for item in written for event in as_events(item))]


def _event(written: "Written", draft: "Draft") -> "Event":
    from journal.store.events import Event

    own = draft.own
    return Event(
        id=event_id(written.seq, written.lane),
        seq=written.seq,
        lane=written.lane,
        kind=draft.kind,
        ts=written.ts,
        writer=written.writer,
        actor=draft.operation.actor,
        summary=draft.operation.summary,
        type=own.get("type"),
        entity=own.get("id"),
        rev=own.get("rev"),
        action=own.get("action"),
        set=tuple(own.get("set", ())),
        unset=tuple(own.get("unset", ())),
        data=None if draft.payload is None else values.decode(draft.payload),
        note=own.get("note"),
        tx=written.tx,
    )
