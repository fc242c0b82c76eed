"""Keys and values: what a key holds now, to its user without history (docs/kv.md)."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from journal.arguments import checks_arguments
from journal.errors import UsageError
from journal.format.reserved import KV_TYPE
from journal.state.entity import ABSENT
from journal.store import kv
from journal.store.engine import Engine
from journal.store.expectation import ANYTHING
from journal.store.looking_back import look, row_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from journal.index.rows import EntityRow
    from journal.store.batch import Operation
    from journal.store.local_values import LocalValues

_List = list


@checks_arguments()
class KeyValues:
    """The keys of a store, as ``journal.kv``. A value is any JSON value; a key is any text that could be an id.

    Each write is atomic and, when it returns, as durable as any other write of the journal.
    """

    def __init__(self, engine: Engine, actor: str | None) -> None:
        self._engine, self._actor = engine, actor

    def __repr__(self) -> str:
        """Return whose they are."""
        return f"<KeyValues of {self._engine.root}>"

    @cached_property
    def local(self) -> "LocalValues":
        """Keys of this work tree alone, which may expire: no commit carries them, and no event says them."""
        from journal.store.local_values import LocalValues

        return LocalValues(self._engine)

    def get(self, key: str, default: Any = None) -> Any:
        """Return what a key holds, ``default`` where there is no such key."""
        found = kv.value_of(row_at(self._engine, (KV_TYPE, key)))
        return default if found is ABSENT else found

    def has(self, key: str) -> bool:
        """Tell whether there is such a key, whatever it holds."""
        return self.get(key, ABSENT) is not ABSENT

    def put(self, key: str, value: Any, *, actor: str | None = None, summary: str | None = None) -> Any:
        """Give a key a value and return it. Where it has that value, and no open conflict, nothing is written."""
        _check_value(value)
        return self._write(kv.Change(key, value, actor=actor or self._actor, summary=summary))

    def create(self, key: str, value: Any, *, actor: str | None = None, summary: str | None = None) -> Any:
        """Make a key that is not there; return its value, or a Conflict, and nothing was written."""
        return self.cas(key, expected=ABSENT, value=value, actor=actor, summary=summary)

    def cas(self, key: str, *, expected: Any, value: Any, actor: str | None = None, summary: str | None = None) -> Any:
        """Compare and set: if a key has the value ``expected``, give it ``value`` and return that; else a Conflict.

        ABSENT stands for no such key: with it as ``expected`` the key is made, with it as ``value`` it is deleted. A
        Conflict says what the key has (``actual``), and nothing was written. Values are compared as JSON: 1, 1.0 and
        true differ.
        """
        expect = kv.ValueExpectation(value=expected)
        return self._write(kv.Change(key, value, expect, actor or self._actor, summary))

    def delete(self, key: str, *, actor: str | None = None, summary: str | None = None) -> bool:
        """Delete a key; tell whether it was there."""
        change = kv.Change(key, ABSENT, actor=actor or self._actor, summary=summary)
        written, _ = self._engine.write([change.operation()])
        return bool(written)

    def keys(self, prefix: str = "", *, after: str | None = None, limit: int | None = None) -> _List[str]:
        """Return the keys that begin with ``prefix``, sorted: at most ``limit``, and only those after ``after``."""
        return [row.id for row in self._rows(prefix, after, limit)]

    def list(self, prefix: str = "", *, after: str | None = None, limit: int | None = None) -> dict[str, Any]:
        """Return keys and their values, chosen and sorted as in ``keys``."""
        return {row.id: kv.value_of(row) for row in self._rows(prefix, after, limit)}

    def _rows(self, prefix: str, after: str | None, limit: int | None) -> "_List[EntityRow]":
        return look(self._engine, lambda view: kv.rows_with_prefix(view, prefix, after, limit))

    def _write(self, change: kv.Change) -> Any:
        _, conflict = self._engine.write([change.operation()])
        return change.value if conflict is None else conflict


@checks_arguments()
class KeyValueDrafts:
    """The keys of a store in a transaction, as ``transaction.kv``; the same calls, which return nothing.

    A condition that is not met fails the whole transaction when its block ends.
    """

    def __init__(
        self, engine: Engine, actor: str | None, summary: str | None, add: "Callable[[Operation], None]"
    ) -> None:
        self._engine, self._actor, self._summary, self._add_operation = engine, actor, summary, add

    def put(self, key: str, value: Any) -> None:
        """Make a key hold a value."""
        _check_value(value)
        self._add(kv.Change(key, value, ANYTHING, self._actor, self._summary))

    def create(self, key: str, value: Any) -> None:
        """Make a key that is not there."""
        self.cas(key, expected=ABSENT, value=value)

    def cas(self, key: str, *, expected: Any, value: Any) -> None:
        """Where a key holds ``expected``, make it hold ``value``; as ``KeyValues.cas``."""
        expect = kv.ValueExpectation(value=expected)
        self._add(kv.Change(key, value, expect, self._actor, self._summary))

    def delete(self, key: str) -> None:
        """Let a key go. Where it is not there the block ends with NotFoundError."""
        self._add(kv.Change(key, ABSENT, ANYTHING, self._actor, self._summary, must_exist=True))

    def _add(self, change: kv.Change) -> None:
        self._add_operation(change.operation())


def _check_value(value: Any) -> None:
    if value is ABSENT:
        raise UsageError("ABSENT is no value that a key can hold", hint="delete the key")
