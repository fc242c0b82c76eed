"""When a commit of ours would be unwise, or not ours to make."""

import os

from journal.errors import GitError
from journal.git.configuration import Configuration
from journal.git.program import distrusted, is_installed, is_own, refuse_untrusted
from journal.git.repository import Repository

_WHY_REFUSED = {
    "rebase": "`git rebase --abort` would drop the commit",
    "am": "`git am` would go on from a commit that it does not expect",
    "bisect": "`git bisect reset` would leave the commit on no branch",
}


def in_progress(repository: Repository) -> str | None:
    """Return what git is in the middle of: rebase, am, bisect, merge, cherry-pick, revert; None: nothing."""

    def has(*names: str) -> bool:
        return os.path.lexists(os.path.join(repository.git_dir, *names))

    if has("rebase-apply", "applying"):
        return "am"
    if has("rebase-merge") or has("rebase-apply"):
        return "rebase"
    if has("BISECT_LOG"):
        return "bisect"
    if has("MERGE_HEAD"):
        return "merge"
    if has("CHERRY_PICK_HEAD"):
        return "cherry-pick"
    return "revert" if has("REVERT_HEAD") else None


def refuse_in_progress(repository: Repository) -> None:
    """Raise GitError during a rebase, an am or a bisect.

    During a merge, a cherry-pick or a revert a commit of other paths does no harm: going on makes
    the user's commit on top of ours, and giving up goes back to ours.
    """
    doing = in_progress(repository)
    if doing in _WHY_REFUSED:
        raise GitError(
            f"git is in the middle of a {doing}, and {_WHY_REFUSED[doing]}",
            path=repository.work_tree,
            hint=f"finish the {doing} first; what is in the journal is safe meanwhile",
        )


def refuse_dubious_ownership(repository: Repository, configuration: Configuration) -> None:
    """Raise GitError where the repository is another user's and not declared safe, as git does.

    Its settings and hooks could be of somebody who wants them run by us.
    """
    if is_installed():
        refuse_untrusted(repository)
    elif not is_own(repository) and not {"*", repository.work_tree} & set(configuration.all("safe.directory")):
        raise distrusted(repository, "its owner is another user")
