"""``journal blame``."""

from ..columns import text_of_value
from ..declare import ID, READ_STATUSES, TYPE, Verb
from ..moments import moment
from ..session import Session
from ..table import Column, print_table


def run(session: Session, *, type: str, id: str) -> None:
    """Print for each field who set it and when."""
    lines = session.journal.blame(type, id)
    if session.output.is_json:
        from ..forms import blame_form

        for line in lines:
            session.output.json(blame_form(line))
    else:
        columns = (
            Column("FIELD", 10, style="bold"),
            Column("VALUE", 12),
            Column("EVENT", style="yellow"),
            Column("WHEN"),
            Column("WHO", 8),
        )
        rows = [
            [line.field, text_of_value(line.value), line.event, moment(line.ts), line.actor or ""] for line in lines
        ]
        print_table(session.output, columns, rows)
    session.check_damage(type, id)


VERB = Verb(
    name="blame",
    summary="For each field of an entity: value, event, who, when.",
    run=run,
    arguments=(TYPE, ID),
    examples=(
        ("journal blame plan pln_1", ""),
        ("""journal blame plan pln_1 --json | jq -r 'select(.field == "status") | .actor'""", "who set the status"),
    ),
    statuses={3: "there is no such entity, or it is deleted"} | READ_STATUSES,
)
