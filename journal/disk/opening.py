"""Opening a file of the store: no link is followed, and nothing but files and folders is opened.

A pipe in the place of a file would keep its reader waiting for somebody at the other end, perhaps for ever.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import Literal

from journal.errors import UnsafePathError

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
"""Means nothing to a file, and opening a pipe does not wait."""
_BASE_FLAGS = _NO_FOLLOW | _NO_WAIT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_OF_NO_FILE = (errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP)
"""What opening a pipe that nobody reads, a socket, or a device without a driver ends with."""

Kind = Literal["file", "folder", "link", "other"]

_KINDS: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
_FORMAT = 0o170000
"""The bits of a mode that say what it is of."""


def kind_of(found: os.stat_result) -> Kind:
    """Return what a stat is of."""
    return _KINDS.get(found.st_mode & _FORMAT, "other")


def open_plain(path: str, flags: int) -> int:
    """Open a file or a folder and return the descriptor. Raises UnsafePathError for anything else."""
    if not _NO_FOLLOW and os.path.islink(path):
        raise is_a_link(path)
    try:
        descriptor = os.open(path, flags | _BASE_FLAGS, 0o666)
    except BlockingIOError:  # another program has a lease on the file, and gives it back: that is waited for
        descriptor = os.open(path, flags | _BASE_FLAGS & ~_NO_WAIT, 0o666)
    except OSError as error:
        if os.path.islink(path):
            raise is_a_link(path) from error
        if error.errno in _OF_NO_FILE:
            raise _is_no_file(path) from error
        raise
    if kind_of(os.fstat(descriptor)) == "other":
        os.close(descriptor)
        raise _is_no_file(path)
    return descriptor


def is_a_link(path: str) -> UnsafePathError:
    """Return the error for a link in the place of a file or folder."""
    return UnsafePathError("is a symbolic link; links in a store are never followed", path=path)


def _is_no_file(path: str) -> UnsafePathError:
    return UnsafePathError("is a pipe, a socket or a device; a store has files only", path=path)


@contextlib.contextmanager
def opened(path: str, flags: int) -> Iterator[int]:
    """Open as ``open_plain`` does, for a block; an OSError within it is of this path."""
    descriptor = open_plain(path, flags)
    try:
        yield descriptor
    except OSError as error:
        if error.filename is None:  # what a call on a descriptor cannot say
            error.filename = path
        raise
    finally:
        os.close(descriptor)
