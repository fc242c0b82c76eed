"""Small files that are kept open and overwritten in place: what processes tell each other in passing."""

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Protocol

if sys.platform == "win32":
    fcntl: ModuleType | None = None
else:
    import fcntl

_NOTE_BYTES_MAX = 4096
_PAUSE_SECONDS_MIN, _PAUSE_SECONDS_MAX = 20e-6, 1e-3


class OpenNote(Protocol):
    """A small file that is kept open, read whole and overwritten in place, by several processes."""

    @property
    def inode(self) -> int:
        """Which file it is: another may stand at its path by now."""
        ...

    def read(self) -> bytes:
        """Read it, up to 4 KiB."""
        ...

    def write(self, offset: int, data: bytes) -> None:
        """Write ``data`` at ``offset`` in one call. Not synced."""
        ...

    def alone(self, timeout_seconds: float) -> AbstractContextManager[bool]:
        """Keep all others who ask for the same out for a moment; False where that was not to be had in time."""
        ...

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        ...


class OsOpenNote:
    """An ``OpenNote`` on a descriptor of the operating system."""

    __slots__ = ("_descriptor", "inode")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.inode = os.fstat(descriptor).st_ino

    def read(self) -> bytes:
        """Read it, up to 4 KiB."""
        if sys.platform != "win32":
            return os.pread(self._descriptor, _NOTE_BYTES_MAX, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return os.read(self._descriptor, _NOTE_BYTES_MAX)

    def write(self, offset: int, data: bytes) -> None:
        """Write ``data`` at ``offset`` in one call."""
        if sys.platform != "win32":
            written = os.pwrite(self._descriptor, data, offset)
        else:
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            written = os.write(self._descriptor, data)
        if written != len(data):
            raise OSError(errno.EIO, f"short write: {written} of {len(data)} bytes")

    @contextlib.contextmanager
    def alone(self, timeout_seconds: float) -> Iterator[bool]:
        """Keep all others who ask for the same out; False where that was not to be had in time."""
        if fcntl is None:
            yield True
            return
        is_mine = _try_flock(self._descriptor) or _try_for(lambda: _try_flock(self._descriptor), timeout_seconds)
        try:
            yield is_mine
        finally:
            if is_mine and self._descriptor >= 0:  # closing it lets go as well
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the descriptor once."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _try_flock(descriptor: int) -> bool:
    assert fcntl is not None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _try_for(act: Callable[[], bool], timeout_seconds: float) -> bool:
    deadline, pause = time.monotonic() + timeout_seconds, _PAUSE_SECONDS_MIN
    while not act():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 2, _PAUSE_SECONDS_MAX)
    return True
