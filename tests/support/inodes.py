"""What a disk remembers: inodes, the names that lead to them, and what of both is not durable yet.

Pure: nothing here touches a file system. ``power.SimulatedDisk`` feeds it every call, and after a
power cut asks it for the states that a reboot could find.

The rules, weaker than any file system that is in use, so that code which is correct here is correct
there:

- Bytes count as durable once their file was synced, a name once its folder was. Neither syncs the other.
- Of bytes that were written since, any part may be there, in any order, at 512-byte sectors; the file's length
  may be there without its bytes (zeros).
- Of changed names any subset may be there. A rename is atomic: both of its names change, or neither.
- What was durable stays, unless a change that is not durable yet was kept on top of it.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

SECTOR_BYTES = 512

Kind = Literal["file", "folder", "link"]
Tails = Literal["kept", "dropped", "torn", "zeros", "sectors", "any"]
Names = Literal["kept", "dropped", "ordered", "folders", "any"]
Foreign = Literal["kept", "dropped", "older"]
Times = tuple[int, int]  # of the last change of the bytes, and of bytes or name: mtime and ctime, nanoseconds

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Policy:
    """Which of the possible states after a power cut to make; what it leaves open a seed decides.

    ``tails``, the bytes that were not synced: kept; dropped; torn, a prefix of all that was written,
    ended at any byte or at a sector; zeros, the new length without the bytes; sectors, each 512 bytes
    kept or not; any, for each file one of these. ``names``, the changes of names that were not synced:
    kept; dropped; ordered, the first of them in the order they were made, as a journaling file system
    does; folders, the same for each folder by itself; any subset. ``foreign``, files that were not
    written through the simulated disk: as they are, gone, or as they were when the disk was made.
    """

    tails: Tails = "any"
    names: Names = "any"
    foreign: Foreign = "kept"


EXTREMES = (
    Policy("kept", "kept"),
    Policy("dropped", "dropped"),
    Policy("dropped", "kept"),
    Policy("zeros", "kept"),
    Policy("kept", "dropped"),
)
RANDOM = (
    Policy("any", "any"),
    Policy("any", "ordered"),
    Policy("torn", "kept"),
    Policy("sectors", "folders"),
    Policy("any", "kept", "dropped"),
    Policy("any", "kept", "older"),
)


@dataclass(eq=False, slots=True)
class Inode:
    """One file, folder or link. ``content`` is what a read sees, ``durable`` what the disk has for certain."""

    kind: Kind
    number: int = field(default_factory=lambda: (1 << 40) + next(_numbers))
    durable: bytes = b""
    content: bytes = b""
    writes: list[tuple[int, bytes]] = field(default_factory=list)
    target: str = ""
    names: "dict[str, Inode]" = field(default_factory=dict)
    durable_names: "dict[str, Inode]" = field(default_factory=dict)
    times: Times = (0, 0)
    durable_times: Times = (0, 0)
    failures: int = 0
    """How often bytes of it were lost by a sync that failed."""

    def write(self, offset: int, data: bytes) -> None:
        """Put ``data`` at ``offset``, in memory only."""
        self.content = _patched(self.content, offset, data)
        self.writes.append((offset, data))

    def sync(self) -> None:
        """Make durable what was written since the last sync."""
        for offset, data in self.writes:
            self.durable = _patched(self.durable, offset, data)
        self.writes.clear()
        self.durable_times = self.times

    def lose_writes(self) -> None:
        """Do what Linux does when a sync fails: reads still see the bytes, but no later sync writes them."""
        lost = self.writes
        self.failures += 1
        self.writes = []
        for offset, data in lost:
            old = self.durable[offset : offset + len(data)]
            self.writes.append((offset, old + bytes(len(data) - len(old))))


@dataclass(eq=False, slots=True)
class NameChange:
    """One call that changed names: (folder, name, the inode it now leads to or None), all or nothing.

    Syncing the folder of the last entry makes it durable.
    """

    entries: list[tuple[Inode, str, Inode | None]]


@dataclass(frozen=True, slots=True)
class Found:
    """What a reboot finds at one path: file bytes or link target, and the inode it has in the model."""

    kind: Kind
    data: bytes
    inode: Inode
    times: Times


Image = dict[str, Found]  # path relative to the root, "/" between names; parents come before children


class Inodes:
    """The tree of inodes below one root, and the order of the changes that are not durable."""

    def __init__(self) -> None:
        self.root = Inode("folder")
        self.changes: list[NameChange] = []

    def find(self, path: str) -> Inode | None:
        """Return what the path leads to right now, or None."""
        inode: Inode | None = self.root
        for name in path.split("/") if path else []:
            if inode is None:
                return None
            inode = inode.names.get(name)
        return inode

    def add_durable(self, path: str, inode: Inode) -> None:
        """Put an inode that was there all along at a path whose folder is known."""
        folder, _, name = path.rpartition("/")
        parent = self.find(folder)
        assert parent is not None, f"the folder of {path} is not known"
        parent.names[name] = parent.durable_names[name] = inode

    def change(self, *entries: tuple[str, Inode | None]) -> None:
        """Let paths lead to inodes (None: to nothing), as one atomic change that is not durable."""
        change = NameChange([])
        for path, inode in entries:
            folder, _, name = path.rpartition("/")
            parent = self.find(folder)
            assert parent is not None, f"the folder of {path} is not known"
            change.entries.append((parent, name, inode))
            _lead(parent.names, name, inode)
        self.changes.append(change)

    def sync_folder(self, folder: Inode) -> None:
        """Make the names of a folder durable."""
        for change in [change for change in self.changes if change.entries[-1][0] is folder]:
            before = self.changes[: self.changes.index(change)]
            self.changes.remove(change)
            for parent, name, inode in change.entries:
                if inode is not None:  # it was elsewhere if the change that moved it before is not durable
                    for other in [self.root, *_folders(self.root, {})]:
                        for old in [old for old, found in other.durable_names.items() if found is inode]:
                            del other.durable_names[old]
                _lead(parent.durable_names, name, inode)
                for older in before:  # a change that this one stands on can no longer be alone, nor lead back
                    older.entries = [
                        entry
                        for entry in older.entries
                        if entry[:2] != (parent, name) and (inode is None or entry[2] is not inode)
                    ]
        self.changes = [change for change in self.changes if change.entries]

    def image(self, policy: Policy, seed: int) -> Image:
        """Return one state that a reboot could find. The same seed gives the same state."""
        rng = random.Random(f"{seed}-{policy}")
        names: dict[Inode, dict[str, Inode]] = {}
        for change in self._kept(policy.names, rng):
            for parent, name, inode in change.entries:
                if inode is not None:
                    self._forget_other_names(names, inode)
                _lead(names.setdefault(parent, dict(parent.durable_names)), name, inode)
        image: Image = {}
        _collect(image, "", self.root, names, policy, rng)
        return image

    def files(self) -> Iterator[tuple[str, Inode]]:
        """Go through the files that have a name right now, with their paths."""
        yield from _files_below("", self.root)

    def _forget_other_names(self, names: dict[Inode, dict[str, Inode]], inode: Inode) -> None:
        """An inode has one name, also where the change that moved it before was dropped."""
        for folder in [self.root, *_folders(self.root, names)]:
            now = names.get(folder, folder.durable_names)
            for name in [name for name, found in now.items() if found is inode]:
                names.setdefault(folder, dict(now)).pop(name)

    def _kept(self, policy: Names, rng: random.Random) -> list[NameChange]:
        if policy == "kept":
            return self.changes
        if policy == "dropped":
            return []
        if policy == "ordered":
            return self.changes[: rng.randint(0, len(self.changes))]
        if policy == "any":
            return [change for change in self.changes if rng.random() < 0.5]
        left: dict[Inode, int] = {}
        for change in self.changes:
            folder = change.entries[-1][0]
            left[folder] = left.get(folder, 0) + 1
        left = {folder: rng.randint(0, count) for folder, count in left.items()}
        kept = []
        for change in self.changes:
            folder = change.entries[-1][0]
            left[folder] -= 1
            if left[folder] >= 0:
                kept.append(change)
        return kept


def _lead(names: dict[str, Inode], name: str, inode: Inode | None) -> None:
    if inode is None:
        names.pop(name, None)
    else:
        names[name] = inode


def _files_below(path: str, folder: Inode) -> Iterator[tuple[str, Inode]]:
    for name, inode in folder.names.items():
        if inode.kind == "folder":
            yield from _files_below(f"{path}{name}/", inode)
        elif inode.kind == "file":
            yield f"{path}{name}", inode


def _folders(folder: Inode, names: dict[Inode, dict[str, Inode]]) -> Iterator[Inode]:
    for inode in list(names.get(folder, folder.durable_names).values()):
        if inode.kind == "folder":
            yield inode
            yield from _folders(inode, names)


def _collect(
    image: Image,
    path: str,
    inode: Inode,
    names: dict[Inode, dict[str, Inode]],
    policy: Policy,
    rng: random.Random,
) -> None:
    if inode.kind == "folder":
        if path:
            image[path] = Found("folder", b"", inode, inode.times)
        for name, child in sorted(names.get(inode, inode.durable_names).items()):
            _collect(image, f"{path}/{name}" if path else name, child, names, policy, rng)
    elif inode.kind == "link":
        image[path] = Found("link", inode.target.encode(), inode, inode.times)
    else:
        data = surviving_bytes(inode, policy.tails, rng)
        times = inode.times if data == inode.content else inode.durable_times
        image[path] = Found("file", data, inode, times)


def surviving_bytes(inode: Inode, tails: Tails, rng: random.Random) -> bytes:
    """Return what a reboot finds in a file."""
    if not inode.writes or tails == "dropped":
        return inode.durable
    if tails == "any":
        tails = rng.choice(("kept", "dropped", "torn", "zeros", "sectors"))
        return surviving_bytes(inode, tails, rng)
    written = inode.durable
    for offset, data in inode.writes:
        written = _patched(written, offset, data)
    if tails == "kept":
        return written
    if tails == "torn":
        return _torn(inode, rng)
    length = rng.choice((len(written), rng.randint(len(inode.durable), len(written))))
    survivor = bytearray(inode.durable + bytes(len(written) - len(inode.durable)))
    if tails == "sectors":
        for start in range(0, len(written), SECTOR_BYTES):
            if rng.random() < 0.5:
                survivor[start : start + SECTOR_BYTES] = written[start : start + SECTOR_BYTES]
    return bytes(survivor[:length])


def _torn(inode: Inode, rng: random.Random) -> bytes:
    left = rng.randint(0, sum(len(data) for _, data in inode.writes))
    at_sector = rng.random() < 0.5
    survivor = inode.durable
    for offset, data in inode.writes:
        if left < len(data):
            end = offset + left
            kept = data[: max(0, end - end % SECTOR_BYTES - offset)] if at_sector else data[:left]
            return _patched(survivor, offset, kept) if kept else survivor
        left -= len(data)
        survivor = _patched(survivor, offset, data)
    return survivor


def _patched(old: bytes, offset: int, data: bytes) -> bytes:
    hole = bytes(max(0, offset - len(old)))
    return b"".join((old[:offset], hole, data, old[offset + len(data) :]))
