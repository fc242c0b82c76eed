"""``journal conflicts``."""

from typing import Any

from ..columns import text_of_value
from ..declare import ID, READ_STATUSES, TYPE, Verb
from ..moments import moment
from ..session import Session
from ..table import Column, print_table


def run(session: Session, *, type: str | None, id: str | None) -> None:
    """Print what concurrent edits left open."""
    found = session.journal.conflicts(type, id)
    if session.output.is_json:
        from ..forms import field_conflict_form

        for conflict in found:
            session.output.json(field_conflict_form(conflict))
    else:
        columns = (
            Column("TYPE", 6, style="dim"),
            Column("ID", 14, style="bold"),
            Column("FIELD", 8),
            Column("", style="green"),
            Column("VALUE", 10),
            Column("EVENT", style="yellow"),
            Column("WHEN"),
            Column("WHO", 8),
        )
        rows = []
        for conflict in found:
            for side in (conflict.winner, *conflict.losers):
                mark = "shows" if side is conflict.winner else "kept"
                field = "(deleted?)" if conflict.field is None else conflict.field
                missing = "(deleted)" if conflict.field is None else "(absent)"
                rows.append([conflict.type, conflict.id, field, mark, *_side(side, missing)])
        print_table(session.output, columns, rows)
        if not found:
            session.output.note("no open conflicts")
    session.check_damage()


def _side(side: dict[str, Any], missing: str) -> list[str]:
    value = text_of_value(side["value"]) if "value" in side else missing
    return [value, side["event"], moment(side.get("ts")), side.get("actor") or ""]


VERB = Verb(
    name="conflicts",
    summary="List what concurrent edits left open.",
    run=run,
    text="""\
Where two clones changed the same field at the same time, the later event's value shows and the other is kept.
Nothing is blocked. An update beside a delete wins, and is listed as (deleted?). journal resolve settles one; so
does writing the field again (journal put --set).""",
    arguments=(TYPE._replace(required=False), ID._replace(required=False)),
    examples=(
        ("journal conflicts", "all of them"),
        ("journal conflicts plan pln_1 --json", ""),
        ("journal resolve plan pln_1 status --take 10@k3f9x2a7b4c5d", "settles the field status"),
    ),
    statuses=READ_STATUSES,
)
