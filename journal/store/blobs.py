"""Blobs: content-addressed bytes, written once and synced before anything refers to them.

Callers' blobs and payloads that are too long for a line are kept in one way, in one place.
"""

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, NamedTuple

from journal.disk.files import TEMPORARY_SUFFIX, Files, ReadFiles
from journal.disk.folders import checked, ensure_folder
from journal.errors import DamagedError, NotFoundError
from journal.format.names import blob_file, is_sha256

BLOBS = "blobs"
PARKED = "local/parked"
"""Where compaction puts what nothing uses."""
CHUNK_BYTES = 1 << 20
"""How much of a blob is in memory at once."""


class StoredBlob(NamedTuple):
    """A blob that is there; its size in bytes, by the file's stat."""

    sha256: str
    bytes: int


def blob_path(sha256: str) -> str:
    """Return the path of a blob, relative to the store. Raises ValueError for what is no sha256."""
    return f"{BLOBS}/{blob_file(sha256)}"


def write_blob(files: Files, root: str, data: bytes) -> dict[str, Any]:
    """Make the bytes durable under their hash and return the reference ``{"sha256", "bytes"}``."""
    stored = store_blob(files, root, (data,))
    return {"sha256": stored.sha256, "bytes": stored.bytes}


def store_blob(
    files: Files, root: str, chunks: Iterable[bytes], guard: AbstractContextManager[object] | None = None
) -> StoredBlob:
    """Make bytes durable under their hash, which is taken while they are written.

    ``guard`` is entered while the file gets its name: who holds the writer lock may be putting blobs aside.

    Crash argument: the bytes go to a passing name, are synced there, and one rename gives them the name that is their
    hash. So a file under such a name is complete or absent; a passing one is reaped by doctor. Bytes that are there
    already are replaced by themselves: so a file that is not what its name says is mended, one whose writer was
    killed before its sync is durable, and neither has to be read.
    """
    folder = ensure_folder(files, root, BLOBS, durable=True)
    passing = os.path.join(folder, f"blob.{os.getpid():x}-{os.urandom(4).hex()}{TEMPORARY_SUFFIX}")
    try:
        stored = _write_passing(files, passing, chunks)
        relative = blob_path(stored.sha256)
        path = checked(files, root, os.path.join(root, *relative.split("/")))
        with guard or nullcontext():
            ensure_folder(files, root, os.path.dirname(relative), durable=True)
            files.replace(passing, path)
    except BaseException:
        with suppress(Exception):
            files.remove(passing)
        raise
    files.sync_folder(os.path.dirname(path))
    return stored


def _write_passing(files: Files, path: str, chunks: Iterable[bytes]) -> StoredBlob:
    digest, size = hashlib.sha256(), 0
    file = files.open_append(path, create=True)
    try:
        for chunk in chunks:
            if chunk:
                file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        file.sync()
    finally:
        file.close()
    return StoredBlob(digest.hexdigest(), size)


def chunks_of(files: ReadFiles, path: str) -> Iterator[bytes]:
    """Yield the bytes of a file, a piece at a time."""
    offset = 0
    while chunk := files.read_at(path, offset, CHUNK_BYTES):
        yield chunk
        offset += len(chunk)


def digest_of(chunks: Iterable[bytes]) -> str:
    """Return the sha256 of bytes that come in pieces."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def list_blobs(files: ReadFiles, root: str) -> list[StoredBlob]:
    """Return the blobs that are there, by their hash. Their bytes are not looked at."""
    folders = [name for name, stat in files.list(os.path.join(root, BLOBS)) if stat.kind == "folder"]
    listed = ((folder, files.list(os.path.join(root, BLOBS, folder))) for folder in folders)
    return sorted(
        StoredBlob(name, stat.size)
        for folder, entries in listed
        for name, stat in entries
        if stat.kind == "file" and is_sha256(name) and name.startswith(folder)
    )


def parked_blobs(files: ReadFiles, root: str) -> Iterator[tuple[str, str]]:
    """Yield (sha256, path) of the blobs that compaction has put aside here."""
    for name, stat in files.list(checked(files, root, os.path.join(root, *PARKED.split("/")))):
        sha256 = name[-64:]
        if stat.kind == "file" and is_sha256(sha256) and name.endswith(blob_path(sha256).replace("/", "__")):
            yield sha256, f"{PARKED}/{name}"


def find_blob(files: ReadFiles, root: str, sha256: str, size: int | None = None) -> tuple[str, int]:
    """Return where a blob is, also one that was put aside, and its size.

    Raises NotFoundError, and DamagedError where that is no blob of this size.
    """
    relative = blob_path(sha256)
    path = os.path.join(root, *relative.split("/"))
    checked(files, root, path)
    found = files.stat(path)
    if found is None and (aside := dict(parked_blobs(files, root)).get(sha256)) is not None:
        path = os.path.join(root, *aside.split("/"))
        found = files.stat(path)
    if found is None:
        hint = (
            f"if git had it, git log --all -- '*{relative}' names the commits: git restore --source takes it from one"
        )
        raise NotFoundError(f"there is no blob {sha256}", path=path, hint=hint)
    if found.kind != "file" or (size is not None and found.size != size):
        raise _damaged(path, sha256)
    return path, found.size


def is_there(files: ReadFiles, root: str, sha256: str, size: int | None = None) -> bool:
    """Tell whether a blob of this hash, and size, is where it belongs: not put aside. Its bytes are not looked at."""
    path = os.path.join(root, *blob_path(sha256).split("/"))
    found = files.stat(checked(files, root, path))
    return found is not None and found.kind == "file" and size in (None, found.size)


def _damaged(path: str, sha256: str) -> DamagedError:
    hint = "journal doctor tells what needs it; another clone, or git, may have it whole"
    return DamagedError(f"the blob {sha256[:16]}… is not what its name says", path=path, hint=hint)


class BlobReader(io.RawIOBase):
    """The bytes of a blob as a file to read from, which are compared with the blob's name on the way.

    The last piece is handed out only if all of them are what the name says: else reading it raises DamagedError. Who
    reads to the end has seen the blob, and nothing else. It cannot seek.
    """

    def __init__(self, files: ReadFiles, path: str, sha256: str, size: int) -> None:
        super().__init__()
        self._files, self._path, self._sha256, self._size = files, path, sha256, size
        self._digest, self._at = hashlib.sha256(), 0

    def readable(self) -> bool:
        """Tell that it can be read from."""
        return True

    def readall(self) -> bytes:
        """Read all that is left. Raises DamagedError."""
        return b"".join(iter(lambda: self.read(CHUNK_BYTES) or b"", b""))

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes. Raises DamagedError."""
        wanted = min(len(buffer), self._size - self._at)
        chunk = self._files.read_at(self._path, self._at, wanted) if wanted else b""
        self._digest.update(chunk)
        self._at += len(chunk)
        is_cut = wanted > 0 and not chunk
        if is_cut or (self._at == self._size and self._digest.hexdigest() != self._sha256):
            raise _damaged(self._path, self._sha256)
        buffer[: len(chunk)] = chunk
        return len(chunk)
