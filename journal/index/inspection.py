"""An index file as a whole: looking into it without trusting it, and writing it anew."""

import sqlite3
from typing import Any

from journal.index.rows import EntityRow, broken, row_sum, state_sum
from journal.index.schema import SCHEMA

_NO_JSON = """
SELECT 'entities' FROM entities WHERE NOT json_valid(state) OR (data IS NOT NULL AND NOT json_valid(data))
UNION ALL SELECT 'sections' FROM sections WHERE NOT json_valid(sees)
UNION ALL SELECT 'parts' FROM parts WHERE NOT json_valid(seqs)
UNION ALL SELECT 'spans' FROM spans WHERE length(lengths) != 4 * count OR length(owners) != 8 * count
UNION ALL SELECT 'meta' FROM meta WHERE key IN ('have_files', 'covers', 'bridges') AND NOT json_valid(value)
"""
_TEXTS = (
    "SELECT lane, sees, prev_segment FROM sections",
    "SELECT lane, seqs FROM parts",
    "SELECT key, value FROM meta",
    "SELECT lane, reason FROM damage",
    "SELECT lane FROM lanes",
    "SELECT name, lane FROM streams",
    "SELECT lane FROM stretches",
    "SELECT lane, key FROM stream_keys",
    "SELECT lane, through_lane FROM truncations",
    "SELECT type, name FROM printed",
    "SELECT type, name FROM unprinted",
    "SELECT path FROM folders",
)
_ENTITIES = "SELECT type, name, rev, seq, lane, conflicts, data, state, row_sum, state_sum FROM entities"
_SAID_MAX = 120


def write_anew(path: str, *, patience_seconds: float = 0.0) -> None:
    """Write an index file anew: nothing is left in it of what was removed. Raises sqlite3.Error where it is in use.

    While somebody reads it, the file and its log keep what they hold: so long that is waited for, before any work.
    """
    database = sqlite3.connect(path, isolation_level=None, timeout=patience_seconds)
    try:
        _move_log(database)
        database.execute("VACUUM")
        _move_log(database)
    finally:
        database.close()


def _move_log(database: sqlite3.Connection) -> None:
    """Write all of the log into the file, and empty it. Raises OperationalError where somebody reads either."""
    if database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        raise sqlite3.OperationalError("the index is being read")


def content_of(path: str) -> bytes:
    """Return the bytes of an index file, empty where SQLite cannot give them now.

    They are asked of SQLite: closing a file lets go of all locks that this process has on it, also those of a database
    that is open, which others would then change under its hands.
    """
    try:
        database = sqlite3.connect(f"file:{file_uri(path)}?mode=ro", uri=True, timeout=5.0)
        try:
            return database.serialize()
        finally:
            database.close()
    except sqlite3.Error:
        return b""


def problem_of(path: str, *, thorough: bool) -> str | None:
    """Return what SQLite says against a file; None where it is sound, or cannot be looked into now.

    ``thorough`` compares SQLite's own indexes with its tables too.
    """
    check = "integrity_check" if thorough else "quick_check"
    try:
        database = sqlite3.connect(f"file:{file_uri(path)}?mode=ro", uri=True, timeout=5.0)
        try:
            said: str = database.execute(f"PRAGMA {check}(1)").fetchone()[0]
            return said[:_SAID_MAX] if said != "ok" else _unreadable(database)
        finally:
            database.close()
    except sqlite3.OperationalError:
        return None  # locked, or on a disk where SQLite cannot open it read-only
    except sqlite3.DatabaseError as error:
        return str(error)[:_SAID_MAX]


def _unreadable(database: sqlite3.Connection) -> str | None:
    """Return what cannot be read of the rows: SQLite has no checksums, so its pages may be right and texts be wrong."""
    if database.execute("PRAGMA user_version").fetchone() != (SCHEMA,):
        return None  # it is replaced before it is read
    try:
        found = database.execute(_NO_JSON).fetchone()
        for statement in _TEXTS:
            for _ in database.execute(statement):
                pass
        if not all(map(_is_as_written, database.execute(_ENTITIES))):
            return str(broken("rows of entities"))
    except sqlite3.OperationalError as error:
        is_able = "no such function" not in str(error)  # SQLite may be built without its JSON functions
        return str(error)[:_SAID_MAX] if is_able else None
    return f"rows of {found[0]} are not JSON" if found else None


def _is_as_written(row: tuple[Any, ...]) -> bool:
    *facts, state, row_said, state_said = row
    entity = EntityRow(*facts)
    return bool(row_sum(entity) == row_said and state_sum(entity.data, state) == state_said)


def file_uri(path: str) -> str:
    """Return a path as SQLite wants it in a ``file:`` address."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
