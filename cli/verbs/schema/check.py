"""``journal schema check``."""

from ...declare import TYPE, Verb
from ...output import shown
from ...session import DAMAGED, Session


def run(session: Session, *, type: str | None) -> int:
    """Print what of the entities does not fit; 20 where there is any."""
    found = session.journal.schemas.check(type)
    for item in found:
        if session.output.is_json:
            session.output.json({"type": item.type, "id": item.id, "pointer": item.pointer, "why": item.why})
        else:
            session.output.line(shown(f"{item.type} {item.id}  {item.pointer or 'the document'}: {item.why}"))
    if not found:
        session.output.done("everything fits")
    session.check_damage()
    return DAMAGED if found else 0


VERB = Verb(
    name="schema check",
    summary="Tell which entities do not fit their schema.",
    run=run,
    text="Looks at the payloads as they are stored. A line for each place that does not fit, as a JSON pointer.",
    arguments=(TYPE._replace(required=False, help="Entities of this type only."),),
    examples=(("journal schema check", ""), ("journal schema check plan --json", "a line for each misfit")),
    statuses={
        3: "the type has no schema",
        6: "a schema cannot be used",
        20: "something does not fit, or damage may affect this answer",
    },
)
