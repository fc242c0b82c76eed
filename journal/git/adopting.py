"""Moving the checked-out branch to a commit that is there, or to a merge with it, for the store's paths alone.

The files themselves are on the disk before (journal/upkeep/exchange/joining.py).

Crash argument: as in ``commit.py``, in this order, under git's own lock of the index: objects, synced; the index,
synced and renamed into place; the branch, only from where it was seen. A kill between index and branch leaves the
incoming paths staged: whoever commits next, the next sync first of all, commits them, and the merge after that finds
both sides to have them. A branch that somebody moved meanwhile stays where it is, and so does the index.
"""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from journal.disk.files import Files
from journal.git.ancestry import ancestry_of, merge_bases
from journal.git.commit import os_errors_as_git_errors
from journal.git.commit_object import write_commit
from journal.git.configuration import read_configuration
from journal.git.content import Content
from journal.git.hooks import Hooks
from journal.git.identity import author_and_committer, identity_for_logs
from journal.git.index_file import Index
from journal.git.lock_file import LockFile
from journal.git.merging import Difference, differences
from journal.git.objects import ObjectReader, ObjectWriter
from journal.git.refs import Head, move_head, read_head
from journal.git.repository import Repository
from journal.git.safety import refuse_dubious_ownership, refuse_in_progress
from journal.git.trees import MODE_FILE, Placed, TreeEntry, TreeSplitter, parse_tree

_LOCK_TIMEOUT_SECONDS = 5.0


class Meeting:
    """Our branch and another commit: what is common to them, and what differs. Nothing is changed by looking."""

    def __init__(self, repository: Repository, seen: Head, theirs: str) -> None:
        self.repository, self.seen, self.theirs = repository, seen, theirs
        self.reader = ObjectReader(repository)

    @functools.cached_property
    def bases(self) -> list[str]:
        """The best common ancestors."""
        if self.seen.commit is None:
            return []
        return merge_bases(ancestry_of(self.repository, self.reader), self.seen.commit, self.theirs)

    @property
    def is_settled(self) -> bool:
        """Tell whether our branch has all of theirs."""
        return self.theirs in self.bases

    @property
    def is_forward(self) -> bool:
        """Tell whether theirs has all of ours, so that our branch only has to move."""
        return self.seen.commit is None or self.seen.commit in self.bases

    def differences(self) -> Iterator[Difference]:
        """Yield every file that differs between ours and theirs."""
        trees = [self.reader.tree_of_commit(base) for base in self.bases]
        return differences(self.entries, trees, self.our_tree, self.their_tree)

    @functools.cached_property
    def our_tree(self) -> str | None:
        """The tree of our branch; None where it has no commit yet."""
        return None if self.seen.commit is None else self.reader.tree_of_commit(self.seen.commit)

    @functools.cached_property
    def their_tree(self) -> str:
        """The tree of the other commit."""
        return self.reader.tree_of_commit(self.theirs)

    def entries(self, tree: str) -> dict[bytes, TreeEntry]:
        """Return the entries of a tree."""
        return parse_tree(self.reader.read(tree, "tree"), self.repository.hash_length)

    def blob(self, identity: str) -> bytes:
        """Return the content of a file. Raises GitError."""
        return self.reader.read(identity, "blob")

    def tree_below(self, tree: str | None, prefix: str) -> str | None:
        """Return the tree of a folder in a tree; None where it has none."""
        for name in prefix.split("/") if prefix else []:
            entry = None if tree is None else self.entries(tree).get(os.fsencode(name))
            tree = None if entry is None else entry.identity
        return tree

    def close(self) -> None:
        """Close what was opened."""
        self.reader.close()


class Outcome(NamedTuple):
    """What our branch is to say of some paths of git's: blob ids of what is there, bytes of what is new, None: gone."""

    blobs: Mapping[str, str | bytes | None]
    message: str


def move_forward(meeting: Meeting, *, files: Files, log: str) -> None:
    """Move our branch to theirs, and the index with it.

    Raises MovedError where the branch is no longer as seen, GitError where git's locks are held or paths in conflict.
    """
    with os_errors_as_git_errors(meeting.repository):
        _Move(meeting, files).run(_theirs(meeting), lambda: meeting.theirs, log)


def complete_index(meeting: Meeting, *, files: Files) -> None:
    """Let the index say what theirs does, where the branch is there already. Raises GitError."""
    with os_errors_as_git_errors(meeting.repository):
        _Move(meeting, files).stay(_theirs(meeting))


def _theirs(meeting: Meeting) -> dict[str, Placed]:
    return {
        found.path: Placed(found.theirs.mode, found.theirs.identity, differs=True)
        if found.theirs is not None
        else Placed(MODE_FILE, None, differs=True)
        for found in meeting.differences()
    }


def merge(meeting: Meeting, outcome: Outcome, *, files: Files, log: str) -> str:
    """Commit a merge of ours and theirs, with ``outcome`` on top of ours; return it. Raises as ``move_forward``."""
    repository = meeting.repository
    with os_errors_as_git_errors(repository):
        writer = ObjectWriter(repository, files)
        blobs = {
            path: writer.add("blob", found) if isinstance(found, bytes) else found
            for path, found in outcome.blobs.items()
        }
        tree, placed = TreeSplitter(repository, meeting.reader, writer).split(meeting.our_tree, blobs)
        move = _Move(meeting, files)
        parents = [commit for commit in (meeting.seen.commit, meeting.theirs) if commit is not None]

        def commit() -> str:
            return write_commit(
                repository,
                move.configuration,
                writer,
                tree,
                parents,
                author_and_committer(move.configuration, None),
                f"{outcome.message}\n".encode("utf-8", "surrogateescape"),
            )

        return move.run(placed, commit, log)


class _Move:
    """One move of the branch, under the index's lock."""

    def __init__(self, meeting: Meeting, files: Files) -> None:
        self._meeting, self._repository, self._files = meeting, meeting.repository, files
        self.configuration = read_configuration(self._repository)

    @contextlib.contextmanager
    def _indexed(self, placed: Mapping[str, Placed]) -> Iterator[tuple[Index, LockFile]]:
        """Give the index, locked and looked at."""
        repository, files = self._repository, self._files
        repository.refuse_foreign_environment()
        refuse_dubious_ownership(repository, self.configuration)
        with LockFile(repository.index_path, files).held(_LOCK_TIMEOUT_SECONDS) as lock:
            refuse_in_progress(repository)
            index = Index(repository, repository.index_path, files)
            index.remove_leftovers()
            index.refuse_conflicts(list(placed))
            yield index, lock

    def stay(self, placed: Mapping[str, Placed]) -> None:
        """Change the index alone."""
        with self._indexed(placed) as (index, _):
            index.put(placed, _Contents(self._meeting, placed))

    def run(self, placed: Mapping[str, Placed], make: Callable[[], str], log: str) -> str:
        """Make the commit, change the index, move the branch to it."""
        repository, files, seen = self._repository, self._files, self._meeting.seen
        with self._indexed(placed) as (index, lock):
            commit = make()
            lock.check()
            index.put(placed, _Contents(self._meeting, placed))
            try:
                move_head(
                    repository,
                    seen,
                    commit,
                    files=files,
                    identity=identity_for_logs(self.configuration),
                    message=log,
                    log=self.configuration.get("core.logallrefupdates") or "true",
                    by_git=Hooks(repository, self.configuration).has("reference-transaction"),
                )
            except BaseException:
                if read_head(repository).commit != commit:
                    index.restore()
                raise
        return commit


class _Contents(Mapping[str, Content | None]):
    """The contents of what a commit says of some paths, each read when it is asked for."""

    def __init__(self, meeting: Meeting, placed: Mapping[str, Placed]) -> None:
        self._meeting, self._placed = meeting, placed

    def __getitem__(self, path: str) -> bytes | None:
        identity = self._placed[path].identity
        return None if identity is None else self._meeting.blob(identity)

    def __iter__(self) -> Iterator[str]:
        return iter(self._placed)

    def __len__(self) -> int:
        return len(self._placed)
