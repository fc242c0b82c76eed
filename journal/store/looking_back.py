"""Reading several things of one moment while other processes write, pack and check out."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

from journal.errors import NotAppliedError
from journal.index.rows import EntityRow
from journal.index.view import Key, OvertakenError, View
from journal.store.breakage import BrokenIndexError
from journal.store.engine import Engine
from journal.store.indexing import LOOKS_MAX, changes_too_fast

T = TypeVar("T")


def row_at(engine: Engine, key: Key) -> EntityRow | None:
    """Return what an entity shows, deleted ones too; where the index turns out to be broken, from one built anew."""
    for is_again in (False, True):
        try:
            with engine.reading() as view:
                return view.row(key)
        except BrokenIndexError:
            if is_again:
                raise
    return None


class DoubtError(Exception):
    """What was read rests on a file that is not as it was applied."""


_LOOKS_UNLOCKED = 5


def look_back(engine: Engine, read: Callable[[View], T]) -> T:
    """Return what ``read`` makes of the view and the places of all events, as ``look`` does.

    It is asked again where a file left under its hands: what an event says is never passed over because a compaction
    just moved it to a pack.
    """
    return look(engine, read, history=True)


@contextmanager
def _doubts_first(view: View) -> Iterator[None]:
    """Raise DoubtError, in place of what else is wrong, where a file turned out not to be as it was applied."""
    try:
        yield
    except Exception as error:
        if view.doubted:
            raise DoubtError from error
        raise
    if view.doubted:
        raise DoubtError


def look(engine: Engine, read: Callable[[View], T], *, history: bool = False) -> T:
    """Return what ``read`` makes of the view, all of one moment: what others write to the index is not mixed in.

    Where they write it faster than it can be read, it is read under the writer lock. Where a line turns out not to
    verify any more, its file is taken in anew, and it is damage; where the index is broken, it is built anew. Raises
    JournalError where that does not end.
    """
    overtaken, can_lock, was_broken = 0, True, False
    for _ in range(LOOKS_MAX):
        is_held = can_lock and overtaken >= _LOOKS_UNLOCKED
        held: AbstractContextManager[None] = engine.locked() if is_held else nullcontext()
        try:
            with held, engine.reading(history=history) as view, view.snapshot(), _doubts_first(view):
                return read(view)
        except (DoubtError, OvertakenError):
            overtaken += 1
        except BrokenIndexError:
            if was_broken:
                raise
            was_broken = True
        except FileNotFoundError:
            pass
        except NotAppliedError:
            can_lock = False  # a read-only disk
        engine.indexing.freshness.forget()
    raise changes_too_fast()
