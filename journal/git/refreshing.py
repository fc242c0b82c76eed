"""Having git's index note files as they are now, as ``git update-index --refresh`` does.

A blob that git LFS carries may change from pointer to bytes without changing to git. Git sees another size, and without
this would show the file as changed until somebody adds it.

Crash argument: it is one replacement of the index, which says the same of every path before and after.
"""

from collections.abc import Sequence

from journal.disk.files import Files
from journal.git.commit import os_errors_as_git_errors
from journal.git.configuration import read_configuration
from journal.git.index_file import Index
from journal.git.lock_file import LockFile
from journal.git.repository import Repository
from journal.git.safety import refuse_dubious_ownership

_LOCK_TIMEOUT_SECONDS = 1.0


def refresh_entries(repository: Repository, paths: Sequence[str], files: Files) -> int:
    """Note files of the work tree in its index anew, where they hold what it says of them; return how many.

    Raises GitError where the index is locked, or cannot be read.
    """
    with os_errors_as_git_errors(repository):
        repository.refuse_foreign_environment()
        refuse_dubious_ownership(repository, read_configuration(repository))
        with LockFile(repository.index_path, files).held(_LOCK_TIMEOUT_SECONDS) as lock:
            index = Index(repository, repository.index_path, files)
            lock.check()
            return index.refresh(paths)
