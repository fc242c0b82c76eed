"""Reading the bytes of a blob, compared with its name on the way."""

import hashlib
import io
from collections.abc import Callable
from typing import Any

from journal.disk.files import ReadFiles
from journal.disk.pieces import PIECE_BYTES
from journal.store.blobs import damaged


class BlobReader(io.RawIOBase):
    """The bytes of a blob as a file to read from, which are compared with the blob's name on the way.

    The last piece is handed out only if all of them are what the name says: else reading it raises DamagedError. Who
    reads to the end has seen the blob, and nothing else. It cannot seek.

    ``find`` says where the bytes are by now: compaction may put a blob aside while somebody reads it.
    """

    def __init__(self, files: ReadFiles, path: str, sha256: str, size: int, find: Callable[[], str]) -> None:
        super().__init__()
        self._files, self._path, self._sha256, self._size, self._find = files, path, sha256, size, find
        self._digest, self._at = hashlib.sha256(), 0

    def readable(self) -> bool:
        """Tell that it can be read from."""
        return True

    def readall(self) -> bytes:
        """Read all that is left. Raises DamagedError."""
        return b"".join(iter(lambda: self.read(PIECE_BYTES) or b"", b""))

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes. Raises DamagedError, and NotFoundError where the blob is gone by now."""
        wanted = min(len(buffer), self._size - self._at)
        chunk = self._read(wanted) if wanted else b""
        self._digest.update(chunk)
        self._at += len(chunk)
        is_cut = wanted > 0 and not chunk
        if is_cut or (self._at == self._size and self._digest.hexdigest() != self._sha256):
            raise damaged(self._path, self._sha256)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _read(self, wanted: int) -> bytes:
        try:
            return self._files.read_at(self._path, self._at, wanted)
        except FileNotFoundError:
            self._path = self._find()
            return self._files.read_at(self._path, self._at, wanted)
