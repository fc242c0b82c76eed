"""A store in memory: files, locks and time without a disk. Gone with the process; made for tests."""

import contextlib
import errno
import os
import random
import threading
from collections.abc import Iterator

from journal.disk.clock import Clock, SystemClock
from journal.disk.files import FileStat, OpenFile
from journal.disk.notes import OpenNote
from journal.errors import LockTimeoutError, UnsafePathError

_EPOCH_SECONDS = 946_684_800
"""The year 2000, where the clock of a seeded backend begins."""
_TICK_NS = 1000


class _Node:
    """A file (``data``) or a folder (``children``)."""

    __slots__ = ("alone", "changed_ns", "children", "data", "inode", "modified_ns")

    def __init__(self, inode: int, now_ns: int, children: "dict[str, _Node] | None") -> None:
        self.inode, self.children = inode, children
        self.data = bytearray()
        self.alone = threading.Lock()
        self.modified_ns = self.changed_ns = now_ns


class MemoryFiles:
    """``Files`` in memory. Everything is durable at once; there are no links. Safe for threads."""

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._inodes = self._ticks = 0
        self._top = self._node(folder=True)

    # -- nodes ----------------------------------------------------------------------------------

    def _tick(self) -> int:
        """Return a time that no other change has."""
        self._ticks += 1
        return _EPOCH_SECONDS * 10**9 + self._ticks * _TICK_NS

    def _node(self, *, folder: bool = False) -> _Node:
        self._inodes += 1
        return _Node(self._inodes, self._tick(), {} if folder else None)

    def _find(self, path: str) -> _Node | None:
        node: _Node | None = self._top
        for name in _names(path):
            node = node.children.get(name) if node is not None and node.children is not None else None
        return node

    def _file(self, path: str) -> _Node:
        node = self._find(path)
        if node is None:
            raise _error(errno.ENOENT, path)
        if node.children is not None:
            raise _error(errno.EISDIR, path)
        return node

    def _parent(self, path: str) -> tuple[_Node, dict[str, _Node], str]:
        *above, name = _names(path)
        node = self._find("/".join(above))
        if node is None:
            raise _error(errno.ENOENT, path)
        if node.children is None:
            raise _error(errno.ENOTDIR, path)
        return node, node.children, name

    def _enter(self, path: str, node: _Node) -> None:
        parent, children, name = self._parent(path)
        children[name] = node
        parent.modified_ns = parent.changed_ns = self._tick()

    def _leave(self, path: str) -> None:
        parent, children, name = self._parent(path)
        del children[name]
        parent.modified_ns = parent.changed_ns = self._tick()

    def _write(self, node: _Node, offset: int, data: bytes) -> None:
        node.data.extend(bytes(max(0, offset - len(node.data))))
        node.data[offset : offset + len(data)] = data
        node.modified_ns = node.changed_ns = self._tick()

    # -- reading --------------------------------------------------------------------------------

    def stat(self, path: str) -> FileStat | None:
        """Return what is known of a path, or None where nothing is."""
        with self._guard:
            node = self._find(path)
            return None if node is None else _stat(node)

    def list(self, folder: str) -> list[tuple[str, FileStat]]:
        """Return the names of a folder with their stats; [] where none is."""
        with self._guard:
            node = self._find(folder)
            children = node.children if node is not None else None
            return [(name, _stat(child)) for name, child in sorted((children or {}).items())]

    def read(self, path: str) -> bytes:
        """Return all bytes of a file. Raises FileNotFoundError."""
        with self._guard:
            return bytes(self._file(path).data)

    def read_at(self, path: str, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``. Raises FileNotFoundError."""
        with self._guard:
            return bytes(self._file(path).data[offset : offset + length])

    # -- writing --------------------------------------------------------------------------------

    tells_failures = True

    def open_note(self, path: str) -> OpenNote:
        """Open a small file to overwrite it in place, made if missing."""
        with self._guard:
            if self._find(path) is None:
                self.create(path, b"")
            return _OpenMemoryNote(self, self._file(path))

    def open_append(self, path: str, *, create: bool) -> OpenFile:
        """Open a file to append to it; ``create`` makes it and refuses one that exists."""
        with self._guard:
            if create:
                self.create(path, b"")
            return _OpenMemoryFile(self, path, self._file(path))

    def create(self, path: str, data: bytes) -> None:
        """Write a new file; FileExistsError where the name is taken."""
        with self._guard:
            if self._find(path) is not None:
                raise _error(errno.EEXIST, path)
            node = self._node()
            node.data[:] = data
            self._enter(path, node)

    def overwrite(self, path: str, data: bytes) -> None:
        """Write ``data`` over the start of a file, made if missing."""
        with self._guard:
            if self._find(path) is None:
                self.create(path, data)
            else:
                self._write(self._file(path), 0, data)

    def sync(self, path: str) -> None:
        """See that there is a file."""
        with self._guard:
            self._file(path)

    def sync_folder(self, path: str) -> None:
        """See that there is a folder."""
        with self._guard:
            node = self._find(path)
            if node is None or node.children is None:
                raise _error(errno.ENOENT, path)

    def make_folder(self, path: str) -> bool:
        """Make one folder; True where it is new. Its parent must exist."""
        with self._guard:
            node = self._find(path)
            if node is not None:
                if node.children is None:
                    raise UnsafePathError("is not a folder, or is a symbolic link", path=path)
                return False
            self._enter(path, self._node(folder=True))
            return True

    def replace(self, source: str, target: str) -> None:
        """Rename ``source`` over ``target``."""
        with self._guard:
            node, there = self._find(source), self._find(target)
            if node is None:
                raise _error(errno.ENOENT, source)
            if there is not None and there is not node and (there.children is not None or node.children is not None):
                raise _error(errno.EISDIR, target)
            self._parent(target)
            self._leave(source)
            self._enter(target, node)
            node.changed_ns = self._tick()

    def remove(self, path: str) -> None:
        """Remove a file; a missing one is no error."""
        with self._guard:
            if self._find(path) is not None:
                self._file(path)
                self._leave(path)

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder; a missing or filled one is no error."""
        with self._guard:
            node = self._find(path)
            if node is not None and node.children == {}:
                self._leave(path)


class _OpenMemoryFile:
    """An ``OpenFile``; it stays with its file when that gets another name."""

    def __init__(self, files: MemoryFiles, path: str, node: _Node) -> None:
        self.path, self._files, self._node = path, files, node

    def write(self, data: bytes) -> None:
        with self._files._guard:
            self._files._write(self._node, len(self._node.data), data)

    def sync(self) -> None:
        pass

    def stat(self) -> FileStat:
        return _stat(self._node)

    def read_at(self, offset: int, length: int) -> bytes:
        return bytes(self._node.data[offset : offset + length])

    def close(self) -> None:
        pass


class _OpenMemoryNote:
    """An ``OpenNote``."""

    def __init__(self, files: MemoryFiles, node: _Node) -> None:
        self.inode, self._files, self._node = node.inode, files, node

    def read(self) -> bytes:
        return bytes(self._node.data)

    def write(self, offset: int, data: bytes) -> None:
        with self._files._guard:
            self._files._write(self._node, offset, data)

    @contextlib.contextmanager
    def alone(self, timeout_seconds: float) -> Iterator[bool]:
        is_mine = self._node.alone.acquire(timeout=timeout_seconds)
        try:
            yield is_mine
        finally:
            if is_mine:
                self._node.alone.release()

    def close(self) -> None:
        pass


def _names(path: str) -> list[str]:
    return [name for name in path.replace(os.sep, "/").split("/") if name]


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)


def _stat(node: _Node) -> FileStat:
    kind = "file" if node.children is None else "folder"
    return FileStat(kind, len(node.data), node.modified_ns, node.changed_ns, node.inode, 0)  # type: ignore[arg-type]


class MemoryLock:
    """A lock between all who use one backend. Not reentrant, and a thread's own."""

    def __init__(self, backend: "MemoryBackend", path: str, shared: threading.Lock) -> None:
        self._backend, self._path, self._shared = backend, path, shared
        self._owner = self._inode = 0
        self.generation = 0
        """Changes whenever another file stands at the lock's path."""

    def acquire(self, timeout_seconds: float | None) -> None:
        """Take it, waiting at most so long. Raises LockTimeoutError, FileNotFoundError where its folder is missing."""
        assert self._owner != threading.get_ident(), "the lock is not reentrant"
        if not self._shared.acquire(timeout=-1 if timeout_seconds is None else timeout_seconds):
            raise LockTimeoutError(f"the writer lock was not free within {timeout_seconds:g} s", path=self._path)
        self._owner = threading.get_ident()
        try:
            self._look_at_file()
        except BaseException:
            self.release()
            raise

    def _look_at_file(self) -> None:
        found = self._backend.files.stat(self._path)
        if found is None:
            self._backend.files.create(self._path, b"")
            found = self._backend.files.stat(self._path)
        if found is not None and found.inode != self._inode:
            self._inode = found.inode
            self.generation += 1

    def try_acquire(self) -> bool:
        """Take it if it is free this instant."""
        try:
            self.acquire(0)
        except LockTimeoutError:
            return False
        return True

    def release(self) -> None:
        """Give it back."""
        assert self._owner == threading.get_ident(), "this thread does not hold the lock"
        self._owner = 0
        self._shared.release()

    def is_wanted(self) -> bool:
        """Nobody is let pass: what one journal does must not hang on how others are timed."""
        return False

    @contextlib.contextmanager
    def held(self, timeout_seconds: float | None) -> Iterator[None]:
        """Hold it for the length of a ``with``."""
        self.acquire(timeout_seconds)
        try:
            yield
        finally:
            self.release()

    def close(self) -> None:
        """Nothing is to be let go."""


class TickingClock:
    """A clock that goes on by a millisecond each time it is asked, from the year 2000 on."""

    def __init__(self) -> None:
        self._milliseconds = _EPOCH_SECONDS * 1000

    def now(self) -> float:
        """Return seconds since 1970."""
        self._milliseconds += 1
        return self._milliseconds / 1000

    def uptime(self) -> float:
        """Return seconds since the year 2000."""
        return self.now() - _EPOCH_SECONDS

    def boot(self) -> str:
        """Return the only run there is."""
        return "memory"


class MemoryBackend:
    """A store in memory, as a backend; it lives as long as this object.

    With a ``seed`` the same calls make the same bytes: ids, times and all come from it. ``clock`` is another than that.
    """

    is_on_disk = False

    def __init__(self, *, seed: int | None = None, clock: Clock | None = None) -> None:
        self.files = MemoryFiles()
        self.clock: Clock = clock or (SystemClock() if seed is None else TickingClock())
        self._chance = None if seed is None else random.Random(seed)  # noqa: S311 - to be the same each time
        self._locks: dict[str, threading.Lock] = {}

    def lock(self, path: str) -> MemoryLock:
        """Return the lock named by a path."""
        return MemoryLock(self, path, self._locks.setdefault(path, threading.Lock()))

    def index_path(self, path: str) -> str:
        """Return SQLite's name for a database of its own in memory; each opening builds it anew."""
        return ":memory:"

    def random(self, count: int) -> bytes:
        """Return bytes by chance, or as the seed says."""
        return os.urandom(count) if self._chance is None else self._chance.randbytes(count)

    def writer(self) -> str:
        """Return a nonce; there is but one process."""
        return f"w_0-{self.random(4).hex()}"
