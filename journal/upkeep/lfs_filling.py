"""Putting the bytes of blobs into the work tree where git LFS has them here, and only a pointer stands in their place.

Crash argument: the bytes go to a passing name, are synced there while their hash is taken, and one rename puts them in
the pointer's place. Both are true, so it does not matter how far a run got; passing files are reaped by doctor.
"""

import contextlib
import os
from collections.abc import Sequence

from journal.disk.files import Files, passing_name
from journal.disk.folders import checked, full_path
from journal.disk.pieces import digest_of, pieces_of, write_pieces
from journal.errors import GitError
from journal.format.pointer import Pointer, lfs_sha256
from journal.git.configuration import read_configuration
from journal.git.lfs_objects import LfsObjects, lfs_folder
from journal.git.refreshing import refresh_entries
from journal.git.repository import Repository
from journal.store.engine import Engine
from journal.store.lfs import pointer_in
from journal.upkeep.lfs_setup import await_trust
from journal.upkeep.place import place_of


def fill(files: Files, root: str, repository: Repository, paths: Sequence[str]) -> list[str]:
    """Replace pointers at these paths of the store by the bytes that git LFS has here; return the paths that were."""
    wanted = [(path, pointer) for path in paths if (pointer := _pointer(files, root, path)) is not None]
    if not wanted:
        return []
    settings = read_configuration(repository)
    objects, filled = LfsObjects(files, lfs_folder(repository, settings)), []
    for path, pointer in wanted:
        with contextlib.suppress(OSError):  # a disk that is too full for the bytes has room for the pointer
            if objects.has(pointer) and put_bytes(files, root, objects, path, pointer):
                filled.append(path)
    await_trust(files, root, filled, settings)
    return filled


def refresh_git(engine: Engine, paths: Sequence[str]) -> None:
    """Let git know blobs at these paths of the store as they are now; where that fails they only look changed to it."""
    if engine.git is None or not paths:
        return
    with contextlib.suppress(GitError, OSError):
        place = place_of(engine)
        await_trust(engine.files, engine.root, paths, read_configuration(place.repository))
        refresh_entries(place.repository, [place.outer(path) for path in paths], engine.files)


def holds_bytes(files: Files, root: str, path: str) -> bool:
    """Tell whether the file of a blob that git LFS carries holds its bytes, and they are right."""
    sha256 = lfs_sha256(path)
    if sha256 is None or _pointer(files, root, path) is not None:
        return False
    full = full_path(root, path)
    stat = files.stat(full)
    return stat is not None and stat.kind == "file" and digest_of(pieces_of(files, full)) == sha256


def _pointer(files: Files, root: str, path: str) -> Pointer | None:
    stat = files.stat(checked(files, root, full_path(root, path)))
    return None if stat is None else pointer_in(files, root, path, stat)


def put_bytes(files: Files, root: str, objects: LfsObjects, path: str, pointer: Pointer) -> bool:
    """Put the bytes that git LFS has here into a blob's file; False where they are not what the pointer says."""
    target = full_path(root, path)
    passing = passing_name(target)
    try:
        written = write_pieces(files, passing, pieces_of(files, objects.path(pointer.sha256)))
        if written.sha256 != pointer.sha256:
            return False
        files.replace(passing, target)
        files.sync_folder(os.path.dirname(target))
    finally:
        with contextlib.suppress(Exception):
            files.remove(passing)
    return True
