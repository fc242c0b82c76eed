"""Completion in the shell: what to offer for types and ids.

Types and ids are read from the names of the projections: a listing of one or two folders, whatever the store
holds. A projection that lags is not offered; nothing else hangs on it.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from journal.errors import JournalError

_OFFERED_MAX = 200


def candidates(what: str, settings: Mapping[str, Any], incomplete: str) -> list[str]:
    """Return types, or ids of the type in ``settings``, that begin with what was typed."""
    try:
        folder = _entities(settings)
        names = _types(folder) if what == "type" else _ids(folder, settings.get("type"))
        fitting = (name for name in names if name.startswith(incomplete))
        return sorted(name for name, _ in zip(fitting, range(_OFFERED_MAX), strict=False))
    except (OSError, JournalError):
        return []


def _entities(settings: Mapping[str, Any]) -> str:
    from journal.disk.files import OsFiles
    from journal.store.layout import find_store

    if settings.get("directory"):
        os.chdir(settings["directory"])
    store = settings.get("store") or os.environ.get("JOURNAL_STORE")
    return os.path.join(store or find_store(OsFiles(), "."), "entities")


def _types(folder: str) -> Iterator[str]:
    from journal.format.names import decode_name

    with os.scandir(folder) as entries:
        yield from (name for entry in entries if entry.is_dir() and (name := decode_name(entry.name)))


def _ids(folder: str, type: str | None) -> Iterator[str]:
    from journal.format.names import decode_name, encode_name

    if type is None:
        return
    pending = [os.path.join(folder, encode_name(type))]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.name.endswith(".json") and (name := decode_name(entry.name.removesuffix(".json"))):
                    yield name
