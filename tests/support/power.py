"""A disk that loses power: ``SimulatedDisk`` is ``Files`` over a real folder, and remembers what is durable.

How to test an operation that writes::

    def operate(disk: SimulatedDisk) -> None:
        store = open_store(disk, disk.root)      # all of its writes go through ``disk``
        store.put(...)
        disk.note("acknowledged")

    for cut in every_cut(scratch, prepare, operate):       # before and during each call
        for disk in cut.reboots():                         # some of the states a reboot can find
            check(disk.root, cut.notes)                    # ``disk`` is ready for the recovery, and a further cut

The calls are really done in the folder, so that code which reads by itself (SQLite, git) sees them.
The images come from the model in ``inodes``, where the rules are. Stats are the model's too: an
inode number and a time of change that a reboot keeps, as it does in life.
"""

import contextlib
import errno
import hashlib
import itertools
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from journal.disk.files import FileStat, OpenFile, OsFiles
from journal.disk.notes import OpenNote
from tests.support.inodes import EXTREMES, RANDOM, Foreign, Found, Image, Inode, Inodes, Policy

When = Literal["before", "during"]


class PowerLoss(BaseException):
    """The power went. No ``except Exception`` in the code under test can go on from here."""


class SimulatedDisk:
    """``Files`` over the folder ``root``; whatever is there already counts as durable.

    ``calls`` counts the calls by name. ``cut_at(n)`` lets the n-th changing call (counted from 1)
    raise PowerLoss, and every call after it. ``fail_sync_at(n, error)`` lets the n-th sync of a file fail as
    Linux does: the bytes stay readable, are never written, and each file that was open then tells of it at its next
    sync; one that is opened later does not. ``before_sync``, if set, is called before each sync of an open file: what
    others do at that moment.
    """

    tells_failures = True

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        self._skipped = len(self.root) + 1
        self.calls: Counter[str] = Counter()
        self.changing_calls = 0
        self.history: list[tuple[str, str]] = []
        self.notes: list[object] = []
        self.is_dead = False
        self._inner = OsFiles()
        self._inodes = Inodes()
        self._cut: tuple[int, When] | None = None
        self._failing_syncs: dict[int, int] = {}
        self.before_sync: Callable[[str], object] | None = None
        self._foreign: dict[str, _Foreign] | None = None
        found = self._inner.stat(self.root)
        assert found is not None, self.root
        self._inodes.root.number = found.inode
        self._load()

    # What a test does to it

    def cut_at(self, call: int, when: When = "during") -> None:
        """Cut the power before the n-th changing call, or in the middle of it."""
        self._cut = (call, when)

    def fail_sync_at(self, sync: int, error: int) -> None:
        """Let the n-th sync of a file, counted from now as 1, raise OSError(error) and lose its bytes."""
        self._failing_syncs[self.calls["sync"] + sync] = error

    def note(self, note: object) -> None:
        """Remember what the operation has acknowledged; nothing is noted once the power is off."""
        self._alive()
        self.notes.append(note)

    def image(self, policy: Policy, seed: int = 0) -> Image:
        """Return one state that a reboot could find. The power is off from now on."""
        self.is_dead = True
        foreign = self._foreign_files()
        image = self._inodes.image(policy, seed)
        for path, file in foreign.items():
            image.pop(path, None)
            found, folder = file.found(policy.foreign), path.rpartition("/")[0]
            if found is not None and (not folder or folder in image):
                image[path] = found
        return image

    def crash_image(self, target: str, policy: Policy, seed: int = 0) -> Image:
        """Write one possible state after a reboot into the folder ``target``, which is emptied first."""
        image = self.image(policy, seed)
        _write_image(target, image)
        return image

    def reboot(self, policy: Policy, seed: int = 0) -> "SimulatedDisk":
        """Put one possible state in the place of ``root``; return the disk that finds it.

        May be called again, for another state after the same cut.
        """
        return self.reboot_into(self.image(policy, seed))

    def reboot_into(self, image: Image) -> "SimulatedDisk":
        """Put a state that ``image`` made in the place of ``root``; return the disk that finds it."""
        _write_image(self.root, image)
        rebooted = SimulatedDisk(self.root)
        for path, found in image.items():
            inode = rebooted._inodes.find(path)
            assert inode is not None
            inode.number = found.inode.number
            inode.times = inode.durable_times = found.times
        return rebooted

    # Files

    def stat(self, path: str) -> FileStat | None:
        self._called("stat")
        found, inode = self._inner.stat(path), self._known(path)
        if found is None or inode is None or inode.kind != found.kind:
            return found
        return _with_identity(found, inode)

    def list(self, folder: str) -> list[tuple[str, FileStat]]:
        self._called("list")
        listed = []
        for name, found in self._inner.list(folder):
            inode = self._known(os.path.join(folder, name))
            same = inode is not None and inode.kind == found.kind
            listed.append((name, _with_identity(found, inode) if same and inode else found))
        return listed

    def read(self, path: str) -> bytes:
        self._called("read")
        return self._inner.read(path)

    def read_at(self, path: str, offset: int, length: int) -> bytes:
        self._called("read_at")
        return self._inner.read_at(path, offset, length)

    def open_append(self, path: str, *, create: bool) -> OpenFile:
        if not create:
            self._called("open_append")
            inner = self._inner.open_append(path, create=False)
            return SimulatedOpenFile(self, self._adopted(path), inner)
        with self._changing("open_append", path):
            inner = self._inner.open_append(path, create=True)
            inode = self._new(path, Inode("file"))
        return SimulatedOpenFile(self, inode, inner)

    def open_note(self, path: str) -> OpenNote:
        if self._inner.stat(path) is None:
            with self._changing("open_note", path):
                inner = self._inner.open_note(path)
                inode = self._new(path, Inode("file"))
        else:
            self._called("open_note")
            inner, inode = self._inner.open_note(path), self._adopted(path)
        return SimulatedNote(self, path, inode, inner)

    def create(self, path: str, data: bytes) -> None:
        with self._changing("create", path):
            self._inner.create(path, data)
            self._new(path, Inode("file")).write(0, data)

    def overwrite(self, path: str, data: bytes) -> None:
        with self._changing("overwrite", path):
            is_new = self._inner.stat(path) is None
            if not is_new:
                self._adopted(path)
            self._inner.overwrite(path, data)
            inode = self._new(path, Inode("file")) if is_new else self._adopted(path)
            self._touch(inode)
            inode.write(0, data)

    def sync(self, path: str) -> None:
        with self._changing("sync", path):
            self._inner.sync(path)
            self._sync_inode(self._adopted(path))

    def sync_folder(self, path: str) -> None:
        with self._changing("sync_folder", path):
            self._inner.sync_folder(path)
            self._inodes.sync_folder(self._adopted(path))

    def make_folder(self, path: str) -> bool:
        with self._changing("make_folder", path):
            is_new = self._inner.make_folder(path)
            if is_new:
                self._new(path, Inode("folder"))
        return is_new

    def replace(self, source: str, target: str) -> None:
        with self._changing("replace", target):
            inode = self._adopted(source)
            if self._inner.stat(target) is not None:
                self._adopted(target)
            self._inner.replace(source, target)
            self._inodes.change((self._relative(source), None), (self._relative(target), inode))
            inode.times = (inode.times[0], self._later(inode))

    def remove(self, path: str) -> None:
        with self._changing("remove", path):
            existed = self._inner.stat(path) is not None
            if existed:
                self._adopted(path)
            self._inner.remove(path)
            if existed:
                self._inodes.change((self._relative(path), None))

    def remove_folder(self, path: str) -> None:
        with self._changing("remove_folder", path):
            existed = self._inner.stat(path) is not None
            if existed:
                self._adopted(path)
            self._inner.remove_folder(path)
            if existed and self._inner.stat(path) is None:
                self._inodes.change((self._relative(path), None))

    # How it is done

    def _load(self) -> None:
        for folder, folders, names in os.walk(self.root):
            folders.sort()
            for name in sorted(folders + names):
                self._load_one(os.path.join(folder, name))

    def _load_one(self, path: str) -> Inode:
        found = self._inner.stat(path)
        assert found is not None, path
        assert found.kind != "other", path
        inode = Inode(found.kind, number=found.inode)
        inode.times = inode.durable_times = (found.mtime_ns, found.ctime_ns)
        if found.kind == "file":
            inode.durable = inode.content = self._inner.read(path)
        elif found.kind == "link":
            inode.target = os.readlink(path)
        self._inodes.add_durable(self._relative(path), inode)
        return inode

    def _relative(self, path: str) -> str:
        relative = self._below(path)
        assert relative is not None, f"{path} is not below the root of the simulated disk"
        return relative

    def _below(self, path: str) -> str | None:
        """Return where a path stands below the root, None where it does not; ``os.path.relpath`` takes far longer."""
        path = os.path.abspath(path)
        if path == self.root:
            return ""
        return path[self._skipped :].replace(os.sep, "/") if path.startswith(self.root + os.sep) else None

    def _known(self, path: str) -> Inode | None:
        relative = self._below(path)  # looking for a .git further up is harmless; a change out there is not
        return None if relative is None else self._inodes.find(relative)

    def _adopted(self, path: str) -> Inode:
        """Return the inode of a path; one that was made behind our back is taken as durable as it is now."""
        inode = self._known(path)
        if inode is not None:
            return inode
        if not os.path.samefile(os.path.dirname(path), self.root):
            self._adopted(os.path.dirname(path))
        return self._load_one(path)

    def _new(self, path: str, inode: Inode) -> Inode:
        if os.path.dirname(path) != self.root:
            self._adopted(os.path.dirname(path))
        self._touch(inode)
        self._inodes.change((self._relative(path), inode))
        return inode

    def _touch(self, inode: Inode) -> None:
        inode.times = (self._later(inode),) * 2

    def _later(self, inode: Inode) -> int:
        return max(time.time_ns(), inode.times[1] + 1)

    def _sync_inode(self, inode: Inode, seen: int | None = None) -> None:
        """Sync; ``seen``: how many failures the open file has told of."""
        error = self._failing_syncs.get(self.calls["sync"])
        if error is not None:
            inode.lose_writes()
        else:
            inode.sync()
        if error is not None or (seen is not None and seen < inode.failures):
            raise OSError(error or errno.EIO, os.strerror(error or errno.EIO))

    def _alive(self) -> None:
        if self.is_dead:
            raise PowerLoss("the power is off")

    def _called(self, call: str) -> None:
        self._alive()
        self.calls[call] += 1

    @contextlib.contextmanager
    def _changing(self, call: str, path: str) -> Iterator[None]:
        self._called(call)
        self._relative(path)
        self.changing_calls += 1
        self.history.append((call, path))
        if self._cut is None or self._cut[0] != self.changing_calls:
            yield
            return
        # A sync that is cut in the middle made something durable by luck or nothing; the images of the
        # state before it hold all of that already. So it is not done at all.
        if self._cut[1] == "before" or call in ("sync", "sync_folder"):
            self._die()
        try:
            yield
        finally:
            self._die()

    def _die(self) -> None:
        self.is_dead = True
        raise PowerLoss(f"the power went at call {self.changing_calls}: {self.history[-1]}")

    def _foreign_files(self) -> dict[str, "_Foreign"]:
        if self._foreign is None:
            self._foreign = dict(self._find_foreign())
        return self._foreign

    def _find_foreign(self) -> Iterator[tuple[str, "_Foreign"]]:
        """Compare the folder with the model: what differs was written by somebody else."""
        seen = set()
        for folder, folders, names in os.walk(self.root):
            for path in (os.path.join(folder, name) for name in sorted(folders + names)):
                relative = self._relative(path)
                seen.add(relative)
                inode, found = self._known(path), self._inner.stat(path)
                if found is None or found.kind == "other":
                    continue
                if found.kind != "file":
                    self._adopted(path)
                elif inode is None or inode.content != self._inner.read(path):
                    yield relative, _Foreign(self._inner.read(path), inode.durable if inode else None, found)
        for relative, inode in self._inodes.files():
            if relative not in seen:
                yield relative, _Foreign(None, inode.durable, None)


@dataclass(frozen=True, slots=True)
class _Foreign:
    """A file that did not go through the disk: its bytes now, and as they were at first."""

    now: bytes | None
    before: bytes | None
    stat: FileStat | None

    def found(self, foreign: Foreign) -> Found | None:
        data = {"kept": self.now, "older": self.before, "dropped": None}[foreign]
        if data is None:
            return None
        inode, times = Inode("file"), (time.time_ns(), time.time_ns())
        if self.stat is not None:
            inode.number, times = self.stat.inode, (self.stat.mtime_ns, self.stat.ctime_ns)
        return Found("file", data, inode, times)


class SimulatedOpenFile:
    """An ``OpenFile`` of a SimulatedDisk; it stays with its inode when its name is replaced."""

    def __init__(self, disk: SimulatedDisk, inode: Inode, inner: OpenFile) -> None:
        self.path = inner.path
        self._disk, self._inode, self._inner = disk, inode, inner
        self._seen = inode.failures

    def write(self, data: bytes) -> None:
        with self._disk._changing("write", self.path):
            self._inner.write(data)
            self._disk._touch(self._inode)
            self._inode.write(len(self._inode.content), data)

    def sync(self) -> None:
        if self._disk.before_sync is not None:
            self._disk.before_sync(self.path)
        with self._disk._changing("sync", self.path):
            self._inner.sync()
            try:
                self._disk._sync_inode(self._inode, self._seen)
            finally:
                self._seen = self._inode.failures

    def stat(self) -> FileStat:
        self._disk._called("fstat")
        return _with_identity(self._inner.stat(), self._inode)

    def read_at(self, offset: int, length: int) -> bytes:
        self._disk._called("read_at")
        return self._inner.read_at(offset, length)

    def close(self) -> None:
        self._inner.close()


class SimulatedNote:
    """An ``OpenNote`` of a SimulatedDisk."""

    def __init__(self, disk: SimulatedDisk, path: str, inode: Inode, inner: OpenNote) -> None:
        self.inode = inode.number
        self._disk, self._path, self._inode, self._inner = disk, path, inode, inner

    def read(self) -> bytes:
        self._disk._called("read_note")
        return self._inner.read()

    def write(self, offset: int, data: bytes) -> None:
        with self._disk._changing("write_note", self._path):
            self._inner.write(offset, data)
            self._disk._touch(self._inode)
            self._inode.write(offset, data)

    def alone(self, timeout_seconds: float) -> contextlib.AbstractContextManager[bool]:
        return self._inner.alone(timeout_seconds)

    def close(self) -> None:
        self._inner.close()


@dataclass(frozen=True, slots=True)
class Cut:
    """One run of an operation that ended in a power cut, or at the last, ``is_complete``, that did not.

    Also after a complete run the power goes: what was not synced by then may be lost.
    """

    disk: SimulatedDisk
    call: int
    when: When
    is_complete: bool

    @property
    def notes(self) -> list[object]:
        """What the operation had acknowledged."""
        return self.disk.notes

    def images(self, seeds: Iterable[int] = range(3)) -> Iterator[Image]:
        """Go through the distinct states that a reboot could find: the extremes, then some by chance."""
        seeds = list(seeds)
        seen = set()
        for policy in EXTREMES + RANDOM:
            for seed in seeds if policy in RANDOM else [0]:
                image = self.disk.image(policy, seed)
                digest = _digest(image)
                if digest not in seen:
                    seen.add(digest)
                    yield image

    def reboots(self, seeds: Iterable[int] = range(3)) -> Iterator[SimulatedDisk]:
        """Put each of ``images`` in the place of the root, one after the other."""
        for image in self.images(seeds):
            yield self.disk.reboot_into(image)


def every_cut(
    scratch: str,
    prepare: Callable[[str], None],
    operate: Callable[[SimulatedDisk], None],
    *,
    whens: Iterable[When] = ("before", "during"),
    chosen: Callable[[int, str], bool] | None = None,
) -> Iterator[Cut]:
    """Run ``operate`` again and again, with the power cut at its first changing call, its second, and so on.

    ``prepare`` fills the empty folder that it is given, always the same path below ``scratch``; all of
    it counts as durable, and each run finds it as it was. The last run is the one that no cut has ended. With
    ``chosen`` that one comes first, and then the cuts at those of its calls that are chosen, by number and path.
    """
    whens = list(whens)
    folder = os.path.join(scratch, "disk")
    _empty(folder)
    prepare(folder)
    first = SimulatedDisk(folder)
    prepared = first.image(Policy("kept", "kept"))

    def run(call: int, when: When) -> Cut:
        disk = first.reboot_into(prepared)
        disk.cut_at(call, when)
        try:
            operate(disk)
        except PowerLoss:
            return Cut(disk, call, when, is_complete=False)
        return Cut(disk, call, when, is_complete=True)

    calls: Iterable[int] = itertools.count(1)
    if chosen is not None:
        whole = run(sys.maxsize, whens[-1])
        calls = [call for call, (_, path) in enumerate(whole.disk.history, start=1) if chosen(call, path)]
        yield whole
    for call in calls:
        for when in whens:
            cut = run(call, when)
            yield cut
            if cut.is_complete:
                return


def _with_identity(found: FileStat, inode: Inode) -> FileStat:
    if inode.kind == "folder":
        return found._replace(inode=inode.number)
    return found._replace(inode=inode.number, mtime_ns=inode.times[0], ctime_ns=inode.times[1])


def _digest(image: Image) -> bytes:
    digest = hashlib.sha256()
    for path, found in sorted(image.items()):
        digest.update(f"{path}\0{found.kind}\0{len(found.data)}\0".encode() + found.data)
    return digest.digest()


def _empty(folder: str) -> None:
    if os.path.isdir(folder):
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
    else:
        os.makedirs(folder)


def _write_image(target: str, image: Image) -> None:
    _empty(target)
    for relative, found in sorted(image.items()):
        path = os.path.join(target, *relative.split("/"))
        if found.kind == "folder":
            os.mkdir(path)
        elif found.kind == "link":
            os.symlink(found.data.decode(), path)
        else:
            with open(path, "xb") as file:
                file.write(found.data)
            os.utime(path, ns=(found.times[0], found.times[0]))
