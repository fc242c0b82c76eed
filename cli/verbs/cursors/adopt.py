"""``journal cursors adopt``."""

from ...cursors import NAME
from ...declare import ALL_STATUSES, Verb
from ...output import shown
from ...session import Session


def run(session: Session, *, name: str) -> None:
    """Go on with a cursor that was made elsewhere."""
    session.journal.cursors.adopt(name)
    if session.output.is_json:
        session.output.json({"name": name, "adopted": True})
    else:
        session.output.done(f"adopted {shown(name)}")


VERB = Verb(
    name="cursors adopt",
    summary="Go on with a cursor that was copied or put back.",
    run=run,
    text="""\
A cursor that was not made in this work tree (it came with a copy, a backup or a repository) is refused until you say
that it is to be gone on with: events that it says are done are not delivered here.""",
    arguments=(NAME,),
    examples=(("journal cursors adopt mail", ""),),
    statuses={5: ALL_STATUSES[5]},
)
