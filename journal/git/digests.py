"""Checksums of long data, computed while something else is done: hashing and writing let go of Python's lock."""

import hashlib
import threading
from collections.abc import Sequence

from journal.git.repository import ObjectFormat

_INLINE_BYTES_MAX = 1 << 20


class Digest:
    """The checksum of some bytes; ``result`` waits for it."""

    def __init__(self, pieces: Sequence[bytes | memoryview], object_format: ObjectFormat) -> None:
        self._digest = hashlib.new(object_format, usedforsecurity=False)
        self._thread: threading.Thread | None = None
        if sum(map(len, pieces)) <= _INLINE_BYTES_MAX:
            self._update(pieces)
        else:
            self._thread = threading.Thread(target=self._update, args=(pieces,), daemon=True)
            self._thread.start()

    def _update(self, pieces: Sequence[bytes | memoryview]) -> None:
        for piece in pieces:
            self._digest.update(piece)

    def result(self) -> bytes:
        """Return the checksum."""
        if self._thread is not None:
            self._thread.join()
        return self._digest.digest()
