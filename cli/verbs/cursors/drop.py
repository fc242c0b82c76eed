"""``journal cursors drop``."""

from ...cursors import NAME
from ...declare import ALL_STATUSES, Verb
from ...output import shown
from ...session import Session


def run(session: Session, *, name: str) -> None:
    """Remove a cursor."""
    session.journal.cursors.drop(name)
    if session.output.is_json:
        session.output.json({"name": name, "dropped": True})
    else:
        session.output.done(f"dropped {shown(name)}")


VERB = Verb(
    name="cursors drop",
    summary="Remove a cursor; one of its name begins anew.",
    run=run,
    text="No event is lost by it: whoever subscribes under the name gets them again, from the position that they give.",
    arguments=(NAME,),
    examples=(("journal cursors drop mail", ""),),
    statuses={5: ALL_STATUSES[5]},
)
