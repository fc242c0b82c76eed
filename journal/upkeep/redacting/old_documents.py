"""The old store beside the journal (``journal migrate dual``): which of its documents hold what is redacted.

Where this checkout writes the old files, a document that says what the journal says is a projection like any other: its
bytes are remembered as superseded (``store.superseded``), so the mirror writes it anew with the value gone, now or
after a power cut. All else in the old store is somebody's own, and is only told: what another tool changed, its logs,
and everything where the old files are the truth.
"""

from collections.abc import Collection
from dataclasses import dataclass

from journal.disk.folders import full_path
from journal.errors import JournalError
from journal.index.view import Key, View
from journal.store.engine import Engine
from journal.upkeep.checks.walking import walk
from journal.upkeep.redacting.needles import Needles
from journal.upkeep.stages.old_store import OldStore, read_old_store
from journal.upkeep.stages.place import base_of, may_write
from journal.upkeep.stages.standing import look_at


@dataclass(frozen=True, slots=True)
class OldDocuments:
    """What the old store has of it. ``ours``: documents that follow the journal, as they are, by their path in it."""

    ours: dict[str, bytes]
    keys: frozenset[Key]


def documents_of(engine: Engine, view: View, keys: Collection[Key]) -> OldDocuments:
    """Return the old documents of these entities, before anything is redacted."""
    ours: dict[str, bytes] = {}
    options = engine.config.old_store
    old = _read(engine)
    if options is not None and old is not None and options.stage != "off" and may_write(engine, options):
        for item in look_at(engine, view, old, options.stage):
            document = old.documents.get(item.key)
            if item.key in keys and item.word in ("same", "lagging") and document is not None:
                ours[document.path] = document.text
    return OldDocuments(ours, frozenset(keys))


def still_there(engine: Engine, view: View, documents: OldDocuments, needles: Needles, *, is_done: bool) -> list[str]:
    """Return a sentence for each file of the old store that holds it, by looking; not what is written anew.

    A document of a redacted entity that says something else than the journal is told whatever it holds: what was taken
    out may be too short to be looked for.
    """
    options, old = engine.config.old_store, _read(engine)
    if options is None or old is None:
        return []
    holding = {path for path in _paths(engine, old) if _holds(engine, old, path, needles)}
    differing = set()
    if is_done:
        for item in look_at(engine, view, old, options.stage):
            if item.key in documents.keys and item.word not in ("same", "missing", "unplaced") and item.path:
                differing.add(item.path)
    else:
        holding -= documents.ours.keys()
        all_of_them = {document.path for key, document in old.documents.items() if key in documents.keys}
        differing = all_of_them - documents.ours.keys()
    return [
        f"the file {options.path}/{path} {'holds it' if path in holding else 'may hold it'}: it belongs to the old "
        "store, so take it out there, before journal migrate takes it in again"
        for path in sorted(holding | differing)
    ]


def written_anew(engine: Engine, documents: OldDocuments) -> list[str]:
    """Return those of our documents that are other bytes now, by path beside the store."""
    options = engine.config.old_store
    if options is None:
        return []
    base = base_of(engine, options)
    found = []
    for path, text in sorted(documents.ours.items()):
        full = full_path(base, path)
        if engine.files.stat(full) is None or engine.files.read(full) != text:
            found.append(f"{options.path}/{path}")
    return found


def _read(engine: Engine) -> OldStore | None:
    options = engine.config.old_store
    if options is None:
        return None
    try:
        return read_old_store(engine.files, base_of(engine, options))
    except (JournalError, OSError):
        return None  # there is none in this checkout, or doctor tells of it


def _paths(engine: Engine, old: OldStore) -> list[str]:
    return [path for path, stat in walk(engine.files, old.base, skip=(".git",)) if stat.kind == "file"]


def _holds(engine: Engine, old: OldStore, path: str, needles: Needles) -> bool:
    try:
        return needles.is_inside(engine.files.read(full_path(old.base, path)))
    except OSError:
        return False
