"""Writing: one entity, several as one transaction, the inverse of an event."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from journal.arguments import checks_arguments
from journal.errors import NotFoundError, RefusedError
from journal.facade.base import Base
from journal.facade.transaction import Transaction
from journal.facade.values import (
    all_events,
    caller_type,
    certain,
    check_is_something,
    entity_of,
    entity_written,
    expectation,
)
from journal.format import names, values
from journal.index.view import Key, View
from journal.state.entity import ABSENT, Payload
from journal.store.lifting import document_of, lifted_to_write

if TYPE_CHECKING:
    from journal.store.batch import Delete, Operation, Put
    from journal.store.events import Event
    from journal.store.expectation import Conflict
    from journal.store.model import Entity


class _OfTheCallerError(Exception):
    """Carries what a caller's function raises: of its own files and databases, that says nothing of ours."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@checks_arguments()
class Writing(Base):
    """The methods of ``Journal`` that write."""

    def put(
        self,
        type: str,
        id: str,
        data: Payload | None = None,
        *,
        set: Mapping[str, Any] | None = None,
        unset: Sequence[str] = (),
        merge: Payload | None = None,
        action: str | None = None,
        summary: str | None = None,
        actor: str | None = None,
        expect_rev: int | None = None,
        expect_event: str | Sequence[str] | None = None,
    ) -> "Entity | Conflict":
        """Write an entity and return it: the whole document ``data``, or single top-level fields of what is there.

        ``set`` and ``merge`` give fields their values (``set`` counts where both name a field), ``unset`` removes
        fields. A whole document that changes nothing makes no event; a field that is named is always recorded.

        ``expect_event`` (all heads of the entity) and ``expect_rev`` (0: there is no live entity) make this a
        compare-and-set: where they are not met a Conflict is returned, and nothing was written. Raises UsageError where
        there is nothing to write, and RefusedError for what cannot be stored.
        """
        from journal.store.batch import Put

        check_is_something(data, set, unset, merge)
        operation = Put(
            type=caller_type(type),
            id=id,
            data=data,
            set=dict(set or {}),
            unset=tuple(unset),
            merge=merge,
            action=action,
            summary=summary,
            actor=actor or self._actor,
            expect=expectation(expect_rev, expect_event),
            lift=partial(lifted_to_write, self._engine, type, id),
        )
        return self._write_one(operation)

    def new(self, type: str, data: Payload, *, summary: str | None = None, actor: str | None = None) -> "Entity":
        """Write an entity under a fresh id and return it. The id is the type's prefix and 64 random bits."""
        from journal.store.batch import Put

        options = self._engine.config_now().types.get(type)
        prefix = (options.prefix if options else None) or type[:3]
        id = f"{prefix}_{names.lane_from(self._engine.backend.random(8))}"
        operation = Put(
            type=caller_type(type),
            id=id,
            data=data,
            summary=summary,
            actor=actor or self._actor,
            expect=expectation(0, None),
        )
        return certain(self._write_one(operation))

    def mutate(
        self,
        type: str,
        id: str,
        change: Callable[[Payload], Payload],
        *,
        action: str | None = None,
        summary: str | None = None,
        actor: str | None = None,
    ) -> "Entity":
        """Read an entity, change it and write it, while nobody else can write; return the entity.

        ``change`` gets the document and returns the new one. It runs under the writer lock, so it should be quick. The
        document it gets is lifted by upcasters, so what is written has the newest schema version. Raises NotFoundError
        where there is no live entity, RefusedError where its document cannot be lifted or ``change`` returns anything
        but a document, and whatever ``change`` raises. Then nothing was written.
        """
        from journal.store.batch import Put

        def decide(view: View) -> "list[Operation]":
            row = view.row((type, id))
            if row is None or row.data is None:
                raise NotFoundError(f"there is no {type} {id!r}")
            before = lifted_to_write(self._engine, type, id, values.decode(row.data))
            try:
                after = change(before)
            except Exception as error:
                raise _OfTheCallerError(error) from error
            if after is None:  # of a function that changes the document in place, which would be lost
                raise RefusedError("mutate: change returned None, not the document", hint="return the document")
            return [
                Put(
                    type=caller_type(type),
                    id=id,
                    data=after,
                    action=action,
                    summary=summary,
                    actor=actor or self._actor,
                )
            ]

        try:
            return certain(self._write_at((type, id), decide))
        except _OfTheCallerError as carried:
            raised = carried.error
        raise raised

    def delete(
        self,
        type: str,
        id: str,
        *,
        summary: str | None = None,
        actor: str | None = None,
        expect_rev: int | None = None,
        expect_event: str | Sequence[str] | None = None,
    ) -> "Entity | Conflict":
        """Delete an entity, by writing its tombstone, and return it as deleted (its ``data`` is None).

        ``expect_rev`` and ``expect_event`` are as for ``put``. Raises NotFoundError where there is no live entity.
        """
        from journal.store.batch import Delete

        expect = expectation(expect_rev, expect_event)
        return self._write_one(
            Delete(type=caller_type(type), id=id, summary=summary, actor=actor or self._actor, expect=expect)
        )

    def resolve(
        self,
        type: str,
        id: str,
        field: str | None = None,
        *,
        take: str | None = None,
        value: Any = ABSENT,
        summary: str | None = None,
        actor: str | None = None,
    ) -> "Entity":
        """Settle one conflict of an entity and return the entity.

        With ``field``: give the field the value that one of the concurrent events says (``take``, an event id), or
        another ``value``. Without ``field``: settle an update beside a delete. Taking the tombstone deletes the entity,
        taking the update keeps it as it shows. Raises NotFoundError where there is no such conflict (any more), or the
        event is not one of its sides. Then nothing was written.
        """
        from journal.store.resolving import Decision, settling

        decision = Decision(take, value, actor or self._actor, summary)
        return certain(self._write_at((type, id), lambda view: [settling(view, (type, id), field, decision)]))

    def write(self, operations: "Sequence[Operation]") -> "list[Event] | Conflict":
        """Write several operations as one transaction, all or none, and return their events. For imports and tools.

        Where an expectation of one of them is not met a Conflict is returned, and nothing was written.
        """
        for operation in operations:
            caller_type(getattr(operation, "type", ""))
        from journal.store.expectation import Conflict
        from journal.store.streams.once import write

        done = write(self._engine, operations)
        return done if isinstance(done, Conflict) else all_events(done.firsts, done.written)

    def transaction(self, *, actor: str | None = None, summary: str | None = None) -> Transaction:
        """Return a context manager that collects writes: all are applied when its block ends without error, or none."""
        return Transaction(self._engine, actor or self._actor, summary)

    def revert(self, event: str, *, force: bool = False, actor: str | None = None) -> "list[Event]":
        """Undo an event, or the whole transaction it belongs to, by writing and returning new events.

        Raises ExpectationError where a later or concurrent change touched the same fields, unless ``force``.
        """
        from journal.store.history import find_event
        from journal.store.reverting import inverse_of

        engine = self._engine
        with engine.locked(), engine.reading(history=True) as view:
            operations = inverse_of(view, find_event(view, event), force=force, actor=actor or self._actor)
            written, _ = engine.write(operations)
        return all_events((), written)

    def _write_one(self, operation: "Put | Delete") -> "Entity | Conflict":
        return self._write_at((operation.type, operation.id), [operation])

    def _write_at(
        self, key: Key, operations: "Sequence[Operation] | Callable[[View], Sequence[Operation]]"
    ) -> "Entity | Conflict":
        """Write operations on one entity and return what it is after the last."""
        engine = self._engine  # once: a handler of the hub, or another thread, may close the journal behind the write
        written, conflict = engine.write(operations)
        if conflict is not None:
            return conflict
        if not written:
            with engine.reading() as view:
                row = view.row(key)
            assert row is not None
            return entity_of(row, document_of(engine, row))
        return entity_written(written[-1], engine.config.strategies(key[0]))
