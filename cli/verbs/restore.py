"""``journal restore``."""

from ..declare import ALL_STATUSES, Verb
from ..output import shown
from ..session import Session
from .absorb import DRY_RUN, PATHS


def run(session: Session, *, paths: tuple[str, ...], dry_run: bool) -> None:
    """Put projections back."""
    done = session.journal.restore(paths, dry_run=dry_run)
    if session.output.is_json:
        for item in done:
            session.output.json({"path": item.path, "parked": item.parked, "written": item.written})
        return
    for item in done:
        verb = ("would put back" if dry_run else "put back") if item.written else ("would move" if dry_run else "moved")
        kept = f"; what stood there is now {shown(item.parked)}" if item.parked is not None else ""
        session.output.done(f"{verb} {shown(item.path)}{kept}")
    if not done:
        session.output.note("nothing to restore: every projection is as the journal has it")


VERB = Verb(
    name="restore",
    summary="Put hand-edited projections back; the edits are kept.",
    run=run,
    text="""\
Edited and removed files below entities/ are written as the events say. What a person typed is moved to
`.journal/local/parked/` first and never deleted. A new file, which shows no entity, is moved there only where it is
named; so is a link or a folder in the place of a projection.""",
    arguments=(PATHS,),
    options=(DRY_RUN,),
    examples=(("journal restore", ""), ("journal restore .journal/entities/plan/pln_1.json", "")),
    statuses={3: "there is no such file", 5: ALL_STATUSES[5], 6: ALL_STATUSES[6]},
)
