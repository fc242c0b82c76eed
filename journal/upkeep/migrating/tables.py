"""The rows of a query on a SQLite database: an entity a row, a field a column."""

import base64
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from journal.errors import RefusedError
from journal.format import values
from journal.index.foreign import BadText, rows
from journal.upkeep.migrating.model import Document, Problem
from journal.upkeep.migrating.reading import Rules, UnreadableError, entity, parse


class Columns(NamedTuple):
    """How columns become fields.

    ``json``: those whose text is JSON; ``base64``: bytes come in as such text, else not at all; ``omit_null``: a NULL
    is no field.
    """

    json: tuple[str, ...] = ()
    base64: bool = False
    omit_null: bool = False


def read_rows(path: str, query: str, rules: Rules, columns: Columns) -> Iterator[Document | Problem]:
    """Yield what each row holds; ``line`` is its number. Raises RefusedError where SQLite does."""
    shown = os.path.basename(path)
    for number, row in enumerate(rows(path, query), start=1):
        try:
            value = {name: _value(name, item, columns) for name, item in row.items() if not _is_left_out(item, columns)}
            size = len(values.encode_payload(value))
        except (RefusedError, UnreadableError) as error:
            yield Problem("no-entity", shown, number, getattr(error, "message", str(error)))
            continue
        yield entity(value, shown, number, size, {}, rules, is_one_of_many=True)


def _is_left_out(item: object, columns: Columns) -> bool:
    return item is None and columns.omit_null


def _value(name: str, item: Any, columns: Columns) -> Any:
    if isinstance(item, BadText):
        raise RefusedError(f"column {name!r}: not UTF-8")
    if isinstance(item, bytes):
        if not columns.base64:
            raise RefusedError(f"column {name!r} holds bytes, which JSON has not; --base64 brings them in as text")
        return base64.b64encode(item).decode()
    if name in columns.json and item is not None:
        if not isinstance(item, str):
            raise RefusedError(f"column {name!r} is no JSON text")
        try:
            return parse(item.encode())
        except UnreadableError as error:
            raise RefusedError(f"column {name!r} is not JSON: {error}") from error
    return item
