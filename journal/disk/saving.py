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
    if _is_a_way_out(path):
        _send(path, chunks)
        return
    passing = passing_name(path)
    try:
        with open(passing, "xb") as file:
            for chunk in chunks:
                file.write(chunk)
        os.replace(passing, path)
    except OSError as error:
        _forget(passing)
        raise NotAppliedError(f"cannot be written: {error.strerror}", path=path) from error
    except BaseException:
        _forget(passing)
        raise


def _is_a_way_out(path: str) -> bool:
    """Tell whether a path leads to a device, a pipe or a socket, also by a link: ``/dev/stdout``."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _send(path: str, chunks: Iterable[bytes]) -> None:
    try:
        with open(path, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
    except OSError as error:
        raise NotAppliedError(f"cannot be written: {error.strerror}", path=path) from error


def _forget(passing: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(passing)
