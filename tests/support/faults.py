"""Disks that fail and disks that count, each around another ``Files``."""

import errno
import os
from collections import Counter
from contextlib import AbstractContextManager
from typing import Literal

from journal.disk.files import Files, FileStat, OpenFile, OsFiles
from journal.disk.notes import OpenNote

Call = Literal[
    "stat", "list", "read", "read_at", "open_append", "create", "overwrite", "write", "sync",
    "sync_folder", "make_folder", "replace", "remove", "remove_folder", "open_note", "read_note", "write_note",
]  # fmt: skip

_OPENING: tuple[Call, ...] = (
    "list", "read", "read_at", "open_append", "create", "overwrite", "sync", "sync_folder", "open_note",
)  # fmt: skip


class _Around:
    """``Files`` that tells ``before`` each call and passes it on. ``write`` and ``sync`` of an open file too."""

    def __init__(self, inner: Files | None = None) -> None:
        self.inner: Files = inner if inner is not None else OsFiles()

    def before(self, call: Call, path: str, data: bytes, into: OpenFile | None) -> None:
        """Be told of a call before it is made; whatever is raised here, the caller gets."""
        raise NotImplementedError

    def stat(self, path: str) -> FileStat | None:
        self.before("stat", path, b"", None)
        return self.inner.stat(path)

    def list(self, folder: str) -> list[tuple[str, FileStat]]:
        self.before("list", folder, b"", None)
        return self.inner.list(folder)

    def read(self, path: str) -> bytes:
        self.before("read", path, b"", None)
        return self.inner.read(path)

    def read_at(self, path: str, offset: int, length: int) -> bytes:
        self.before("read_at", path, b"", None)
        return self.inner.read_at(path, offset, length)

    def open_append(self, path: str, *, create: bool) -> OpenFile:
        self.before("open_append", path, b"", None)
        return _OpenAround(self, self.inner.open_append(path, create=create))

    @property
    def tells_failures(self) -> bool:
        return self.inner.tells_failures

    def open_note(self, path: str) -> OpenNote:
        self.before("open_note", path, b"", None)
        return _NoteAround(self, path, self.inner.open_note(path))

    def create(self, path: str, data: bytes) -> None:
        self.before("create", path, data, None)
        self.inner.create(path, data)

    def overwrite(self, path: str, data: bytes) -> None:
        self.before("overwrite", path, data, None)
        self.inner.overwrite(path, data)

    def sync(self, path: str) -> None:
        self.before("sync", path, b"", None)
        self.inner.sync(path)

    def sync_folder(self, path: str) -> None:
        self.before("sync_folder", path, b"", None)
        self.inner.sync_folder(path)

    def make_folder(self, path: str) -> bool:
        self.before("make_folder", path, b"", None)
        return self.inner.make_folder(path)

    def replace(self, source: str, target: str) -> None:
        self.before("replace", target, b"", None)
        self.inner.replace(source, target)

    def remove(self, path: str) -> None:
        self.before("remove", path, b"", None)
        self.inner.remove(path)

    def remove_folder(self, path: str) -> None:
        self.before("remove_folder", path, b"", None)
        self.inner.remove_folder(path)


class _OpenAround:
    def __init__(self, around: _Around, inner: OpenFile) -> None:
        self.path = inner.path
        self._around, self._inner = around, inner

    def write(self, data: bytes) -> None:
        self._around.before("write", self.path, data, self._inner)
        self._inner.write(data)

    def sync(self) -> None:
        self._around.before("sync", self.path, b"", self._inner)
        self._inner.sync()

    def stat(self) -> FileStat:
        return self._inner.stat()

    def read_at(self, offset: int, length: int) -> bytes:
        self._around.before("read_at", self.path, b"", self._inner)
        return self._inner.read_at(offset, length)

    def close(self) -> None:
        self._inner.close()


class _NoteAround:
    def __init__(self, around: _Around, path: str, inner: OpenNote) -> None:
        self.inode, self._path = inner.inode, path
        self._around, self._inner = around, inner

    def read(self) -> bytes:
        self._around.before("read_note", self._path, b"", None)
        return self._inner.read()

    def write(self, offset: int, data: bytes) -> None:
        self._around.before("write_note", self._path, data, None)
        self._inner.write(offset, data)

    def alone(self, timeout_seconds: float) -> AbstractContextManager[bool]:
        return self._inner.alone(timeout_seconds)

    def close(self) -> None:
        self._inner.close()


class FaultyFiles(_Around):
    """Files of which chosen calls fail; the rest go through.

    ``files.fail("sync", at=2, errno.EIO)``: the second sync from now raises OSError, and is not done. With
    ``times=None`` every later one does too. ``files.write_short("create", at=1)``: half of the bytes are really
    written, then the disk is full. A failed sync loses its bytes only on a SimulatedDisk
    (``fail_sync_at``): here the system still writes them some time.
    """

    def __init__(self, inner: Files | None = None) -> None:
        super().__init__(inner)
        self.failed: list[tuple[Call, str]] = []
        self._seen: Counter[Call] = Counter()
        self._faults: list[tuple[Call, range | None, int, int, float | None]] = []

    def fail(self, call: Call, at: int = 1, error: int = errno.EIO, *, times: int | None = 1) -> None:
        """Let the ``at``-th such call from now (1 is the next) raise OSError(error), and ``times`` - 1 after it."""
        self._add(call, at, error, times, None)

    def write_short(self, call: Call, at: int = 1, error: int = errno.ENOSPC, *, share: float = 0.5) -> None:
        """Let the ``at``-th write, create or overwrite write the first ``share`` of its bytes, then fail."""
        assert call in ("write", "create", "overwrite"), call
        self._add(call, at, error, 1, share)

    def mend(self) -> None:
        """Let every call go through from now on."""
        self._faults.clear()

    def _add(self, call: Call, at: int, error: int, times: int | None, share: float | None) -> None:
        first = self._seen[call] + at
        span = None if times is None else range(first, first + times)
        self._faults.append((call, span, first, error, share))

    def before(self, call: Call, path: str, data: bytes, into: OpenFile | None) -> None:
        """Count the call, and fail it if it is one of the chosen."""
        self._seen[call] += 1
        for wanted, span, first, error, share in self._faults:
            if wanted == call and (self._seen[call] in span if span is not None else self._seen[call] >= first):
                self.failed.append((call, path))
                if share is not None:
                    self._write_prefix(call, path, data[: int(len(data) * share)], into)
                raise OSError(error, os.strerror(error), path)

    def _write_prefix(self, call: Call, path: str, prefix: bytes, into: OpenFile | None) -> None:
        if into is not None:
            into.write(prefix)
        elif call == "create":
            self.inner.create(path, prefix)
        else:
            self.inner.overwrite(path, prefix)


class FilesThatCannotBeRead(OsFiles):
    """A disk that cannot give the bytes of some files, nor the names in some folders."""

    def __init__(self, code, *paths):
        self._code, self._paths = code, paths

    def _refuse(self, path):
        if path in self._paths:
            raise OSError(self._code, os.strerror(self._code), path)

    def list(self, folder):
        self._refuse(folder)
        return super().list(folder)

    def read(self, path):
        self._refuse(path)
        return super().read(path)

    def read_at(self, path, offset, length):
        self._refuse(path)
        return super().read_at(path, offset, length)


class CountingFiles(_Around):
    """Files that count: what an operation costs in calls, which is the same on every machine.

    ``history`` has each call with its path, ``opened`` the times a file or folder was opened (a stat or a
    rename opens none, nor does a call on a file that is open).
    """

    def __init__(self, inner: Files | None = None) -> None:
        super().__init__(inner)
        self.history: list[tuple[Call, str]] = []
        self.bytes_written = 0
        self.opened = 0

    def reset(self) -> None:
        """Count from zero again."""
        self.history.clear()
        self.bytes_written = 0
        self.opened = 0

    def before(self, call: Call, path: str, data: bytes, into: OpenFile | None) -> None:
        """Count the call."""
        self.history.append((call, path))
        self.bytes_written += len(data)
        self.opened += into is None and call in _OPENING

    @property
    def calls(self) -> "Counter[Call]":
        """How often each call was made."""
        return Counter(call for call, _ in self.history)

    @property
    def syncs(self) -> int:
        """How many files and folders were synced."""
        return self.calls["sync"] + self.calls["sync_folder"]
