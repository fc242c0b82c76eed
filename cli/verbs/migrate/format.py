"""``journal migrate format``."""

from ...declare import ALL_STATUSES, FLAG, WRITE_STATUSES, Option, Verb
from ...session import Session


def run(session: Session, *, dry_run: bool) -> None:
    """Move the store up to the newest format."""
    done = session.journal.migrate_format(dry_run=dry_run)
    if session.output.is_json:
        form = {"before": done.before, "after": done.after, "files": list(done.files), "commit": done.commit}
        session.output.json({**form, "dry_run": dry_run})
    elif done.before == done.after:
        session.output.done(f"the store is at format {done.after}, the newest that this version knows")
    elif dry_run:
        session.output.done(f"would move the store from format {done.before} to {done.after}: {', '.join(done.files)}")
    else:
        session.output.done(f"moved the store from format {done.before} to {done.after}")
        session.output.note(f"the way back, until something is written: git revert {done.commit}")


VERB = Verb(
    name="migrate format",
    summary="Move the store up to the newest format.",
    run=run,
    text="""\
A store of an earlier format is read for ever, so nobody has to do this. It moves the store up in one commit of its
own, which git can revert while nothing was written since. What is not committed yet is committed before. Clones with
an earlier version of git-journal refuse the store from then on, and say which version it needs.""",
    options=(Option(("--dry-run",), "Tell what would be done, and change nothing.", FLAG),),
    examples=(("journal migrate format --dry-run", ""), ("journal migrate format", "")),
    statuses=WRITE_STATUSES | {7: ALL_STATUSES[7]},
    writes=True,
)
