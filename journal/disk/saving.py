"""Writing a file of the caller's, outside of the store."""

import contextlib
import os
import stat
from collections.abc import Iterable

from journal.disk.files import passing_name
from journal.errors import NotAppliedError


def save_whole(path: str, chunks: Iterable[bytes]) -> None:
    """Make a file hold the bytes that come in pieces. Raises NotAppliedError, or what the pieces raise: it stays then.

    A device or a pipe is written to, and stays one.

    Crash argument: they go to a passing name beside it, and one rename puts them in place. It is not synced: a power
    cut soon after may take what was just saved, as with any program that saves a file.
    """
    write = _send if _is_a_way_out(path) else _put_in_place
    try:
        write(path, chunks)
    except OSError as error:
        raise NotAppliedError(f"cannot be written: {error.strerror}", path=path) from error


def _is_a_way_out(path: str) -> bool:
    """Tell whether a path leads to a device, a pipe or a socket, also by a link: ``/dev/stdout``."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _send(path: str, chunks: Iterable[bytes]) -> None:
    with open(path, "wb") as file:
        file.writelines(chunks)


def _put_in_place(path: str, chunks: Iterable[bytes]) -> None:
    passing = passing_name(path)
    try:
        with open(passing, "xb") as file:
            file.writelines(chunks)
        os.replace(passing, path)
    except BaseException:  # Ctrl-C too
        with contextlib.suppress(OSError):
            os.unlink(passing)
        raise
