"""HEAD and the branch it names: reading them, and moving them only from where they were seen.

Refs in plain files are read and written here. Where that is not the whole truth (the ``reftable``
storage, or a ``reference-transaction`` hook that wants to hear of changes), git does it.
"""

import contextlib
import os
import re
from dataclasses import dataclass

from journal.disk.files import Files, passing_name, removed_on_failure
from journal.errors import GitError
from journal.git.identity import Identity
from journal.git.lock_file import LockFile
from journal.git.program import start_git, words_of
from journal.git.repository import Repository

_DEPTH_MAX = 5
_SPACES = " \t\r\n"
"""A name may end in other spaces than these, a no-break space for one."""
_LOCK_TIMEOUT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Head:
    """Where HEAD stands: on the ref ``ref`` ("HEAD" itself if detached) at ``commit`` (None: unborn)."""

    ref: str
    commit: str | None

    @property
    def branch(self) -> str | None:
        """The branch's short name; None where HEAD is detached."""
        return None if self.ref == "HEAD" else self.ref.removeprefix("refs/heads/")


class MovedError(Exception):
    """The ref was not where it had been seen: somebody else moved it in between."""


def read_head(repository: Repository) -> Head:
    """Read HEAD. Raises GitError where it is missing or malformed."""
    if repository.ref_storage != "files":
        return _read_head_by_git(repository)
    ref = "HEAD"
    for _ in range(_DEPTH_MAX):
        value = _read_ref(repository, ref)
        if value is None:
            if ref == "HEAD":
                raise GitError("HEAD is missing", path=repository.git_dir)
            return Head(ref, None)
        if not value.startswith("ref:"):
            return Head(ref, _checked(repository, value, ref))
        ref = value[4:].strip(_SPACES)
        if not ref.startswith("refs/") or ".." in ref or ref.endswith(".lock"):
            raise GitError(f"HEAD names no ref: {ref!r}", path=repository.git_dir)
    raise GitError("HEAD leads from ref to ref without an end", path=repository.git_dir)


def read_ref(repository: Repository, ref: str) -> str | None:
    """Return the commit that a ref such as ``refs/heads/main`` names; None where there is no such ref."""
    if repository.ref_storage != "files":
        value = start_git(repository, ["rev-parse", "-q", "--verify", ref])
        return value.stdout.decode().strip() if value.returncode == 0 else None
    value_there = _read_ref(repository, ref)
    return None if value_there is None else _checked(repository, value_there, ref)


def move_head(
    repository: Repository,
    seen: Head,
    commit: str,
    *,
    files: Files,
    identity: Identity,
    message: str,
    log: str,
    by_git: bool,
) -> None:
    """Move what HEAD stands for from ``seen`` to ``commit``, and note it in the reflogs.

    ``log`` is git's setting core.logAllRefUpdates; ``by_git`` leaves the moving to the git program.
    Raises MovedError, with nothing changed, where HEAD is no longer as seen; GitError where a ref
    stays locked.

    Crash argument: under HEAD's lock and the ref's, both are compared with what was seen; then the
    new value is synced beside them and renamed over the ref, and the folder is synced. The commit
    is durable before. A kill leaves the ref old or new, never torn; the lines of the reflog may be
    missing, which git bears; the locks are taken over by the next run.
    """
    if by_git or repository.ref_storage != "files":
        _move_by_git(repository, seen, commit, message)
        return
    if seen.commit is None:
        _refuse_in_the_way(repository, seen.ref)
    _make_folders(repository, _ref_path(repository, seen.ref), files)
    with contextlib.ExitStack() as held:
        for lock in _locks(repository, seen, files):
            held.enter_context(lock.held(_LOCK_TIMEOUT_SECONDS))
        if read_head(repository) != seen:
            raise MovedError
        _write_ref(repository, seen.ref, commit, files)
    old = seen.commit or "0" * (2 * repository.hash_length)
    line = f"{old} {commit} ".encode() + identity.line() + b"\t" + message.encode("utf-8", "surrogateescape") + b"\n"
    # The commit is made; a log that cannot be written does not unmake it.
    with contextlib.suppress(OSError):
        for name in dict.fromkeys([seen.ref, "HEAD"]):
            _append_reflog(repository, name, line, log, files)


def remove_left_locks(repository: Repository, head: Head, files: Files) -> None:
    """Remove the locks of HEAD and its branch that a killed run of ours left, or git's user would stumble."""
    for lock in _locks(repository, head, files):
        lock.remove_if_left_behind()


def note_ref(repository: Repository, ref: str, commit: str, files: Files) -> None:
    """Let a ref that is no branch of the user's name a commit, durably, whatever it named before. Raises GitError."""
    path = _ref_path(repository, ref)
    _make_folders(repository, path, files)
    with LockFile(path, files).held(_LOCK_TIMEOUT_SECONDS):
        _write_ref(repository, ref, commit, files)


def _locks(repository: Repository, head: Head, files: Files) -> list[LockFile]:
    return [LockFile(_ref_path(repository, name), files) for name in dict.fromkeys(["HEAD", head.ref])]


def _write_ref(repository: Repository, ref: str, commit: str, files: Files) -> None:
    path = _ref_path(repository, ref)
    # Not in the refs' folder, where git would take it for a ref.
    passing = passing_name(os.path.join(repository.git_dir, "ref"))
    with removed_on_failure(files, [passing]):
        files.create(passing, commit.encode() + b"\n")
        files.sync(passing)
        # An empty folder is what a deleted branch "a/b" leaves where branch "a" is to be.
        files.remove_folder(path)
        files.replace(passing, path)
    files.sync_folder(os.path.dirname(path))


def _ref_path(repository: Repository, ref: str) -> str:
    shared = ref.startswith("refs/") and not ref.startswith(("refs/bisect/", "refs/worktree/", "refs/rewritten/"))
    return os.path.join(repository.common_dir if shared else repository.git_dir, *ref.split("/"))


def _read_ref(repository: Repository, ref: str) -> str | None:
    path = _ref_path(repository, ref)
    if os.path.islink(path):
        raise GitError(f"{ref} is a symbolic link", path=path, hint=f"run: git symbolic-ref {ref} <branch>")
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError), open(path, "rb") as file:
        return os.fsdecode(file.read(4096)).strip(_SPACES)
    return _read_packed(repository, ref) if ref != "HEAD" else None


def _refuse_in_the_way(repository: Repository, ref: str) -> None:
    """Refuse a new branch ``a/b`` beside a packed ``a``, and the other way round; of others the disk itself tells."""
    name = os.fsencode(ref)
    for line in _packed(repository).split(b"\n"):
        other = line.partition(b" ")[2]
        if other.startswith(b"refs/") and (other.startswith(name + b"/") or name.startswith(other + b"/")):
            raise GitError(
                f"a ref is in the way of {ref}: there is {os.fsdecode(other)}",
                path=repository.work_tree,
                hint="git branch -m OTHER gives the new branch another name",
            )


def _packed(repository: Repository) -> bytes:
    try:
        with open(os.path.join(repository.common_dir, "packed-refs"), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def _read_packed(repository: Repository, ref: str) -> str | None:
    packed = b"\n" + _packed(repository)
    end = packed.find(b" %s\n" % os.fsencode(ref))
    return packed[packed.rindex(b"\n", 0, end) + 1 : end].decode("ascii", "replace") if end > 0 else None


def _checked(repository: Repository, value: str, ref: str) -> str:
    if len(value) != 2 * repository.hash_length or re.fullmatch("[0-9a-f]+", value) is None:
        raise GitError(f"{ref} holds no object id", path=_ref_path(repository, ref), hint="run: git fsck")
    return value


def _make_folders(repository: Repository, path: str, files: Files) -> None:
    """Make the folders of a path, each durable before what goes into it."""
    folder = os.path.dirname(path)
    if files.stat(folder) is None:
        _make_folders(repository, folder, files)
        files.make_folder(folder)
        files.sync_folder(os.path.dirname(folder))


def _append_reflog(repository: Repository, ref: str, line: bytes, log: str, files: Files) -> None:
    base = repository.git_dir if ref == "HEAD" else repository.common_dir
    path = os.path.join(base, "logs", *ref.split("/"))
    exists = files.stat(path) is not None
    wanted = log == "always" or (log == "true" and (ref == "HEAD" or ref.startswith("refs/heads/")))
    if not exists and not wanted:
        return
    _make_folders(repository, path, files)
    with contextlib.closing(files.open_append(path, create=not exists)) as file:
        file.write(line)


def _read_head_by_git(repository: Repository) -> Head:
    named = start_git(repository, ["symbolic-ref", "-q", "HEAD"])
    if named.returncode not in (0, 1):
        raise GitError(f"HEAD cannot be read: {words_of(named)}", path=repository.git_dir)
    value = start_git(repository, ["rev-parse", "-q", "--verify", "HEAD"])
    return Head(
        os.fsdecode(named.stdout).strip(_SPACES) or "HEAD",
        value.stdout.decode().strip() if value.returncode == 0 else None,
    )


def _move_by_git(repository: Repository, seen: Head, commit: str, message: str) -> None:
    old = seen.commit or "0" * (2 * repository.hash_length)
    options = ["--no-deref"] if seen.ref == "HEAD" else []
    command = ["-c", "core.fsync=reference", "update-ref", *options, "-m", message, "HEAD", commit, old]
    ended = start_git(repository, command)
    if ended.returncode == 0:
        return
    if read_head(repository) != seen:
        raise MovedError
    raise GitError(f"git did not move {seen.ref}: {words_of(ended)}", path=repository.git_dir)
