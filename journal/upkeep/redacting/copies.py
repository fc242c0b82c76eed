"""Copies of what is redacted that this work tree keeps for itself, below ``local/``: finding them, and clearing them.

What is derived (``local/derived/``) always leaves. Of what had to give way (``local/parked/``) or was kept to be put
back (``local/backups/``) those files leave that hold it; nothing of the store needs them. The index writes itself anew.
"""

import os
from collections.abc import Callable
from typing import NamedTuple

from journal.disk.files import TEMPORARY_SUFFIX
from journal.disk.folders import full_path
from journal.disk.pieces import pieces_of
from journal.index.inspection import content_of
from journal.store.engine import Engine
from journal.store.home import DERIVED_FOLDER, INDEX_FILE
from journal.store.layout import LOCAL
from journal.upkeep.checks.walking import walk
from journal.upkeep.redacting.needles import Needles

_KEPT = (f"{LOCAL}/parked/", f"{LOCAL}/backups/")
_DERIVED = f"{LOCAL}/{DERIVED_FOLDER}/"
_INDEX = f"{LOCAL}/{INDEX_FILE}"


class Copies(NamedTuple):
    """Paths in the store: of files that are to leave, of others here that hold it, and of what cannot be read."""

    leave: list[str]
    others: list[str]
    unread: list[str]


def copies_of(engine: Engine, needles: Needles) -> Copies:
    """Return the files that hold a copy, and what could not be looked into, folders too."""
    leave, others, unread = found = Copies([], [], [])
    for path, stat in walk(engine.files, engine.root, unlisted=unread.append):
        is_local = path.startswith(f"{LOCAL}/")
        if stat.kind != "file" or not (is_local or path.endswith(TEMPORARY_SUFFIX)):
            continue
        if path.startswith(_DERIVED):
            leave.append(path)
        elif not path.startswith(_INDEX) and _holds(engine, path, needles, unread.append):
            (leave if path.startswith(_KEPT) or path.endswith(TEMPORARY_SUFFIX) else others).append(path)
    return found


def clear(engine: Engine, paths: list[str]) -> None:
    """Remove files, each on its own; what is not removed in time is found by the next run."""
    for path in paths:
        engine.files.remove(full_path(engine.root, path))
    for folder in sorted({os.path.dirname(full_path(engine.root, path)) for path in paths}):
        engine.files.sync_folder(folder)


def still_holding(engine: Engine, needles: Needles) -> list[str]:
    """Return every file of the store that holds one of the texts, whatever it is."""
    found = walk(engine.files, engine.root, skip=(".git",))
    return [path for path, stat in found if stat.kind == "file" and _holds(engine, path, needles)]


def _holds(engine: Engine, path: str, needles: Needles, unread: Callable[[str], object] = lambda _: None) -> bool:
    if path == _INDEX:
        return needles.is_inside(content_of(full_path(engine.root, path)))
    if path == f"{_INDEX}-shm":
        return False  # SQLite's locks are on it, and it holds numbers of pages
    try:
        full = full_path(engine.root, path)
        return needles.is_inside_pieces(lambda: pieces_of(engine.files, full))
    except FileNotFoundError:
        return False
    except OSError:
        unread(path)
        return False
