"""Putting aside what has to give way, into ``local/parked/``: nothing is deleted. The name tells when and whence."""

import os
from datetime import UTC, datetime

from journal.disk.files import Files
from journal.disk.folders import ensure_folder
from journal.disk.pieces import pieces_of, write_pieces
from journal.store.layout import LOCAL

PARKED = f"{LOCAL}/parked"


def park(files: Files, root: str, path: str) -> str:
    """Move what stands at a path of the store, a link or a folder too, and return where it is now.

    Crash argument: one rename, so it is in one of the two places at every instant.
    """
    target = _target(files, root, path)
    files.replace(os.path.join(root, *path.split("/")), os.path.join(root, *target.split("/")))
    return target


def park_copy(files: Files, root: str, path: str, data: bytes) -> str:
    """Keep bytes that are about to be replaced, and return where; they are durable before this returns."""
    target = _target(files, root, path)
    full = os.path.join(root, *target.split("/"))
    files.create(full, data)
    files.sync(full)
    files.sync_folder(os.path.dirname(full))
    return target


def park_pieces(files: Files, root: str, path: str) -> str:
    """Keep the bytes of a file of any size that is about to be replaced, durably, and return where."""
    target = _target(files, root, path)
    full = os.path.join(root, *target.split("/"))
    write_pieces(files, full, pieces_of(files, os.path.join(root, *path.split("/"))))
    files.sync_folder(os.path.dirname(full))
    return target


def _target(files: Files, root: str, path: str) -> str:
    ensure_folder(files, root, PARKED, durable=True)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    name = path.replace("/", "__")[-120:]
    return f"{PARKED}/{moment}-{os.urandom(3).hex()}-{name}"
