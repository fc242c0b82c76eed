"""``journal migrate undo``."""

from ...declare import FLAG, Argument, Option, Verb
from ...migrating import DRY_RUN, STATUSES, migration_form, print_problems, print_types
from ...output import shown
from ...session import DAMAGED, Session

FORCE = Option(("--force",), "Also undo what people changed since in the same fields.", FLAG)


def run(session: Session, *, run: str | None, dry_run: bool, force: bool) -> int:
    """Take back a run."""
    found = session.journal.undo_migration(run, dry_run=dry_run, force=force)
    output = session.output
    if output.is_json:
        output.json(migration_form(found))
    else:
        print_problems(session, found)
        print_types(session, found)
        what = f"{found.events:,} event{'' if found.events == 1 else 's'}"
        did = f"would write {what}; nothing was written" if dry_run else f"wrote {what}"
        output.done(f"run {shown(found.run or '')} of {shown(found.source)}: {did}")
    return DAMAGED if found.problem_counts else 0


VERB = Verb(
    name="migrate undo",
    summary="Take back what a run of a migration wrote.",
    run=run,
    text="""\
New events undo those of the run, the latest that stands unless RUN names one: entities that it made are deleted, those
that it changed are in the fields that it changed as they were before. Nothing is lost: its events stay in the history.
What people changed since in the same fields stays as it is, and is told. Interrupted, it goes on when run again.""",
    arguments=(Argument("run", "A run, as journal migrate runs lists it.", required=False, metavar="RUN"),),
    options=(DRY_RUN, FORCE),
    examples=(("journal migrate undo --dry-run", "look first"), ("journal migrate undo", "the latest run")),
    statuses=STATUSES | {3: "there is no such run", 20: "some entities were changed since and stay as they are"},
    writes=True,
)
