"""``journal reconcile``."""

from ..declare import ALL_STATUSES, Verb
from ..output import counted
from ..session import Session


def run(session: Session) -> None:
    """Bring index and projections up to date."""
    written = session.journal.reconcile()
    if session.output.is_json:
        session.output.json({"projections": written})
    else:
        projections = counted(written, "projection")
        session.output.done(f"{projections} written or removed" if written else "all was up to date")
    session.check_damage()


VERB = Verb(
    name="reconcile",
    summary="Bring index and projections up to date now.",
    run=run,
    text="""\
Every verb does this as far as it needs to; this looks at every projection, and writes those that lag or are
missing. A projection that was edited by hand is left alone.""",
    examples=(("journal reconcile", "after somebody removed files below entities/"),),
    statuses={5: ALL_STATUSES[5], 20: "damage of the truth may affect what the projections show"},
)
