"""Files that are read and written a piece at a time, so that none has to be in memory as a whole."""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from journal.disk.files import Files, ReadFiles

PIECE_BYTES = 1 << 20
"""How much of a file is in memory at once."""


class Written(NamedTuple):
    """What was written: the hash of the bytes, and how many they are."""

    sha256: str
    bytes: int


def pieces_of(files: ReadFiles, path: str) -> Iterator[bytes]:
    """Yield the bytes of a file, a piece at a time."""
    offset = 0
    while piece := files.read_at(path, offset, PIECE_BYTES):
        yield piece
        offset += len(piece)


def digest_of(pieces: Iterable[bytes]) -> str:
    """Return the sha256 of bytes that come in pieces."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def write_pieces(files: Files, path: str, pieces: Iterable[bytes]) -> Written:
    """Make a new file of bytes that come in pieces, and sync it; its name is not durable by that."""
    digest, size = hashlib.sha256(), 0
    with contextlib.closing(files.open_append(path, create=True)) as file:
        for piece in pieces:
            if piece:
                file.write(piece)
            digest.update(piece)
            size += len(piece)
        file.sync()
    return Written(digest.hexdigest(), size)
