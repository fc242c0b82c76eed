"""``journal cursors replay``."""

from ...cursors import NAME
from ...declare import ALL_STATUSES, Argument, Verb
from ...session import Session


def run(session: Session, *, name: str, event: tuple[str, ...]) -> None:
    """Have parked events delivered again."""
    replayed = session.journal.cursors.replay(name, *event)
    if session.output.is_json:
        session.output.json({"name": name, "replayed": replayed})
    else:
        session.output.done(f"{replayed} to be delivered again")


VERB = Verb(
    name="cursors replay",
    summary="Have parked events delivered again, all or some.",
    run=run,
    text="They have all their attempts again.",
    arguments=(NAME, Argument("event", "A parked event, SEQ@LANE; none means all.", required=False, many=True)),
    examples=(("journal cursors replay mail", ""),),
    statuses={5: ALL_STATUSES[5]},
)
