"""Whether git would treat the blobs that git LFS carries as such in this clone."""

from journal.errors import GitError
from journal.git.configuration import Configuration, read_configuration
from journal.upkeep.place import repository_of

NOT_SET_UP = (
    "git LFS is not set up in this clone: git shows blobs that it carries as changed, takes their bytes where "
    "somebody adds them, and pushes commits without the bytes"
)
SET_UP_HINT = "install git-lfs, then: git lfs install"


def is_set_up(settings: Configuration) -> bool:
    """Tell whether git's settings have the filter that git LFS installs."""
    return bool(settings.get("filter.lfs.process") or settings.get("filter.lfs.clean"))


def lack_at(root: str) -> str | None:
    """Return what is missing for a store, in a sentence; None where nothing is, or where there is no git."""
    try:
        repository = repository_of(root)
        if repository is None or is_set_up(read_configuration(repository)):
            return None
    except (GitError, OSError):
        return None
    return f"{NOT_SET_UP}; {SET_UP_HINT}"
