"""Keeping runs of one kind apart: of one work tree only one is under way at a time."""

import contextlib
import os
from collections.abc import Iterator

from journal.errors import LockTimeoutError
from journal.store.engine import Engine


@contextlib.contextmanager
def alone(engine: Engine, what: str, lock_file: str, timeout_seconds: float | None) -> Iterator[None]:
    """Wait until no other run of this kind is under way in this work tree, and keep others out for a ``with``.

    ``what`` names the kind in the error. Raises LockTimeoutError where another run takes longer than the timeout.
    """
    with engine.locked():
        pass  # makes the folder of this checkout's own things
    with contextlib.closing(engine.backend.lock(os.path.join(engine.local, lock_file))) as lock:
        try:
            lock.acquire(timeout_seconds)
        except LockTimeoutError as error:
            raise LockTimeoutError(
                f"another {what} of this work tree is under way: {error}",
                path=error.path,
                hint="it does the same; wait",
            ) from error
        try:
            yield
        finally:
            lock.release()
