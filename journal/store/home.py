"""Whether ``local/`` was made here: nothing in it counts that git tracks, or that a copy or backup brought.

``home.json`` notes who made the folder: host, path, device and inode of ``local/``, and inode and ctime of
the lock file, which is never written or replaced, so its ctime stays what it was. A repository cannot
know these, a copied directory does not have them, and a restored one has another ctime. ``lane.json``
counts only with the inode and ctime that are noted here as well.
"""

import os
from typing import Any

from journal.disk.files import Files, ReadFiles, write_whole
from journal.format import values

NOTE_FILE = "home.json"
LOCK_FILE = "lock"
LANE_FILE = "lane.json"
TIP_FILE = "tip"
OPENING_FILE = "opening"
"""Names the segment that is being started: until the tip does, what stands in it may not be synced."""
MERGED_FILE = "merged"
CONSENT_FILE = "old-store"
"""Tells that this work tree writes the files of the old store beside the journal."""
SUPERSEDED_FILE = "superseded"
INDEX_FILE = "index.db"
DERIVED_FOLDER = "derived"
"""Snapshots of folds, and what else may be lost at any time."""
KV_FOLDER = "kv"
"""The keys of this work tree alone (``store/local_values.py``)."""
MEMORY_FILES = (
    LANE_FILE,
    TIP_FILE,
    OPENING_FILE,
    MERGED_FILE,
    CONSENT_FILE,
    SUPERSEDED_FILE,
    INDEX_FILE,
    f"{INDEX_FILE}-wal",
    f"{INDEX_FILE}-shm",
    f"{INDEX_FILE}-journal",
)


def is_made_here(files: ReadFiles, local: str) -> bool:
    """Tell whether what stands in this folder is this work tree's own memory."""
    note = _read(files, local)
    return note is not None and note.get("made") == _signature(files, local)


def claim(files: Files, local: str) -> None:
    """Make the folder this work tree's own: drop a memory that is not, and keys, then note who made it.

    The lock must exist and be held. Dropping loses nothing: all of it can be derived, or is replaced
    by a new lane. Crash argument: the memory goes first, the note comes last.
    """
    for name in MEMORY_FILES:
        files.remove(os.path.join(local, name))
    keys = os.path.join(local, KV_FOLDER)
    for name, _ in files.list(keys):
        files.remove(os.path.join(keys, name))
    write_note(files, local)


def write_note(files: Files, local: str) -> None:
    """Note who made this folder, and which ``lane.json`` is ours."""
    lane = files.stat(os.path.join(local, LANE_FILE))
    note = {"made": _signature(files, local), "lane": lane and [lane.inode, lane.ctime_ns]}
    write_whole(files, os.path.join(local, NOTE_FILE), values.pretty(note), durable=False)


def is_lane_ours(files: Files, local: str) -> bool:
    """Tell whether ``lane.json`` is the file that was noted when it was written."""
    note, lane = _read(files, local), files.stat(os.path.join(local, LANE_FILE))
    return note is not None and lane is not None and note.get("lane") == [lane.inode, lane.ctime_ns]


def _read(files: ReadFiles, local: str) -> dict[str, Any] | None:
    path = os.path.join(local, NOTE_FILE)
    found = files.stat(path)
    if found is None or found.kind != "file":
        return None
    try:
        note = values.decode(files.read_at(path, 0, 4096))
    except (OSError, ValueError):
        return None
    return note if type(note) is dict else None


def _signature(files: ReadFiles, local: str) -> list[Any]:
    folder, lock = files.stat(local), files.stat(os.path.join(local, LOCK_FILE))
    host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return [
        host,
        # A path need not be UTF-8, and JSON is.
        os.fsencode(os.path.realpath(local)).decode("utf-8", "backslashreplace"),
        folder and [folder.device, folder.inode],
        lock and [lock.inode, lock.ctime_ns],
    ]


def clear_derived(files: Files, local: str) -> None:
    """Under the lock: remove what is derived below ``local/``, which may hold what was redacted since."""
    folders = [os.path.join(local, DERIVED_FOLDER)]
    for folder in folders:
        found = files.stat(folder)
        if found is None or found.kind != "folder":
            continue
        for name, stat in files.list(folder):
            path = os.path.join(folder, name)
            if stat.kind == "folder":
                folders.append(path)
            else:
                files.remove(path)
