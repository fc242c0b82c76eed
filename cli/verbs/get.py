"""``journal get``."""

from typing import TYPE_CHECKING, Any

from journal.errors import NotFoundError, UsageError, command_line

from ..declare import AS_WRITTEN, ID, INTEGER, READ_STATUSES, TYPE, Option, Verb
from ..lifting import warn_of_lifting
from ..session import Session

if TYPE_CHECKING:
    from journal.index.rows import EntityRow
    from journal.store.model import Entity


def run(session: Session, *, type: str, id: str, rev: int | None, at: str | None, as_written: bool) -> None:
    """Print an entity as in its projection, or with what belongs to it as JSON."""
    if rev is not None and at is not None:
        raise UsageError("--rev and --at exclude each other")
    if rev is None and at is None:
        _print_present(session, session.journal.texts(type, id), type, id, as_written=as_written)
    else:
        entity = session.journal.get(type, id, rev=rev, at=at, as_written=as_written)
        if entity is None or entity.data is None:
            if session.journal.texts(type, id) is None:
                raise NotFoundError(f"there never was a {type} {id!r}")
            when = f"rev {rev}" if at is None else f"event {at}"
            raise NotFoundError(f"there was no {type} {id!r} at {when}", hint=_look_back(type, id))
        _print_past(session, entity)
    session.check_damage(type, id)


def _print_present(session: Session, row: "EntityRow | None", type: str, id: str, *, as_written: bool) -> None:
    if row is None:
        raise NotFoundError(f"there is no {type} {id!r}")
    if row.data is None:
        raise NotFoundError(f"{type} {id!r} was deleted at rev {row.rev}", hint=_look_back(type, id))
    text, lifted = (row.data, {}) if as_written else _lifted(session, row, row.data)
    if not session.output.is_json:
        from journal.projections.paths import render

        session.output.json_bytes(render(id, text))
        return
    from journal.format.values import fragment

    conflicts = []
    if row.conflicts:
        from ..forms import field_conflict_form

        conflicts = [field_conflict_form(conflict) for conflict in session.journal.conflicts(type, id)]
    event = f"{row.seq}@{row.lane}"
    form = {"type": type, "id": id, "rev": row.rev, "event": event}
    session.output.json({**form, "data": fragment(text.encode()), **lifted, "conflicts": conflicts})


def _lifted(session: Session, row: "EntityRow", text: str) -> tuple[str, dict[str, Any]]:
    """Return the text of a document as callers see it, and what is to be said of that."""
    entity = session.journal.lifted(row)
    if entity is None:
        return text, {}
    from journal.format.values import encode_trusted

    from ..forms import lifted_form

    warn_of_lifting(session, entity)
    return encode_trusted(entity.data).decode(), lifted_form(entity)


def _print_past(session: Session, entity: "Entity") -> None:
    warn_of_lifting(session, entity)
    if session.output.is_json:
        from ..forms import entity_form

        session.output.json({**entity_form(entity), "conflicts": []})
        return
    from journal.format.values import encode_trusted
    from journal.projections.paths import render

    session.output.json_bytes(render(entity.id, encode_trusted(entity.data).decode()))


def _look_back(type: str, id: str) -> str:
    return f"its past is still there: {command_line('history', type, id)}"


VERB = Verb(
    name="get",
    summary="Print an entity.",
    run=run,
    text="""\
Prints the bytes of its projection, the file below `entities/`; where upcasters are registered for an old schema
version, the lifted document. With --json there are also rev, event (what
--expect-event takes) and open conflicts.""",
    arguments=(TYPE, ID),
    options=(
        Option(("--rev",), "As it was at this rev.", INTEGER, metavar="N"),
        Option(("--at",), "As the writer of this event saw it, the event included.", metavar="EVENT"),
        AS_WRITTEN,
    ),
    examples=(
        ("journal get plan pln_1", "the document, pretty-printed"),
        ("journal get plan pln_1 --json | jq .rev", "with rev, event and conflicts"),
        ("journal get plan pln_1 --rev 2", "as it was at rev 2"),
        ("journal get plan pln_1 --at 4711", "as it was when event 4711 was written"),
    ),
    statuses={3: "there is no such entity, or it is deleted"} | READ_STATUSES,
)
