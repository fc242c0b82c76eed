"""What stands in git for a blob whose bytes git LFS carries: its pointer (docs/format.md, "Blobs"). Pure.

A pointer follows from hash and size alone, so nobody has to read the bytes to know it. It comes from a repository and
is not trusted: what is not spelled just so is none, and one that names another hash than its file does is none either.
"""

import re
from typing import NamedTuple

from journal.format.limits import POINTER_BYTES_MAX
from journal.format.names import parse_blob_file

_POINTER = (
    rb"version https://git-lfs\.github\.com/spec/v1\n"
    rb"oid sha256:(?P<oid>[0-9a-f]{64})\n"
    rb"size (?P<size>0|[1-9][0-9]{0,18})\n"
)


class Pointer(NamedTuple):
    """The hash of some bytes, and how many they are."""

    sha256: str
    bytes: int


def encode_pointer(pointer: Pointer) -> bytes:
    """Return the text of a pointer, as git LFS writes it."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{pointer.sha256}\nsize {pointer.bytes}\n".encode()


def parse_pointer(text: bytes) -> Pointer | None:
    """Return what a pointer says; None for all that is not spelled just so."""
    found = re.fullmatch(_POINTER, text) if len(text) <= POINTER_BYTES_MAX else None
    return None if found is None else Pointer(found["oid"].decode(), int(found["size"]))


def pointer_at(path: str, text: bytes | None) -> Pointer | None:
    """Return the pointer that a text is at this path; None where it is none, or the path is of no blob for git LFS.

    The path may begin anywhere above ``blobs/``; the pointer has to name the hash that the file is named by.
    """
    if text is None or len(text) > POINTER_BYTES_MAX:
        return None
    pointer = parse_pointer(text)
    return pointer if pointer is not None and pointer.sha256 == lfs_sha256(path) else None


def lfs_sha256(path: str) -> str | None:
    """Return the hash in the path of a blob that git LFS carries; None for any other path."""
    _, _, inner = f"/{path}".rpartition("/blobs/")
    named = parse_blob_file(inner)
    return named.sha256 if named is not None and named.is_lfs else None


def object_file(sha256: str) -> str:
    """Return the path at which git LFS keeps the bytes, below its own folder."""
    return f"objects/{sha256[:2]}/{sha256[2:4]}/{sha256}"
