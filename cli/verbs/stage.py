"""``journal stage``."""

from ..declare import GIT_STATUSES, Verb
from ..output import counted
from ..session import Session


def run(session: Session) -> None:
    """Add the store's files to git's index."""
    changed = session.journal.stage()
    if session.output.is_json:
        session.output.json({"staged": changed})
    else:
        files = counted(changed, "file")
        session.output.done(f"{files} staged" if changed else "nothing to stage: git's index has it all")


VERB = Verb(
    name="stage",
    summary="Add the store's files to git's index.",
    run=run,
    text="""\
Closes the open segment, so that what is staged is final, and does what `git add` does, for the store's files
alone. Your next `git commit` takes them along.

In the middle of a merge, a rebase or a pick new events are not staged: git's --abort would delete them.""",
    examples=(("journal stage && git commit -m 'The work and its journal'", "one commit of both"),),
    statuses=GIT_STATUSES,
)
