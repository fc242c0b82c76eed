"""A commit's folder as ``ReadFiles``: what is built from files can be built from a commit, with no checkout.

Paths are those that the folder has in the work tree. A file's stat is made of its content's id, so that the same
content has the same stat in every commit, and another content another. Nothing here writes.
"""

import os

from journal.disk.files import FileStat
from journal.disk.opening import Kind
from journal.errors import GitError
from journal.git.objects import ObjectReader
from journal.git.repository import Repository
from journal.git.revisions import shallow_hint
from journal.git.trees import MODE_FOLDER, TreeEntry, parse_tree

_LINK, _FILE = 0o120000, 0o100000


class Contents:
    """The objects that were read, by id: two commits have most of them in common."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._reader = ObjectReader(repository)
        self._known: dict[str, bytes] = {}

    def read(self, identity: str, kind: str) -> bytes:
        """Return an object's content. Raises GitError."""
        if identity not in self._known:
            try:
                self._known[identity] = self._reader.read(identity, kind)
            except GitError as error:
                hint = shallow_hint(self.repository) or error.hint
                raise GitError(error.message, path=error.path, hint=hint) from error
        return self._known[identity]

    def tree_of_commit(self, commit: str) -> str:
        """Return the id of a commit's tree. Raises GitError."""
        line = self.read(commit, "commit").split(b"\n", 1)[0]
        return line.removeprefix(b"tree ").decode("ascii", "replace")

    def close(self) -> None:
        """Let go of the repository's packs."""
        self._reader.close()


class TreeFiles:
    """The files of one folder of a commit, under the path that it has in the work tree."""

    def __init__(self, contents: Contents, commit: str, folder: str, prefix: str) -> None:
        self._contents, self._folder = contents, folder
        self._trees: dict[str, dict[bytes, TreeEntry]] = {}
        self._top: str | None = contents.tree_of_commit(commit)
        for name in prefix.split("/") if prefix else []:
            entry = self._entries(self._top).get(os.fsencode(name))
            self._top = entry.identity if entry is not None and entry.mode == MODE_FOLDER else None

    def stat(self, path: str) -> FileStat | None:
        """Return what stands for lstat, or None where nothing is."""
        entry = self._entry(path)
        return None if entry is None else self._stat(entry)

    def list(self, folder: str) -> list[tuple[str, FileStat]]:
        """Return the names of a folder with their stats; [] where none is."""
        entry = self._entry(folder)
        if entry is None or entry.mode != MODE_FOLDER:
            return []
        found = self._entries(entry.identity)
        return [(os.fsdecode(name), self._stat(inner)) for name, inner in found.items()]

    def read(self, path: str) -> bytes:
        """Return all bytes of a file. Raises FileNotFoundError; GitError where the object is missing."""
        entry = self._entry(path)
        if entry is None or entry.mode & 0o170000 != _FILE:
            raise FileNotFoundError(path)
        return self._contents.read(entry.identity, "blob")

    def read_at(self, path: str, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``. Raises as ``read`` does."""
        return self.read(path)[offset : offset + length]

    def _entry(self, path: str) -> TreeEntry | None:
        if self._top is None:
            return None
        entry = TreeEntry(MODE_FOLDER, self._top)
        inner = os.path.relpath(path, self._folder)
        for name in [] if inner == os.curdir else inner.split(os.sep):
            found = self._entries(entry.identity).get(os.fsencode(name)) if entry.mode == MODE_FOLDER else None
            if found is None:
                return None
            entry = found
        return entry

    def _entries(self, tree: str | None) -> dict[bytes, TreeEntry]:
        if tree is None:
            return {}
        if tree not in self._trees:
            raw = self._contents.read(tree, "tree")
            self._trees[tree] = parse_tree(raw, self._contents.repository.hash_length)
        return self._trees[tree]

    def _stat(self, entry: TreeEntry) -> FileStat:
        kinds: dict[int, Kind] = {MODE_FOLDER: "folder", _LINK: "link", _FILE: "file"}
        kind = kinds.get(entry.mode & 0o170000, "other")
        size = len(self._contents.read(entry.identity, "blob")) if kind == "file" else 0
        return FileStat(kind, size, int(entry.identity[:12], 16), 0, int(entry.identity[12:24], 16), 0)
