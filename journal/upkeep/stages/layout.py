"""Which folder of a brainclaw store holds which type, and the file of an entity. Pure.

There are two layouts: the flat one, and a newer one with the same folders below ``memory/`` and ``coordination/``. A
folder that is not known is a type of its own, named as the folder is.
"""

import re
from collections.abc import Callable

from journal.index.view import Key

_TYPES = {
    "plans": "plan",
    "constraints": "constraint",
    "decisions": "decision",
    "traps": "trap",
    "handoffs": "handoff",
    "claims": "claim",
    "instructions": "instruction",
    "sequences": "sequence",
    "sessions": "session",
    "assignments": "assignment",
    "runs": "agent_run",
    "actions": "state",
    "runtime": "runtime_note",
    "inbox": "candidate",
    "agents": "agent",
}
_IN_MEMORY = ("constraints", "decisions", "traps", "instructions")
_FOLDERS = {type: name for name, type in _TYPES.items()}

EVENTS = "events"
LEGACY_LOG = "events.jsonl"
ARCHIVE = "archive"
NOT_DOCUMENTS = (EVENTS, ARCHIVE, "checkpoints", "migration-backups", "quarantine")
"""Folders at the top of a store that hold no documents."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,150}")


def type_of(folder: str) -> tuple[str, bool]:
    """Return the type of the documents in a folder of an old store, and whether the folder is a known one."""
    name = folder.removeprefix("memory/").removeprefix("coordination/")
    known = _TYPES.get(name)
    return (known, True) if known is not None else (folder, False)


def folder_of(type: str, is_folder: Callable[[str], bool]) -> str | None:
    """Return the folder in which a new document of a type belongs; None where the old store has no place for it."""
    name = _FOLDERS.get(type)
    if name is None:
        return type if type_of(type) == (type, False) and _is_path(type) and is_folder(type) else None
    newer = f"{'memory' if name in _IN_MEMORY else 'coordination'}/{name}"
    if name == "agents":
        return name
    if is_folder(newer) or (not is_folder(name) and is_folder(newer.partition("/")[0])):
        return newer
    return name


def file_of(folder: str, id: str) -> str | None:
    """Return the path of a new document; None for an id that is no plain file name there."""
    return f"{folder}/{id}.json" if _PLAIN_NAME.fullmatch(id) else None


def rank(path: str, key: Key) -> tuple[bool, bool, str]:
    """Order documents that claim to be the same entity: the newer layout first, then the one named by its id."""
    name = path.rpartition("/")[2].removesuffix(".json")
    return (not path.startswith(("memory/", "coordination/")), name != key[1], path)


def _is_path(path: str) -> bool:
    parts = path.split("/")
    return all(part not in ("", ".", "..") and "\\" not in part and ":" not in part for part in parts)
