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
                rows.append([conflict.type, conflict.id, conflict.field or "(deleted?)", mark, *_side(side)])
        print_table(session.output, columns, rows)
        if not found:
            session.output.note("no open conflicts")
    session.check_damage()


def _side(side: dict[str, Any]) -> list[str]:
    value = text_of_value(side["value"]) if "value" in side else "(absent)"
    return [value, side["event"], moment(side.get("ts")), side.get("actor") or ""]


VERB = Verb(
    name="conflicts",
    summary="List what concurrent edits left open.",
    run=run,
    text="""\
Where two clones changed the same field at the same time, the later event's value shows and the other is kept.
Nothing is blocked. Writing the field again (journal put --set) settles it.""",
    arguments=(TYPE._replace(required=False), ID._replace(required=False)),
    examples=(
        ("journal conflicts", "all of them"),
        ("journal conflicts plan pln_1 --json", ""),
        ("journal put plan pln_1 --set status=done", "settles the field status"),
    ),
    statuses=READ_STATUSES,
)
