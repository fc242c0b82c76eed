"""Files that the system runs: written whole, with their right to be run.

Crash argument: as in ``write_whole``: at every instant the path is the old file or the new one, never a half one; the
rights are set before the name is. Nothing is synced: what is written here can be written again by the same command.
"""

import os
import stat as stat_module

from journal.disk.files import Files, passing_name, removed_on_failure


def write_program(files: Files, path: str, data: bytes) -> None:
    """Make ``path`` hold exactly ``data``: with the rights it had, or new, for everybody whom the umask allows.

    Its folder is made where it is missing. Raises OSError.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    passing = passing_name(path)
    with removed_on_failure(files, [passing]):
        files.create(passing, data)
        os.chmod(passing, _mode_for(path, passing))
        files.replace(passing, path)


def make_executable(path: str) -> None:
    """Give everybody who may read a file the right to run it."""
    os.chmod(path, _executable(os.stat(path).st_mode))


def _mode_for(path: str, passing: str) -> int:
    try:
        return stat_module.S_IMODE(os.lstat(path).st_mode)
    except FileNotFoundError:
        return _executable(os.stat(passing).st_mode)


def _executable(mode: int) -> int:
    return stat_module.S_IMODE(mode) | (mode & 0o444) >> 2
