"""From one stage to another: ``off``, ``dual``, ``primary``, and back at any time.

=========== ================================================================= =====================================
to          first                                                             then
=========== ================================================================= =====================================
dual, off   documents that somebody changed become events; with ``deleted``   what lags is written
            those that were removed are deleted, else they are written again
primary     refused unless it is ``dual`` and nothing differs; where it is    what lags is written
            ``primary`` already, what somebody changed is parked
=========== ================================================================= =====================================

Before anything in the old store changes, the files that will are copied to ``local/backups/``. Then everything is built
anew from the truth and compared with the documents. Last come a note, and the stage in ``journal.toml``.

Crash argument: every part finds what a run that was cut off has left to do: events are written only where document and
entity differ, files only where they are not as they should be, the note only if it is not the last one of its kind. The
stage changes by one rename of ``journal.toml``, so it is the old one or the new one, and the old store is complete for
both: a file that lags in ``dual`` and ``primary`` is caught up by whoever writes next.
"""

import hashlib
from collections import Counter, deque

from journal.disk.many import write_many
from journal.errors import JournalError, PromotionRefusedError, UsageError
from journal.format import values
from journal.index.records import read_record
from journal.index.view import Key, View
from journal.store.batch import Note
from journal.store.config import OldStoreOptions
from journal.store.engine import Engine
from journal.store.layout import LOCAL
from journal.store.looking_back import look_back
from journal.store.options import Report
from journal.upkeep.doctor import examine
from journal.upkeep.migrating.brainclaw_history import History
from journal.upkeep.naming import name_of_now
from journal.upkeep.parking import park_copy
from journal.upkeep.stages.deciding import Standing
from journal.upkeep.stages.mirror import Mirror, attach
from journal.upkeep.stages.model import StageChange
from journal.upkeep.stages.old_store import OldStore, read_old_store
from journal.upkeep.stages.place import allow_writing, base_of, forbid_writing, set_options
from journal.upkeep.stages.standing import look_at, part_of, unreadable_in
from journal.upkeep.stages.taking_in import take_in
from journal.upkeep.stages.verifying import verify_documents

NOTE = "store_marker"
_TAKEN = ("changed", "new")


def change_stage(
    engine: Engine, wanted: str, *, dry_run: bool, deleted: bool, actor: str | None, progress: Report | None
) -> StageChange:
    """Bring the old store's stage to ``wanted`` and return what that did; the same stage again brings all up to date.

    Raises UsageError where the journal stands beside no old store, PromotionRefusedError for ``primary`` while anything
    differs.
    """
    options = engine.config_now().old_store
    if options is None:
        raise UsageError(
            "this journal stands beside no old store", hint="bring one in first: journal migrate brainclaw DIR"
        )
    base = base_of(engine, options)
    if wanted == "primary":
        _refuse_promotion(engine, options)
    with engine.locked():
        if engine.config.old_store != options:
            raise JournalError("somebody changed the stage meanwhile; nothing was changed", hint="run it again")
        old = read_old_store(engine.files, base, part_of(progress, "read"))
        history = History(engine.files, base)
        if options.stage == "off":
            deque(history.records(), maxlen=0)  # an entity that it tells of had a document
        with engine.reading() as view:
            standings = look_at(engine, view, old, options.stage, had=history.keys)
        if wanted == "primary" and options.stage == "dual":
            _refuse_differences(standings)
        found = _plan(options, wanted, old, standings, deleted=deleted)
        found.is_dry_run = dry_run
        if not dry_run:
            _change(engine, options, old, found, actor, progress)
    return found


def _plan(
    options: OldStoreOptions, wanted: str, old: OldStore, standings: list[Standing], *, deleted: bool
) -> StageChange:
    found = StageChange(options.path, options.stage, wanted, is_dry_run=True, unreadable=unreadable_in(old, standings))
    takes = wanted != "primary"
    found.taken = [
        item for item in standings if takes and (item.word in _TAKEN or (item.word == "missing" and deleted))
    ]
    taken = {item.key for item in found.taken}
    written = ("lagging", "missing", *(() if takes else _TAKEN))
    found.written = [item for item in standings if item.word in written and item.key not in taken]
    found.unplaced = Counter(item.key[0] for item in standings if item.word == "unplaced")
    return found


def _change(
    engine: Engine,
    options: OldStoreOptions,
    old: OldStore,
    found: StageChange,
    actor: str | None,
    progress: Report | None,
) -> None:
    aim = OldStoreOptions(options.kind, options.path, found.after)
    found.events = take_in(
        engine, old, found.taken, options.stage, actor=actor, progress=part_of(progress, "documents")
    )
    changing = [*found.taken, *found.written]
    found.backup = _back_up(engine, old, changing, found.after)
    settled = {item.key: _text_of(old, item.key) for item in changing if item.word != "lagging"}
    if found.after == "primary":
        found.parked = _park(engine, options, old, found.written)
    # Whatever the stage is to be, the old files are written now as the journal says.
    mirror = Mirror(
        engine, OldStoreOptions(options.kind, options.path, "dual" if found.after == "off" else found.after)
    )
    with engine.reading() as view:
        rows, standings = mirror.sweep(view, settled)
        with view.index.writing():
            for name, value in rows:
                view.index.set_meta(name, value)
        view.settle_version()
    _verify(engine, mirror, standings, found, progress)
    _note(engine, aim, found, actor)
    if found.after == "off":
        forbid_writing(engine)
    else:
        allow_writing(engine, aim)
    set_options(engine, aim)
    attach(engine)


def _text_of(old: OldStore, key: Key) -> bytes:
    document = old.documents.get(key)
    return document.text if document is not None else b""


def _refuse_promotion(engine: Engine, options: OldStoreOptions) -> None:
    if options.stage == "off":
        hint = "in between comes: journal migrate dual"
        raise PromotionRefusedError("the old files are the truth still (stage off)", path=options.path, hint=hint)
    bad = [
        item for item in examine(engine, verify=True, fix=False, accept_loss=False).findings if item.severity == "error"
    ]
    if bad:
        more = f" (and {len(bad) - 1} more findings)" if len(bad) > 1 else ""
        raise PromotionRefusedError(
            f"doctor --verify finds: {bad[0].code}: {bad[0].message}{more}",
            path=bad[0].path,
            hint="see journal doctor --verify; nothing was changed",
        )


def _refuse_differences(standings: list[Standing]) -> None:
    bad = [item for item in standings if item.word in ("changed", "new", "missing", "lagging")]
    if bad:
        counts = Counter(item.word for item in bad)
        told = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
        raise PromotionRefusedError(
            f"{len(bad):,} document{'s differ' if len(bad) > 1 else ' differs'} from the journal: {told}",
            path=bad[0].path,
            hint="journal migrate status lists them; journal migrate dual takes them in and writes what lags",
        )


def _back_up(engine: Engine, old: OldStore, items: list[Standing], wanted: str) -> str | None:
    """Copy the documents that are about to change, with a manifest of their hashes, which comes last."""
    documents = [old.documents[item.key] for item in items if item.key in old.documents]
    if not documents:
        return None
    folder = f"{LOCAL}/backups/{name_of_now(engine.backend)}-{wanted}"
    write_many(engine.files, engine.root, [(f"{folder}/files/{item.path}", item.text) for item in documents])
    facts = {
        item.path: {"bytes": len(item.text), "sha256": hashlib.sha256(item.text).hexdigest()} for item in documents
    }
    write_many(engine.files, engine.root, [(f"{folder}/manifest.json", values.pretty({"files": facts}))])
    return folder


def _park(engine: Engine, options: OldStoreOptions, old: OldStore, items: list[Standing]) -> list[str]:
    """Keep what somebody wrote over files that the journal prints, before they are printed again."""
    documents = [old.documents[item.key] for item in items if item.word in _TAKEN and item.key in old.documents]
    return [park_copy(engine, f"{options.path}/{item.path}", item.text) for item in documents]


def _verify(
    engine: Engine, mirror: Mirror, standings: list[Standing], found: StageChange, progress: Report | None
) -> None:
    bad = [item for item in standings if item.word not in ("same", "unreadable", "unplaced")]
    old = read_old_store(engine.files, mirror.base)
    found.unreadable = old.unreadable
    found.verified, differences = verify_documents(engine, old.documents.values(), part_of(progress, "verify"))
    if bad or differences:
        path = bad[0].path if bad else differences[0].path
        raise JournalError(
            "somebody changed the old store meanwhile, or a file could not be written; the stage is as it was",
            path=path,
            hint="journal migrate status shows how things stand; run it again",
        )


def _note(engine: Engine, aim: OldStoreOptions, found: StageChange, actor: str | None) -> None:
    """Note the change of the stage, once."""
    if found.before == found.after or look_back(engine, _stage_noted) == aim.stage:
        return
    data = {"op": "stage", "kind": aim.kind, "path": aim.path, "from": found.before, "to": aim.stage}
    engine.write([Note(note=NOTE, data=data, actor=actor)])


def _stage_noted(view: View) -> str | None:
    for place in view.notes():
        record = read_record(view, place)
        if record is not None and record.get("note") == NOTE and record["data"].get("op") == "stage":
            return str(record["data"].get("to"))
    return None
