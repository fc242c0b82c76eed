"""What a sync does about blobs that git LFS carries: bytes reach its server before the commits that name them.

| when                  | what                                                                                         |
|-----------------------|----------------------------------------------------------------------------------------------|
| theirs is fetched     | the bytes that it names and that are not here are fetched, if git LFS is there and may; else |
|                       | their pointers come alone, which costs nobody anything but the reading of these blobs        |
| ours is to be pushed  | the bytes that its new commits name and that are here are uploaded, or nothing is pushed     |

Trees tell which blobs these are, and only folders that differ are read. Where there is none, no program is started.
"""

import contextlib
import os
from collections.abc import Iterator
from functools import cached_property
from itertools import chain

from journal.disk.folders import full_path
from journal.errors import DamagedError
from journal.format.names import parse_blob_file
from journal.format.pointer import Pointer, encode_pointer, lfs_sha256
from journal.git.configuration import read_configuration
from journal.git.lfs_objects import LfsObjects, lfs_folder
from journal.git.lfs_program import fetch_objects, fetches_by_itself, push_objects
from journal.git.objects import ObjectReader, blob_id
from journal.git.program import is_installed
from journal.git.repository import Repository
from journal.git.staged import added_since
from journal.git.status import head_commit
from journal.git.trees import MODE_FOLDER, TreeEntry, parse_tree
from journal.store.blobs import BLOBS, blob_files, lfs_blob_path, parked_blobs
from journal.store.engine import Engine
from journal.store.layout import has_lfs_rule
from journal.store.lfs import pointer_in
from journal.upkeep.lfs_filling import fill, holds_bytes, refresh_git
from journal.upkeep.place import Place

_Folder = tuple[str, str]
"""Name and tree of a folder of blobs."""


class LfsExchange:
    """One sync's dealings with git LFS; ``repository`` is the one that its remote is a remote of."""

    def __init__(self, engine: Engine, place: Place, repository: Repository, remote: str) -> None:
        self._engine, self._place, self._repository, self._remote = engine, place, repository, remote
        self._pushed: set[str] = set()
        self._has_failed = False
        self.lacks = False
        """Whether what was fetched last names bytes that are not here."""

    def fetch(self, theirs: str | None) -> None:
        """Fetch the bytes that are missing here, of what theirs brings and of what is checked out; or do without."""
        ours = head_commit(self._place.repository)
        self.lacks = self._misses_of(ours, theirs)
        if self._has_failed or not (self.lacks or self._unfetched()):
            return
        settings = read_configuration(self._repository)
        if fetches_by_itself(settings):
            commits = [commit for commit in (theirs, ours) if commit is not None]
            folder = self._place.outer(BLOBS)
            self._has_failed = not fetch_objects(self._repository, self._remote, commits, folder, settings)
            self.lacks = self._misses_of(ours, theirs)

    def push(self, ours: str, theirs: str | None) -> None:
        """Upload the bytes that the commits from theirs to ours name. Raises GitError, OfflineError."""
        wanted = {sha256 for sha256, identity in self._named_by(ours, theirs) if self._is_here(sha256, identity)}
        new = sorted(wanted - self._pushed)
        if new:
            push_objects(self._repository, self._remote, new)
            self._pushed.update(new)

    def settle(self) -> int:
        """Put fetched bytes into the place of their pointers; return how many blobs are still not fetched."""
        if not self._unfetched():
            return 0
        with self._engine.locked():
            paths = self._unfetched()
            filled = fill(self._engine.files, self._engine.root, self._place.repository, paths)
            refresh_git(self._engine, filled)
            return len(paths) - len(filled)

    @cached_property
    def _objects(self) -> LfsObjects:
        return LfsObjects(self._engine.files, lfs_folder(self._place.repository))

    def _unfetched(self) -> list[str]:
        """Return the paths of blobs of which only the pointer is in the work tree."""
        files, root = self._engine.files, self._engine.root
        found = blob_files(files, root) if has_lfs_rule(files, root) else ()
        return [file.path for file in found if pointer_in(files, root, file.path, file.stat) is not None]

    def _named_by(self, ours: str, theirs: str | None) -> Iterator[tuple[str, str]]:
        """Yield hash and git's id of the blobs that commits of ours name, also of those that left again."""
        with contextlib.closing(_Named(self._place)) as named:
            new = list(named.brought_by(ours, theirs))
        if not is_installed() or not (new or self._carries_any()):
            yield from new
            return
        repository = self._place.repository
        for difference in added_since(repository, ours, theirs, self._remote, self._place.outer(BLOBS)):
            sha256 = lfs_sha256(difference.path)
            if sha256 is not None and difference.new is not None:
                yield sha256, difference.new

    def _carries_any(self) -> bool:
        """Tell whether there is a blob for git LFS here, or one that was put aside."""
        files, root = self._engine.files, self._engine.root
        if not has_lfs_rule(files, root):
            return False
        here = (file.path for file in blob_files(files, root))
        aside = (path for path, _ in parked_blobs(files, root))
        return any(lfs_sha256(path) is not None for path in chain(here, aside))

    def _misses_of(self, ours: str | None, theirs: str | None) -> bool:
        """Tell whether theirs brings blobs whose bytes are not here."""
        if theirs is None or theirs == ours:
            return False
        with contextlib.closing(_Named(self._place)) as named:
            return any(not self._has_bytes(sha256) for sha256, _ in named.brought_by(theirs, ours))

    def _has_bytes(self, sha256: str) -> bool:
        files, root = self._engine.files, self._engine.root
        return files.stat(self._objects.path(sha256)) is not None or holds_bytes(files, root, lfs_blob_path(sha256))

    def _is_here(self, sha256: str, identity: str) -> bool:
        """Tell whether git LFS has the bytes of what git has as a pointer; it gets them where the work tree has them.

        Damaged ones are never sent. Without any the other clone that made the pointer is who uploads them.
        """
        files, objects = self._engine.files, self._objects
        path = full_path(self._engine.root, lfs_blob_path(sha256))
        for place in (objects.path(sha256), path):
            stat = files.stat(place)
            pointer = Pointer(sha256, stat.size if stat is not None else 0)
            if blob_id(encode_pointer(pointer), self._place.repository.object_format) != identity:
                continue
            if place != path and objects.is_sound(pointer):
                return True
            if place == path:
                with contextlib.suppress(DamagedError):
                    objects.keep(path, pointer)
                    return True
        return False


class _Named:
    """The blobs for git LFS that commits name, with git's id of each."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._reader = ObjectReader(place.repository)

    def close(self) -> None:
        self._reader.close()

    def brought_by(self, commit: str, other: str | None) -> Iterator[tuple[str, str]]:
        """Yield what a commit names in folders that another one has otherwise, or not at all."""
        known = set() if other is None else self._folders(other)
        for folder in sorted(self._folders(commit) - known):
            yield from self._blobs(folder)

    def _folders(self, commit: str) -> set[_Folder]:
        tree: str | None = self._reader.tree_of_commit(commit)
        for name in self._place.outer(BLOBS).split("/"):
            entry = self._entries(tree).get(os.fsencode(name))
            tree = entry.identity if entry is not None and entry.mode == MODE_FOLDER else None
        found = self._entries(tree).items()
        return {(os.fsdecode(name), entry.identity) for name, entry in found if entry.mode == MODE_FOLDER}

    def _blobs(self, folder: _Folder) -> Iterator[tuple[str, str]]:
        name, tree = folder
        for inner, entry in self._entries(tree).items():
            named = parse_blob_file(f"{name}/{os.fsdecode(inner)}")
            if named is not None and named.is_lfs and entry.mode != MODE_FOLDER:
                yield named.sha256, entry.identity

    def _entries(self, tree: str | None) -> dict[bytes, TreeEntry]:
        return {} if tree is None else parse_tree(self._reader.read(tree, "tree"), self._place.repository.hash_length)
