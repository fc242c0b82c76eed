"""Every object of a repository, looked at: what of it holds something, and in which commits that is.

Reachable or not, loose or packed, staged or stashed: what git has not thrown away it still has. One object is in memory
at a time; what is kept is a bit for each tree, and an id for each commit.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from journal.git.objects import ObjectReader
from journal.git.program import run_git
from journal.git.repository import Repository
from journal.git.trees import MODE_FOLDER, parse_tree

Holds = Callable[[str, bytes], bool]
"""Tells of an object, by its id and its content, whether it holds what is looked for."""
Progress = Callable[[int, int], None]

_MODE_SUBMODULE = 0o160000


@dataclass(slots=True)
class Held:
    """What holds it: files (id → a path that it has in a commit, "" for none), the commits in whose trees they are,
    newest first, and commits and tags whose own text holds it.
    """

    files: dict[str, str] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    objects: int = 0


def search(repository: Repository, holds: Holds, progress: Progress | None = None) -> Held:
    """Look at every object. Raises GitError where one cannot be read."""
    held = Held()
    commits: list[tuple[int, str, str]] = []
    reader = ObjectReader(repository)
    try:
        ids = list(_ids(repository))
        for done, identity in enumerate(ids):
            if progress is not None and not done % 256:
                progress(done, len(ids))
            kind, content = reader.read_any(identity)
            if kind == "commit":
                commits.append((_time_of(content), identity, content.split(b"\n", 1)[0][5:].decode("ascii", "replace")))
            if kind != "tree" and holds(identity, content):
                if kind == "blob":
                    held.files[identity] = ""
                else:
                    held.messages.append(identity)
        held.objects = len(ids)
        trees = _Trees(reader, repository.hash_length, held.files)
        newest_first = sorted(commits, reverse=True) if held.files else []
        held.commits = [identity for _, identity, tree in newest_first if trees.has_any(tree, "")]
    finally:
        reader.close()
    return held


class _Trees:
    """Which trees hold one of some files; each is read once."""

    def __init__(self, reader: ObjectReader, hash_length: int, files: dict[str, str]) -> None:
        self._reader, self._hash_length, self._files = reader, hash_length, files
        self._known: dict[str, bool] = {}

    def has_any(self, tree: str, prefix: str) -> bool:
        """Tell whether a tree, or one below it, has one of the files; note the path where it does."""
        if tree in self._known:
            return self._known[tree]
        found = False
        for name, entry in parse_tree(self._reader.read(tree, "tree"), self._hash_length).items():
            path = prefix + os.fsdecode(name)
            if entry.mode == MODE_FOLDER:
                found |= self.has_any(entry.identity, f"{path}/")
            elif entry.identity in self._files and entry.mode != _MODE_SUBMODULE:
                self._files[entry.identity] = self._files[entry.identity] or path
                found = True
        self._known[tree] = found
        return found


def _ids(repository: Repository) -> Iterator[str]:
    if repository.object_format == "sha256":
        # dulwich reads these as if they were SHA-1.
        listed = run_git(repository, ["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"])
        yield from listed.decode("ascii").split()
        return
    from dulwich.object_store import DiskObjectStore

    store = DiskObjectStore(repository.objects_dir)
    try:
        for identity in sorted(set(store)):
            yield identity.decode("ascii")
    finally:
        store.close()


def _time_of(commit: bytes) -> int:
    """Return when a commit was made, by its own word; 0 where that cannot be read."""
    for line in commit.split(b"\n\n", 1)[0].split(b"\n"):
        if line.startswith(b"committer "):
            words = line.rsplit(b" ", 2)
            return int(words[1]) if len(words) == 3 and words[1].isdigit() else 0
    return 0
