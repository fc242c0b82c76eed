"""What a broken index, and a file of the truth that is not what it says, mean for a caller."""

import contextlib
import sqlite3
from collections.abc import Iterator

from journal.errors import DamagedError, JournalError
from journal.format.lines import BadLineError
from journal.store.indexing import Indexing


@contextlib.contextmanager
def breakage_told(indexing: Indexing, local: str) -> Iterator[None]:
    """Raise a JournalError where SQLite or a line is broken; the index, a cache, is made anew by the next call."""
    try:
        yield
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        indexing.distrust()
        again = "call again: it is built anew"
        raise JournalError(f"the index is broken: {error}", path=local, hint=again) from error
    except BadLineError as error:
        raise DamagedError(f"a file of the truth is not what it says: {error}") from error
