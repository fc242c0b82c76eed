"""Git's index on the disk: looked into, and replaced under its lock.

Crash argument: the new index is written to a passing file beside the old one, synced, and renamed
over it while ``index.lock`` is held. At every instant and after a power cut, the index is the old
one or the new one, whole; it holds the user's staged work, so it is synced although git itself
would not. A passing file that a kill left is removed by the next run that holds the lock.
"""

import contextlib
import hashlib
import os
import struct
import time
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from journal.disk.files import TEMPORARY_SUFFIX, Files, passing_name, removed_on_failure, write_whole
from journal.disk.folders import full_path
from journal.errors import GitError
from journal.git.content import Content
from journal.git.digests import Digest
from journal.git.index_by_git import mode_by_git, paths_by_git, replace_by_git, unmerged_by_git
from journal.git.index_format import IndexEntry, IndexFile, UnsupportedIndexError
from journal.git.index_patch import Edit, Wanted, edits_for, entry_bytes, patched, racy_entries, smudge
from journal.git.index_v4 import to_version_3, to_version_4
from journal.git.objects import blob_id
from journal.git.on_disk import content_for_git, stat_of_same
from journal.git.repository import Repository
from journal.git.trees import MODE_FILE, Placed

_RACY_LOOKED_INTO_MAX = 256
_SECOND_NS = 1_000_000_000
_CHUNK_BYTES = 1 << 18


class OpenedIndex(NamedTuple):
    """An index read from the disk, with what its entries' times are to be compared with."""

    file: IndexFile
    version: int
    has_checksum: bool
    mtime_ns: int


class Index:
    """The index of one work tree, to be looked into and changed while its lock is held."""

    def __init__(self, repository: Repository, path: str, files: Files) -> None:
        self._repository = repository
        self._files = files
        self._path = path
        self._opened = open_index(repository, path)
        self._before = b""

    def refuse_conflicts(self, paths: Sequence[str]) -> None:
        """Raise GitError where a path is in conflict, or a file stands where a folder is to be."""
        unmerged = _unmerged(self._repository, self._opened, paths, self._path)
        if self._opened is not None:
            _refuse_in_the_way(self._opened.file, paths)
        if unmerged:
            raise GitError(
                f"a merge left this path in conflict, so it cannot be committed yet: {unmerged[0]}",
                path=unmerged[0],
                hint="journal reconcile writes a readable file as it should be; then settle the conflict with git add",
            )

    def mode(self, path: str) -> int:
        """Return the mode that a path has in the index, or that of a plain file."""
        if self._opened is None:
            return mode_by_git(self._repository, path, self._path)
        found = self._opened.file.find(os.fsencode(path))
        return found[0].mode if found else MODE_FILE

    def put(self, placed: Mapping[str, Placed], contents: Mapping[str, Content | None]) -> int:
        """Make the index say what a commit says of these paths; return how many it did not."""
        if self._opened is None:
            self._before = self._files.read(self._path)
            replace_by_git(self._repository, self._path, placed, self._files, self._passing())
            return len(placed)
        self._opened.file.verify()
        wanted = {os.fsencode(path): self._wanted(path, place, contents[path]) for path, place in placed.items()}
        edits = edits_for(self._opened.file, wanted)
        if edits:
            self._replace(self._opened, edits, list(wanted), self._passing())
        return len(edits)

    def refresh(self, paths: Sequence[str]) -> int:
        """Note the files at these paths as they are now, where they hold what the index says; return how many.

        An index that only git understands is left to git.
        """
        if self._opened is None:
            return 0
        self._opened.file.verify()
        edits = [edit for path in paths if (edit := self._refreshed(self._opened.file, path)) is not None]
        if edits:
            self._replace(self._opened, edits, [], self._passing())
        return len(edits)

    def _refreshed(self, index: IndexFile, path: str) -> Edit | None:
        entries = index.find(os.fsencode(path))
        if len(entries) != 1 or entries[0].stage or not self._holds(entries[0]):
            return None
        (entry,) = entries
        content = content_for_git(_on_disk(self._repository, path), path)
        stat, _ = stat_of_same(_on_disk(self._repository, path), path, content)
        wanted = Wanted(entry.mode, entry.identity, stat, on_disk=True)
        return Edit(entry.start, entry.end, entry_bytes(entry.name, wanted, entry), 0)

    def restore(self) -> None:
        """Bring back what the index said before ``put``, for a commit that could not be made."""
        if self._opened is not None:
            self._replace(self._opened, [], [], self._passing())
        elif self._before:
            write_whole(self._files, self._path, self._before, durable=True)

    def _passing(self) -> str:
        return passing_name(os.path.join(self._repository.git_dir, "index"))

    def remove_leftovers(self) -> None:
        """Remove the passing files that killed runs left in the git folder. The lock is held."""
        for name in os.listdir(self._repository.git_dir):
            if name.endswith(TEMPORARY_SUFFIX):
                self._files.remove(os.path.join(self._repository.git_dir, name))

    def _replace(self, opened: OpenedIndex, edits: list[Edit], names: list[bytes], passing: str) -> None:
        second = opened.mtime_ns // _SECOND_NS
        with removed_on_failure(self._files, [passing]):
            same_second = int(time.time()) == second
            self._write(opened, edits if same_second else [*edits, *self._smudges(opened, edits)], names, passing)
            if same_second and os.stat(passing).st_mtime_ns // _SECOND_NS != second:
                self._files.remove(passing)
                self._write(opened, [*edits, *self._smudges(opened, edits)], names, passing)
            self._files.replace(passing, self._path)
        self._files.sync_folder(os.path.dirname(self._path))

    def _write(self, opened: OpenedIndex, edits: list[Edit], names: list[bytes], passing: str) -> None:
        index = opened.file
        pieces = patched(index, edits, names)
        if opened.version == 4:
            entries_end = index.entries_end + sum(len(edit.data) - (edit.end - edit.start) for edit in edits)
            pieces = [to_version_4(b"".join(pieces), entries_end, index.hash_length)]
        digest = Digest(pieces if opened.has_checksum else [], self._repository.object_format)
        with contextlib.closing(self._files.open_append(passing, create=True)) as file:
            for piece in pieces:
                for start in range(0, len(piece), _CHUNK_BYTES):
                    file.write(bytes(piece[start : start + _CHUNK_BYTES]))
            file.write(digest.result() if opened.has_checksum else bytes(index.hash_length))
            file.sync()

    def _wanted(self, path: str, place: Placed, content: Content | None) -> Wanted | None:
        if place.identity is None or content is None:
            return None
        stat, on_disk = stat_of_same(_on_disk(self._repository, path), path, content)
        return Wanted(place.mode, bytes.fromhex(place.identity), stat, on_disk)

    def _smudges(self, opened: OpenedIndex, edits: list[Edit]) -> list[Edit]:
        """Let git look into the files that only their index's age made it look into: see ``racy_entries``.

        A few files are looked into here; not needed where the new index is of the same second as
        the old one.
        """
        replaced = {edit.start for edit in edits if edit.end > edit.start}
        seconds = opened.mtime_ns // _SECOND_NS
        racy = [entry for entry in racy_entries(opened.file, seconds) if entry.start not in replaced]
        # Within that very second a file may still change without its times telling.
        look = seconds < int(time.time()) and len(racy) <= _RACY_LOOKED_INTO_MAX
        return [smudge(entry) for entry in racy if not (look and self._holds(entry))]

    def _holds(self, entry: IndexEntry) -> bool:
        name = os.fsdecode(entry.name)
        path = _on_disk(self._repository, name)
        try:
            return blob_id(content_for_git(path, name), self._repository.object_format) == entry.identity.hex()
        except OSError:
            return False


def open_index(repository: Repository, path: str) -> OpenedIndex | None:
    """Read an index; None where only git understands it. Raises GitError for a damaged one."""
    try:
        with open(path, "rb") as file:
            mtime_ns = os.fstat(file.fileno()).st_mtime_ns
            data = file.read()
    except FileNotFoundError:
        mtime_ns, data = 0, b"DIRC" + struct.pack(">II", 2, 0)
        data += _checksum(data, repository)
    try:
        index = IndexFile(data, repository.object_format)
        version, has_checksum = index.version, index.has_checksum
        if version == 4:
            index.verify()
            index = IndexFile(to_version_3(data, index.hash_length), repository.object_format)
    except UnsupportedIndexError:
        return None
    return OpenedIndex(index, version, has_checksum, mtime_ns)


def tracked_paths(repository: Repository, prefix: str) -> set[str]:
    """Return the paths in the index that start with ``prefix``, in conflict or not."""
    opened = open_index(repository, repository.index_path)
    if opened is None:
        return paths_by_git(repository, prefix, repository.index_path)
    opened.file.verify()
    found: set[str] = set()
    start = os.fsencode(prefix)
    for entry in opened.file.entries(opened.file.seek(start)):
        if not entry.name.startswith(start):
            break
        found.add(os.fsdecode(entry.name))
    return found


def tracked_identities(repository: Repository, prefix: str) -> dict[str, str]:
    """Return path to id of the files in the index that start with ``prefix``, without those in conflict.

    Nothing, where only git understands the index.
    """
    opened = open_index(repository, repository.index_path)
    if opened is None:
        return {}
    opened.file.verify()
    start = os.fsencode(prefix)
    below = takewhile(lambda entry: entry.name.startswith(start), opened.file.entries(opened.file.seek(start)))
    return {os.fsdecode(entry.name): entry.identity.hex() for entry in below if not entry.stage}


def unmerged_paths(repository: Repository, paths: Sequence[str]) -> list[str]:
    """Return those of the paths that a merge left in conflict."""
    return _unmerged(repository, open_index(repository, repository.index_path), paths, repository.index_path)


def _unmerged(repository: Repository, opened: OpenedIndex | None, paths: Sequence[str], index_path: str) -> list[str]:
    if opened is None:
        return unmerged_by_git(repository, paths, index_path)
    return [path for path in paths if any(entry.stage for entry in opened.file.find(os.fsencode(path)))]


def _refuse_in_the_way(index: IndexFile, paths: Sequence[str]) -> None:
    """Raise GitError where a new entry would stand beside a folder or under a file of its own name."""
    folders: set[bytes] = set()
    for path in paths:
        name = os.fsencode(path)
        if index.find(name):
            continue
        below = index.seek(name + b"/")
        if below < index.entries_end and index.entry_at(below).name.startswith(name + b"/"):
            raise _in_the_way(path, "a folder")
        parts = name.split(b"/")
        folders.update(b"/".join(parts[:depth]) for depth in range(1, len(parts)))
    for name in folders:
        if index.find(name):
            raise _in_the_way(os.fsdecode(name), "a file")


def _in_the_way(path: str, what: str) -> GitError:
    return GitError(
        f"git's index holds {what} where it is not to be: {path}", path=path, hint="look at it with: git status"
    )


def _on_disk(repository: Repository, path: str) -> str:
    return full_path(repository.work_tree, path)


def _checksum(data: bytes, repository: Repository) -> bytes:
    return hashlib.new(repository.object_format, data, usedforsecurity=False).digest()
