"""What a broken index, and a file of the truth that is not what it says, mean for a caller."""

import sqlite3

from journal.errors import DamagedError, JournalError, NotAppliedError
from journal.format.lines import BadLineError
from journal.index.rows import is_broken
from journal.store.indexing import Indexing

BREAKAGE = (sqlite3.DatabaseError, BadLineError)
_HINT = "call again: it is built anew"


class BrokenIndexError(JournalError):
    """The index is broken, and was put aside: who asks again has it built anew."""


def distrusts(indexing: Indexing, error: Exception) -> bool:
    """Tell whether an error is of what the index holds: then it is put aside, and made anew by the next who looks."""
    is_its = isinstance(error, sqlite3.Error) and is_broken(error)
    if is_its:
        indexing.distrust()
    return is_its


def breakage_told(error: Exception, indexing: Indexing, local: str) -> Exception:
    """Return the error that a caller gets; a broken index, a cache, is made anew by the next call."""
    if isinstance(error, BadLineError):
        return DamagedError(f"a file of the truth is not what it says: {error}")
    if not distrusts(indexing, error):
        return error
    return BrokenIndexError(f"the index is broken: {error}", path=local, hint=_HINT)


def breakage_before(error: sqlite3.Error, indexing: Indexing, local: str) -> Exception:
    """Return the error that a writer gets of whom nothing was written yet."""
    if not distrusts(indexing, error):
        return error
    return NotAppliedError(f"the index is broken: {error}; nothing was applied", path=local, hint=_HINT)
