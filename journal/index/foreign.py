"""Reading a database of somebody else's: the rows of one query. It is opened for reading alone, and trusted in nothing.

What a hostile file could do is bounded: the query may only select (no other file is attached, no setting changed, no
extension loaded), nothing in its schema is run that could reach outside, texts and blobs have a greatest length, and a
query that works too long without a row is ended.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from journal.errors import RefusedError
from journal.format.limits import BLOB_BYTES_MAX
from journal.index.inspection import file_uri

STEPS_PER_ROW_MAX = 4_000_000_000
"""Steps of SQLite's machine that a query may work until its next row: some minutes."""
_STEPS_AT_ONCE = 100_000
_BUSY_SECONDS = 5.0
_ALLOWED = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE))


class BadText(bytes):
    """A text that is not UTF-8, as it stands in the file."""


def rows(path: str, query: str) -> Iterator[dict[str, Any]]:
    """Yield each row of a query, column → value; a text that is not UTF-8 is a ``BadText``.

    Raises RefusedError for what is no database, for a query that does more than select or names a column twice, and
    where it works too long.
    """
    try:
        with closing(_opened(path)) as database:
            patience = _Patience()
            database.set_progress_handler(patience.is_at_its_end, _STEPS_AT_ONCE)
            cursor = database.execute(query)
            names = [column[0] for column in cursor.description or ()]
            _check_names(path, names)
            for row in cursor:
                patience.renew()
                yield dict(zip(names, row, strict=True))
    except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
        said = "it works too long without a row" if "interrupted" in str(error) else str(error)
        raise RefusedError(f"SQLite refuses the query or the file: {said}", path=path) from error


class _Patience:
    """Counts the steps since the last row."""

    def __init__(self) -> None:
        self._steps = 0

    def renew(self) -> None:
        self._steps = 0

    def is_at_its_end(self) -> bool:
        self._steps += _STEPS_AT_ONCE
        return self._steps > STEPS_PER_ROW_MAX


def _opened(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(
        f"file:{file_uri(path)}?mode=ro", uri=True, isolation_level=None, timeout=_BUSY_SECONDS, cached_statements=0
    )
    database.text_factory = _text
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, BLOB_BYTES_MAX)
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    for setting in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON", "mmap_size=0"):
        database.execute(f"PRAGMA {setting}")
    database.set_authorizer(_authorize)
    return database


def _authorize(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _text(raw: bytes) -> str | BadText:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return BadText(raw)


def _check_names(path: str, names: list[str]) -> None:
    if not names:
        raise RefusedError("this query gives no rows", path=path, hint="write a SELECT")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RefusedError(f"the query has two columns {twice[0]!r}", path=path, hint="name one of them AS another")
