"""``journal migrate off``."""

from ...declare import Verb
from ...migrating import DRY_RUN
from ...old_stores import DELETED, STATUSES, change
from ...session import Session


def run(session: Session, *, dry_run: bool, deleted: bool) -> None:
    """Bring the old store to the stage."""
    change(session, "off", dry_run=dry_run, deleted=deleted)


VERB = Verb(
    name="migrate off",
    summary="Make the old files the truth again.",
    run=run,
    text="""\
What somebody changed in old files becomes events first, then every document is written as the journal says: so the old
store is complete and current when the journal lets go of it. The journal keeps everything; what the old tool changes
from now on comes in with `journal migrate brainclaw`.""",
    options=(DRY_RUN, DELETED),
    examples=(("journal migrate off", "from dual or primary, at any time"),),
    statuses=STATUSES,
    writes=True,
)
