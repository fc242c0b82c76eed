"""Snapshots of folds: states kept in ``local/derived/folds/``, so that a replay begins there.

Crash argument: a snapshot is written to another name and renamed, and holds a checksum of itself; one that is torn or
foreign is none. They are derived: deleting them costs time. A redaction deletes them, also one that comes with a
merge, and those that are met afterwards and do not heed it.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

from journal.disk.files import write_whole
from journal.disk.folders import ensure_folder
from journal.errors import RefusedError
from journal.folds.fold import Fold, FoldState, V
from journal.folds.redacted import is_redacted_since
from journal.format import token, values
from journal.format.names import encode_name
from journal.store.engine import Engine
from journal.store.home import DERIVED_FOLDER, is_made_here
from journal.store.layout import LOCAL
from journal.store.looking_back import look_back
from journal.store.not_applied import nothing_applied

_FOLDER = f"{LOCAL}/{DERIVED_FOLDER}/folds"
_KEPT = 3
"""The newest are kept, and older ones for when an event arrives late."""


def save(engine: Engine, fold: Fold[V], streams: Sequence[str], state: FoldState[V]) -> None:
    """Keep a state, but for one from before a redaction that came meanwhile.

    Raises RefusedError for a value that JSON does not have, NotAppliedError where there is no room.
    """
    known = token.decode(state.position)
    body = values.encode({"value": state.value, "position": state.position, **_identity(engine, fold, streams)})
    with engine.locked(), nothing_applied():
        if look_back(engine, lambda view: is_redacted_since(engine, view, known)):
            return
        relative = f"{_FOLDER}/{_name(fold, streams)}"
        folder = ensure_folder(engine.files, engine.root, relative)
        numbers = [number for number, _ in _files(engine, folder)]
        path = os.path.join(folder, f"{max(numbers, default=0) + 1:012d}.json")
        write_whole(engine.files, path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body, durable=False)
        for _, name in _files(engine, folder)[_KEPT:]:
            engine.files.remove(os.path.join(folder, name))


def kept(engine: Engine, fold: Fold[V], streams: Sequence[str]) -> Iterator[FoldState[V]]:
    """Yield the states that were kept of a fold over streams, the newest first."""
    if not is_made_here(engine.files, engine.local):
        return
    folder = os.path.join(engine.root, *_FOLDER.split("/"), _name(fold, streams))
    for _, name in _files(engine, folder):
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError, ValueError, RefusedError):
            said, _, body = engine.files.read(path).partition(b"\n")
            form: dict[str, Any] = values.decode(body)
            if said != hashlib.sha256(body).hexdigest().encode() or not _is_of(form, _identity(engine, fold, streams)):
                continue
            known = token.decode(form["position"])
            if look_back(engine, lambda view: is_redacted_since(engine, view, known)):  # noqa: B023
                engine.files.remove(path)
                continue
            yield FoldState(form["value"], form["position"])


def _files(engine: Engine, folder: str) -> list[tuple[int, str]]:
    """Return (number, name) of the snapshots in a folder, the newest first."""
    try:
        names = [name for name, stat in engine.files.list(folder) if stat.kind == "file" and name.endswith(".json")]
    except OSError:
        return []
    return sorted(((int(name[:-5]), name) for name in names if name[:-5].isdecimal()), reverse=True)


def _identity(engine: Engine, fold: Fold[V], streams: Sequence[str]) -> dict[str, Any]:
    """Return what a state follows from beside its events; not the code of functions, of which ``version`` tells."""
    known = {"fold": fold.name, "version": fold.version, "streams": sorted(streams)}
    steps = engine.lifting.own.steps() if engine.lifting is not None else []
    versioned = list(engine.config.versioned)
    return {**known, **({"upcasters": steps} if steps else {}), **({"versioned": versioned} if versioned else {})}


def _is_of(form: dict[str, Any], identity: dict[str, Any]) -> bool:
    return {name: item for name, item in form.items() if name not in ("value", "position")} == identity


def _name(fold: Fold[V], streams: Sequence[str]) -> str:
    digest = hashlib.sha256(values.encode({"streams": sorted(streams)})).hexdigest()
    return f"{encode_name(fold.name)}-{digest[:16]}"
