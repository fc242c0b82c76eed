"""Merging where the other side changed files outside of the store: git merges, and the journal settles its own part.

The truth cannot conflict. A readable file can, and is written anew from what the merged events say. A conflict in the
user's own files is theirs to settle: git goes back to where it was, so that nobody is left in the middle of a merge by
a command that may have run unattended, and the error says what to run.

Crash argument: it is git's own merge, and a kill leaves what a killed ``git merge`` leaves: nothing, the merge, or one
in progress, of which the next sync says how to finish it. All events were committed before.
"""

from journal.errors import GitError
from journal.git.lfs_program import pull_the_rest
from journal.git.merge_by_git import conclude, give_up, merge_by_git
from journal.projections.paths import PROJECTED
from journal.store.engine import Engine
from journal.upkeep.exchange.joining import head_on
from journal.upkeep.place import Place
from journal.upkeep.reconcile import reconcile

_NAMED_MAX = 5


def pull(engine: Engine, place: Place, theirs: str, *, branch: str, what: str, verify: bool, has_bytes: bool) -> str:
    """Merge a commit, files of the user's and all; return what the branch is at then. Raises GitError.

    ``has_bytes``: those that git LFS carries of the store are here. Where they are not, pointers will do.
    """
    repository = place.repository
    head_on(place, branch)
    message = f"Merge {what} into {branch}"
    ours = tuple(place.outer(f"{folder}/") for folder in PROJECTED)
    unmerged = merge_by_git(
        repository, theirs, message, store=place.prefix, rewritten=ours, verify=verify, has_bytes=has_bytes
    )
    if not has_bytes:
        pull_the_rest(repository)
    foreign = [path for path in unmerged if not path.startswith(ours)]
    if foreign:
        give_up(repository, ours)
        raise GitError(
            f"both sides changed {', '.join(foreign[:_NAMED_MAX])}{' and more' if foreign[_NAMED_MAX:] else ''}, "
            "which is for you to merge; nothing was changed",
            path=foreign[0],
            hint=f"git merge {what}, settle it and commit, then journal sync again",
        )
    reconcile(engine)
    if unmerged:
        conclude(repository, unmerged, verify=verify)
    commit = head_on(place, branch).commit
    assert commit is not None, branch
    return commit
