"""``migrate brainclaw``: what a brainclaw store holds comes into the journal; nothing of it is changed.

Where it has a journal of its own, each record becomes an event; then its documents are compared with that, and one that
says something else becomes a further event. Where it has none, there is a ``genesis`` note, and one snapshot for each
document. The old files stay the truth (stage ``off``), so this may be run again and again: only what is new comes in.

Crash argument: records are written in the same transaction as the note that says up to where the history was read,
and a document is compared under the lock that its event is written under. The stage is written down last.
"""

import hashlib
import os

from journal.disk.folders import full_path
from journal.disk.many import write_many
from journal.errors import NotFoundError, RefusedError, UsageError
from journal.format import values
from journal.index.records import read_record
from journal.index.view import Key, View
from journal.state.entity import Payload
from journal.store.batch import Note
from journal.store.config import OldStoreOptions, is_old_store_path
from journal.store.engine import Engine
from journal.store.looking_back import look_back
from journal.store.options import Report
from journal.upkeep.migrating.backup import back_up
from journal.upkeep.migrating.brainclaw_events import SOURCE, bring_in, rehearse
from journal.upkeep.migrating.brainclaw_history import History
from journal.upkeep.naming import name_of_now
from journal.upkeep.stages.deciding import Standing, Word
from journal.upkeep.stages.layout import ARCHIVE, LEGACY_LOG
from journal.upkeep.stages.model import Brainclaw
from journal.upkeep.stages.old_store import OldStore, read_old_store, remove_leftovers
from journal.upkeep.stages.place import set_options, top_of
from journal.upkeep.stages.standing import look_at, part_of, place_for
from journal.upkeep.stages.taking_in import take_in
from journal.upkeep.stages.verifying import verify_documents

_GENESIS = "genesis"


def migrate_brainclaw(
    engine: Engine, folder: str, *, dry_run: bool, deleted: bool, actor: str | None, progress: Report | None
) -> Brainclaw:
    """Bring in what a brainclaw store holds and the journal does not, and compare.

    ``deleted``: an entity whose document is gone is deleted; else it is kept and listed. Raises NotFoundError where
    there is no such store, UsageError where the journal stands beside another one.
    """
    path = _path_of(engine, folder)
    known = engine.config_now().old_store
    if known is not None and known.path != path:
        raise UsageError(f"this journal stands beside another store: {known.path}", path=folder)
    base = full_path(top_of(engine), path)
    with engine.locked():
        old = read_old_store(engine.files, base, part_of(progress, "read"))
        history = History(engine.files, base)
        found = Brainclaw(path, dry_run, known.stage if known is not None else None, old)
        found.has_history = bool(history.segments())
        if not old.documents and not old.unreadable and not found.has_history:
            raise NotFoundError("there is no brainclaw store here: no folder of documents", path=folder)
        items = _foresee(engine, history, found, deleted=deleted)
        if not dry_run:
            _bring_in(engine, found, items, actor=actor, progress=progress)
    return found


def _path_of(engine: Engine, folder: str) -> str:
    full, top = os.path.abspath(folder), top_of(engine)
    for place, base in ((full, top), (os.path.realpath(full), os.path.realpath(top))):
        path = os.path.relpath(place, base).replace(os.sep, "/")
        if is_old_store_path(path):
            return path
    hint = f"copy or move it below {top}: the journal stands beside it, and both are committed together"
    raise RefusedError("the old store is not below the folder that holds the journal", path=folder, hint=hint)


def _foresee(engine: Engine, history: History, found: Brainclaw, *, deleted: bool) -> list[Standing]:
    """Tell what there is to do; return the documents that are to become events.

    Later than ``off`` the history is not followed any more: the journal is ahead of it.
    """
    stage = found.stage or "off"
    after: dict[Key, Payload | None] = {}
    had: set[Key] = set()
    if stage == "off" and found.has_history:
        found.records, after = rehearse(engine, history, found.path)
        found.problems = list(history.problems)
        had = history.keys
    with engine.reading() as view:
        standings = look_at(engine, view, found.old, stage, had=had)
    items = _foreseen(engine, found.old, standings, after)
    gone = [item for item in items if item.word == "missing"]
    found.gone = [] if deleted else gone
    found.deletes = len(gone) if deleted else 0
    found.snapshots = sum(item.word == "new" for item in items)
    found.updates = [item.path or "" for item in items if item.word == "changed"]
    found.same = sum(item.word == "same" and item.key in found.old.documents for item in items)
    words = ("changed", "new", "missing") if deleted else ("changed", "new")
    return [item for item in items if item.word in words]


def _foreseen(
    engine: Engine, old: OldStore, standings: list[Standing], after: dict[Key, Payload | None]
) -> list[Standing]:
    """Return how documents would stand after the records of a dry run."""
    known = {item.key: item for item in standings}
    for key, now in after.items():
        document = old.documents.get(key)
        path = document.path if document is not None else place_for(engine, old.base, key)
        word: Word = "same"
        if document is None and now is not None:
            word = "missing" if path is not None else "unplaced"
        elif document is not None and now is None:
            word = "new"
        elif document is not None and not values.is_same(now, document.data):
            word = "changed"
        known[key] = Standing(word, key, path)
    return [known[key] for key in sorted(known)]


def _bring_in(
    engine: Engine, found: Brainclaw, items: list[Standing], *, actor: str | None, progress: Report | None
) -> None:
    remove_leftovers(engine.files, found.old)
    found.parked_log = _park_log(engine, found.old)
    genesis = None
    if not found.has_history and not look_back(engine, _has_genesis):
        data = {"source": SOURCE, "from": found.path, "entities": len(found.old.documents)}
        genesis = Note(note=_GENESIS, data=data, actor=actor)
    if found.records or items or genesis is not None:
        found.backup = back_up(engine, name_of_now(engine.backend))
    if found.records:
        bring_in(engine, History(engine.files, found.old.base), found.path, part_of(progress, "history"))
    stage = found.stage or "off"
    take_in(engine, found.old, items, stage, actor=actor, first=genesis, progress=part_of(progress, "documents"))
    documents = found.old.documents.values()
    found.verified, found.differences = verify_documents(engine, documents, part_of(progress, "verify"))
    if found.stage is None and not found.differences:
        set_options(engine, OldStoreOptions(SOURCE, found.path, "off"))
        found.stage = "off"


def _has_genesis(view: View) -> bool:
    records = (read_record(view, place) for place in view.notes())
    return any(
        record is not None and record.get("note") == _GENESIS and record["data"].get("source") == SOURCE
        for record in records
    )


def _park_log(engine: Engine, old: OldStore) -> str | None:
    """Copy the legacy log, as it is now, to the old store's ``archive/``; it stays where it is, too.

    Its lines have no payloads, so no event can be made of them. The copy's name is made of its bytes: it is never
    written again, nor removed. Not into the journal's own ``archive/``: that is truth, and this is not.
    """
    if old.log_bytes is None:
        return None
    data = engine.files.read(os.path.join(old.base, LEGACY_LOG))
    name = f"{ARCHIVE}/events-{hashlib.sha256(data).hexdigest()[:16]}.jsonl"
    if engine.files.stat(full_path(old.base, name)) is None:
        write_many(engine.files, old.base, [(name, data)])
    return name
