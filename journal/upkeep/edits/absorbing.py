"""``absorb``: what a person changed in projections becomes events of that person.

Each file is compared with the version that its editor saw, so an edit of an old version undoes nothing that
others changed meanwhile in other fields. All of it is one transaction.

A file that was made before a redaction, as far as can be told, may have the value still that was taken out: what it
says in such a place is refused like a field that was changed meanwhile, or a merge would bring the value back for good.

Crash argument: the files are read first and changed last, after the events are durable. A kill between leaves files
that say what the journal says; one whose spacing differs is written anew by the next ``absorb``, without an event.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from journal.errors import ExpectationError, JournalError, RefusedError, command_line
from journal.format import names, values
from journal.format.reserved import check_document, check_entity_type
from journal.index.view import Key, View
from journal.projections.absorbing import edit_of, nearest, stale
from journal.projections.documents import read_document
from journal.projections.paths import ID_FIELD, render
from journal.projections.printer import digest
from journal.state.entity import Payload
from journal.state.redaction import MARKER
from journal.store.batch import Delete, Operation, Put, Written
from journal.store.engine import Engine
from journal.store.machine_made import images_of, seen_of
from journal.upkeep.edits.edited import Found, read, select, shown_path


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A file that was taken in; ``path`` is relative to the store.

    ``action`` None: only its spacing differed. ``rev`` and ``event`` are None where there is no event, as in a dry run.
    """

    path: str
    type: str
    id: str
    action: str | None
    set: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    rev: int | None = None
    event: str | None = None


class _Proposal(NamedTuple):
    """What a file is to become; ``overlaps``: fields that were changed meanwhile too, None for a delete.

    ``text`` is what the file holds, None where it was removed. ``redacted``: fields that it may have from before a
    redaction.
    """

    found: Found
    text: bytes | None
    operation: Operation | None
    absorbed: Absorbed
    overlaps: tuple[str | None, ...] = ()
    redacted: tuple[str, ...] = ()


def absorb(
    engine: Engine,
    paths: Sequence[str],
    *,
    deleted: bool,
    force: bool,
    dry_run: bool,
    summary: str | None,
    actor: str | None,
) -> list[Absorbed]:
    """Make events of edited, new and (see ``select``) removed projections, all or none, and write the files anew.

    Raises RefusedError for a file that is no JSON object, and ExpectationError where a field has been changed or
    redacted in the journal since the file was written, unless ``force``. Nothing was written then.
    """
    with engine.locked(), engine.reading() as view:
        found = select(engine, view, paths, deleted=deleted)
        _refuse_twice(engine, found)
        _refuse_unmerged(engine, found)
        proposals = [_propose(engine, view, item, summary, actor) for item in found]
        if not force:
            _refuse_redacted(engine, proposals)
            _refuse_overlaps(engine, proposals)
        if dry_run:
            return [proposal.absorbed for proposal in proposals]
        operations = [proposal.operation for proposal in proposals if proposal.operation is not None]
        written = engine.write(operations)[0] if operations else []
        _write_anew(engine, proposals)
    events = {item.single.key: item for item in written}
    return [_with_event(proposal, events.get(proposal.found.key)) for proposal in proposals]


def _with_event(proposal: _Proposal, written: Written | None) -> Absorbed:
    if written is None:
        return proposal.absorbed
    return replace(proposal.absorbed, rev=written.single.own["rev"], event=names.event_id(written.seq, written.lane))


def _refuse_twice(engine: Engine, found: Sequence[Found]) -> None:
    places: dict[Key, str] = {}
    for item in found:
        if item.key in places:
            other = shown_path(engine, places[item.key])
            hint = f"{other} is another; bring them together in one, and move the other away"
            raise RefusedError("two files show the same entity", path=shown_path(engine, item.path), hint=hint)
        places[item.key] = item.path


def _refuse_unmerged(engine: Engine, found: Sequence[Found]) -> None:
    """What stands at a path that git has not finished merging is one side's version, and no edit."""
    if engine.git is None or not found:
        return
    from journal.git.status import unmerged_paths
    from journal.upkeep.place import place_of

    place = place_of(engine)
    unmerged = unmerged_paths(place.repository, [place.outer(item.path) for item in found])
    if unmerged:
        path = unmerged[0].removeprefix(f"{place.prefix}/")
        hint = "journal restore FILE writes what the events say and keeps what is there; then git add FILE"
        raise RefusedError("git has not finished merging this file", path=shown_path(engine, path), hint=hint)


def _refuse_redacted(engine: Engine, proposals: Sequence[_Proposal]) -> None:
    for proposal in proposals:
        if proposal.redacted:
            fields = ", ".join(map(repr, proposal.redacted))
            raise ExpectationError(
                f"{fields} was redacted, and this file may be from before that; nothing was absorbed",
                path=shown_path(engine, proposal.found.path),
                hint=f"write {values.canonical(MARKER).decode()} where that stands in the journal, to leave it so; "
                "--force lets the file win",
            )


def _refuse_overlaps(engine: Engine, proposals: Sequence[_Proposal]) -> None:
    overlapping = [proposal for proposal in proposals if proposal.overlaps]
    if not overlapping:
        return
    first = overlapping[0]
    fields = ", ".join(repr(name) for name in first.overlaps if name is not None)
    what = "the entity was deleted" if None in first.overlaps else f"{fields} changed in the journal too"
    more = f" (so it is with {len(overlapping) - 1} more files)" if len(overlapping) > 1 else ""
    type, id = first.found.key
    raise ExpectationError(
        f"since this file was written {what}{more}; nothing was absorbed",
        path=shown_path(engine, first.found.path),
        hint=f"{command_line('history', type, id, options=['--patch'])} shows what happened; --force lets the file win",
    )


# -- from a file to an operation --------------------------------------------------------------------


def _propose(engine: Engine, view: View, found: Found, summary: str | None, actor: str | None) -> _Proposal:
    type, id = found.key
    if found.kind == "removed":
        operation = Delete(type=type, id=id, summary=summary, actor=actor)
        return _Proposal(found, None, operation, Absorbed(found.path, type, id, "delete"))
    text = read(engine, found.path)
    document = _document(engine, found, text)
    row = view.row(found.key)
    now: Payload | None = None if row is None or row.data is None else values.decode(row.data)
    base = _KNOWN_NEW if row is None else _base(engine, view, found.key, now, document)
    before, edit = base.document, edit_of(base.document, document, now)
    redacted = () if base.is_known else _redacted_in(view, found.key, edit.set)
    doubtful = stale(document, (*edit.set, *edit.unset), base.others)
    edit = edit._replace(overlaps=tuple(dict.fromkeys((*edit.overlaps, *doubtful))))
    if now is None and (before is None or edit.overlaps):
        put = Put(type=type, id=id, data=document, summary=summary, actor=actor)
        return _Proposal(
            found, text, put, Absorbed(found.path, type, id, "create", tuple(sorted(document))), edit.overlaps
        )
    if not (edit.set or edit.unset):
        return _Proposal(found, text, None, Absorbed(found.path, type, id, None))
    put = Put(type=type, id=id, set=edit.set, unset=edit.unset, summary=summary, actor=actor)
    absorbed = Absorbed(found.path, type, id, "update", tuple(edit.set), edit.unset)
    return _Proposal(found, text, put, absorbed, edit.overlaps, redacted)


def _document(engine: Engine, found: Found, text: bytes) -> Payload:
    shown = shown_path(engine, found.path)
    try:
        check_entity_type(found.key[0])
        names.check_id(found.key[1])
        document = read_document(text, what=shown)
        if ID_FIELD in document and ID_FIELD not in values.decode(render(found.key[1], "{}")):
            raise RefusedError(f"the field {ID_FIELD!r} is reserved")
        check_document(found.key[0], {name: item for name, item in document.items() if name != ID_FIELD})
    except RefusedError as error:
        message = error.message.removeprefix(f"{shown}: ")
        hint = (
            "nothing was absorbed; mend the file and run it again, or journal restore puts it back and keeps the edit"
        )
        raise RefusedError(message, path=shown, hint=hint) from error
    if document.pop(ID_FIELD, found.key[1]) != found.key[1]:
        raise RefusedError(f"{ID_FIELD!r} is not the id that the file's name stands for", path=shown)
    return document


class _Base(NamedTuple):
    """The version that a file was made from; where that is not known, the one most like it.

    ``others``: all versions, where the file is known to be made from none of them. So it is where it showed how
    branches had met, and more came from them before anybody wrote: what it has of any version need not have been typed.
    """

    document: Payload | None
    is_known: bool
    others: Sequence[Payload] = ()


_KNOWN_NEW = _Base(None, is_known=True)


def _base(engine: Engine, view: View, key: Key, now: Payload | None, document: Payload) -> _Base:
    """Return the version that the file was made from: the one that was written here last."""
    printed = view.index.printed(*key)

    def was_printed(version: Payload) -> bool:
        return printed is not None and digest(_rendered(key, version)) == printed.hash

    if now is not None and was_printed(now):
        return _Base(now, is_known=True)
    versions: list[Payload] = []
    for version in _versions(engine, view, key):
        if was_printed(version):
            return _Base(version, is_known=True)
        versions.append(version)
    versions.reverse()
    if now is not None:
        versions.append(now)
    return _Base(nearest(document, versions), is_known=False, others=() if printed is None else versions)


def _redacted_in(view: View, key: Key, fields: Payload) -> tuple[str, ...]:
    """Return those of some fields in which a value stands where one was taken out of an event of the entity."""
    if view.redacting is None:
        return ()
    from journal.index.redacting import masked

    state = view.state(key)
    events = {(place.seq, place.lane) for place in view.events_of(key)}
    if state is not None:  # a checkpoint may hold events whose files are not here
        events.update(state.heads, (event for pairs in state.fields.values() for event, _ in pairs))
    left = masked(view, fields, sorted(events))
    return tuple(name for name in fields if left[name] != fields[name])


def _versions(engine: Engine, view: View, key: Key) -> Iterator[Payload]:
    """Yield what the entity's events left, the latest first, and then what their writers saw."""
    engine.indexing.list_events()
    yield from reversed(list(images_of(view, key)))
    yield from seen_of(view, key)


def _rendered(key: Key, version: Payload) -> bytes:
    return render(key[1], values.encode_trusted(version).decode())


# -- and back to the files --------------------------------------------------------------------------


def _write_anew(engine: Engine, proposals: Sequence[_Proposal]) -> None:
    """Write the projections of what was absorbed. The events are durable: what cannot be written just lags."""
    with contextlib.suppress(OSError, JournalError), engine.reading() as view:
        engine.flush()
        for item, text, *_ in proposals:
            if item.is_stray:
                engine.printer.remove_stray(item.path, item.key, view.row(item.key), text)
        engine.printing.replace(view, {item.key: text for item, text, *_ in proposals if text is not None})
