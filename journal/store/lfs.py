"""Blobs that git LFS carries: what stands in their files, what git has of them, and where git LFS has the bytes.

| the file holds                       | it is                                                        |
|--------------------------------------|--------------------------------------------------------------|
| the pointer to the hash in its name  | not fetched; git LFS may have the bytes in git's folder      |
| anything else                        | the bytes, which are right if their hash is                  |

No bytes are both, since none hold their own hash. Either way git has the pointer.
"""

from collections.abc import Callable

from journal.disk.files import FileStat, ReadFiles
from journal.disk.folders import full_path
from journal.format.limits import POINTER_BYTES_MAX
from journal.format.pointer import Pointer, encode_pointer, lfs_sha256, object_file, parse_pointer

LfsFolder = Callable[[], str | None]
"""Returns the folder in which git LFS keeps bytes for this repository; None where there is no git."""


def no_lfs() -> None:
    """Return that there is no such folder."""


def pointer_in(files: ReadFiles, root: str, path: str, stat: FileStat, sha256: str | None = None) -> Pointer | None:
    """Return the pointer that a file of the store holds in place of a blob's bytes; None where it holds none.

    ``sha256``: the hash that it has to name, where the path does not say it.
    """
    named = sha256 or lfs_sha256(path)
    if named is None or stat.kind != "file" or stat.size > POINTER_BYTES_MAX:
        return None
    pointer = parse_pointer(files.read_at(full_path(root, path), 0, POINTER_BYTES_MAX + 1))
    return pointer if pointer is not None and pointer.sha256 == named else None


def git_form(files: ReadFiles, root: str, path: str) -> bytes:
    """Return what git is to have of a file of the store: of a blob that git LFS carries the pointer, else all bytes.

    Such a blob is not read for it. Raises FileNotFoundError.
    """
    sha256 = lfs_sha256(path)
    full = full_path(root, path)
    if sha256 is None:
        return files.read(full)
    stat = files.stat(full)
    if stat is None:
        raise FileNotFoundError(full)
    return encode_pointer(pointer_in(files, root, path, stat) or Pointer(sha256, stat.size))


def object_path(folder: str, sha256: str) -> str:
    """Return where git LFS keeps bytes in its folder."""
    return full_path(folder, object_file(sha256))


def fetched(files: ReadFiles, lfs_folder: LfsFolder, pointer: Pointer) -> str | None:
    """Return where git LFS has the bytes here; None where it has not, or has not so many."""
    folder = lfs_folder()
    if folder is None:
        return None
    path = object_path(folder, pointer.sha256)
    found = files.stat(path)
    return path if found is not None and found.kind == "file" and found.size == pointer.bytes else None
