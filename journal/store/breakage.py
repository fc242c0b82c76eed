"""What a broken index, and a file of the truth that is not what it says, mean for a caller."""

import sqlite3

from journal.errors import DamagedError, JournalError
from journal.format.lines import BadLineError
from journal.store.indexing import Indexing

BREAKAGE = (sqlite3.DatabaseError, BadLineError)


def breakage_told(error: Exception, indexing: Indexing, local: str) -> Exception:
    """Return the error that a caller gets; a broken index, a cache, is made anew by the next call."""
    if isinstance(error, sqlite3.OperationalError):
        return error
    if isinstance(error, BadLineError):
        return DamagedError(f"a file of the truth is not what it says: {error}")
    indexing.distrust()
    return JournalError(f"the index is broken: {error}", path=local, hint="call again: it is built anew")
