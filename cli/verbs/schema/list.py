"""``journal schema list``."""

from ...declare import Verb
from ...output import shown
from ...session import Session


def run(session: Session) -> None:
    """List the types that have a schema."""
    found = session.journal.schemas.list()
    for item in found:
        if session.output.is_json:
            session.output.json({"type": item.type, "path": item.path, "refuses": item.refuses})
        else:
            what = "refuses what does not fit" if item.refuses else "is reported by doctor alone"
            session.output.line(shown(f"{item.type}  {item.path}  {what}"))
    if not found:
        session.output.note("no type has a schema")


VERB = Verb(
    name="schema list",
    summary="List the types that have a schema.",
    run=run,
    examples=(("journal schema list", ""),),
)
