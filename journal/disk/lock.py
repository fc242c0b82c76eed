"""The writer lock: who holds it is the only one who assigns seqs and appends.

An OS file lock on ``local/lock``, behind a lock between the threads of the process. The system
drops it when its holder dies, so nothing here breaks, steals or ages a lock, and no lock file is
ever removed or written to (on Windows the lock is mandatory over the first bytes of the file).

**How a waiter waits.** The lock has to have a timeout, and a stopped process must not be given it, so no waiter
blocks in the kernel for it: it polls. Plain polling starves: who releases the lock and wants it again finds it free,
while the others sleep (measured, 8 writers that sync under the lock: the longest wait is 0.2 to 1.5 s). So:

- *A turnstile* (``disk.turnstile``): a second lock file, ``lock.queue``, that everyone passes before the lock itself,
  in the order in which they came. Who is inside is the head of the queue. Who has just released the lock meets the
  head there, and queues. The turnstile is about fairness only: safety rests on the lock alone. Whoever has waited for
  ``_PATIENCE_SECONDS`` goes for the lock without it, so a stopped waiter stops nobody.
- *The head spins* for about a millisecond, giving up its time slice between tries, since the
  shortest sleep (about 70 µs on Linux) is half of a write and its sync. There is one head, so at most one
  process spins. After that it sleeps. (Fewer tries are slower while processors are free, more are
  slower once they are busy.)
"""

import contextlib
import functools
import os
import stat
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final, NamedTuple

from journal.disk.holder import describe_holder, note_holder
from journal.disk.turnstile import Turnstile
from journal.errors import ClosedError, JournalError, LockTimeoutError, NotAppliedError, UnsafePathError

if sys.platform == "win32":
    fcntl: ModuleType | None = None
else:
    import fcntl

_FLAGS: Final = (
    os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
)
_SPINS_MAX: Final = 100
_PAUSE_SECONDS_MIN: Final = 20e-6
_PAUSE_SECONDS_MAX: Final = 5e-3
_PATIENCE_SECONDS: Final = 0.1

_yield_slice = getattr(os, "sched_yield", lambda: time.sleep(0))


class StoreLock:
    """The writer lock of one store, for all threads of this process.

    ``path`` is the lock file; its folder must exist by the first ``acquire``. Building one opens and
    imports nothing. Two objects on one path exclude each other like two processes. Not reentrant: a
    thread that acquires what it holds has a bug, and gets AssertionError.

    After a fork the child's copy is dead: it holds nothing, releases nothing, and ``acquire`` raises
    ClosedError. The parent keeps its lock, whatever the child does.

    If an exception, a Ctrl-C too, leaves ``acquire`` or ``held``, the lock is not held.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = -1
        self._turnstile = Turnstile(f"{path}.queue", open_lock_file)
        self._file = (0, 0)
        self.generation = 0
        """Changes whenever another lock file has taken the place of the one before."""
        self._pid = os.getpid()
        # An RLock, because releasing one that this thread does not have is a plain error: after an
        # interrupt at any instruction that is how to give back exactly what was taken.
        self._thread_lock = threading.RLock()
        self._inside = 0  # the thread that may touch the descriptors; written under _thread_lock
        self._closed = False

    def acquire(self, timeout_seconds: float | None) -> None:
        """Take the lock, waiting at most about ``timeout_seconds`` (None: for ever, 0: not at all).

        Raises LockTimeoutError naming the holder, ClosedError after ``close`` or in a forked child,
        UnsafePathError where the lock file is a link, NotAppliedError where the system cannot lock.
        """
        self._take(timeout_seconds, yields=False)

    def try_acquire(self) -> bool:
        """Take the lock if it is free this instant and nobody waits for it, as who can do without it does.

        Raises what ``acquire`` does, bar the timeout.
        """
        try:
            self._take(0, yields=True)
        except LockTimeoutError:
            return False
        return True

    def _take(self, timeout_seconds: float | None, *, yields: bool) -> None:
        self._check_usable()
        thread = threading.get_ident()
        if self._inside == thread:
            raise AssertionError("the writer lock is not reentrant")
        try:
            self._acquire(thread, timeout_seconds, yields=yields)
        except BaseException:
            self._leave(thread)
            raise

    def release(self) -> None:
        """Give the lock back. In a forked child this does nothing: the lock is the parent's."""
        if self._pid != os.getpid():
            return
        thread = threading.get_ident()
        if self._inside != thread:
            raise AssertionError("this thread does not hold the writer lock")
        self._leave(thread)

    @contextlib.contextmanager
    def held(self, timeout_seconds: float | None) -> Iterator[None]:
        """Hold the lock for the length of a ``with``; raises what ``acquire`` does."""
        thread = threading.get_ident()
        if self._inside == thread and self._pid == os.getpid():
            raise AssertionError("the writer lock is not reentrant")
        try:
            self.acquire(timeout_seconds)
            yield
        finally:
            try:
                self._leave(thread)
            except KeyboardInterrupt:
                self._leave(thread)
                raise

    @property
    def is_held(self) -> bool:
        """Whether this thread of this process holds the lock."""
        return self._inside == threading.get_ident() and self._pid == os.getpid()

    def is_wanted(self) -> bool:
        """Tell whether another process waits for the lock that this thread holds, as far as that shows."""
        assert self.is_held, "this thread does not hold the writer lock"
        return self._turnstile.is_taken()

    def close(self) -> None:
        """Close the lock file. The lock must not be held; closing twice is harmless."""
        if self._pid != os.getpid():
            return
        with self._thread_lock:
            if self._inside:
                raise AssertionError("the writer lock is closed while it is held")
            self._closed = True
            self._close_descriptors()

    def __del__(self) -> None:
        self._let_go()

    def _check_usable(self) -> None:
        if self._pid != os.getpid():
            # Forked behind Python's back, so that _forget_in_child did not run.
            self._forget()
        if self._closed:
            raise ClosedError("the journal is closed, or belongs to the parent of this process", path=self.path)

    def _forget(self) -> None:
        """Let go of the parent's lock without unlocking: closing one of two copies releases nothing."""
        self._closed, self._inside = True, 0
        self._let_go()

    def _acquire(self, thread: int, timeout_seconds: float | None, *, yields: bool) -> None:
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        patience = _PATIENCE_SECONDS if timeout_seconds is None else min(_PATIENCE_SECONDS, timeout_seconds / 2)
        self._enter_process(deadline, timeout_seconds)
        self._inside = thread
        if self._closed:
            self._check_usable()
        while True:
            if self._descriptor < 0:
                self._open()
            if not self._lock_file(deadline, patience, yields=yields):
                raise self._timeout_error(timeout_seconds, describe_holder(self.path, self._descriptor))
            if self._is_current():
                break
            # `git clean -fdx` took the file away, so others lock another one by now.
            self._close_descriptors()
        note_holder(self.path)

    def _enter_process(self, deadline: float | None, timeout_seconds: float | None) -> None:
        """Keep out the other threads of this process (whom the interpreter serves fairly enough)."""
        left = -1.0 if deadline is None else max(0.0, deadline - time.monotonic())
        if not self._thread_lock.acquire(timeout=left):
            raise self._timeout_error(timeout_seconds, "held by another thread of this process")

    def _leave(self, thread: int) -> None:
        """Give back whatever this thread holds; to be called again if it was interrupted."""
        if self._pid != os.getpid():
            return
        if self._inside == thread:
            self._unlock_file()
            self._inside = 0
        try:  # noqa: SIM105 (contextlib.suppress would add 0.5 µs to each release)
            self._thread_lock.release()
        except RuntimeError:
            pass  # it was not taken

    def _lock_file(self, deadline: float | None, patience: float, *, yields: bool) -> bool:
        """Poll for the file lock as the head of this module tells; False at the deadline.

        Then, and after an interrupt, the turnstile may still be held: _leave gives it back.
        """
        is_head = self._turnstile.enter(patience)
        if yields and not is_head:
            return False
        spins, since = 0 if is_head else _SPINS_MAX, time.monotonic()
        while not try_lock(self._descriptor, self.path):
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                return False
            if spins < _SPINS_MAX:
                spins += 1
                _yield_slice()
            else:
                left = _PAUSE_SECONDS_MAX if deadline is None else deadline - now
                pause = min(max(_PAUSE_SECONDS_MIN, (now - since) / 20), _PAUSE_SECONDS_MAX)
                time.sleep(min(left, pause * _jitter()))
        self._turnstile.leave()
        return True

    def _open(self) -> None:
        self._close_descriptors()  # what an open that failed half way left
        _opened_locks.add(self)
        self._descriptor = open_lock_file(self.path)
        opened = os.fstat(self._descriptor)
        self._file = opened.st_ino, opened.st_dev
        self.generation += 1

    def _is_current(self) -> bool:
        try:
            named = os.lstat(self.path)
        except FileNotFoundError:
            return False
        return (named.st_ino, named.st_dev) == self._file

    def _unlock_file(self) -> None:
        if self._descriptor < 0:
            return
        locker = _locker()
        try:
            locker.unlock(self._descriptor)
            self._turnstile.leave()
        except (OSError, locker.failure):
            # Not locked yet (Windows), or the system will not: closing the file unlocks as well.
            self._close_descriptors()

    def _close_descriptors(self) -> None:
        self._turnstile.leave()
        self._let_go()

    def _let_go(self) -> None:
        """Close this process's copies of the files."""
        self._turnstile.forget()
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _timeout_error(self, timeout_seconds: float | None, holder: str) -> JournalError:
        return LockTimeoutError(
            f"the writer lock was not free within {timeout_seconds:g} s: {holder}",
            path=self.path,
            hint="see what that process is doing; the lock frees itself when its holder lets go or ends",
        )


class _Locker(NamedTuple):
    lock: Callable[[int, Any], None]
    unlock: Callable[[int], None]
    flags: Any
    contention: type[Exception]
    failure: type[Exception]


@functools.cache
def _locker() -> _Locker:
    if fcntl is not None:
        # The very call that portalocker makes here: loading it for that would be a sixth of a command that writes.
        flock, leave = fcntl.flock, fcntl.LOCK_UN
        return _Locker(
            flock, lambda descriptor: flock(descriptor, leave), fcntl.LOCK_EX | fcntl.LOCK_NB, BlockingIOError, OSError
        )
    import portalocker

    flags = portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING
    return _Locker(portalocker.lock, portalocker.unlock, flags, portalocker.AlreadyLocked, portalocker.LockException)


def _jitter() -> float:
    """Return a factor of 0.5 to 1 that differs between waiters; the low bits of a clock will do."""
    return 0.5 + (time.perf_counter_ns() >> 4 & 0xFF) / 512


_opened_locks: "weakref.WeakSet[StoreLock]" = weakref.WeakSet()


def _forget_in_child() -> None:
    for lock in list(_opened_locks):
        lock._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)


def open_lock_file(path: str) -> int:
    """Open a lock file, made where it is missing, and return the descriptor.

    Raises UnsafePathError where the path leads to no plain file, or its folder is a link, which a repository may have
    brought; NotAppliedError where it cannot be opened.
    """
    folder = os.path.dirname(path)
    if os.path.islink(folder):
        raise UnsafePathError("is a symbolic link; links in a store are never followed", path=folder)
    try:
        descriptor = os.open(path, _FLAGS, 0o666)
    except OSError as error:
        if os.path.islink(path) or os.path.isdir(path):
            raise UnsafePathError("is not a plain file, so it is not used as the lock", path=path) from error
        raise NotAppliedError(f"the lock file cannot be opened: {error.strerror}", path=path) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnsafePathError("is not a plain file, so it is not used as the lock", path=path)
    return descriptor


def try_lock(descriptor: int, path: str) -> bool:
    """Lock an open lock file if it is free this instant. Raises NotAppliedError where the system cannot lock."""
    locker = _locker()
    try:
        locker.lock(descriptor, locker.flags)
    except locker.contention:
        return False
    except (OSError, locker.failure) as error:
        raise NotAppliedError(f"this file system cannot lock files: {error}", path=path) from error
    return True
