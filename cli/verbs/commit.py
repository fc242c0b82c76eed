"""``journal commit``."""

from ..compacting import compact_if_due
from ..declare import FLAG, GIT_STATUSES, Option, Verb
from ..output import counted, shown
from ..session import Session


def run(session: Session, *, message: str | None, author: str | None, no_verify: bool) -> None:
    """Commit the store's files."""
    result = session.journal.commit(message, author=author, verify=not no_verify, compact=False)
    if session.output.is_json:
        form: dict[str, object] = {"commit": None, "branch": None, "changed": 0}
        if result is not None:
            form = {"commit": result.commit, "branch": result.branch, "changed": result.changed}
        session.output.json(form)
    elif result is None:
        session.output.done("nothing to commit: git has it all")
        edited = len(session.journal.status().edited)
        if edited:
            were, are = ("projection was", "is") if edited == 1 else ("projections were", "are")
            session.output.note(
                f"{edited:,} {were} edited by hand, and {are} left out: journal absorb, or journal restore"
            )
    else:
        branch = result.branch or "detached HEAD"
        files = counted(result.changed, "file")
        session.output.done(f"[{shown(branch)} {result.commit[:10]}] {files}")
    if result is not None and result.left_behind:
        from journal.upkeep.lfs_setup import LEFT_BEHIND, LEFT_BEHIND_HINT

        session.output.warn("lfs-left-behind", f"{LEFT_BEHIND}: {LEFT_BEHIND_HINT}")
    compact_if_due(session, verify=not no_verify)


VERB = Verb(
    name="commit",
    summary="Commit the store's files to git, and nothing else.",
    run=run,
    text="""\
What you have staged, changed or not tracked is left exactly as it is. Without -m the message tells what changed.
Your hooks, signing and identity count as with `git commit`. When the live part of the store has passed a limit of
journal.toml it is compacted afterwards, in commits of its own; that can be stopped, and never fails this command.""",
    options=(
        Option(("--message", "-m"), "The commit's message.", metavar="TEXT"),
        Option(("--author",), "Another author, 'Name <mail>'.", metavar="AUTHOR"),
        Option(("--no-verify",), "Do not run the pre-commit and commit-msg hooks.", FLAG),
    ),
    examples=(("journal commit -m 'Plans for the week'", ""), ("journal commit --json | jq -r .commit", "")),
    statuses=GIT_STATUSES,
    writes=True,
)
