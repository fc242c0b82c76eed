"""Putting aside what has to give way, into ``local/parked/``: nothing is deleted. The name tells when and whence."""

import os

from journal.disk.folders import checked, ensure_folder, full_path
from journal.disk.pieces import pieces_of, write_pieces
from journal.store.engine import Engine
from journal.store.layout import LOCAL
from journal.upkeep.naming import name_of_now

PARKED = f"{LOCAL}/parked"


def park(engine: Engine, path: str) -> str:
    """Move what stands at a path of the store, a link or a folder too, and return where it is now.

    Raises UnsafePathError where a link leads to it, out of the store. Crash argument: one rename, so it is in one of
    the two places at every instant.
    """
    full = checked(engine.files, engine.root, full_path(engine.root, path))
    target = _target(engine, path)
    engine.files.replace(full, full_path(engine.root, target))
    return target


def park_copy(engine: Engine, path: str, data: bytes) -> str:
    """Keep bytes that are about to be replaced, and return where; they are durable before this returns."""
    target = _target(engine, path)
    full = full_path(engine.root, target)
    engine.files.create(full, data)
    engine.files.sync(full)
    engine.files.sync_folder(os.path.dirname(full))
    return target


def park_pieces(engine: Engine, path: str) -> str:
    """Keep the bytes of a file of any size that is about to be replaced, durably, and return where."""
    target = _target(engine, path)
    full = full_path(engine.root, target)
    write_pieces(engine.files, full, pieces_of(engine.files, full_path(engine.root, path)))
    engine.files.sync_folder(os.path.dirname(full))
    return target


def _target(engine: Engine, path: str) -> str:
    ensure_folder(engine.files, engine.root, PARKED, durable=True)
    name = path.replace("/", "__")[-120:]
    return f"{PARKED}/{name_of_now(engine.backend)}-{name}"
