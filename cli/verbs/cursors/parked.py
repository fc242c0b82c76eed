"""``journal cursors parked``."""

from ...cursors import NAME
from ...declare import Verb
from ...session import Session


def run(session: Session, *, name: str) -> None:
    """List the events that a cursor has parked."""
    parked = session.journal.cursors.parked(name)
    if session.output.is_json:
        for item in parked:
            form = {"event": item.event, "attempts": item.attempts, "ts": item.ts, "cause": item.cause}
            session.output.json(form)
        return
    from ...table import Column, print_table

    columns = (Column("EVENT", style="bold"), Column("ATTEMPTS", is_right=True), Column("PARKED"), Column("CAUSE", 12))
    print_table(session.output, columns, [[item.event, item.attempts, item.ts, item.cause or "-"] for item in parked])
    if not parked:
        session.output.note("nothing is parked")


VERB = Verb(
    name="cursors parked",
    summary="List the events that a cursor has parked.",
    run=run,
    text="Of what went wrong only the name of an error is kept, never what it said.",
    arguments=(NAME,),
    examples=(("journal cursors parked mail", ""),),
)
