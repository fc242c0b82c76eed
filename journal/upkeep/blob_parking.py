"""Compaction puts blobs aside that nothing uses: into ``local/parked/``, and git sees them leave.

A blob is put first and referred to later, and an event that refers to it may still be on its way from another clone.
So one goes only when it has been idle at two checkpoints running: unused when this was looked at under a checkpoint
which by now is the second-newest or older, and unused still. What was seen is kept in notes that may be lost; then the
time of grace begins anew. A blob that was put again since is another file, and begins anew too.

Crash argument: each blob leaves by one rename, in any order, and is in one of the two places at every instant; the
notes say only what may leave later. The writer lock is held from the last look at what is used until all are moved, and
who puts a blob takes it to give the file its name.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from journal.segments.folders import CHECKPOINTS
from journal.store.blobs import blob_files
from journal.store.engine import Engine
from journal.store.looking_back import look_back
from journal.upkeep.blobs_in_use import Notes, in_use, read_notes, write_notes
from journal.upkeep.parking import park

Idle = dict[str, list[Any]]
"""Path of a blob -> [the newest checkpoint when it was first seen idle, inode, time of change]."""


class Parked(NamedTuple):
    """What left the store; ``bytes`` together."""

    paths: tuple[str, ...]
    bytes: int


def still_idle(known: Mapping[str, list[Any]], idle: Mapping[str, tuple[int, int]], newest: str) -> Idle:
    """Return what to remember of the blobs that are idle now: since which checkpoint they have been. Pure."""
    return {
        path: known[path] if path in known and known[path][1:] == [*identity] else [newest, *identity]
        for path, identity in idle.items()
    }


def may_leave(idle: Idle, checkpoints: list[str]) -> list[str]:
    """Return the blobs that have been idle at the two newest checkpoints. Pure."""
    if len(checkpoints) < 2:
        return []
    second = sorted(checkpoints)[-2]
    return sorted(path for path, (since, *_) in idle.items() if since <= second)


def park_idle_blobs(engine: Engine) -> Parked:
    """Put aside the blobs that have been idle for long enough, and remember which others are idle."""
    if next(blob_files(engine.files, engine.root), None) is None:
        return Parked((), 0)
    notes = read_notes(engine)
    look_back(engine, lambda view: in_use(engine, view, notes))  # packs are read before anybody has to wait
    with engine.locked():
        return _park(engine, notes)


def _park(engine: Engine, notes: Notes) -> Parked:
    with engine.reading(history=True) as view:
        engine.flush()
        used = in_use(engine, view, notes)
        checkpoints = [name for folder, name in view.facts if folder == CHECKPOINTS]
    found = blob_files(engine.files, engine.root)
    blobs = {file.path: file.stat for file in found if file.name.sha256 not in used}
    identities = {path: (stat.inode, stat.mtime_ns) for path, stat in blobs.items()}
    idle = still_idle(notes["idle"], identities, max(checkpoints, default=""))
    leaving = may_leave(idle, checkpoints)
    for path in leaving:
        park(engine, path)
        del idle[path]
    write_notes(engine, {"packs": notes["packs"], "idle": idle})
    return Parked(tuple(leaving), sum(blobs[path].size for path in leaving))
