"""Blobs: content-addressed bytes, written once and synced before anything refers to them.

Callers' blobs and payloads that are too long for a line are kept in one way, in one place. A caller's blob may have
another name, by which git LFS knows that it is to carry the bytes: then git has a pointer, and so has the file here as
long as nobody has fetched them (``journal/store/lfs.py``). Where the bytes of a blob belong:

| what is put                      | is there already | so it goes to                                    |
|----------------------------------|------------------|--------------------------------------------------|
| a payload, which is truth        | -                | the plain name: truth never depends on git LFS   |
| a caller's, of any size          | plain            | the plain name                                   |
| a caller's, of any size          | for git LFS      | the name for git LFS                             |
| a caller's, as long as the limit | -                | the name for git LFS                             |
| a caller's, else                 | -                | the plain name                                   |
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from journal.disk.files import Files, FileStat, ReadFiles, passing_name, removed_on_failure
from journal.disk.folders import checked, ensure_folder, full_path
from journal.disk.pieces import PIECE_BYTES, digest_of, pieces_of, write_pieces
from journal.errors import DamagedError, JournalError, NotFetchedError, NotFoundError, RefusedError
from journal.format.names import LFS_SUFFIX, BlobName, blob_file, lfs_blob_file, parse_blob_file
from journal.store.layout import ensure_lfs_rule
from journal.store.lfs import LfsFolder, fetched, no_lfs, pointer_in

BLOBS = "blobs"
PARKED = "local/parked"
"""Where compaction puts what nothing uses."""
CHUNK_BYTES = PIECE_BYTES
"""How much of a blob is in memory at once."""
_PARKED_NAME = re.compile(r".*-blobs__([0-9a-f]{2})__([0-9a-f]{64}(?:\.lfs)?)", re.DOTALL)


class StoredBlob(NamedTuple):
    """A blob that is there; its size in bytes, by the file's stat.

    ``lfs``: git LFS carries it; ``fetched``: its bytes are here, and not only the pointer to them.
    """

    sha256: str
    bytes: int
    lfs: bool = False
    fetched: bool = True


class PutBlob(NamedTuple):
    """A blob that was put; ``filled``: its bytes took the place of the pointer to them, which git had seen there."""

    sha256: str
    bytes: int
    path: str
    filled: bool


class BlobFile(NamedTuple):
    """A file of a blob: its path in the store, what that says, and its stat."""

    path: str
    name: BlobName
    stat: FileStat


def blob_path(sha256: str) -> str:
    """Return the path of a blob, relative to the store. Raises ValueError for what is no sha256."""
    return f"{BLOBS}/{blob_file(sha256)}"


def lfs_blob_path(sha256: str) -> str:
    """Return the path of a blob that git LFS carries. Raises ValueError for what is no sha256."""
    return f"{BLOBS}/{lfs_blob_file(sha256)}"


def blob_paths(sha256: str) -> tuple[str, str]:
    """Return the two paths at which the bytes of this hash may be."""
    return blob_path(sha256), lfs_blob_path(sha256)


def write_blob(files: Files, root: str, data: bytes) -> dict[str, Any]:
    """Make a payload durable under its hash and return the reference ``{"sha256", "bytes"}``."""
    stored = store_blob(files, root, (data,), is_payload=True)
    return {"sha256": stored.sha256, "bytes": stored.bytes}


def store_blob(
    files: Files,
    root: str,
    chunks: Iterable[bytes],
    guard: AbstractContextManager[object] | None = None,
    *,
    is_payload: bool = False,
    lfs_bytes: int | None = None,
) -> PutBlob:
    """Make bytes durable under their hash, which is taken while they are written.

    ``guard`` is entered while the file gets its name: who holds the writer lock may be putting blobs aside.
    ``lfs_bytes``: a caller's blob of at least so many is for git LFS; None: none is.

    Crash argument: the bytes go to a passing name, are synced there, and one rename gives them the name that is their
    hash. So a file under such a name is complete or absent; a passing one is reaped by doctor. Bytes that are there
    already are replaced by themselves: so a file that is not what its name says is mended, one whose writer was
    killed before its sync is durable, and neither has to be read. The rule by which git knows a blob for git LFS is
    durable before the first one is there.
    """
    folder = ensure_folder(files, root, BLOBS, durable=True)
    passing = passing_name(os.path.join(folder, "blob"))
    with removed_on_failure(files, [passing]):
        written = write_pieces(files, passing, chunks)
        with guard or nullcontext():
            is_lfs = not is_payload and _is_for_lfs(files, root, *written, lfs_bytes)
            relative = blob_paths(written.sha256)[is_lfs]
            path = checked(files, root, full_path(root, relative))
            if is_lfs:
                ensure_lfs_rule(files, root)
            before = files.stat(path)
            filled = before is not None and pointer_in(files, root, relative, before) is not None
            ensure_folder(files, root, os.path.dirname(relative), durable=True)
            files.replace(passing, path)
    files.sync_folder(os.path.dirname(path))
    return PutBlob(*written, relative, filled)


def _is_for_lfs(files: Files, root: str, sha256: str, size: int, lfs_bytes: int | None) -> bool:
    """Tell where the bytes of a caller's blob belong: see the table."""
    for path, is_lfs in zip(blob_paths(sha256), (False, True), strict=True):
        found = files.stat(checked(files, root, full_path(root, path)))
        if found is not None and found.kind == "file":
            return is_lfs
    return lfs_bytes is not None and size >= lfs_bytes


def blob_files(files: ReadFiles, root: str) -> Iterator[BlobFile]:
    """Yield the files that are blobs by name and kind, in the order of their names."""
    folders = sorted(name for name, stat in files.list(os.path.join(root, BLOBS)) if stat.kind == "folder")
    for folder in folders:
        for name, stat in sorted(files.list(os.path.join(root, BLOBS, folder))):
            named = parse_blob_file(f"{folder}/{name}")
            if named is not None and stat.kind == "file":
                yield BlobFile(f"{BLOBS}/{folder}/{name}", named, stat)


def list_blobs(files: ReadFiles, root: str, lfs_folder: LfsFolder = no_lfs) -> list[StoredBlob]:
    """Return the blobs that are there, by their hash. Their bytes are not looked at."""
    found: dict[str, StoredBlob] = {}
    for file in blob_files(files, root):
        sha256, is_lfs = file.name
        pointer = pointer_in(files, root, file.path, file.stat)
        if pointer is None:
            found.setdefault(sha256, StoredBlob(sha256, file.stat.size, is_lfs))
        else:
            is_here = fetched(files, lfs_folder, pointer) is not None
            found.setdefault(sha256, StoredBlob(sha256, pointer.bytes, is_lfs, is_here))
    return sorted(found.values())


def parked_blobs(files: ReadFiles, root: str) -> Iterator[tuple[str, str]]:
    """Yield (path as a blob, path now) of the blobs that compaction has put aside here."""
    for name, stat in files.list(checked(files, root, full_path(root, PARKED))):
        found = _PARKED_NAME.fullmatch(name)
        if stat.kind == "file" and found is not None and parse_blob_file(f"{found[1]}/{found[2]}") is not None:
            yield f"{BLOBS}/{found[1]}/{found[2]}", f"{PARKED}/{name}"


def find_blob(files: ReadFiles, root: str, sha256: str, size: int | None, lfs_folder: LfsFolder) -> tuple[str, int]:
    """Return where the bytes of a blob are, also of one that was put aside, and how many.

    Raises NotFoundError; NotFetchedError, which is one, where only the pointer to them is here; DamagedError where that
    is no blob of this size; and RefusedError where it is whole, and only the size is wrong.
    """
    problem: JournalError | None = None
    for path in _places(files, root, sha256):
        full = checked(files, root, full_path(root, path))
        stat = files.stat(full)
        if stat is None:
            continue
        place, found = _bytes_at(files, root, sha256, path, stat, lfs_folder)
        if found is None or (size is not None and found != size):
            is_whole = found is not None and place is not None and digest_of(pieces_of(files, place)) == sha256
            problem = _other_size(full, sha256, found or 0, size or 0) if is_whole else damaged(full, sha256)
        elif place is None:
            problem = problem or _not_fetched(full, sha256)
        elif problem is None or digest_of(pieces_of(files, place)) == sha256:
            return place, found  # what was put aside while there is something to fetch may be just what was damaged
    if problem is not None:
        raise problem
    relative = blob_path(sha256)
    hint = f"if git had it, git log --all -- '*{relative}*' names the commits: git restore --source takes it from one"
    raise NotFoundError(f"there is no blob {sha256}", path=full_path(root, relative), hint=hint)


def is_there(files: ReadFiles, root: str, sha256: str, size: int | None, lfs_folder: LfsFolder) -> bool:
    """Tell whether a blob of this hash, and size, is where it belongs, not put aside, and its bytes are here."""
    for path in blob_paths(sha256):
        stat = files.stat(checked(files, root, full_path(root, path)))
        place, found = (None, None) if stat is None else _bytes_at(files, root, sha256, path, stat, lfs_folder)
        if place is not None and size in (None, found):
            return True
    return False


def _places(files: ReadFiles, root: str, sha256: str) -> Iterator[str]:
    """Yield the paths at which the bytes of a hash may be."""
    paths = blob_paths(sha256)
    yield from paths
    yield from (aside for path, aside in parked_blobs(files, root) if path in paths)


def _bytes_at(
    files: ReadFiles, root: str, sha256: str, path: str, stat: FileStat, lfs_folder: LfsFolder
) -> tuple[str | None, int | None]:
    """Return where the bytes of a file are, None where only the pointer to them is here; and how many.

    That is None for what is no file.
    """
    full = full_path(root, path)
    if stat.kind != "file":
        return None, None
    pointer = pointer_in(files, root, path, stat, sha256 if path.endswith(LFS_SUFFIX) else None)
    return (full, stat.size) if pointer is None else (fetched(files, lfs_folder, pointer), pointer.bytes)


def _not_fetched(path: str, sha256: str) -> NotFetchedError:
    hint = "git lfs pull fetches what the checked-out commit has; then read it again"
    return NotFetchedError(f"the bytes of the blob {sha256[:16]}… are with git LFS, and not here", path=path, hint=hint)


def _other_size(path: str, sha256: str, found: int, size: int) -> RefusedError:
    told = f"the blob {sha256[:16]}… has {found:,} bytes, and the reference says {size:,}"
    return RefusedError(
        told, path=path, hint="the blob is whole: ask for it by its sha256 alone, and mend the reference"
    )


def damaged(path: str, sha256: str) -> DamagedError:
    """Return the error that a blob is not what its name says."""
    hint = "journal doctor tells what needs it; another clone, or git, may have it whole"
    return DamagedError(f"the blob {sha256[:16]}… is not what its name says", path=path, hint=hint)
