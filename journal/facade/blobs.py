"""Blobs: bytes beside the journal, named by their hash, to which payloads refer (docs/blobs.md)."""

import io
import os
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from journal.arguments import ANYTHING, checks_arguments
from journal.errors import NotAppliedError, NotFoundError, RefusedError, UsageError
from journal.format.media_types import UNKNOWN, guessed
from journal.format.names import is_sha256
from journal.format.references import reference
from journal.store import blobs
from journal.store.blob_reader import BlobReader
from journal.store.blobs import StoredBlob
from journal.store.engine import Engine

Reference = dict[str, Any]
_List = list


@checks_arguments(data=ANYTHING)
class Blobs:
    """The blobs of a store, as ``journal.blobs``.

    A reference is ``{"sha256", "bytes", "mime"}``: put it anywhere in a payload, and the bytes are never in the log.
    Where a blob is asked for, a reference will do, or the sha256 alone.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __repr__(self) -> str:
        """Return whose they are."""
        return f"<Blobs of {self._engine.root}>"

    def put(self, data: bytes | BinaryIO, *, mime: str | None = None, name: str | None = None) -> Reference:
        """Keep bytes, or what a binary file object gives, and return the reference; durable when it returns.

        ``mime``: the media type; else it is guessed from ``name``, a file's. The same bytes are kept once. Raises
        NotAppliedError where they cannot be read or written.
        """
        chunks: Iterator[bytes]
        if isinstance(data, bytes | bytearray | memoryview):
            chunks = iter((bytes(data),))
        elif hasattr(data, "read"):
            chunks = _chunks_of(data)
        else:
            raise UsageError("a blob is made of bytes or of a binary file", hint="put_file takes the path of a file")
        kind = mime or (UNKNOWN if name is None else guessed(name))
        reference("0" * 64, 0, kind)
        engine = self._engine
        lfs_bytes = engine.config_now().lfs_bytes
        try:
            stored = blobs.store_blob(engine.files, engine.root, chunks, engine.locked(), lfs_bytes=lfs_bytes)
        except OSError as error:
            why = f"the bytes could not be kept: {error.strerror or error}"
            raise NotAppliedError(why, path=error.filename) from error
        if stored.filled:
            from journal.upkeep.lfs_filling import refresh_git

            refresh_git(engine, [stored.path])
        return reference(stored.sha256, stored.bytes, kind)

    def put_file(self, path: str | os.PathLike[str], *, mime: str | None = None) -> Reference:
        """Keep the bytes of a file, which are never in memory as a whole. Raises NotFoundError."""
        named = os.fspath(path)
        try:
            with open(named, "rb") as file:
                # The name is no argument of put's here: what is a path need not be a text.
                return self.put(file, mime=mime or guessed(os.path.basename(named)))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFoundError("there is no such file", path=named) from error
        except IsADirectoryError as error:
            raise RefusedError("is a folder; a blob is made of one file", path=named) from error
        except OSError as error:
            raise NotAppliedError(f"the file cannot be read: {error.strerror or error}", path=named) from error

    def get(self, blob: str | Mapping[str, Any]) -> bytes:
        """Return all bytes of a blob. Raises NotFoundError, and DamagedError where they are not what its name says.

        RefusedError where a reference says another size than the blob, which is whole, has.
        NotFetchedError is a NotFoundError: git LFS has the bytes, and nobody has fetched them into this clone.
        """
        with self.open(blob) as file:
            return file.read()

    def open(self, blob: str | Mapping[str, Any]) -> BinaryIO:
        """Open a blob to read it piece by piece; the end is only reached where all bytes were right.

        Raises NotFoundError, and DamagedError now or while reading, before the last piece.
        """
        engine = self._engine
        engine.check_open()
        sha256, size = _named(blob)
        path, found = blobs.find_blob(engine.files, engine.root, sha256, size, engine.lfs_folder)

        def find() -> str:
            return blobs.find_blob(engine.files, engine.root, sha256, found, engine.lfs_folder)[0]

        return io.BufferedReader(BlobReader(engine.files, path, sha256, found, find), blobs.CHUNK_BYTES)

    def save(self, blob: str | Mapping[str, Any], path: str | os.PathLike[str]) -> None:
        """Write the bytes of a blob to a file of the caller's: all of them, or the file stays as it was.

        A device or a pipe is written to as the bytes come.
        """
        from journal.disk.saving import save_whole

        with self.open(blob) as file:
            save_whole(os.fspath(path), iter(lambda: file.read(blobs.CHUNK_BYTES), b""))

    def has(self, blob: str | Mapping[str, Any]) -> bool:
        """Tell whether a blob is there, of the size that a reference says, with its bytes; they are not looked at.

        It is not where only git LFS has them. Nor is one that compaction has put aside, although this checkout still
        reads it: others will not have it, so put it again before something refers to it.
        """
        engine = self._engine
        engine.check_open()
        return blobs.is_there(engine.files, engine.root, *_named(blob), engine.lfs_folder)

    def verify(self, blob: str | Mapping[str, Any]) -> None:
        """Read a blob through. Raises NotFoundError, and DamagedError where it is not what its name says."""
        with self.open(blob) as file:
            while file.read(blobs.CHUNK_BYTES):
                pass

    def list(self) -> _List[StoredBlob]:
        """Return the blobs that are there, by sha256: callers', and payloads that were too long for a line.

        Those too of which git LFS has the bytes, and nobody has fetched them (``fetched`` is False).
        """
        self._engine.check_open()
        return blobs.list_blobs(self._engine.files, self._engine.root, self._engine.lfs_folder)


def _named(blob: str | Mapping[str, Any]) -> tuple[str, int | None]:
    """Return the hash and the size that a caller names."""
    if not isinstance(blob, str | Mapping):
        raise UsageError("a blob is named by its sha256, or by its reference, a mapping", hint="put returns one")
    sha256, size = (blob, None) if isinstance(blob, str) else (blob.get("sha256"), blob.get("bytes"))
    if not is_sha256(sha256) or type(size) not in (int, type(None)):
        hint = 'its sha256 is 64 hex digits, in lower case; a reference has that as "sha256", and its size as "bytes"'
        raise UsageError(f"not what names a blob: {blob!r}", hint=hint)
    return str(sha256), size


def _chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield what a file object gives. Raises UsageError for one that gives anything but bytes, or does not wait."""
    while chunk := file.read(blobs.CHUNK_BYTES):
        if not isinstance(chunk, bytes | bytearray | memoryview):
            raise UsageError("a blob is made of bytes, and this file gives text", hint='open it in binary mode, "rb"')
        yield chunk
    if chunk is None:
        why = "this file does not wait for its bytes: it has none just now, and may not be at its end"
        raise UsageError(why, hint="make it one that waits: os.set_blocking(descriptor, True)")
