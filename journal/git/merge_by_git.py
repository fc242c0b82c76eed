"""Merging by the git program, where files outside of the store are concerned: those are for git to merge."""

import os
from collections.abc import Sequence

from journal.errors import GitError
from journal.git.program import run_git, start_git, words_of
from journal.git.repository import Repository

_WORDS = {"LC_ALL": "C", "GIT_EDITOR": ":", "GIT_MERGE_AUTOEDIT": "no"}


def merge_by_git(
    repository: Repository, theirs: str, message: str, *, verify: bool, has_bytes: bool = True
) -> list[str]:
    """Merge a commit into the checked-out branch and its work tree; return the paths that git left in conflict.

    ``has_bytes``: git LFS can give git all bytes of ours; else it gives it pointers, or git would refuse.

    Raises GitError, with nothing changed, where git refuses to begin: changed files are in the way, for instance.
    """
    options = ["--ff", "--no-edit", "--no-progress", *([] if verify else ["--no-verify"])]
    words = _WORDS if has_bytes else {**_WORDS, "GIT_LFS_SKIP_SMUDGE": "1"}
    ended = start_git(repository, ["merge", *options, "-m", message, theirs], environment=words)
    if ended.returncode == 0:
        return []
    unmerged = run_git(repository, ["diff", "--name-only", "--diff-filter=U", "-z"]).split(b"\0")
    if unmerged == [b""] or not os.path.lexists(os.path.join(repository.git_dir, "MERGE_HEAD")):
        raise GitError(
            f"git did not merge: {words_of(ended)}",
            path=repository.work_tree,
            hint="nothing was merged; `git status` shows what is in the way: commit it, then journal sync again",
        )
    return [os.fsdecode(path) for path in unmerged if path]


def conclude(repository: Repository, settled: Sequence[str], *, verify: bool) -> None:
    """Commit the merge that git stopped in, the conflicts at these paths settled as the work tree has them."""
    run_git(repository, ["add", "-A", "--", *settled], environment={**_WORDS, "GIT_LITERAL_PATHSPECS": "1"})
    run_git(repository, ["commit", "--no-edit", "-q", *([] if verify else ["--no-verify"])], environment=_WORDS)


def give_up(repository: Repository) -> None:
    """Go back to where the merge began."""
    run_git(repository, ["merge", "--abort"], environment=_WORDS)
