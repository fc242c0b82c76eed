"""``journal schema delete``."""

from ...declare import TYPE, WRITE_STATUSES, Verb
from ...output import shown
from ...session import Session


def run(session: Session, *, type: str) -> None:
    """Take a type's schema away."""
    session.journal.schemas.delete(type)
    if session.output.is_json:
        session.output.json({"type": type})
    else:
        session.output.done(shown(f"{type} has no schema any more"))


VERB = Verb(
    name="schema delete",
    summary="Take a type's schema away.",
    run=run,
    arguments=(TYPE,),
    examples=(("journal schema delete plan", ""),),
    statuses=WRITE_STATUSES | {3: "the type has no schema"},
    writes=True,
)
