"""What a fork makes of an open index: the child lets go of it before it does anything else.

SQLite notes in the memory of a process which locks the process has on a file, and asks the system for none that it has
already. A forked child has a copy of these notes and not one of the locks. A journal that it opens for itself would go
by them: others would take the index's log away under its hands, and what both write then makes one broken file. So

- *before the fork* whoever forks waits until no other thread is within an open journal: what a thread is in the middle
  of, nobody can end in the child, where that thread is not;
- *in the child* the inherited connections are closed, and with the last one SQLite forgets its notes. To the parent
  that is nothing: locks of this kind are a process's own, and its own keep the child from putting the log away.

A thread that stays in a journal for longer may be waiting for this very fork. Then the fork goes on without it, and the
child is refused that store: it could not be told from the parent.
"""

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from typing import Final

from journal.errors import JournalError
from journal.store.engine import Engine

_WAIT_SECONDS: Final = 5.0


class _Open:
    """The journals that this process has open. Whoever adds to or lists them holds ``guard``."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.engines: weakref.WeakSet[Engine] = weakref.WeakSet()


_open = _Open()
_forking = threading.local()
"""``held``: the engines that the thread which forks has kept others out of."""
_lost: set[str] = set()
"""The stores whose index this process got open, and could not close."""


def mind_forks(engine: Engine) -> None:
    """Have a forked child let go of this journal's index. Raises JournalError where this is a child that could not."""
    if _lost and os.path.realpath(engine.root) in _lost:
        raise JournalError(
            "this process was forked while another thread was at work in the journal",
            path=engine.root,
            hint='open it in a process that is started anew (multiprocessing: "spawn"), or fork while no thread is',
        )
    with _open.guard:
        _open.engines.add(engine)


def _before() -> None:
    _forking.held = []
    with _open.guard:
        engines = list(_open.engines)
    deadline = time.monotonic() + _WAIT_SECONDS
    for engine in engines:
        if engine.threads.acquire(timeout=max(0.0, deadline - time.monotonic())):
            _forking.held.append(engine)


def _leave() -> None:
    held, _forking.held = _forking.held, []
    for engine in held:
        engine.threads.release()


def _after_in_child() -> None:
    for engine in list(_open.engines):
        if engine not in _forking.held or not _is_let_go(engine):
            _lost.add(os.path.realpath(engine.root))
    _open.guard = threading.Lock()  # another thread may have held it
    _open.engines.clear()
    _leave()


def _is_let_go(engine: Engine) -> bool:
    """Close an index in a child; False where this thread was in the middle of writing it: only the parent ends that."""
    view = engine.indexing.view
    if view is None:
        return True
    if view.index.is_being_written:
        return False
    with contextlib.suppress(sqlite3.Error):
        view.index.close()
        return True
    return False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_leave, after_in_child=_after_in_child)
