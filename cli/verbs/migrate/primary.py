"""``journal migrate primary``."""

from ...declare import Verb
from ...migrating import DRY_RUN
from ...old_stores import STATUSES, change
from ...session import Session


def run(session: Session, *, dry_run: bool) -> None:
    """Bring the old store to the stage."""
    change(session, "primary", dry_run=dry_run, deleted=False)


VERB = Verb(
    name="migrate primary",
    summary="Make the journal the truth; the old files are its projections.",
    run=run,
    text="""\
Refused (20) unless the stage is dual, `journal doctor --verify` finds no error, and each document says what its entity
says. Then the old files are what the journal prints: one that somebody edits is left, told by `journal migrate
status` and doctor. Running this again parks the edit in local/parked/; `journal migrate dual` takes it in.""",
    options=(DRY_RUN,),
    examples=(
        ("journal migrate primary --dry-run", "whether it would be refused"),
        ("journal migrate dual", "one step back, at any time"),
    ),
    statuses=STATUSES,
    writes=True,
)
