"""Blobs: bytes beside the journal, named by their hash, to which payloads refer (docs/blobs.md)."""

import io
import os
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from journal.arguments import ANYTHING, checks_arguments
from journal.errors import NotAppliedError, NotFoundError, RefusedError, UsageError
from journal.format.names import is_sha256
from journal.format.references import reference
from journal.store import blobs
from journal.store.blobs import BlobReader, StoredBlob
from journal.store.engine import Engine

Reference = dict[str, Any]
_List = list
_PLAIN = "application/octet-stream"


@checks_arguments(data=ANYTHING)
class Blobs:
    """The blobs of a store, as ``journal.blobs``.

    A reference is ``{"sha256", "bytes", "mime"}``: put it anywhere in a payload, and the bytes are never in the log.
    Where a blob is asked for, a reference will do, or the sha256 alone.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, data: bytes | BinaryIO, *, mime: str | None = None, name: str | None = None) -> Reference:
        """Keep bytes, or what a binary file object gives, and return the reference; durable when it returns.

        ``mime``: the media type; else it is guessed from ``name``, a file's. The same bytes are kept once. Raises
        NotAppliedError where they cannot be read or written.
        """
        chunks: Iterator[bytes]
        if isinstance(data, bytes | bytearray | memoryview):
            chunks = iter((bytes(data),))
        elif hasattr(data, "read"):
            chunks = iter(lambda: data.read(blobs.CHUNK_BYTES), b"")
        else:
            raise UsageError("a blob is made of bytes or of a binary file", hint="put_file takes the path of a file")
        kind = mime or _guessed(name)
        reference("0" * 64, 0, kind)
        engine = self._engine
        engine.check_open()
        try:
            stored = blobs.store_blob(engine.files, engine.root, chunks, engine.locked())
        except OSError as error:
            raise NotAppliedError(f"the bytes could not be kept: {error}", path=error.filename) from error
        return reference(stored.sha256, stored.bytes, kind)

    def put_file(self, path: str | os.PathLike[str], *, mime: str | None = None) -> Reference:
        """Keep the bytes of a file, which are never in memory as a whole. Raises NotFoundError."""
        try:
            with open(path, "rb") as file:
                return self.put(file, mime=mime, name=os.path.basename(os.fspath(path)))
        except FileNotFoundError as error:
            raise NotFoundError("there is no such file", path=os.fspath(path)) from error
        except IsADirectoryError as error:
            raise RefusedError("is a folder; a blob is made of one file", path=os.fspath(path)) from error

    def get(self, blob: str | Mapping[str, Any]) -> bytes:
        """Return all bytes of a blob. Raises NotFoundError, and DamagedError where they are not what its name says."""
        with self.open(blob) as file:
            return file.read()

    def open(self, blob: str | Mapping[str, Any]) -> BinaryIO:
        """Open a blob to read it piece by piece; the end is only reached where all bytes were right.

        Raises NotFoundError, and DamagedError now or while reading, before the last piece.
        """
        engine = self._engine
        engine.check_open()
        sha256, size = _named(blob)
        path, found = blobs.find_blob(engine.files, engine.root, sha256, size)
        return io.BufferedReader(BlobReader(engine.files, path, sha256, found), blobs.CHUNK_BYTES)

    def save(self, blob: str | Mapping[str, Any], path: str | os.PathLike[str]) -> None:
        """Write the bytes of a blob to a file of the caller's: all of them, or the file stays as it was."""
        from journal.disk.saving import save_whole

        with self.open(blob) as file:
            save_whole(os.fspath(path), iter(lambda: file.read(blobs.CHUNK_BYTES), b""))

    def has(self, blob: str | Mapping[str, Any]) -> bool:
        """Tell whether a blob is there; its bytes are not looked at."""
        try:
            blobs.find_blob(self._engine.files, self._engine.root, *_named(blob))
        except NotFoundError:
            return False
        return True

    def verify(self, blob: str | Mapping[str, Any]) -> None:
        """Read a blob through. Raises NotFoundError, and DamagedError where it is not what its name says."""
        with self.open(blob) as file:
            while file.read(blobs.CHUNK_BYTES):
                pass

    def list(self) -> _List[StoredBlob]:
        """Return the blobs that are there, by sha256: callers', and payloads that were too long for a line."""
        return blobs.list_blobs(self._engine.files, self._engine.root)


def _named(blob: str | Mapping[str, Any]) -> tuple[str, int | None]:
    """Return the hash and the size that a caller names."""
    if not isinstance(blob, str | Mapping):
        raise UsageError("a blob is named by its sha256, or by its reference, a mapping", hint="put returns one")
    sha256, size = (blob, None) if isinstance(blob, str) else (blob.get("sha256"), blob.get("bytes"))
    if not is_sha256(sha256) or type(size) not in (int, type(None)):
        raise UsageError(f"not a reference to a blob: {blob!r}", hint='it has "sha256", 64 hex digits, and "bytes"')
    return str(sha256), size


def _guessed(name: str | None) -> str:
    """Return the media type that a file's name says, the same on every machine."""
    if name is None:
        return _PLAIN
    import mimetypes

    return mimetypes.MimeTypes().guess_type(name)[0] or _PLAIN
