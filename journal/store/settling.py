"""Bringing index and projections up to date in passing: by whoever finds the writer lock free, and waits for nobody."""

import sqlite3
import sys
from typing import TYPE_CHECKING

from journal.errors import NotAppliedError
from journal.store.layout import ensure_local

if TYPE_CHECKING:
    from journal.store.engine import Engine


def try_settling(engine: "Engine") -> bool:
    """Bring the index up to date if the lock is free this instant, and projections as long as nobody wants it.

    The caller has entered. False where the index was left as it is.
    """
    left = _settle_some(engine)
    is_settled, before = left is not None, sys.maxsize
    while left and left < before:  # somebody wanted the lock, who may have been gone at once
        before, left = left, _settle_some(engine)
    return is_settled


def _settle_some(engine: "Engine") -> int | None:
    """Return how many projections still lag; None where the lock was not free."""
    try:
        if not engine.has_local():
            ensure_local(engine.files, engine.root)
        if not engine.lock.try_acquire():
            return None
    except (OSError, NotAppliedError):
        return None  # a read-only disk
    try:
        engine.is_locked = True
        engine.heed_config()  # who held it before, or has had the store open for long, may know another
        engine.make_home()
        view = engine.indexing.bring_forward()
        engine.has_looked_at_projections = True
        engine.flush(yields=True)
        return len(view.index.unprinted())
    except (OSError, sqlite3.OperationalError):
        return None
    finally:
        engine.is_locked = False
        engine.lock.release()
