"""``journal checkpoint``."""

from ..declare import ALL_STATUSES, Verb
from ..output import shown
from ..session import Session


def run(session: Session) -> None:
    """Write a checkpoint."""
    name = session.journal.checkpoint()
    if session.output.is_json:
        session.output.json({"checkpoint": name})
    else:
        session.output.done(f"wrote {shown(name)}")


VERB = Verb(
    name="checkpoint",
    summary="Write a checkpoint of the present state.",
    run=run,
    text="""\
A checkpoint holds the state that all events so far lead to, so that a rebuild starts there. It is read again and
verified before anyone relies on it. Writers go on meanwhile.""",
    examples=(("journal checkpoint", ""), ("journal checkpoint && journal compact", "")),
    statuses={5: ALL_STATUSES[5], 8: ALL_STATUSES[8], 20: "the truth is damaged; nothing was written"},
    writes=True,
)
