"""Which paths git's ignore rules would leave out of a commit, without a word."""

import os
from collections.abc import Sequence

from journal.errors import GitError
from journal.git.index_file import tracked_paths
from journal.git.program import Started, is_installed, words_of
from journal.git.repository import Repository


def ignored_paths(repository: Repository, paths: Sequence[str]) -> list[str]:
    """Return those of the paths that an ignore rule drops, in their order; tracked ones are never among them.

    ``commit_changes`` commits them all the same: what an ignored file of the truth means is for its
    caller to say. Raises GitError where git cannot tell.
    """
    if not paths:
        return []
    if not is_installed():
        return _without_git(repository, paths)
    with ask_ignored(repository) as started:
        return answered_ignored(repository, started, paths)


def ask_ignored(repository: Repository) -> Started:
    """Start the git program that knows the ignore rules, which must be installed."""
    return Started(repository, ["check-ignore", "-z", "--stdin"])


def answered_ignored(repository: Repository, started: Started, paths: Sequence[str]) -> list[str]:
    """Return those of the paths that a program says are ignored. Raises GitError where it cannot tell."""
    if not paths:
        return []
    ended = started.finish(os.fsencode("\0".join(paths)) + b"\0")
    # 1: none of them is ignored.
    if ended.returncode not in (0, 1):
        raise GitError(f"git check-ignore failed: {words_of(ended)}", path=repository.work_tree)
    found = set(os.fsdecode(ended.stdout).split("\0"))
    return [path for path in paths if path in found]


def _without_git(repository: Repository, paths: Sequence[str]) -> list[str]:
    from dulwich.ignore import IgnoreFilterManager
    from dulwich.repo import Repo

    tracked = tracked_paths(repository, "")
    with Repo(repository.work_tree) as opened:
        manager = IgnoreFilterManager.from_repo(opened)
        return [path for path in paths if path not in tracked and manager.is_ignored(path)]
