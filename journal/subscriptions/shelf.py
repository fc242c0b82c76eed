"""Where a cursor is kept: in ``local/cursors/<name>/``, for several processes, or in memory, for one.

```text
lock         the cursor's own lock: whoever reads, decides and writes holds it. Never the store's writer lock
state.json   what the cursor knows (``encoding``), replaced as a whole
consumers/   a sign of life for each consumer, so that a dead one's events are free at once
```

**Whose it is.** A repository could bring a cursor along that says "all done", and a copy or a backup brings one that
other consumers go on with. So a state counts only with the marks of the folder it was made in: the inodes of ``local``
and of the lock file, and when the latter was made, which no repository can know and no copy has. One without them is
refused, never silently begun again: beginning again is for the caller to say (``drop``), or to go on (``adopt``).
A state also names the consumer that made it: where the cursor was dropped and made anew, the consumers of the one
before find theirs gone, as the new one may be about something else.

**Crash argument.** The state is one file, synced under another name and put in place by one rename, its folder synced
after: at every instant it is the old one or the new one, whole. A change that was not there yet when the power went
has not happened: its events count as not delivered, or not acknowledged, and are delivered again. Cursor folder and
lock file are made durable before the first state, so that a state never outlives the marks that it names; a first state
that did not come to be is a cursor that was never made. Nothing here is written before the events it names are durable,
as the engine shows no others.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any, Protocol

from journal.disk.alive import LifeSign, is_alive
from journal.disk.backend import Backend
from journal.disk.files import TEMPORARY_SUFFIX, write_whole
from journal.disk.folders import checked, ensure_folder, full_path
from journal.errors import DamagedError, NotAppliedError, NotFoundError, RefusedError
from journal.format.lines import BadLineError
from journal.format.names import check_id, decode_name, encode_name
from journal.store.layout import ensure_local
from journal.subscriptions.encoding import Saved, decode, encode
from journal.subscriptions.group import Group
from journal.subscriptions.selection import Selection

CURSORS = "local/cursors"
_LOCK = "lock"
_STATE = "state.json"
_CONSUMERS = "consumers"
_STATE_BYTES_MAX = 1 << 26
_MARKS = 2
"""So many of what ``made`` holds are marks; what follows is who made it, which states of early versions lack."""


class Shelf(Protocol):
    """One cursor. ``load`` may be called at any time, ``save`` only while it is held."""

    def held(self) -> contextlib.AbstractContextManager[None]:
        """Keep all other consumers out, of this process and of others."""
        ...

    def load(self) -> Group:
        """Return the state. Raises NotFoundError where somebody dropped it."""
        ...

    def save(self, group: Group) -> None:
        """Make this the state; durable, where it is kept at all, once this returns."""
        ...

    def stamp(self) -> object:
        """Return what differs once somebody has saved: a single stat."""
        ...

    def is_alive(self, consumer: str) -> bool:
        """Tell whether a consumer is there; while held."""
        ...

    def close(self) -> None:
        """Let go; the consumer that this shelf was opened for is gone."""
        ...


class MemoryShelf:
    """A cursor of one process that ends with it."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._saves = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other threads out."""
        with self._lock:
            yield

    def load(self) -> Group:
        """Return the state."""
        return self._group

    def save(self, group: Group) -> None:
        """Make this the state."""
        self._group = group
        self._saves += 1

    def stamp(self) -> object:
        """Return how often it was saved."""
        return self._saves

    def is_alive(self, consumer: str) -> bool:
        """Its one consumer is there."""
        return True

    def close(self) -> None:
        """Nothing is to be let go."""


class FileShelf:
    """A durable cursor; see the module. ``open`` makes it where it is missing."""

    def __init__(self, backend: Backend, root: str, name: str) -> None:
        check_id(name, what="name of a cursor")
        if decode_name(encode_name(name)) != name:
            raise RefusedError(f"the name of the cursor is too long: {name!r}")
        self.name = name
        self._files, self._root = backend.files, root
        self._is_on_disk = backend.is_on_disk
        self.folder = os.path.join(root, *CURSORS.split("/"), encode_name(name))
        self._state_path = os.path.join(self.folder, _STATE)
        self._lock_path = os.path.join(self.folder, _LOCK)
        self._lock = backend.lock(self._lock_path)
        self._sign: LifeSign | None = None
        self._maker: list[Any] | None = None
        self._known: tuple[bytes, Saved] | None = None
        self.selection = Selection()

    # -- life -----------------------------------------------------------------------------------

    def exists(self) -> bool:
        """Tell whether there is such a cursor."""
        return self._files.stat(checked(self._files, self._root, self._state_path)) is not None

    def open(self, consumer: str, first: Group, selection: Selection | None) -> None:
        """Go on with the cursor, or make it with its ``first`` state; ``consumer`` is alive from here on.

        ``selection``: what it is to be about; None takes what it was made for. Raises RefusedError where it is about
        something else: of competing consumers each would pass over what others want.
        """
        self._make_folders()
        with self.held():
            found = self._files.stat(self._state_path)
            if found is None:
                self.selection, self._maker = selection or Selection(), [consumer]
                self.save(first)
            else:
                self.load()
                if selection not in (None, self.selection):
                    raise RefusedError(
                        f"the cursor {self.name!r} was made for other types or streams",
                        path=self._state_path,
                        hint="say the same as when it was made, or take another name",
                    )
            if self._is_on_disk:
                self._sweep()
                self._sign = LifeSign(self._sign_path(consumer))

    def close(self) -> None:
        """Let go; the consumer is gone."""
        if self._sign is not None:
            self._sign.close()
        self._lock.close()

    def drop(self) -> None:
        """Remove the cursor; its consumers find it gone. The lock file stays, so that nobody holds an orphan.

        Crash argument: the state goes first, and without one there is no cursor.
        """
        if not self.exists():
            raise NotFoundError(f"there is no cursor {self.name!r} here", path=self.folder)
        with self.held():
            self._files.remove(self._state_path)
            self._files.sync_folder(self.folder)
            self._sweep()

    def adopt(self) -> None:
        """Go on with a state that was made elsewhere: a person says that it belongs here."""
        if not self.exists():
            raise NotFoundError(f"there is no cursor {self.name!r} here", path=self.folder)
        self._make_folders()
        with self.held():
            saved = self._read()
            self._write(saved._replace(made=[*self._marks(), *saved.made[_MARKS:]]))

    # -- state ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep all other consumers out. Raises LockTimeoutError."""
        with self._lock.held(30.0):
            yield

    def load(self) -> Group:
        """Return the state. Raises NotFoundError, DamagedError, and RefusedError where it was not made here."""
        saved = self._read()
        if saved.made[:_MARKS] != self._marks():
            raise RefusedError(
                f"the cursor {self.name!r} was not made in this work tree: it was copied, put back or checked out",
                path=self._state_path,
                hint="to go on with it all the same: journal cursors adopt NAME; or take another name",
            )
        maker = saved.made[_MARKS:]
        if self._maker not in (None, maker):
            raise self._is_gone()
        self.selection, self._maker = saved.selection, maker
        return saved.group

    def save(self, group: Group) -> None:
        """Make this the state, durably. Raises NotAppliedError."""
        self._write(Saved([*self._marks(), *(self._maker or [])], self.selection, group))

    def stamp(self) -> object:
        """Return what lstat says of the state."""
        return self._files.stat(self._state_path)

    def is_alive(self, consumer: str) -> bool:
        """Tell whether a consumer is there; while held. Off the disk only the end of a lease tells."""
        return not self._is_on_disk or is_alive(self._sign_path(consumer))

    def _read(self) -> Saved:
        try:
            data = self._files.read_at(checked(self._files, self._root, self._state_path), 0, _STATE_BYTES_MAX)
        except FileNotFoundError:
            raise self._is_gone() from None
        known = self._known  # once: threads that do not hold the lock read as well, and may be behind
        if known is not None and data == known[0]:
            return known[1]
        try:
            saved = decode(data)
        except BadLineError as error:
            raise DamagedError(
                f"the state of the cursor {self.name!r} cannot be read: {error}",
                path=self._state_path,
                hint="take another name to begin at a position that you know; this file stays as it is",
            ) from error
        self._known = data, saved
        return saved

    def _is_gone(self) -> NotFoundError:
        return NotFoundError(
            f"there is no cursor {self.name!r} here (any more)",
            path=self.folder,
            hint="subscribing makes it anew, from the position that you give",
        )

    def _write(self, saved: Saved) -> None:
        data = encode(saved)
        try:
            write_whole(self._files, self._state_path, data, durable=True)
        except OSError as error:
            raise NotAppliedError(
                f"the cursor could not be written: {error.strerror or error}", path=self._state_path
            ) from error
        self._known = data, saved

    def _make_folders(self) -> None:
        try:
            ensure_local(self._files, self._root)
            ensure_folder(self._files, self._root, f"{CURSORS}/{os.path.basename(self.folder)}", durable=True)
            ensure_folder(self._files, self.folder, _CONSUMERS)
            if self._files.stat(self._lock_path) is None:
                with contextlib.suppress(FileExistsError):
                    self._files.create(self._lock_path, b"")
            self._files.sync(self._lock_path)
            self._files.sync_folder(self.folder)
        except OSError as error:
            raise NotAppliedError(
                f"the cursor could not be made: {error.strerror or error}", path=self.folder
            ) from error

    def _marks(self) -> list[Any]:
        local = self._files.stat(os.path.join(self._root, "local"))
        lock = self._files.stat(self._lock_path)
        return [local and local.inode, lock and [lock.inode, lock.ctime_ns]]

    def _sign_path(self, consumer: str) -> str:
        return os.path.join(self.folder, _CONSUMERS, consumer)

    def _sweep(self) -> None:
        """While held: remove the signs of consumers that were killed, and what they were writing."""
        for name, _ in self._files.list(os.path.join(self.folder, _CONSUMERS)):
            self.is_alive(name)
        for name, _ in self._files.list(self.folder):
            if name.endswith(TEMPORARY_SUFFIX):
                self._files.remove(os.path.join(self.folder, name))


def cursor_names(backend: Backend, root: str) -> list[str]:
    """Return the names of the durable cursors of this checkout."""
    folder = full_path(root, CURSORS)
    found = (decode_name(name) for name, stat in backend.files.list(folder) if stat.kind == "folder")
    return sorted(name for name in found if name is not None and FileShelf(backend, root, name).exists())
