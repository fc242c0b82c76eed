"""``journal migrate dual``."""

from ...declare import Verb
from ...migrating import DRY_RUN
from ...old_stores import DELETED, STATUSES, change
from ...session import Session


def run(session: Session, *, dry_run: bool, deleted: bool) -> None:
    """Bring the old store to the stage."""
    change(session, "dual", dry_run=dry_run, deleted=deleted)


VERB = Verb(
    name="migrate dual",
    summary="Let each change go to the journal first, then to the old files.",
    run=run,
    text="""\
From now on each change, whatever makes it, is an event first and is then written to its document: in its place, its
order of fields and its spacing, so that only what changed differs. Documents that the old tool changed become events
(run this again whenever `journal migrate status` lists some); one that was removed is written again, unless --deleted.

The stage is in journal.toml, for all clones. But a checkout writes old files only after this was run in it.""",
    options=(DRY_RUN, DELETED),
    examples=(
        ("journal migrate dual --dry-run", "what would become events, and which files would be written"),
        ("journal migrate off", "back: the old files are complete, and the truth again"),
    ),
    statuses=STATUSES,
    writes=True,
)
