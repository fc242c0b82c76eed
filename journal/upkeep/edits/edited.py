"""Which projections a person changed, added or removed, and which of them a call means by its paths."""

import os
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from journal.disk.files import TEMPORARY_SUFFIX
from journal.disk.folders import checked, full_path
from journal.errors import JournalError, NotFoundError, RefusedError, UnsafePathError
from journal.format.names import encode_name
from journal.index.view import Key, View
from journal.projections.documents import read_document
from journal.projections.paths import ENTITIES, ID_FIELD, KV, PROJECTED, entity_at, path_of
from journal.projections.plan import Step, is_wreck
from journal.store.engine import Engine


class Found(NamedTuple):
    """A person's file; ``path`` is relative to the store.

    "new": no event here is of that entity. ``is_stray``: it stands in another place than the projection does.
    """

    path: str
    key: Key
    kind: Literal["changed", "new", "removed"]
    is_stray: bool = False


class Edits(NamedTuple):
    """What a look at all projections gave.

    ``misnamed``: paths of files that no entity's projection would have; ``lagging`` counts the projections that a
    machine has still to write.
    """

    found: list[Found]
    removed: list[Found]
    misnamed: list[str]
    lagging: int


def look_for_edits(engine: Engine, view: View) -> Edits:
    """Look at every projection's stat, and read those that are not as they were written here last."""
    found: list[Found] = []
    removed: list[Found] = []
    lagging = 0
    expected: set[str] = set()
    printed = {(type, id) for type, id, _ in view.index.all_printed()}
    live = {(row.type, row.id) for row in view.index.entities(None)}
    for key in sorted(live | printed | set(view.overlay.states)):
        path = engine.printer.path(key)
        expected.add(path)
        row = view.row(key)
        step, _ = engine.printer.plan(key, row, view.index.printed(*key))
        if step is Step.EDITED:
            found.append(Found(path, key, "changed" if row is not None else "new"))
        elif step is Step.WRITE and key in printed and engine.files.stat(full_path(engine.root, path)) is None:
            removed.append(Found(path, key, "removed"))
        lagging += step in (Step.WRITE, Step.REMOVE, Step.STRANGE)
    strays = dict(_strays(engine, view, expected))
    found.extend(item for item in strays.values() if item is not None)
    return Edits(sorted(found), removed, [path for path, item in strays.items() if item is None], lagging)


def _strays(engine: Engine, view: View, expected: set[str]) -> Iterator[tuple[str, Found | None]]:
    """Yield the files that stand where no projection is expected, and that a person made; None for a misnamed one."""
    for path in engine.printing.walk():
        if path in expected or entity_at(path) is None or path.endswith(TEMPORARY_SUFFIX):
            continue
        stat = engine.files.stat(full_path(engine.root, path))
        if stat is None or stat.kind != "file":
            continue
        text = read(engine, path)
        key = _key_of(path, text)
        if key is None or not _may_stand(path, key):
            if not is_wreck(text):
                yield path, None
        elif not engine.printer.is_by_machine(key, text):
            yield path, Found(path, key, _kind(view, key), path != engine.printer.path(key))


def select(engine: Engine, view: View, paths: Sequence[str], *, deleted: bool, misnamed: bool = False) -> list[Found]:
    """Return what a person changed at these paths: files, or folders with all below; no path means everything.

    A removed file counts only if it is named itself, or with ``deleted``: who clears a folder away by mistake has
    deleted nothing. Raises RefusedError, NotFoundError or UnsafePathError for a path that is no projection; a file
    below a folder whose name is no entity's is left out with ``misnamed``.
    """
    named = [relative_path(engine, path) for path in paths]
    folders = [path for path in named if path in ("", *PROJECTED) or _is_folder(engine, path)]
    chosen = {path: _at(engine, view, path) for path in named if path not in folders}
    if folders or not paths:
        edits = look_for_edits(engine, view)
        for item in (*edits.found, *(edits.removed if deleted else ())):
            if not paths or _is_below(item.path, folders):
                chosen[item.path] = item
        for path in () if misnamed else edits.misnamed:
            if not paths or _is_below(path, folders):
                raise _misnamed(path, shown_path(engine, path))
    return [item for _, item in sorted(chosen.items()) if item is not None]


def _is_below(path: str, folders: Sequence[str]) -> bool:
    return any(not folder or path.startswith(f"{folder}/") for folder in folders)


def relative_path(engine: Engine, path: str) -> str:
    """Return where a path, relative to the working directory, lies in the store; "" where it holds all projections.

    Raises RefusedError for a place that is no projection's.
    """
    full = os.path.abspath(path)
    for root, place in ((engine.root, full), (os.path.realpath(engine.root), _real(full))):
        if os.path.join(root, "").startswith(os.path.join(place, "")):
            return ""
        if any(os.path.join(place, "").startswith(os.path.join(root, top, "")) for top in PROJECTED):
            return os.path.relpath(place, root).replace(os.sep, "/")
    folders = " and ".join(os.path.join(engine.root, top) for top in PROJECTED)
    raise RefusedError("is no projection", path=path, hint=f"projections are the files below {folders}")


def _real(full: str) -> str:
    return os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full))


def _is_folder(engine: Engine, path: str) -> bool:
    found = engine.files.stat(checked(engine.files, engine.root, full_path(engine.root, path)))
    return found is not None and found.kind == "folder" and not path.endswith(".json")


def _at(engine: Engine, view: View, path: str) -> Found | None:
    """Return what a person did at a path that was named, None where it is as a machine wrote it."""
    shown, full = shown_path(engine, path), full_path(engine.root, path)
    if entity_at(path) is None:
        hint = f"a projection is {ENTITIES}/TYPE/ID.json or {KV}/KEY.json"
        raise RefusedError("is no projection, by its name", path=shown, hint=hint)
    found = engine.files.stat(checked(engine.files, engine.root, full))
    if found is None:
        return _missing(engine, view, path)
    if found.kind != "file":
        raise UnsafePathError("is a link or a folder, and no projection; links are never followed", path=shown)
    text = read(engine, path)
    if is_wreck(text):
        hint = "journal reconcile writes it anew from the events"
        raise RefusedError("is empty or holds conflict markers, and is no edit", path=shown, hint=hint)
    key = _key_of(path, text)
    if key is None or not _may_stand(path, key):
        raise _misnamed(path, shown)
    if engine.printer.is_by_machine(key, text):
        return None
    row, place = view.row(key), engine.printer.path(key)
    if path == place and engine.printer.plan(key, row, view.index.printed(*key))[0] is not Step.EDITED:
        return None
    return Found(path, key, _kind(view, key), path != place)


def _missing(engine: Engine, view: View, path: str) -> Found:
    at = entity_at(path)
    assert at is not None
    keys: Iterator[Key] = (
        iter([(at[0], at[1])]) if at[1] is not None else ((row.type, row.id) for row in view.index.entities(at[0]))
    )
    for key in keys:
        row = view.row(key)
        if row is not None and row.data is not None and engine.printer.path(key) == path:
            return Found(path, key, "removed")
    raise NotFoundError("there is no such file, and no entity that it would show", path=shown_path(engine, path))


def _kind(view: View, key: Key) -> Literal["changed", "new"]:
    return "new" if view.row(key) is None else "changed"


def _key_of(path: str, text: bytes) -> Key | None:
    """Return the entity that a file shows, None where neither its name nor what it holds says so."""
    at = entity_at(path)
    if at is None or at[1] is not None:
        return None if at is None or at[1] is None else (at[0], at[1])
    try:
        id = read_document(text, what=path).get(ID_FIELD)
    except RefusedError:
        return None
    name = path.rpartition("/")[2].removesuffix(".json")
    return (at[0], id) if type(id) is str and id and encode_name(id) == name else None


def _may_stand(path: str, key: Key) -> bool:
    """Tell whether an entity's projection may be in this place, with ``fanout`` or without."""
    return path in (path_of(*key, fanout=False), path_of(*key, fanout=True))


def is_misnamed(path: str, text: bytes) -> bool:
    """Tell whether no entity would have a projection with this text in this place."""
    key = _key_of(path, text)
    return key is None or not _may_stand(path, key)


def misnamed_hint(path: str) -> str:
    """Return what to do about a file that is misnamed."""
    name = path.rpartition("/")[2].removesuffix(".json")
    return f"for the id {name!r} it is {encode_name(name)}.json, in the folder of its type; or keep it elsewhere"


def _misnamed(path: str, shown: str) -> JournalError:
    return RefusedError("is no projection, by its name", path=shown, hint=misnamed_hint(path))


def read(engine: Engine, path: str) -> bytes:
    """Return what a projection holds."""
    return engine.files.read(full_path(engine.root, path))


def shown_path(engine: Engine, path: str) -> str:
    """Return a path of the store as a person in the working directory names it."""
    return os.path.relpath(full_path(engine.root, path))
