"""Merging by the git program, where files outside of the store are concerned: those are for git to merge."""

import os
from collections.abc import Sequence

from journal.errors import GitError
from journal.git.program import run_git, start_git, words_of
from journal.git.repository import Repository

_TRIES = 5
_WORDS = {"LC_ALL": "C", "GIT_EDITOR": ":", "GIT_MERGE_AUTOEDIT": "no"}


def merge_by_git(
    repository: Repository,
    theirs: str,
    message: str,
    *,
    store: str,
    rewritten: Sequence[str],
    verify: bool,
    has_bytes: bool = True,
) -> list[str]:
    """Merge a commit into the checked-out branch and its work tree; return the paths that git left in conflict.

    ``store``: its folder, whose files others may be writing meanwhile; ``rewritten``: as ``give_up`` has it.
    ``has_bytes``: git LFS can give git all bytes of ours; else it gives it pointers, or git would refuse.

    Raises GitError, with nothing changed, where git refuses to begin, as changed files are in the way for instance, and
    where a hook refuses the merge.
    """
    under_way = os.path.join(repository.git_dir, "MERGE_HEAD")
    is_anothers = os.path.lexists(under_way)
    options = ["--ff", "--no-edit", "--no-progress", *([] if verify else ["--no-verify"])]
    kept = _Kept(repository, store)
    environment = _WORDS if has_bytes else {**_WORDS, "GIT_LFS_SKIP_SMUDGE": "1"}
    try:
        ended = start_git(repository, ["merge", *options, "-m", message, theirs], environment=environment)
    except BaseException:  # git has been killed, perhaps where it had taken all changes away
        kept.put_back()
        raise
    if ended.returncode == 0:
        return []
    unmerged = run_git(repository, ["diff", "--name-only", "--diff-filter=U", "-z"]).split(b"\0")
    if unmerged == [b""] or not os.path.lexists(under_way):
        words = words_of(ended)
        hint = "nothing was merged; `git status` shows what is in the way: commit it, then journal sync again"
        if os.path.lexists(under_way) and not is_anothers:
            give_up(repository, rewritten)
            hint = "nothing was merged: a hook refused it; mend what it says, then journal sync again"
        kept.put_back()
        if "unrelated histories" in words:
            hint = "nothing was merged; name the branch or the remote that you mean, or have git join the two once"
        raise GitError(f"git did not merge: {words}", path=repository.work_tree, hint=hint)
    return [os.fsdecode(path) for path in unmerged if path]


def conclude(repository: Repository, settled: Sequence[str], *, verify: bool) -> None:
    """Commit the merge that git stopped in, the conflicts at these paths settled as the work tree has them."""
    run_git(repository, ["add", "-A", "--", *settled], environment={**_WORDS, "GIT_LITERAL_PATHSPECS": "1"})
    run_git(repository, ["commit", "--no-edit", "-q", *([] if verify else ["--no-verify"])], environment=_WORDS)


def give_up(repository: Repository, rewritten: Sequence[str]) -> None:
    """Go back to where the merge began. Raises GitError.

    ``rewritten``: folders whose files are made again at any time. Git does not go back as long as one that the merge
    brought is changed, as it is where somebody writes meanwhile.
    """
    for tries_left in range(_TRIES - 1, -1, -1):
        try:
            run_git(repository, ["merge", "--abort"], environment=_WORDS)
            return
        except GitError:
            brought = _changed(repository, ["--cached", "HEAD"], rewritten) & _changed(repository, [], rewritten)
            if not tries_left or not brought:
                raise
        literally = {**_WORDS, "GIT_LITERAL_PATHSPECS": "1"}
        run_git(repository, ["restore", "--worktree", "--", *sorted(brought)], environment=literally)


def _changed(repository: Repository, sides: Sequence[str], within: Sequence[str]) -> set[str]:
    command = ["diff", "--name-only", "--no-renames", "--ignore-submodules=all", "-z", *sides, "--", *within]
    return {os.fsdecode(path) for path in run_git(repository, command).split(b"\0") if path}


class _Kept:
    """The user's changed and staged files as they are before a merge, as a stash that no ref names.

    Git too makes one, and takes all changes away and puts them back where a merge cannot begin. It puts nothing back
    where one of the files changes meanwhile, as the store's readable ones do while somebody writes; and says nothing.
    """

    def __init__(self, repository: Repository, store: str) -> None:
        self._repository = repository
        self._users = [":(top)", f":(top,exclude,literal){store}"]
        # Empty where nothing is changed, or git cannot keep it: then it begins no merge either.
        self._stash = start_git(repository, ["stash", "create"], environment=_WORDS).stdout.decode().strip()

    def put_back(self) -> None:
        """Let index and files outside of the store be what they were, where git took their change away.

        What somebody has changed meanwhile stays. Raises GitError.
        """
        if not self._stash:
            return
        # The files first: to git, one that is not to be in the index is none any more once it is not.
        for of, where, now in ((self._stash, "--worktree", []), (f"{self._stash}^2", "--staged", ["--cached"])):
            gone = self._changed(f"{self._stash}^1", of) - self._changed(*now, f"{self._stash}^1")
            if gone:
                self._restore(of, where, gone)

    def _changed(self, *sides: str) -> set[str]:
        return _changed(self._repository, sides, self._users)

    def _restore(self, of: str, where: str, paths: set[str]) -> None:
        command = ["restore", f"--source={of}", where, "--pathspec-from-file=-", "--pathspec-file-nul"]
        named = b"\0".join(os.fsencode(path) for path in sorted(paths))
        literally = {**_WORDS, "GIT_LITERAL_PATHSPECS": "1"}
        ended = start_git(self._repository, command, data=named, environment=literally)
        if ended.returncode:
            raise GitError(
                f"git took away what was changed and staged here, and did not put it back: {words_of(ended)}",
                path=self._repository.work_tree,
                hint=f"git stash apply --index {self._stash} puts it back",
            )
