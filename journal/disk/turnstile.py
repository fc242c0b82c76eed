"""The turnstile before the writer lock: a lock file of its own, which lets one waiter after the other through.

Who waits here does so in the kernel, which serves waiters in the order in which they came. A wait there has no
timeout, so a thread of its own does it, for the length of that wait; who gives up leaves thread and descriptor to
themselves, and the thread lets go of both when its turn has come. It is about fairness only: nothing rests on who is
inside, and where there is no turnstile to be had everyone may pass.

Of ``enter`` and ``leave`` each single step may be the last before a Ctrl-C: after one ``leave`` puts things right.
"""

import os
import sys
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType

if sys.platform == "win32":
    fcntl: ModuleType | None = None
else:
    import fcntl


class Turnstile:
    """One lock object's way through. Not for several threads at once."""

    def __init__(self, path: str, open_file: Callable[[str], int]) -> None:
        self._path, self._open_file = path, open_file
        self._descriptor = -1
        self._may_be_inside = False
        self._wait: _Wait | None = None
        self._given_up: _Wait | None = None

    def enter(self, timeout_seconds: float) -> bool:
        """Go in, waiting at most about so long; False where it took longer. Raises what opening the file does."""
        if fcntl is None:
            return True
        if self._descriptor < 0:
            self._descriptor = self._open_file(self._path)
        self._may_be_inside = True
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return timeout_seconds > 0 and self._has_waited(timeout_seconds)
        except OSError:
            return True  # no turnstile on this file system
        return True

    def _has_waited(self, timeout_seconds: float) -> bool:
        if self._given_up is not None and not self._given_up.has_ended:
            return False  # somebody inside is stopped, or dead slow: one thread that waits for that is enough
        self._wait = wait = _Wait(self._descriptor)
        try:
            start_new_thread(wait.run, ())
        except RuntimeError:
            self._wait = None
            return False  # there may be no more threads
        if wait.done.acquire(timeout=timeout_seconds) or not self._gives_up(wait):
            return True
        self._wait = None
        return False

    def _gives_up(self, wait: "_Wait") -> bool:
        """Stop waiting; False where the turn has come meanwhile."""
        if not wait.becomes("given up"):
            return False
        self._given_up, self._descriptor = wait, -1
        return True

    def leave(self) -> None:
        """Let the next one in, or stop waiting; harmless where neither is so."""
        if not self._may_be_inside:
            return
        wait = self._wait
        if (wait is None or not self._gives_up(wait)) and self._descriptor >= 0:
            unlock(self._descriptor)
        self._wait, self._may_be_inside = None, False

    def is_taken(self) -> bool:
        """Tell whether somebody else is inside, who is next, without waiting; False where that does not show."""
        if fcntl is None or self._descriptor < 0:
            return False
        self._may_be_inside = True
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._may_be_inside = False
            return True
        except OSError:
            pass  # no turnstile on this file system
        self.leave()
        return False

    def forget(self) -> None:
        """Close the file. In a forked child no more than that happens: its parent may be inside."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class _Wait:
    """One wait in the kernel. Of whoever waits and its thread the first to say so decides what becomes of it."""

    __slots__ = ("_fate", "descriptor", "done", "has_ended")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.done = allocate_lock()
        self.done.acquire()
        self.has_ended = False
        self._fate: dict[str, str] = {}

    def becomes(self, fate: str) -> bool:
        """Tell whether this is what becomes of the wait; asked again, the same."""
        return self._fate.setdefault("", fate) == fate  # one step of the interpreter

    def run(self) -> None:
        """Wait, and hand over."""
        assert fcntl is not None
        with suppress(OSError):  # no turnstile on this file system
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)
        if self.becomes("served"):
            self.done.release()
        else:
            unlock(self.descriptor)  # a forked child may have a copy, so closing alone might not
            os.close(self.descriptor)
        self.has_ended = True


def unlock(descriptor: int) -> None:
    """Unlock a file."""
    assert fcntl is not None
    try:  # noqa: SIM105 (contextlib.suppress would be a third of it)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    except OSError:
        pass  # it cannot be locked either
