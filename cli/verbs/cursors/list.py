"""``journal cursors list``."""

from typing import TYPE_CHECKING, Any

from ...declare import Verb
from ...session import Session

if TYPE_CHECKING:
    from journal.subscriptions.model import CursorStatus


def run(session: Session) -> int:
    """List the durable cursors, and where they stand."""
    from journal.errors import JournalError

    found = session.journal.cursors.list()
    told = [status for status in found if not isinstance(status, JournalError)]
    if session.output.is_json:
        for status in told:
            session.output.json(status_form(status))
    else:
        from ...table import Column, print_table

        titles = ("CURSOR", "ABOUT", "TO COME", "CLAIMED", "WAITING", "PARKED", "MISSING")
        columns = [Column(title, 16 if at < 2 else 0, is_right=at > 1) for at, title in enumerate(titles)]
        print_table(session.output, columns, [_row(status) for status in told])
        if not found:
            session.output.note("no cursors")
    errors = [error for error in found if isinstance(error, JournalError)]
    for error in errors:
        session.output.warn(error.code, error.message)
    return errors[0].exit_status if errors else 0


def status_form(status: "CursorStatus") -> dict[str, Any]:
    """Where a cursor stands, as in ``cursors list --json``."""
    return {
        "name": status.name,
        "types": list(status.types),
        "streams": list(status.streams),
        "notes": status.notes,
        "to_come": status.to_come,
        "claimed": status.claimed,
        "waiting": status.waiting,
        "parked": status.parked,
        "missing": status.missing,
        "token": status.token,
    }


def _row(status: "CursorStatus") -> list[object]:
    about = " ".join([*status.types, *status.streams]) or "everything"
    counts = (status.to_come, status.claimed, status.waiting, status.parked, status.missing)
    return [status.name, about, *counts]


VERB = Verb(
    name="cursors list",
    summary="List durable cursors, and where they stand.",
    run=run,
    text="""\
To come are events that the cursor has not looked at, also those that it is not about; claimed are those that a consumer
has; waiting, those to be tried again; missing, those that it knows of and that are not here.""",
    examples=(("journal cursors list", ""),),
    statuses={20: "the state of a cursor is damaged"},
)
