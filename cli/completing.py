"""Completion in the shell: what to offer for types, ids, keys, streams and cursors.

Types, ids and keys are read from the names of the projections: a listing of one or two folders, whatever the store
holds. A projection that lags is not offered; nothing else hangs on it.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_OFFERED_MAX = 200


def candidates(what: str, settings: Mapping[str, Any], incomplete: str) -> list[str]:
    """Return what begins as was typed: types, ids of the type in ``settings``, keys, streams or cursors."""
    try:
        fitting = (name for name in _names(what, _store(settings), settings) if name.startswith(incomplete))
        return sorted(name for name, _ in zip(fitting, range(_OFFERED_MAX), strict=False))
    except Exception:  # the verb itself tells what is wrong
        return []


def _names(what: str, store: str, settings: Mapping[str, Any]) -> Iterable[str]:
    if what == "type":
        return _types(os.path.join(store, "entities"))
    if what == "id":
        return _ids(store, settings["type"]) if settings.get("type") else ()
    if what == "key":
        return _documents(os.path.join(store, *(("local", "kv") if settings.get("local") else ("kv",))))
    from journal import Journal

    with Journal.open(store=store) as journal:
        return journal.cursors.names() if what == "cursor" else [stream.name for stream in journal.streams()]


def _store(settings: Mapping[str, Any]) -> str:
    from journal.disk.files import OsFiles
    from journal.store.layout import find_store

    if settings.get("directory"):
        os.chdir(settings["directory"])
    return str(settings.get("store") or os.environ.get("JOURNAL_STORE") or find_store(OsFiles(), "."))


def _types(folder: str) -> Iterator[str]:
    from journal.format.names import decode_name

    with os.scandir(folder) as entries:
        yield from (name for entry in entries if entry.is_dir() and (name := decode_name(entry.name)))


def _ids(store: str, type: str) -> Iterator[str]:
    from journal.format.names import encode_name

    return _documents(os.path.join(store, "entities", encode_name(type)))


def _documents(folder: str) -> Iterator[str]:
    from journal.format.names import decode_name

    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.name.endswith(".json") and (name := decode_name(entry.name.removesuffix(".json"))):
                    yield name
