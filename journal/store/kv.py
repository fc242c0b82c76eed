"""Keys and values: entities of the reserved type ``$kv`` whose one field is the value (docs/format.md)."""

import heapq
from dataclasses import dataclass
from itertools import chain, islice, takewhile
from typing import Any

from journal.errors import RefusedError
from journal.format import values
from journal.format.reserved import KV_FIELD, KV_TYPE
from journal.index.rows import EntityRow
from journal.index.view import View
from journal.state.entity import ABSENT, EntityState
from journal.state.value import Strategies, is_same, value
from journal.store.batch import Delete, Put
from journal.store.expectation import ANYTHING, Conflict, Expectation, heads_of


@dataclass(frozen=True, slots=True)
class ValueExpectation(Expectation):
    """What a key must hold before a write; ABSENT: nothing. Two values are the same if their JSON is.

    Raises RefusedError for what no key can hold: else whoever tries again on a Conflict would do so for ever.
    """

    value: Any = ABSENT

    def __post_init__(self) -> None:
        """See that it is a value."""
        check_expected(self.value)

    def check(self, key: tuple[str, str], state: EntityState | None, strategies: Strategies) -> Conflict | None:
        """Return a Conflict unless the key holds the value."""
        shown = value(state, strategies) if state is not None else None
        actual = ABSENT if shown is None else shown.get(KV_FIELD)
        if is_same(self.value, actual):
            return None
        return Conflict(*key, self.value, actual, heads_of(state))


def check_expected(value: Any) -> None:
    """Raise RefusedError for what no key can hold, and nobody can expect."""
    if value is not ABSENT:
        try:
            values.encode(value)
        except RefusedError as error:
            raise RefusedError(f"no key can hold what is expected: {error.message}") from error


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of a key, and what it must hold for that; ABSENT as a value: the key goes.

    Where a key that is to go is not there, that is refused (``must_exist``), or is as it should be.
    """

    key: str
    value: Any
    expect: Expectation = ANYTHING
    actor: str | None = None
    summary: str | None = None
    must_exist: bool = False

    def operation(self) -> Put | Delete:
        """Return the write that does it. A value that is there already makes no event."""
        if self.value is ABSENT:
            return Delete(
                type=KV_TYPE,
                id=self.key,
                expect=self.expect,
                actor=self.actor,
                summary=self.summary,
                missing="refuse" if self.must_exist else "pass",
            )
        return Put(
            type=KV_TYPE,
            id=self.key,
            data={KV_FIELD: self.value},
            action="put",
            expect=self.expect,
            actor=self.actor,
            summary=self.summary,
        )


def value_of(row: EntityRow | None) -> Any:
    """Return what a key holds; ABSENT where it holds nothing."""
    return ABSENT if row is None or row.data is None else values.decode(row.data).get(KV_FIELD)


def rows_with_prefix(view: View, prefix: str, after: str | None, limit: int | None) -> list[EntityRow]:
    """Return the rows of the keys that begin with a text, in order, those behind ``after``; the rest is not read.

    Texts sort by code point, in Python as in SQLite, which compares their UTF-8: so those with a prefix are neighbours.
    """
    start = prefix if after is None else max(prefix, after)
    first = view.index.entity(KV_TYPE, start) if start != after else None
    behind = view.index.entities(KV_TYPE, after=(KV_TYPE, start))
    known = takewhile(lambda row: row.id.startswith(prefix), chain(() if first is None else (first,), behind))
    extra = {key: row for key, row in view.overlay_rows().items() if key[0] == KV_TYPE}
    mine = (row for row in extra.values() if row is not None and row.id.startswith(prefix))
    rest = (row for row in known if (row.type, row.id) not in extra)
    fitting = sorted((row for row in mine if after is None or row.id > after), key=_name)
    live = (row for row in heapq.merge(rest, fitting, key=_name) if row.data is not None)
    return list(islice(live, limit))


def _name(row: EntityRow) -> str:
    return row.id
