"""Git LFS's own program, which alone knows its servers: uploading the bytes of pointers, and fetching them.

It has patience of its own with a server that does not answer, so it is not given a time: large files take theirs.
"""

import os
from collections.abc import Sequence

from journal.errors import GitError, OfflineError
from journal.git.configuration import Configuration
from journal.git.program import is_installed
from journal.git.repository import Repository
from journal.git.unattended import LATER, Ended, is_offline, run_unattended

_IDS_AT_ONCE = 500
_UNKNOWN = "is not a git command"
_TRUE = ("1", "true", "yes", "on", "t")
_SPECIAL = set(",*?[]\\!")


def push_objects(repository: Repository, remote: str, hashes: Sequence[str]) -> None:
    """Upload these bytes, which are here, where the server of a remote lacks them.

    Raises GitError where git LFS is not installed or refuses, OfflineError where its server cannot be reached.
    """
    for start in range(0, len(hashes), _IDS_AT_ONCE):
        ended = _run(repository, ["push", "--object-id", remote, *hashes[start : start + _IDS_AT_ONCE]])
        if ended.returncode != 0:
            raise _failure(repository, remote, ended, len(hashes))


def fetch_objects(
    repository: Repository, remote: str, commits: Sequence[str], folder: str, settings: Configuration
) -> bool:
    """Fetch the bytes of all pointers that these commits have below a folder; False where that did not work out.

    What git LFS is told to leave out is left out.
    """
    options = ["fetch"]
    if not settings.get("lfs.fetchinclude") and not _SPECIAL & set(folder):
        options.append(f"--include=/{folder}/**")
    return _run(repository, [*options, remote, *commits]).returncode == 0


def pull_the_rest(repository: Repository) -> None:
    """Let git LFS put what it can get into the place of pointers, of people's own files too; what it cannot stays."""
    _run(repository, ["pull"])


def fetches_by_itself(settings: Configuration) -> bool:
    """Tell whether git LFS may download what is checked out: people switch that off, for one command or for good."""
    if os.environ.get("GIT_LFS_SKIP_SMUDGE", "").lower() in _TRUE:
        return False
    filters = (settings.get("filter.lfs.process"), settings.get("filter.lfs.smudge"))
    return not any("--skip" in (words or "").split() for words in filters)


def _run(repository: Repository, arguments: list[str]) -> Ended:
    if not is_installed():
        return Ended(1, _UNKNOWN)
    return run_unattended(repository, ["lfs", *arguments], None)


def _failure(repository: Repository, remote: str, ended: Ended, count: int) -> GitError | OfflineError:
    place = repository.work_tree
    if _UNKNOWN in ended.said:
        return GitError(
            f"git LFS is to carry {count:,} of the blobs that this would push, and git-lfs is not installed here: "
            "nobody could ever get their bytes, so nothing was pushed",
            path=place,
            hint="install git-lfs, then journal sync again; all of it is committed here",
        )
    text = " ".join(ended.said.split()) or "git LFS said nothing"
    if is_offline(ended.said):
        return OfflineError(f"offline: git LFS could not push to {remote}: {text}", path=place, hint=LATER)
    return GitError(
        f"git LFS could not push the bytes of blobs to {remote}, so nothing was pushed: {text}",
        path=place,
        hint="nothing is lost: all of it is committed here; `git lfs push` and `git lfs env` show the same",
    )
