"""Several writes as one."""

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from journal.arguments import checks_arguments
from journal.errors import ClosedError, ExpectationError, UsageError
from journal.facade.values import all_events, caller_type, check_is_something, expectation
from journal.state.entity import Payload
from journal.store.engine import Engine
from journal.store.lifting import lifted_to_write

if TYPE_CHECKING:
    from journal.facade.kv import KeyValueDrafts
    from journal.store.batch import Operation
    from journal.store.events import Event
    from journal.store.streams.appending import Expect
    from journal.store.streams.once import Appended


@checks_arguments()
class Transaction:
    """Collects writes and makes one transaction of them when its block ends. Nothing is read or written before.

    A block that ends with an error writes nothing.
    """

    def __init__(self, engine: Engine, actor: str | None, summary: str | None) -> None:
        self._engine, self._actor, self._summary = engine, actor, summary
        self._operations: list[Operation] = []
        self._is_begun = self._is_over = False
        self._done: Appended | None = None

    @property
    def events(self) -> "list[Event]":
        """The events, once the block has ended; those first whose key was there already."""
        if self._events is None:  # a writer of a thousand mostly looks at none of them
            if self._done is None:
                return []
            self._events, self._done = all_events(self._done.firsts, self._done.written), None
        return self._events

    _events: "list[Event] | None" = None

    def __repr__(self) -> str:
        """Return how much it is to write, or has written."""
        done = f"{len(self.events)} written" if self.events else f"{len(self._operations)} to write"
        return f"<Transaction on {self._engine.root}: {done}>"

    @cached_property
    def kv(self) -> "KeyValueDrafts":
        """The keys of the store, to be written as a part of this transaction."""
        from journal.facade.kv import KeyValueDrafts

        return KeyValueDrafts(self._engine, self._actor, self._summary, self._add)

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
        expect_rev: int | None = None,
        expect_event: str | Sequence[str] | None = None,
    ) -> None:
        """Write an entity, as ``Journal.put`` does. If its expectation is not met, the whole transaction fails."""
        from journal.store.batch import Put

        check_is_something(data, set, unset, merge)
        self._add(
            Put(
                type=caller_type(type),
                id=id,
                data=data,
                set=dict(set or {}),
                unset=tuple(unset),
                merge=merge,
                action=action,
                summary=self._summary,
                actor=self._actor,
                expect=expectation(expect_rev, expect_event),
                lift=partial(lifted_to_write, self._engine, type, id),
            )
        )

    def delete(self, type: str, id: str) -> None:
        """Delete an entity. The transaction fails with NotFoundError where there is no live one then."""
        from journal.store.batch import Delete

        self._add(Delete(type=caller_type(type), id=id, summary=self._summary, actor=self._actor))

    def append(
        self,
        stream: str,
        event: str,
        data: Payload | None = None,
        *,
        expect: "Expect | None" = None,
        key: str | None = None,
        meta: Payload | None = None,
    ) -> None:
        """Append an event to a stream, as ``Journal.append`` does. An event whose key is there already is left out.

        If its expectation is not met, the whole transaction fails.
        """
        from journal.store.streams.appending import Append, checked_expectation, one_event

        self._add(
            Append(
                stream=stream,
                events=one_event(event, data, key, meta),
                expect=checked_expectation(expect),
                summary=self._summary,
                actor=self._actor,
            )
        )

    def _add(self, operation: "Operation") -> None:
        self._check_is_open()
        self._operations.append(operation)

    def _check_is_open(self) -> None:
        """Raise ClosedError behind the end of the block: what came then would never be written, or all of it twice."""
        if self._is_over:
            raise ClosedError("the transaction has ended", hint="begin another one: with journal.transaction() as …")

    def __enter__(self) -> Self:
        self._check_is_open()
        if self._is_begun:  # within its own block: at the end of either all of it would be written
            raise UsageError("the transaction has begun already", hint="go on in the block that began it")
        self._is_begun = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Apply all of it. Raises ExpectationError, and nothing was written, where an expectation is not met."""
        self._is_over = True
        if kind is not None or not self._operations:
            return
        from journal.store.expectation import Conflict
        from journal.store.streams.once import write

        done = write(self._engine, self._operations)
        if isinstance(done, Conflict):
            raise ExpectationError(
                f"{done.type} {done.id!r}: expected {done.expected}, found {done.actual}; nothing was written",
                hint="read it again, then decide again",
                conflict=done,
            )
        self._done = done
