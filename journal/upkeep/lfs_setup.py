"""Whether git would treat the blobs that git LFS carries as such in this clone, and what to do where it would not.

Without the filter of git LFS git compares a blob's bytes with its pointer wherever it looks into the file, finds them
different, and would take the bytes in the pointer's place where somebody adds everything. It looks where the times of a
file do not tell that it is as it was: where it changed in the second in which the index was written, for one.
"""

import time
from collections.abc import Iterable

from journal.disk.files import Files
from journal.disk.folders import full_path
from journal.errors import GitError
from journal.git.configuration import Configuration, read_configuration
from journal.upkeep.place import repository_of

_SECOND_NS = 1_000_000_000
_MARGIN_SECONDS = 0.02
NOT_SET_UP = (
    "git LFS is not set up in this clone: git shows blobs that it carries as changed where somebody touches them, and "
    "takes their bytes where somebody adds them"
)
LEFT_BEHIND = (
    "a plain git push from here would leave the bytes of blobs behind, and a git pull elsewhere would fail for that"
)
LEFT_BEHIND_HINT = "push with journal sync; or install git-lfs and run: git lfs install; or: journal hooks install"
SET_UP_HINT = "install git-lfs, then: git lfs install"


def is_set_up(settings: Configuration) -> bool:
    """Tell whether git's settings have the filter that git LFS installs."""
    return bool(settings.get("filter.lfs.process") or settings.get("filter.lfs.clean"))


def await_trust(files: Files, root: str, paths: Iterable[str], settings: Configuration) -> None:
    """Wait until git would trust the times of blobs in an index that is written now: for a second at most.

    Where git LFS is set up there is nothing to wait for.
    """
    if is_set_up(settings):
        return
    stats = (files.stat(full_path(root, path)) for path in paths)
    newest = max((stat.mtime_ns // _SECOND_NS for stat in stats if stat is not None), default=0)
    if newest == time.time_ns() // _SECOND_NS:
        pause((newest + 1) - time.time_ns() / _SECOND_NS + _MARGIN_SECONDS)


def pause(seconds: float) -> None:
    """Let time pass."""
    time.sleep(max(0.0, seconds))


def lack_at(root: str) -> str | None:
    """Return what is missing for a store, in a sentence; None where nothing is, or where there is no git."""
    try:
        repository = repository_of(root)
        if repository is None or is_set_up(read_configuration(repository)):
            return None
    except (GitError, OSError):
        return None
    return f"{NOT_SET_UP}; {SET_UP_HINT}"
