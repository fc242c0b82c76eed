"""``journal resolve``."""

from typing import Any

from journal.errors import UsageError

from ..declare import ID, INPUT, LOST_STATUSES, TYPE, WRITE_STATUSES, Argument, Option, Verb
from ..inputs import any_value
from ..session import Session
from ..written import print_written
from .put import SUMMARY


def run(
    session: Session, *, type: str, id: str, field: str | None, take: str | None, value: str | None, summary: str | None
) -> None:
    """Settle a conflict."""
    if take is not None and value is not None:
        raise UsageError("--take and --value exclude each other")
    if take is None and value is None:
        raise UsageError(
            "say what settles it", hint="--take EVENT, one of those that `journal conflicts` lists, or --value JSON"
        )
    given: dict[str, Any] = {"take": take} if value is None else {"value": any_value(value, what="--value")}
    written = session.journal.resolve(type, id, field, summary=summary, **given)
    print_written(session, written, verb="deleted" if written.data is None else "")


VERB = Verb(
    name="resolve",
    summary="Settle what concurrent edits left open.",
    run=run,
    text="""\
For a field: the side of an event, or a value, which may be a third. The event that is written has seen all sides
and names the field, so that the conflict is settled in every clone that it reaches.

Without FIELD it settles an update beside a delete: taking the delete's event deletes the entity, taking the
update's keeps it as it shows. Any other write to the entity keeps it too.

Where the conflict is not open any more, or EVENT is none of its sides, nothing is written.""",
    arguments=(TYPE, ID, Argument("field", "The field; none for an update beside a delete.", required=False)),
    options=(
        Option(("--take",), "Take the side of this event, SEQ or SEQ@LANE.", metavar="EVENT"),
        Option(("--value",), "Take this value: a literal, @FILE, or - for stdin.", metavar="JSON", kind=INPUT),
        SUMMARY,
    ),
    examples=(
        ("journal resolve plan pln_1 status --take 10@k3f9x2a7b4c5d", "the side of that event"),
        ("""journal resolve plan pln_1 status --value '"paused"'""", "a third value"),
        ("journal resolve plan pln_2 --take 12@p0q7w8e9r1t2y", "an update beside a delete"),
    ),
    statuses=WRITE_STATUSES
    | LOST_STATUSES
    | {3: "that is not open, or the event is none of its sides; nothing was written"},
    writes=True,
)
