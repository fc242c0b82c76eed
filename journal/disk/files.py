"""The small file interface that every write of the store goes through.

One interface, so that a test can put a disk behind it that loses power at any call (tests/support). Paths are absolute
strings. No call follows a symbolic link in the last component; ``journal.disk.folders`` checks those before it.

Nothing here is durable until ``sync`` (bytes of a file) or ``sync_folder`` (names in a folder) has returned.
"""

import contextlib
import errno
import os
import stat as stat_module
import sys
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from journal.disk.notes import OpenNote, OsOpenNote
from journal.disk.opening import Kind, is_a_link, kind_of, open_plain, opened
from journal.errors import UnsafePathError

_REPLACE_WAIT_SECONDS_MAX = 1.0


class FileStat(NamedTuple):
    """What lstat says of one path; times in nanoseconds, size in bytes."""

    kind: Kind
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int

    @property
    def mark(self) -> tuple[int, int]:
        """What tells a file from another that came in its place, which may have got its inode."""
        return self.inode, self.ctime_ns


class OpenFile(Protocol):
    """A file that is kept open to grow at its end."""

    @property
    def path(self) -> str:
        """The path it was opened by."""
        ...

    def write(self, data: bytes) -> None:
        """Append all bytes in one call of the system; a short write raises OSError."""
        ...

    def sync(self) -> None:
        """Make the bytes durable. After an error the file must not be appended to again."""
        ...

    def stat(self) -> FileStat:
        """What fstat says of the open file, whatever its path leads to by now."""
        ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Read up to ``length`` bytes from ``offset``."""
        ...

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        ...


class ReadFiles(Protocol):
    """What reading a store asks of a disk, or of whatever stands for one."""

    def stat(self, path: str) -> FileStat | None:
        """Return what lstat says, or None where nothing is."""
        ...

    def list(self, folder: str) -> list[tuple[str, FileStat]]:
        """Return the names in a folder with what ``stat`` says of each, in no order; [] where none is."""
        ...

    def read(self, path: str) -> bytes:
        """Return all bytes of a file. Raises FileNotFoundError."""
        ...

    def read_at(self, path: str, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``. Raises FileNotFoundError."""
        ...


class Files(ReadFiles, Protocol):
    """All that the store asks of a disk. Calls may come from several threads at once.

    Nothing is made on the way to a path: where its folder is missing, a call that makes a name raises
    FileNotFoundError. A folder where a file has to be is an IsADirectoryError or PermissionError, and nothing changes.
    """

    @property
    def tells_failures(self) -> bool:
        """Whether every file that was open before tells, at its next sync, of bytes that could not be made durable.

        It does on Linux. Elsewhere the one sync that failed may be all that ever tells.
        """
        ...

    def open_note(self, path: str) -> OpenNote:
        """Open a small file to overwrite it in place, made if missing."""
        ...

    def open_append(self, path: str, *, create: bool) -> OpenFile:
        """Open a file to append to it; ``create`` makes it and refuses one that exists."""
        ...

    def create(self, path: str, data: bytes) -> None:
        """Write a new file; FileExistsError where the name is taken. Not synced."""
        ...

    def overwrite(self, path: str, data: bytes) -> None:
        """Write ``data`` over the start of a file in one call, made if missing. Not synced."""
        ...

    def sync(self, path: str) -> None:
        """Make the bytes of a file durable."""
        ...

    def sync_folder(self, path: str) -> None:
        """Make the names of a folder durable, where the system can."""
        ...

    def make_folder(self, path: str) -> bool:
        """Make one folder; True where it is new. Its parent must exist. UnsafePathError where it is no folder."""
        ...

    def replace(self, source: str, target: str) -> None:
        """Rename ``source`` over ``target``, atomically; the stats of both folders change. Not synced."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file, or a link itself; a missing one is no error."""
        ...

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder; a missing or filled one is no error."""
        ...


def _file_stat(found: os.stat_result) -> FileStat:
    said = (kind_of(found), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)
    return tuple.__new__(FileStat, said)  # as calling it does, in half the time: every write asks for ten


def _write_all_or_fail(descriptor: int, data: bytes) -> None:
    written = os.write(descriptor, data)
    if written != len(data):
        # The kernel says why at the next call: no space, a size limit, or an error of the disk. The last
        # byte is kept back: should there be space by now, what is reported as failed must not be whole.
        os.write(descriptor, data[written:-1])
        raise OSError(errno.EIO, f"short write: {written} of {len(data)} bytes")


def _sync_data(descriptor: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError as error:
            # Only where the file system has no such call: after a failed sync a second one would lie.
            if error.errno not in (errno.ENOTSUP, errno.EINVAL, errno.ENOTTY):
                raise
            os.fsync(descriptor)
    elif sys.platform == "win32":
        os.fsync(descriptor)
    else:
        os.fdatasync(descriptor)


def _read_descriptor(descriptor: int, length: int) -> bytes:
    parts: list[bytes] = []
    while length > 0:
        part = os.read(descriptor, min(length, 1 << 24))
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _listed(folder: str | int) -> "list[tuple[str, FileStat]]":
    found: list[tuple[str, FileStat]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                # On Windows only lstat tells the inode; elsewhere this is a stat relative to the open folder.
                seen = os.lstat(entry.path) if sys.platform == "win32" else entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # a file that leaves between the listing and its stat was not there
            found.append((entry.name, _file_stat(seen)))
    return found


class OsOpenFile:
    """An ``OpenFile`` on a descriptor of the operating system."""

    __slots__ = ("_descriptor", "path")

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        """Append all bytes in one call of the system; a short write raises OSError."""
        _write_all_or_fail(self._descriptor, data)

    def sync(self) -> None:
        """Make the bytes durable."""
        _sync_data(self._descriptor)

    def stat(self) -> FileStat:
        """What fstat says of the open file."""
        return _file_stat(os.fstat(self._descriptor))

    def read_at(self, offset: int, length: int) -> bytes:
        """Read up to ``length`` bytes from ``offset``."""
        if sys.platform != "win32":
            return os.pread(self._descriptor, length, offset)
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        return _read_descriptor(self._descriptor, length)

    def close(self) -> None:
        """Close the descriptor once."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class OsFiles:
    """The files of the operating system."""

    tells_failures = sys.platform == "linux"

    def open_note(self, path: str) -> OpenNote:
        """Open a small file to overwrite it in place, made if missing."""
        return OsOpenNote(open_plain(path, os.O_RDWR | os.O_CREAT))

    def stat(self, path: str) -> FileStat | None:
        """Return what lstat says, or None where nothing is."""
        try:
            return _file_stat(os.lstat(path))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def list(self, folder: str) -> list[tuple[str, FileStat]]:
        """Return the names of a folder with their stats; [] where none is."""
        try:
            if sys.platform == "win32":
                if os.path.islink(folder):
                    raise is_a_link(folder)
                return _listed(folder)
            with opened(folder, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
                return _listed(descriptor)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def read(self, path: str) -> bytes:
        """Return all bytes of a file."""
        with opened(path, os.O_RDONLY) as descriptor:
            return _read_descriptor(descriptor, max(os.fstat(descriptor).st_size, 1 << 16))

    def read_at(self, path: str, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``."""
        with opened(path, os.O_RDONLY) as descriptor:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return _read_descriptor(descriptor, length)

    def open_append(self, path: str, *, create: bool) -> OpenFile:
        """Open a file to append to it; ``create`` makes it and refuses one that exists."""
        flags = os.O_RDWR | os.O_APPEND
        if create:
            flags |= os.O_CREAT | os.O_EXCL
        return OsOpenFile(path, open_plain(path, flags))

    def create(self, path: str, data: bytes) -> None:
        """Write a new file; FileExistsError where the name is taken."""
        with opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as descriptor:
            for start in range(0, len(data), 1 << 26):
                _write_all_or_fail(descriptor, data[start : start + (1 << 26)])

    def overwrite(self, path: str, data: bytes) -> None:
        """Write ``data`` over the start of a file in one call, made if missing."""
        with opened(path, os.O_WRONLY | os.O_CREAT) as descriptor:
            _write_all_or_fail(descriptor, data)

    def sync(self, path: str) -> None:
        """Make the bytes of a file durable."""
        with opened(path, os.O_RDONLY if sys.platform != "win32" else os.O_RDWR) as descriptor:
            _sync_data(descriptor)

    def sync_folder(self, path: str) -> None:
        """Make the names of a folder durable, where the system can (Windows cannot)."""
        if sys.platform == "win32":
            return
        with opened(path, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
            os.fsync(descriptor)

    def make_folder(self, path: str) -> bool:
        """Make one folder; True where it is new."""
        try:
            os.mkdir(path)
        except FileExistsError:
            if not stat_module.S_ISDIR(os.lstat(path).st_mode):
                raise UnsafePathError("is not a folder, or is a symbolic link", path=path) from None
            return False
        return True

    def replace(self, source: str, target: str) -> None:
        """Rename over the target; on Windows another reader may hold it for a moment."""
        deadline, pause = time.monotonic() + _REPLACE_WAIT_SECONDS_MAX, 0.001
        while True:
            try:
                os.replace(source, target)
                return
            except PermissionError:
                if sys.platform != "win32" or time.monotonic() >= deadline:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, 0.05)

    def remove(self, path: str) -> None:
        """Remove a file, or a link itself; a missing one is no error."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder; a missing or filled one is no error."""
        with contextlib.suppress(OSError):
            os.rmdir(path)


def write_whole(files: Files, path: str, data: bytes, *, durable: bool) -> None:
    """Make ``path`` hold exactly ``data``, or leave it as it was.

    Crash argument: the bytes go to a new name in the same folder, are synced there (if ``durable``), and one rename
    puts them in place; at every instant ``path`` is the old file, the new one, or, if not durable, after a power cut
    possibly an empty or torn one: use that only for what can be derived again. What is left over has its suffix.
    """
    passing = passing_name(path)
    with removed_on_failure(files, [passing]):
        files.create(passing, data)
        if durable:
            files.sync(passing)
        files.replace(passing, path)
    if durable:
        files.sync_folder(os.path.dirname(path))


# -- passing files: what is written under a name of its own, until one rename gives it its place ------

TEMPORARY_SUFFIX = ".journal-tmp"


def passing_name(path: str) -> str:
    """Return a passing name beside ``path``. It tells of this process, and nobody else takes it."""
    return f"{path}.{os.getpid():x}-{os.urandom(4).hex()}{TEMPORARY_SUFFIX}"


def writer_of(passing: str) -> int | None:
    """Return the number of the process that took a passing name; None where that does not tell."""
    try:
        return int(passing.removesuffix(TEMPORARY_SUFFIX).rpartition(".")[2].partition("-")[0], 16)
    except ValueError:
        return None


@contextlib.contextmanager
def removed_on_failure(files: Files, passing: Iterable[str]) -> Iterator[None]:
    """Remove what stands under these names if the block fails, by Ctrl-C too. It may add to them meanwhile."""
    try:
        yield
    except BaseException:
        for name in passing:
            with contextlib.suppress(Exception):
                files.remove(name)
        raise
