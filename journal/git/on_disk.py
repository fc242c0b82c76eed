"""Whether a file of the work tree holds what git has of it, and what the index notes of one that does.

For all but one kind of file that is a question of bytes, since the store has no filters. A blob that git LFS carries
holds its pointer, as git does, or the bytes that the pointer names: both are what git has of it, as they are to git
itself where git LFS is its filter.
"""

import hashlib
import os
import stat as stat_module
import struct

from journal.disk.pieces import PIECE_BYTES
from journal.format.limits import POINTER_BYTES_MAX
from journal.format.pointer import Pointer, encode_pointer, lfs_sha256, pointer_at
from journal.git.content import Content, StoredFile

_SECOND_NS = 1_000_000_000
_MASK = 0xFFFFFFFF
_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
)  # a pipe in the place of a file keeps nobody waiting


def stat_of_same(path: str, name: str, content: Content) -> tuple[bytes | None, bool]:
    """Return what the index notes of a file that holds this content of git's, and whether a file is there.

    ``name`` is the path as git has it. A file with other content gets no times, so that git looks into it.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return None, os.path.lexists(path)
    try:
        found = os.fstat(descriptor)
        same = stat_module.S_ISREG(found.st_mode) and _holds(descriptor, found.st_size, name, content)
        same = same and os.fstat(descriptor).st_mtime_ns == found.st_mtime_ns
    finally:
        os.close(descriptor)
    return (_stat_bytes(found) if same else None), True


def content_for_git(path: str, name: str) -> bytes:
    """Return what git would have of a file; of a blob for git LFS by its name and size. Raises OSError."""
    descriptor = os.open(path, _FLAGS)
    try:
        with open(descriptor, "rb", closefd=False) as file:
            sha256, size = lfs_sha256(name), os.fstat(descriptor).st_size
            if sha256 is None:
                return file.read()
            text = file.read() if size <= POINTER_BYTES_MAX else None
            return encode_pointer(pointer_at(name, text) or Pointer(sha256, size))
    finally:
        os.close(descriptor)


def _holds(descriptor: int, size: int, name: str, content: Content) -> bool:
    if isinstance(content, StoredFile):
        return size == content.size  # it is this very file
    with open(descriptor, "rb", closefd=False) as file:
        if size == len(content):
            return file.read() == content
        pointer = pointer_at(name, content)
        if pointer is None or pointer.bytes != size:
            return False
        digest = hashlib.sha256()
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
        return digest.hexdigest() == pointer.sha256


def _stat_bytes(found: os.stat_result) -> bytes:
    times = [part for ns in (found.st_ctime_ns, found.st_mtime_ns) for part in divmod(ns, _SECOND_NS)]
    rest = [found.st_dev, found.st_ino, 0, found.st_uid, found.st_gid, found.st_size]
    return struct.pack(">10I", *(number & _MASK for number in [*times, *rest]))
