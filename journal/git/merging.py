"""Which files differ between two commits, and what their common ancestors say of those. Pure.

Only folders that differ are read, so the cost follows the difference and not the size of the trees.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from journal.git.trees import TreeEntry, as_file, as_folder

Read = Callable[[str], Mapping[bytes, TreeEntry]]
"""Returns the entries of a tree."""


class Difference(NamedTuple):
    """A file that two commits do not agree on; None: it is not there. ``bases``: in each common ancestor."""

    path: str
    bases: tuple[TreeEntry | None, ...]
    ours: TreeEntry | None
    theirs: TreeEntry | None

    @property
    def is_clash(self) -> bool:
        """Tell whether both sides changed it, each in its own way."""
        return not self.is_theirs and not (self.bases and all(base == self.theirs for base in self.bases))

    @property
    def is_theirs(self) -> bool:
        """Tell whether only they changed it, so that what they have counts."""
        return all(base == self.ours for base in self.bases) if self.bases else self.ours is None

    @property
    def was_there(self) -> bool:
        """Tell whether a common ancestor has the path, so that a side that lacks it removed it."""
        return any(base is not None for base in self.bases)


def differences(read: Read, bases: Sequence[str | None], ours: str | None, theirs: str | None) -> Iterator[Difference]:
    """Yield the files that differ between two trees, in the order of their names, folder by folder."""
    yield from _walk(read, "", tuple(bases), ours, theirs)


def _walk(
    read: Read, prefix: str, bases: tuple[str | None, ...], ours: str | None, theirs: str | None
) -> Iterator[Difference]:
    if ours == theirs:
        return
    mine, their = _entries(read, ours), _entries(read, theirs)
    names = sorted(name for name in mine.keys() | their.keys() if mine.get(name) != their.get(name))
    before = [_entries(read, base) for base in bases] if names else []
    for name in names:
        path = prefix + name.decode("utf-8", "surrogateescape")
        found = [*(entries.get(name) for entries in before), mine.get(name), their.get(name)]
        *base_files, our_file, their_file = (as_file(entry) for entry in found)
        if our_file != their_file:
            yield Difference(path, tuple(base_files), our_file, their_file)
        *base_folders, our_folder, their_folder = (as_folder(entry) for entry in found)
        yield from _walk(read, f"{path}/", tuple(base_folders), our_folder, their_folder)


def _entries(read: Read, tree: str | None) -> Mapping[bytes, TreeEntry]:
    return {} if tree is None else read(tree)
