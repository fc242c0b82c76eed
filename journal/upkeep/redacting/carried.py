"""Blobs that git LFS carries, in a redaction: where their bytes are, and what git LFS itself has that holds a text.

The copies of git LFS are git's as its objects are: nothing here removes one, but each is listed, and the commands that
purge git remove it.
"""

import shlex
from collections.abc import Iterator, Sequence

from journal.disk.folders import full_path
from journal.disk.pieces import pieces_of
from journal.git.lfs_objects import LfsObjects, lfs_folder
from journal.git.repository import Repository
from journal.store.engine import Engine
from journal.store.lfs import fetched, pointer_in
from journal.upkeep.redacting.needles import Needles

ADVICE = (
    "git LFS has uploaded them, or may have: no command takes them from its server, so have these ids deleted there",
    "other clones keep their copies of git LFS until git lfs prune runs there",
)


def place_of_bytes(engine: Engine, path: str) -> str | None:
    """Return where the bytes of a blob's file are; None where there is no file, or only git LFS's server has them."""
    full = full_path(engine.root, path)
    stat = engine.files.stat(full)
    if stat is None or stat.kind != "file":
        return None
    pointer = pointer_in(engine.files, engine.root, path, stat)
    return full if pointer is None else fetched(engine.files, engine.lfs_folder, pointer)


def copies_holding(engine: Engine, repository: Repository, needles: Needles) -> Iterator[str]:
    """Yield the ids of what git LFS has here that holds one of the texts, whatever file it is of."""
    objects = LfsObjects(engine.files, lfs_folder(repository))
    for sha256 in objects.all() if needles.forms else ():
        path = objects.path(sha256)
        if needles.is_inside_pieces(lambda path=path: pieces_of(engine.files, path)):  # type: ignore[misc]
            yield sha256


def removing(engine: Engine, repository: Repository, hashes: Sequence[str]) -> list[str]:
    """Return the commands that remove what git LFS has here under these ids."""
    objects = LfsObjects(engine.files, lfs_folder(repository))
    paths = [path for path in map(objects.path, hashes) if engine.files.stat(path) is not None]
    return [f"rm -f -- {shlex.join(paths)}"] if paths else []
