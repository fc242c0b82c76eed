"""``redact``: the audited exception to a truth that is only appended to.

Crash argument. The order is: what only this work tree keeps (parked copies) is cleared; the notes are written, one
transaction, durable; then the files that hold the values are written anew (``rewriting``), and the index is. Before the
notes nothing of the truth has changed. From the notes on every reader, here and in every clone that has them, takes the
values for gone, whatever the files still say; whoever takes the lock next does what is left (``arrival``), and so does
running the same redaction again.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from journal.disk.folders import full_path
from journal.errors import DamagedError, GitError, JournalError, NotFoundError, RefusedError, UsageError
from journal.format.limits import LINE_BYTES_MAX
from journal.format.names import event_id
from journal.index.view import View
from journal.state import vector
from journal.state.redaction import KEY, MARKER, NOTE, Redactions, groups_within, merge, pointer
from journal.store.batch import Note
from journal.store.blobs import blob_paths
from journal.store.cleaning import clean
from journal.store.damage import open_damage
from journal.store.engine import Engine
from journal.store.superseded import forget, remember
from journal.upkeep.edits.edited import look_for_edits
from journal.upkeep.redacting.arrival import is_git_busy
from journal.upkeep.redacting.copies import Copies, clear, copies_of, still_holding
from journal.upkeep.redacting.needles import Needles
from journal.upkeep.redacting.old_documents import OldDocuments, documents_of, still_there, written_anew
from journal.upkeep.redacting.places import Selection
from journal.upkeep.redacting.planning import Plan, plan_of
from journal.upkeep.redacting.rewriting import Rewritten, rewrite

if TYPE_CHECKING:
    from journal.upkeep.redacting.searching import Purge, Search

_NOTE_BYTES_MAX = LINE_BYTES_MAX // 2
_REASON_CHARACTERS_MAX = 1000
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Redaction:
    """What a redaction did, or would do: events and the places in them, files by path in the store. Never a value.

    ``is_done``: False for a dry run. ``notes``: the events that record it. ``files``: of the truth, written anew, and
    ``written``: what they are now. ``documents``: of the old store beside the journal, written anew. ``stays``: a
    sentence for each place that still holds it and is not the journal's to change. ``commit``: the commit that took it
    in; ``waiting``: why there is none, where there is git.
    ``purge``: what git still holds of it, None where there is no git.
    """

    is_done: bool
    events: dict[str, tuple[str, ...]]
    entities: tuple[tuple[str, str], ...]
    files: tuple[str, ...]
    blobs: tuple[str, ...]
    local: tuple[str, ...]
    stays: tuple[str, ...]
    notes: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    commit: str | None = None
    waiting: str | None = None
    purge: "Purge | None" = None


def selection_of(
    engine: Engine, type: str | None, id: str | None, field: str | None, event: str | None, value: str | None
) -> Selection:
    """Return what these words select. Raises UsageError, NotFoundError."""
    if (type is None) is not (id is None):
        raise UsageError("an entity has a type and an id", hint="--entity TYPE ID")
    entity = None if type is None or id is None else (type, id)
    if event is None:
        return Selection(entity, field, None, value)
    from journal.store.history import find_event
    from journal.store.looking_back import look_back

    place = look_back(engine, lambda view: find_event(view, event))
    return Selection(entity, field, (place.seq, place.lane), value)


def redact(
    engine: Engine, selection: Selection, reason: str, actor: str | None, *, dry_run: bool, commits: bool
) -> Redaction:
    """Take out what is selected; with ``dry_run`` only tell what that would be.

    ``commits``: commit the store afterwards, where it is in git and anything was taken out. Raises UsageError for a
    selection that makes no sense, NotFoundError where there is nothing of that name, DamagedError while there is open
    damage, GitError in the middle of a merge or rebase, and RefusedError where a person's edit of a projection has to
    be decided first.
    """
    _check(selection, reason, actor)
    with engine.locked():
        with engine.reading(history=True) as view:
            _refuse(engine, view)
            plan = plan_of(engine, view, selection)
            needles = Needles.of([selection.value] if selection.value is not None else plan.texts)
            _refuse_unknown(view, selection)
            _refuse_edits(engine, view, plan, needles)
            earlier = {} if view.redacting is None else dict(view.redacting.known)
            again = _asked_again(view, selection, earlier)
            documents = documents_of(engine, view, plan.keys)
            beside = still_there(engine, view, documents, needles, is_done=False)
        planned = _planned(engine, plan, copies_of(engine, needles))
        search = _search(engine, plan, planned, needles, again, earlier)
        if dry_run:
            said = replace(planned, stays=(*planned.stays, *beside))
        else:
            said = _carry_out(engine, selection, plan, planned, needles, documents, (reason, actor), commits=commits)
    # Looking through git's objects may take minutes, and others may write meanwhile.
    return replace(said, purge=None if search is None else search.run(is_done=not dry_run))


# -- what is refused --------------------------------------------------------------------------------


def _check(selection: Selection, reason: str, actor: str | None) -> None:
    if any(item is not None and not isinstance(item, str) for item in (selection.value, selection.field)):
        raise UsageError("a value and a field are texts")
    chosen = [item for item in (selection.entity, selection.event, selection.value) if item is not None]
    if len(chosen) != 1 or (selection.field is not None and selection.entity is None):
        raise UsageError(
            "a redaction takes an entity (with or without a field), an event, or a value",
            hint="one of: --entity TYPE ID [--field F], --event E, --value TEXT",
        )
    if not isinstance(reason, str) or not reason.strip() or len(reason) > _REASON_CHARACTERS_MAX:
        raise UsageError(f"a redaction has a reason, of at most {_REASON_CHARACTERS_MAX:,} characters")
    if selection.value is None:
        return
    if not selection.value.strip():
        raise UsageError("there is no text to look for")
    if selection.value in MARKER:
        raise UsageError(f"this text is part of what stands in the place of what is taken out, {MARKER}")
    if selection.value in reason or selection.value in (actor or ""):
        raise RefusedError("the reason, or who writes, would repeat the value: both are written down")


def _refuse(engine: Engine, view: View) -> None:
    if open_damage(view):
        raise DamagedError(
            "the truth is damaged: what the damaged lines hold cannot be told",
            hint="journal doctor tells what is damaged and what can be done",
        )
    if is_git_busy(engine):
        raise GitError("git is in the middle of a merge, a rebase or the like", hint="finish or abort that first")


def _refuse_unknown(view: View, selection: Selection) -> None:
    if selection.entity is not None and view.state(selection.entity) is None:
        raise NotFoundError(f"there is no {selection.entity[0]} {selection.entity[1]!r}")
    if selection.event is not None and not vector.contains(view.have, *selection.event):
        raise NotFoundError(f"there is no event {event_id(*selection.event)} in this checkout")


def _refuse_edits(engine: Engine, view: View, plan: Plan, needles: Needles) -> None:
    """Refuse where a person's edit of a projection shows it, or would be taken for one that does."""
    for item in look_for_edits(engine, view).found:
        data = engine.files.read(full_path(engine.root, item.path))
        if item.key in plan.keys or needles.is_in(data):
            raise RefusedError(
                "a person edited this file, and it may hold what is to be redacted",
                path=item.path,
                hint="take the edit in with: journal absorb, or put the file back with: journal restore",
            )


# -- doing it ---------------------------------------------------------------------------------------


def _carry_out(
    engine: Engine,
    selection: Selection,
    plan: Plan,
    planned: Redaction,
    needles: Needles,
    documents: OldDocuments,
    words: tuple[str, str | None],
    *,
    commits: bool,
) -> Redaction:
    """Take it out, and return what was done; the lock is held. ``words``: the reason, and who does it."""
    clear(engine, list(planned.local))
    remember(engine.files, engine.root, [*_printed(engine, plan), *documents.ours.values()])
    notes = _note(engine, plan, *words)
    done = _write_anew(engine, plan)
    with engine.reading() as view:  # who asked for it waits for who reads the index; others do it in passing
        clean(view, engine.files, engine.local, patience_seconds=_PATIENCE_SECONDS)
    left = still_holding(engine, needles) if selection.value is not None else []
    with engine.reading() as view:
        beside = still_there(engine, view, documents, needles, is_done=True)
    is_changed = bool(notes or done.removed or done.added or done.blobs)
    commit, waiting = _commit(engine) if commits and is_changed and engine.git is not None else (None, None)
    told = " ".join(planned.stays)
    return replace(
        planned,
        is_done=True,
        notes=notes,
        files=tuple(done.removed),
        written=tuple(done.added),
        blobs=tuple(done.blobs),
        documents=tuple(written_anew(engine, documents)),
        stays=(*planned.stays, *(f"the file {path} still holds it" for path in left if path not in told), *beside),
        commit=commit,
        waiting=waiting,
    )


def _asked_again(view: View, selection: Selection, earlier: Redactions) -> Redactions:
    """Return what of earlier redactions is selected once more: so a second run tells whether git was purged of it.

    A text needs none of them: it is looked for as it is.
    """
    if selection.event is not None:
        return {event: paths for event, paths in earlier.items() if event == selection.event}
    if selection.entity is None:
        return {}
    events = {(place.seq, place.lane) for place in view.events_of(selection.entity)}
    own = {event: paths for event, paths in earlier.items() if event in events}
    if selection.field is None:
        return own
    field = pointer("data", selection.field)
    of_field = {
        event: tuple(path for path in paths if path in ("/data", field) or path.startswith(f"{field}/"))
        for event, paths in own.items()
    }
    return {event: paths for event, paths in of_field.items() if paths}


def _search(
    engine: Engine, plan: Plan, planned: Redaction, needles: Needles, again: Redactions, earlier: Redactions
) -> "Search | None":
    """Learn what is to be looked for among git's objects, while the files that hold it are there."""
    if engine.git is None:
        return None
    from journal.upkeep.redacting.searching import Search

    merge(again, plan.redactions)
    search = Search(engine, needles, again, earlier)
    paths = [*planned.files, *planned.blobs]
    search.add_files([path for path in paths if engine.files.stat(full_path(engine.root, path))])
    search.add_shown(frozenset(plan.shown))
    return search


def _planned(engine: Engine, plan: Plan, copies: Copies) -> Redaction:
    unread = sorted({*plan.unread, *copies.unread})
    return Redaction(
        is_done=False,
        events={event_id(*event): paths for event, paths in sorted(plan.redactions.items())},
        entities=tuple(sorted(plan.keys)),
        files=tuple("/".join(key) for key in sorted(plan.files | plan.more)),
        blobs=tuple(path for sha256 in sorted(plan.blobs) for path in _blob_paths(engine, sha256)),
        local=tuple(copies.leave),
        stays=(
            *plan.stays,
            *(f"the file {path}: it belongs to this work tree alone" for path in copies.others),
            *(f"what {path} may hold: it cannot be read" for path in unread),
        ),
    )


def _blob_paths(engine: Engine, sha256: str) -> list[str]:
    """Return the files of a blob, or where it would be."""
    paths = blob_paths(sha256)
    here = [path for path in paths if engine.files.stat(full_path(engine.root, path)) is not None]
    return here or [paths[0]]


def _note(engine: Engine, plan: Plan, reason: str, actor: str | None) -> tuple[str, ...]:
    """Put the redaction in force: durable, in one transaction, before any file is touched."""
    if not plan.redactions:
        return ()
    notes = [
        Note(note=NOTE, data={"reason": reason, KEY: groups}, actor=actor)
        for groups in groups_within(plan.redactions, _NOTE_BYTES_MAX)
    ]
    written, _ = engine.write(notes)
    return tuple(event_id(item.seq, item.lane) for item in written)


def _write_anew(engine: Engine, plan: Plan) -> Rewritten:
    """Write truth, projections and index anew."""
    arriving, engine.indexing.rewrite = engine.indexing.rewrite, None  # all of it at once, and no error unheard
    try:
        with engine.reading(history=True) as view:
            done = rewrite(engine, view, plan.more, plan.blobs)
        with engine.reading():
            engine.flush()
    finally:
        engine.indexing.rewrite = arriving
    forget(engine.files, engine.root)
    return done


def _printed(engine: Engine, plan: Plan) -> list[bytes]:
    """Return the projections that hold it, as they are."""
    paths = (full_path(engine.root, engine.printer.path(key)) for key in sorted(plan.keys))
    return [engine.files.read(path) for path in paths if engine.files.stat(path) is not None]


def _commit(engine: Engine) -> tuple[str | None, str | None]:
    from journal.upkeep.commit import commit

    try:
        made = commit(engine, "journal: redact", author=None, verify=True)
    except JournalError as error:
        return None, f"{error}; commit it with: journal commit"
    return (made.commit if made is not None else None), None
