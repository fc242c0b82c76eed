"""What a store is kept on: files, a lock, a place for the index, a clock and chance (docs/backends.md).

Everything that the engine asks of the world goes through one of these, so that the same engine runs over the file
system, over memory, and over a backend of somebody else's.
"""

import os
from contextlib import AbstractContextManager
from typing import Protocol

from journal.disk.clock import Clock, SystemClock
from journal.disk.files import Files, OsFiles


class Lock(Protocol):
    """Mutual exclusion between all who use one backend, under one name. Not reentrant."""

    @property
    def generation(self) -> int:
        """A number that changes whenever another file has taken the place of the one at the lock's path.

        It is up to date once the lock was taken, and changes when it is taken for the first time.
        """
        ...

    def acquire(self, timeout_seconds: float | None) -> None:
        """Take it, waiting at most so long (None: for ever, 0: not at all). Raises LockTimeoutError.

        Where its folder is missing: FileNotFoundError or NotAppliedError. If anything is raised, it is not held.
        """
        ...

    def try_acquire(self) -> bool:
        """Take it if it is free this instant; it may say no where somebody else waits for it."""
        ...

    def is_wanted(self) -> bool:
        """Tell whether somebody waits for it while it is held; False where that does not show.

        Work that can wait stops then, and goes on when the lock is free again.
        """
        ...

    def release(self) -> None:
        """Give it back."""
        ...

    def held(self, timeout_seconds: float | None) -> AbstractContextManager[None]:
        """Hold it for the length of a ``with``. Raises what ``acquire`` does."""
        ...

    def close(self) -> None:
        """Let go of what belongs to it; it is not held. Twice is harmless."""
        ...


class Backend(Protocol):
    """What a store is kept on. ``journal.conformance`` has the tests that one has to pass."""

    @property
    def files(self) -> Files:
        """Where the truth, the projections and the local folder stand."""
        ...

    @property
    def clock(self) -> Clock:
        """What time it is."""
        ...

    @property
    def is_on_disk(self) -> bool:
        """Whether the files stand in the file system, where git and other programs see them."""
        ...

    def lock(self, path: str) -> Lock:
        """Return the lock named by a path, which nobody holds yet. Whoever holds it, there is a file at the path."""
        ...

    def index_path(self, path: str) -> str:
        """Return where SQLite is to keep what would stand at a path: that, or ``:memory:``."""
        ...

    def random(self, count: int) -> bytes:
        """Return so many bytes that nobody else has: ids are made of them."""
        ...

    def writer(self) -> str:
        """Return a name for who writes from now on: the process, and what tells this start of it from others.

        At most 100 printable ASCII characters, no blanks.
        """
        ...


class FileBackend:
    """The file system; ``files`` is another only in tests."""

    is_on_disk = True

    def __init__(self, files: Files | None = None) -> None:
        self.files: Files = files or OsFiles()
        self.clock: Clock = SystemClock()

    def lock(self, path: str) -> Lock:
        """Return the lock on a file, which the system frees when its holder dies."""
        from journal.disk.lock import StoreLock

        return StoreLock(path)

    def index_path(self, path: str) -> str:
        """Return the path: SQLite works on the file itself."""
        return path

    def random(self, count: int) -> bytes:
        """Return bytes by chance."""
        return os.urandom(count)

    def writer(self) -> str:
        """Return the process's number and a nonce."""
        return f"w_{os.getpid()}-{os.urandom(4).hex()}"
