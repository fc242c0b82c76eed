"""Committing the store's own paths, and nothing else.

``git add`` and ``git commit`` would take the user's staged work along, or revert our files at the
next commit, or cost what the whole repository costs. So the steps are made here, in git's own
protocol and in this order, and a kill or a power cut between any two leaves this:

| step                                         | what is left, and what the next run does                    |
|----------------------------------------------|-------------------------------------------------------------|
| take index.lock                              | a lock of ours: recognised and taken over (lock_file.py)    |
| write blobs, trees, commit; sync them        | objects that nothing names: found again, or left to gc      |
| write, sync and rename the index             | our paths staged, as by ``git add``: whoever commits next,  |
|                                              | we or the user, commits them                                |
| under the ref's lock: compare, sync, rename  | the ref old, as above, or new, with all else in place       |
| reflog                                       | a line missing in the log                                   |
| remove index.lock                            | all done but the lock                                       |

The index goes before the ref. The other way round, as in ``git commit`` itself, a kill between the
two leaves an index in which our files are as before, and the user's next commit reverts ours.

So at every instant ``git fsck`` is clean, no staged work is lost, no later commit takes ours back,
and running it again completes it, also with nothing to commit: then it clears the locks away. (Git
syncs no objects by itself: a commit of the user's just before ours may be lost all the same.)
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from journal.disk.files import Files
from journal.errors import GitError
from journal.git.commit_object import write_commit
from journal.git.configuration import Configuration, read_configuration
from journal.git.content import Content
from journal.git.hooks import HookedCommit, Hooks
from journal.git.identity import Identity, author_and_committer
from journal.git.index_file import Index
from journal.git.lock_file import LockFile
from journal.git.objects import ObjectReader, ObjectWriter
from journal.git.refs import Head, MovedError, move_head, read_head, remove_left_locks
from journal.git.repository import Repository
from journal.git.safety import refuse_dubious_ownership, refuse_in_progress
from journal.git.trees import Placed, TreeSplitter

_ATTEMPTS_MAX = 5
_HOOKS_BEFORE = ("pre-commit", "prepare-commit-msg", "commit-msg")
_HOOKS_NOT_SKIPPED = ("prepare-commit-msg",)


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a path is to be: ``path`` is relative to the work tree, its parts separated by "/"."""

    path: str
    content: Content | None  # None: removed


@dataclass(frozen=True, slots=True)
class CommitResult:
    """A commit that was made; ``changed`` counts the paths that differ from the one before.

    ``left_behind`` counts those for git LFS whose bytes a plain ``git push`` would leave here.
    """

    commit: str
    branch: str | None  # None: HEAD is detached
    changed: int
    tree: str
    left_behind: int = 0


def commit_changes(
    repository: Repository,
    changes: Sequence[FileChange],
    message: str,
    *,
    files: Files,
    author: str | None = None,
    verify: bool = True,
    lock_timeout_seconds: float = 5.0,
    configuration: Configuration | None = None,
    holds: Callable[[], bool] = lambda: True,
) -> CommitResult | None:
    """Commit exactly these contents on top of HEAD; None where HEAD holds them already.

    Bytes are committed as given, whatever filters or line endings git is set to. What the user has
    staged, changed or not tracked elsewhere stays as it is and out of the commit. Our entries in
    the index are brought up to date in both cases. ``author`` is "Name <mail>"; None takes git's.
    ``verify=False`` skips the hooks pre-commit and commit-msg, as git's ``--no-verify`` does.
    ``configuration``: git's settings, where the caller has read them. ``holds`` is asked once git is kept out of the
    work tree: whether the contents are still those of the files there. Raises MovedError, with nothing changed, if not.

    Raises GitError, with nothing changed, where git's lock stays held, a rebase or bisect is under
    way, a path is in conflict or stands where something else is, no identity is set, a hook
    refuses, signing fails, or something needs the git program and there is none.
    """
    with os_errors_as_git_errors(repository):
        contents = _checked(changes)
        repository.refuse_foreign_environment()
        if repository.index_path_in_use() != repository.index_path:
            raise GitError(
                "GIT_INDEX_FILE names another index than the work tree's: this runs inside a git command",
                hint="commit the journal before or after it",
            )
        configuration = configuration or read_configuration(repository)
        refuse_dubious_ownership(repository, configuration)
        with LockFile(repository.index_path, files).held(lock_timeout_seconds) as lock:
            refuse_in_progress(repository)
            _refuse_moved(holds)
            result = _Commit(repository, configuration, contents, files, lock).run(message, author, verify=verify)
        if result is not None:
            # The commit stands, whatever this hook says of it; git too passes over its exit status.
            Hooks(repository, configuration).notify("post-commit")
        return result


def stage_changes(
    repository: Repository,
    changes: Sequence[FileChange],
    *,
    files: Files,
    lock_timeout_seconds: float = 5.0,
    holds: Callable[[], bool] = lambda: True,
) -> int:
    """Put exactly these contents into the index, as ``git add`` would; return how many it did not hold.

    In a hook of git, the index that the surrounding command works on is meant. Raises GitError and MovedError as
    ``commit_changes`` does. After a kill the index is the old one or the new one; objects that
    nothing names are left to ``git gc``.
    """
    with os_errors_as_git_errors(repository):
        contents = _checked(changes)
        repository.refuse_foreign_environment()
        refuse_dubious_ownership(repository, read_configuration(repository))
        path = repository.index_path_in_use()
        with LockFile(path, files).held(lock_timeout_seconds) as lock:
            _refuse_moved(holds)
            index = Index(repository, path, files)
            index.refuse_conflicts(list(contents))
            writer = ObjectWriter(repository, files)
            blobs = {name: None if data is None else writer.add_blob(data) for name, data in contents.items()}
            writer.flush()
            placed = {name: Placed(index.mode(name), identity, differs=True) for name, identity in blobs.items()}
            lock.check()
            return index.put(placed, contents)


class _Commit:
    """One commit, while the index's lock is held."""

    def __init__(
        self,
        repository: Repository,
        configuration: Configuration,
        contents: Mapping[str, Content | None],
        files: Files,
        lock: LockFile,
    ) -> None:
        self._repository = repository
        self._configuration = configuration
        self._contents = contents
        self._files = files
        self._lock = lock
        self._reader = ObjectReader(repository)
        self._writer = ObjectWriter(repository, files)
        self._hooks = Hooks(repository, configuration)

    def run(self, message: str, author: str | None, *, verify: bool) -> CommitResult | None:
        """Commit on top of HEAD, anew where somebody else moved HEAD meanwhile."""
        index = Index(self._repository, self._repository.index_path, self._files)
        index.remove_leftovers()
        index.refuse_conflicts(list(self._contents))
        try:
            for _ in range(_ATTEMPTS_MAX):
                with contextlib.suppress(MovedError):
                    return self._attempt(index, message, author, verify=verify)
        finally:
            self._reader.close()
        index.restore()
        raise GitError(
            "HEAD moved at every attempt to commit; nothing was committed",
            path=self._repository.work_tree,
            hint="wait for the other git commands and run it again",
        )

    def _attempt(self, index: Index, message: str, author: str | None, *, verify: bool) -> CommitResult | None:
        head = read_head(self._repository)
        tree, placed = self._split(head)
        changed = sum(place.differs for place in placed.values())
        if not changed:
            self._writer.discard()
            index.put(placed, self._contents)
            remove_left_locks(self._repository, head, self._files)
            return None
        identities = author_and_committer(self._configuration, author)
        text = _clean(message.encode())
        if any(self._hooks.has(name) for name in (_HOOKS_BEFORE if verify else _HOOKS_NOT_SKIPPED)):
            self._writer.flush()
            text = _clean(self._after_hooks(tree, text, identities[0], verify=verify))
        parents = [head.commit] if head.commit is not None else []
        commit = write_commit(self._repository, self._configuration, self._writer, tree, parents, identities, text)
        self._lock.check()
        index.put(placed, self._contents)
        try:
            self._move(head, commit, identities[1], text)
        except (GitError, OSError):
            if read_head(self._repository).commit != commit:
                index.restore()
            raise
        return CommitResult(commit, head.branch, changed, tree)

    def _split(self, head: Head) -> tuple[str, dict[str, Placed]]:
        base = None if head.commit is None else self._reader.tree_of_commit(head.commit)
        add = self._writer.add_blob
        blobs = {path: None if data is None else add(data) for path, data in self._contents.items()}
        return TreeSplitter(self._repository, self._reader, self._writer).split(base, blobs)

    def _after_hooks(self, tree: str, text: bytes, author: Identity, *, verify: bool) -> bytes:
        hooked = HookedCommit(self._repository, self._hooks, self._files, author)
        try:
            return hooked.message_after_hooks(tree, text, list(self._contents), verify=verify)
        finally:
            hooked.close()

    def _move(self, head: Head, commit: str, committer: Identity, text: bytes) -> None:
        subject = " ".join(text.decode("utf-8", "replace").split("\n\n")[0].split())
        move_head(
            self._repository,
            head,
            commit,
            files=self._files,
            identity=committer,
            message=f"commit{'' if head.commit else ' (initial)'}: {subject}",
            log=self._configuration.get("core.logallrefupdates") or "true",
            by_git=self._hooks.has("reference-transaction"),
        )


@contextlib.contextmanager
def os_errors_as_git_errors(repository: Repository) -> Iterator[None]:
    """Let what the disk refuses while git's files are worked on be an error of git's."""
    try:
        yield
    except OSError as error:
        raise GitError(
            f"the repository could not be written or read: {error}",
            path=error.filename if isinstance(error.filename, str) else repository.git_dir,
            hint="run it again once the cause is gone: a commit that was cut off is completed",
        ) from error


def _refuse_moved(holds: Callable[[], bool]) -> None:
    if not holds():
        raise MovedError


def _checked(changes: Sequence[FileChange]) -> dict[str, Content | None]:
    contents: dict[str, Content | None] = {}
    for change in changes:
        parts = change.path.split("/")
        unsafe = any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
        if unsafe or "\0" in change.path or os.path.isabs(change.path):
            raise GitError(f"this is no path in a work tree: {change.path!r}", path=change.path)
        if change.path in contents:
            raise GitError(f"this path is given twice: {change.path!r}", path=change.path)
        contents[change.path] = change.content
    return contents


def _clean(message: bytes) -> bytes:
    """Take out what git takes out of a message: spaces at ends of lines, and empty lines but one between texts."""
    lines = b"\n".join(line.rstrip() for line in message.split(b"\n"))
    text = re.sub(rb"\n{3,}", b"\n\n", lines).strip(b"\n")
    if not text or b"\0" in text:
        raise GitError("a commit needs a message, without NUL in it")
    return text + b"\n"
