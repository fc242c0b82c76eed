"""``journal list``."""

from typing import TYPE_CHECKING, Any

from ..columns import choose_fields, text_of_value
from ..declare import AS_WRITTEN, FLAG, INTEGER, READ_STATUSES, TYPE, Option, Verb
from ..lifting import warn_of_lifting
from ..session import Session
from ..table import Column, print_table

if TYPE_CHECKING:
    from journal.store.model import Entity


def run(
    session: Session,
    *,
    type: str | None,
    where: tuple[str, ...],
    sort: str | None,
    limit: int | None,
    fields: str | None,
    ids: bool,
    deleted: bool,
    as_written: bool,
) -> None:
    """Print entities: a table, ids, or JSON Lines."""
    entities = session.journal.list(
        type, where=where or None, sort=sort, limit=limit, deleted=deleted, as_written=as_written
    )
    names = [name.strip() for name in fields.split(",") if name.strip()] if fields else None
    if session.output.is_json:
        _print_json(session, entities, names, ids=ids)
    elif ids:
        from ..output import shown

        session.output.lines(shown(item.id if type else f"{item.type} {item.id}") for item in entities)
    else:
        _print_table(session, entities, names, has_type=type is None)
        if not entities:
            session.output.note("nothing to list")
    warn_of_lifting(session, *entities)
    session.check_damage()


def _print_json(session: Session, entities: "list[Entity]", names: list[str] | None, *, ids: bool) -> None:
    from ..forms import entity_form

    for entity in entities:
        if ids:
            session.output.json({"type": entity.type, "id": entity.id})
        elif names is None or entity.data is None:
            session.output.json(entity_form(entity))
        else:
            session.output.json({**entity_form(entity), "data": _reached(entity.data, names)})


def _reached(data: dict[str, Any], names: list[str]) -> dict[str, Any]:
    from journal.store.query import reach

    missing = reach({}, ("",))
    found = {name: reach(data, name.split(".")) for name in names}
    return {name: value for name, value in found.items() if value is not missing}


def _print_table(session: Session, entities: "list[Entity]", names: list[str] | None, *, has_type: bool) -> None:
    names = names if names is not None else choose_fields(entities)
    marks = any(entity.conflicts for entity in entities)
    columns = [
        *([Column("TYPE", 8, style="dim")] if has_type else ()),
        Column("ID", 16, style="bold"),
        Column("REV", is_right=True),
        *([Column("OPEN", is_right=True, style="yellow")] if marks else ()),
        *(Column(name.upper(), 10) for name in names),
    ]
    rows = []
    for entity in entities:
        shown = _reached(entity.data or {}, names)
        rows.append(
            [
                *([entity.type] if has_type else ()),
                entity.id,
                entity.rev,
                *([entity.conflicts or ""] if marks else ()),
                *(text_of_value(shown[name]) if name in shown else "" for name in names),
            ]
        )
    print_table(session.output, columns, rows)


VERB = Verb(
    name="list",
    summary="List entities, filtered and sorted.",
    run=run,
    text="""\
Several --where must all hold: FIELD=VALUE, !=, <, <=, > and >= likewise, FIELD~=TEXT (contains).
FIELD.NAME reaches inside. The value is JSON if it parses as JSON, else the text itself; a missing field is not
null, and only meets !=.

A table fits the terminal; elsewhere nothing is cut. OPEN counts what concurrent edits left open
(journal conflicts).""",
    arguments=(TYPE._replace(required=False, help="Entities of this type only."),),
    options=(
        Option(("--where",), "A condition.", many=True, metavar="CONDITION"),
        Option(("--sort",), "Sort by a field; -FIELD for the other way.", metavar="FIELD"),
        Option(("--limit",), "At most so many.", INTEGER, metavar="N"),
        Option(("--fields",), "These fields, separated by commas.", metavar="A,B"),
        Option(("--ids",), "Ids only, one a line (type and id where no type is given).", FLAG),
        Option(("--deleted",), "Deleted ones instead.", FLAG),
        AS_WRITTEN,
    ),
    examples=(
        ("journal list plan --where status=open --sort priority", ""),
        ("journal list plan --where 'priority<2' --where title~=urgent --fields title,owner.name", ""),
        ("journal list --json | jq -r .data.title", "all entities, one JSON document a line"),
        ("journal list plan --ids --where status=done | xargs -r -n1 journal delete plan", "ids for other commands"),
    ),
    statuses=READ_STATUSES,
)
