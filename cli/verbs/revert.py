"""``journal revert``."""

from ..declare import ALL_STATUSES, EVENT, FLAG, LOST_STATUSES, WRITE_STATUSES, Option, Verb
from ..output import shown
from ..session import Session


def run(session: Session, *, event: str, force: bool) -> None:
    """Write the inverse of an event or of its transaction."""
    events = session.journal.revert(event, force=force)
    if session.output.is_json:
        from ..forms import entity_change_form

        for item in map(session.journal.show, [item.id for item in events]):
            form = entity_change_form(item)
            session.output.json({"type": item.type, "id": item.entity, **form})
        return
    for item in events:
        text = f"{item.action} {item.type} {item.entity}"
        session.output.done(f"{shown(text)}  rev {item.rev}  {item.id}")
    if not events:
        session.output.note("nothing to revert: all is as it was before that event")


VERB = Verb(
    name="revert",
    summary="Undo an event, or its whole transaction, by a new event.",
    run=run,
    text="""\
The fields that the event changed get back what they were before it; an entity that it created is deleted, one
that it deleted comes back. Nothing is taken out of the journal. Where later events, or events of another
branch, changed the same fields this is refused; --force reverts all the same.""",
    arguments=(EVENT,),
    options=(Option(("--force",), "Also where later changes overlap.", FLAG),),
    examples=(("journal revert 4711", ""), ("journal revert 4711@k3f9x2a7b4c5d --force", "")),
    statuses=WRITE_STATUSES | LOST_STATUSES | {3: "there is no such event", 4: ALL_STATUSES[4]},
    writes=True,
)
