"""Reading what events say while other processes write, pack and check out."""

from collections.abc import Callable
from typing import TypeVar

from journal.index.view import OvertakenError, View
from journal.store.engine import Engine
from journal.store.indexing import LOOKS_MAX, changes_too_fast

T = TypeVar("T")


def look_back(engine: Engine, read: Callable[[View], T]) -> T:
    """Return what ``read`` makes of the view and the places of all events, all of one moment.

    It is asked again where a file left under its hands: what an event says is never passed over because a compaction
    just moved it to a pack. Raises JournalError where that does not end.
    """
    for _ in range(LOOKS_MAX):
        try:
            with engine.reading(history=True) as view, view.snapshot():
                return read(view)
        except (FileNotFoundError, OvertakenError):
            engine.indexing.freshness.forget()
    raise changes_too_fast()
