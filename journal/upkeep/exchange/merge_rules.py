"""What two branches of a store make together, path by path. Pure, but for the contents that it asks for.

| path | rule |
|---|---|
| `segments/`, `archive/` | what either side has; one that a side removed goes only where its packs hold it |
| a segment in two lengths | the longer; else the lines of both, as `merge=union` has it |
| `checkpoints/`, `blobs/` | three-way; of two contents the one that its name tells the hash of |
| `entities/`, `kv/` | three-way; where both sides changed one, what the merged events say |
| `.gitignore`, `.gitattributes`, `README.md` | three-way; where both changed one, theirs |
| `journal.toml`, anything else in the store | three-way by bytes; where both changed one, a clash: nothing is merged |
| `local/` | never anything |
| outside of the store | where they changed anything there, it is left to git |
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from journal.errors import GitError
from journal.format.pointer import pointer_at
from journal.git.merging import Difference
from journal.git.trees import TreeEntry
from journal.projections.paths import PROJECTED
from journal.segments.folders import ARCHIVE, CHECKPOINTS, SEGMENTS
from journal.store.layout import CONFIG_FILE, LOCAL, OWN_FILES
from journal.upkeep.wholeness import is_named_by

_TRUTH = (SEGMENTS, ARCHIVE)
_BY_DIGEST = (CHECKPOINTS, "blobs")
_PLAIN = (0o100644, 0o100755, 0o100664)


class Lore(Protocol):
    """What the rules ask about the two sides."""

    def blob(self, identity: str) -> bytes:
        """Return the content of a file."""
        ...

    def has_packed(self, path: str, *, by_us: bool) -> bool:
        """Tell whether packs of one side hold all that is in a segment or pack which that side lacks."""
        ...

    def inner(self, path: str) -> str | None:
        """Return a path of git's as the store names it; None where it is outside of the store."""
        ...


class Incoming(NamedTuple):
    """A file to be put on the disk: what it shall hold, and what git had there on our side (ids of blobs)."""

    content: str | bytes
    before: str | None


@dataclass(slots=True)
class Plan:
    """What a merge makes. ``blobs`` is by git's path, all else by the store's."""

    blobs: dict[str, str | bytes | None] = field(default_factory=dict)
    """What the merge says beyond our side: blob ids, bytes of what is new, None for what goes."""
    files: dict[str, Incoming] = field(default_factory=dict)
    gone: dict[str, str | None] = field(default_factory=dict)
    """Files that go from the disk, with what git had there."""
    printed: list[str] = field(default_factory=list)
    """Projections that both sides changed."""
    foreign: list[str] = field(default_factory=list)
    """What they changed outside of the store."""
    clashes: list[str] = field(default_factory=list)


def plan_of(found: Iterable[Difference], lore: Lore) -> Plan:
    """Return what two sides make together. Raises GitError where their side holds what no store has."""
    plan = Plan()
    for item in found:
        path = lore.inner(item.path)
        if path is None:
            if item.is_theirs or item.is_clash:
                plan.foreign.append(item.path)
        else:
            _refuse_strange(item)
            _add(plan, item, path, lore)
    return plan


def _add(plan: Plan, item: Difference, path: str, lore: Lore) -> None:
    folder = path.partition("/")[0]
    if folder == LOCAL:
        return
    if folder in PROJECTED and item.is_clash:
        plan.printed.append(path)
        return
    if item.is_clash and folder not in (*_TRUTH, *_BY_DIGEST) and (path not in OWN_FILES or path == CONFIG_FILE):
        plan.clashes.append(path)
        return
    wanted = _wanted(item, path, folder, lore)
    before = item.ours.identity if item.ours is not None else None
    if wanted == before:
        return
    plan.blobs[item.path] = wanted
    if folder in PROJECTED:
        return  # whoever takes in the events writes it
    if wanted is None:
        plan.gone[path] = before
    else:
        plan.files[path] = Incoming(wanted, before)


def _wanted(item: Difference, path: str, folder: str, lore: Lore) -> str | bytes | None:
    """Return what a path shall hold: a blob's id, new bytes, or None."""
    ours, theirs = item.ours, item.theirs
    if folder in _TRUTH:
        if ours is not None and theirs is not None:
            return _both(path, folder, ours, theirs, lore)
        there = ours or theirs
        assert there is not None, item
        is_removed = item.was_there and lore.has_packed(path, by_us=ours is None)
        return None if is_removed else there.identity
    if item.is_clash and folder in _BY_DIGEST:
        return _sound(path, ours, theirs, lore)
    if item.is_theirs or item.is_clash:
        return theirs.identity if theirs is not None else None
    return ours.identity if ours is not None else None


def _both(path: str, folder: str, ours: TreeEntry, theirs: TreeEntry, lore: Lore) -> str | bytes:
    if folder == ARCHIVE:
        return _sound(path, ours, theirs, lore)
    mine, their = lore.blob(ours.identity), lore.blob(theirs.identity)
    if mine.startswith(their):
        return ours.identity
    return theirs.identity if their.startswith(mine) else union(mine, their)


def union(ours: bytes, theirs: bytes) -> bytes:
    """Return the lines of ours, then those of theirs that ours lacks; an unfinished last line is ended."""
    lines = dict.fromkeys(line for side in (ours, theirs) for line in side.split(b"\n") if line)
    return b"".join(line + b"\n" for line in lines)


def _sound(path: str, ours: TreeEntry | None, theirs: TreeEntry | None, lore: Lore) -> str:
    """Of two contents under a name that tells the hash, return the one that it tells.

    A blob for git LFS may have come into git as its bytes, where git LFS was not set up: then the pointer counts.
    """
    sides = [side.identity for side in (ours, theirs) if side is not None]
    name = path.rpartition("/")[2]
    named = [side for side in sides if is_named_by(name, lore.blob(side))]
    pointers = [side for side in named if pointer_at(path, lore.blob(side)) is not None]
    return [*pointers, *named, *sides][0]


def _refuse_strange(item: Difference) -> None:
    """Raise GitError for what must not be put on a disk: links, submodules, names that lead elsewhere."""
    if item.theirs is None:
        return
    parts = item.path.split("/")
    if item.theirs.mode not in _PLAIN or any(map(_is_unsafe, parts)):
        raise GitError(
            f"the other side holds something in the store that is no plain file: {item.path}",
            path=item.path,
            hint="look at it with `git log --all -- PATH`; nothing was merged",
        )


def _is_unsafe(name: str) -> bool:
    plain = "".join(letter for letter in name if unicodedata.category(letter) != "Cf").lower().rstrip(". ")
    return plain in ("", ".git") or plain.startswith("git~") or any(letter in "\\:\0" for letter in name)
