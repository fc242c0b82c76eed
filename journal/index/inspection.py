"""Looking into an index file without trusting it, or changing it."""

import sqlite3

from journal.index.database import file_uri


def problem_of(path: str, *, thorough: bool) -> str | None:
    """Return what SQLite says against a file; None where it is sound, or cannot be looked into now.

    ``thorough`` compares SQLite's own indexes with its tables too.
    """
    check = "integrity_check" if thorough else "quick_check"
    try:
        database = sqlite3.connect(f"file:{file_uri(path)}?mode=ro", uri=True, timeout=5.0)
        try:
            said: str = database.execute(f"PRAGMA {check}(1)").fetchone()[0]
        finally:
            database.close()
    except sqlite3.OperationalError:
        return None  # locked, or on a disk where SQLite cannot open it read-only
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if said == "ok" else said
