"""``journal position``."""

from ..declare import Verb
from ..session import Session


def run(session: Session) -> None:
    """Print the token of now."""
    token = session.journal.position()
    if session.output.is_json:
        session.output.json({"token": token})
    else:
        session.output.line(token)


VERB = Verb(
    name="position",
    summary="Print the position token of now.",
    run=run,
    text="""\
It names every event of this checkout. `journal read --all --since TOKEN` prints what came later, in this clone or in
another, also after merges; `journal read STREAM --since TOKEN` what came to one stream.""",
    examples=(("token=$(journal position)", "remember where we are"),),
)
