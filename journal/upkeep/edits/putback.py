"""``restore``: projections as the journal has them; what stood there is parked first, never thrown away.

Crash argument: an edit is durable in ``local/parked/`` before its file is replaced, and a file or link in the way
is moved there by one rename. A kill between leaves it in both places, or the projection to be written by the next read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from journal.disk.folders import checked, full_path
from journal.index.view import View
from journal.projections.paths import entity_at
from journal.store.engine import Engine
from journal.upkeep.edits.edited import Found, read, relative_path, select
from journal.upkeep.parking import park, park_copy
from journal.upkeep.reconcile import reconcile


@dataclass(frozen=True, slots=True)
class Restored:
    """A projection that was put back; paths are relative to the store.

    ``parked`` is where the edit is now: None for a removed file, and in a dry run. ``written``: there is a projection
    again; False where the journal has none to show, so that only the file was moved away.
    """

    path: str
    parked: str | None
    written: bool


def restore(engine: Engine, paths: Sequence[str], *, dry_run: bool) -> list[Restored]:
    """Put projections back as the events say, and park what a person made of them.

    Without ``paths`` that is all edited and removed ones; a new file, which shows no entity, is left alone then, and
    moved away where it is named. So is a link or a folder. Raises as ``select`` does.
    """
    with engine.locked(), engine.reading() as view:
        blocked = [place for path in paths if _is_blocked(engine, place := relative_path(engine, path))]
        rest = [path for path in paths if relative_path(engine, path) not in blocked]
        found = select(engine, view, rest, deleted=True, misnamed=True) if rest or not paths else []
        if not paths:
            found = [item for item in found if item.kind != "new"]
        if dry_run:
            return [
                *(Restored(path, None, _is_shown(view, entity_at(path))) for path in blocked),
                *(Restored(item.path, None, _is_shown(view, item.key)) for item in found),
            ]
        aside = {path: park(engine, path) for path in blocked}
        texts = {item.path: read(engine, item.path) for item in found if item.kind == "changed"}
        kept = {item.path: _keep(engine, item, texts.get(item.path)) for item in found}
        engine.printing.replace(view, {item.key: texts.get(item.path, b"") for item in found})
        if blocked:
            reconcile(engine)
        return [
            *(Restored(path, aside[path], _is_shown(view, entity_at(path))) for path in blocked),
            *(Restored(item.path, kept[item.path], _is_shown(view, item.key)) for item in found),
        ]


def _is_blocked(engine: Engine, path: str) -> bool:
    """Tell whether something that is no file stands where a projection belongs."""
    at = entity_at(path)
    found = (
        engine.files.stat(checked(engine.files, engine.root, full_path(engine.root, path))) if at is not None else None
    )
    return found is not None and found.kind != "file"


def _keep(engine: Engine, item: Found, text: bytes | None) -> str | None:
    if item.kind == "removed":
        return None
    if item.is_stray or text is None:
        return park(engine, item.path)
    return park_copy(engine, item.path, text)


def _is_shown(view: View, key: tuple[str, str | None] | None) -> bool:
    row = view.row((key[0], key[1])) if key is not None and key[1] is not None else None
    return row is not None and row.data is not None
