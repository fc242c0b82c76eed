"""``journal sync``."""

from typing import TYPE_CHECKING

from ..compacting import compact_if_due
from ..declare import FLAG, GIT_STATUSES, NUMBER, Argument, Option, Verb
from ..output import shown
from ..session import Session

if TYPE_CHECKING:
    from journal.upkeep.exchange.sync import SyncResult


def run(session: Session, *, remote: str | None, timeout: float | None, no_verify: bool) -> None:
    """Exchange the branch with a remote."""
    from journal.upkeep.exchange.sync import TIMEOUT_SECONDS

    seconds = TIMEOUT_SECONDS if timeout is None else timeout

    def exchange() -> "SyncResult":
        return session.journal.sync(remote, timeout_seconds=seconds, verify=not no_verify, compact=False)

    _print(session, exchange())
    compact_if_due(session, verify=not no_verify, share=exchange)


def _print(session: Session, result: "SyncResult") -> None:
    if session.output.is_json:
        session.output.json(result._asdict())
        return
    done = [
        f"committed {result.committed[:10]}" if result.committed else "",
        "fetched" if result.fetched else "",
        f"pushed at attempt {result.attempts}" if result.pushed else "",
    ]
    said = ", ".join(part for part in done if part) or "nothing new on either side"
    session.output.done(f"[{shown(result.branch)} {result.commit[:10]}] {shown(result.remote)}: {said}")
    if result.unfetched:
        session.output.note(
            f"git LFS has the bytes of blobs that are not fetched here: {result.unfetched:,}; git lfs pull"
        )


VERB = Verb(
    name="sync",
    summary="Exchange with a remote: fetch, merge, push, until it lands.",
    run=run,
    text="""\
Commits what is not committed, fetches the remote's branch, merges it and pushes, again with growing pauses where
somebody else was faster. It exchanges the branch that is checked out: that of the code, with all that is on it, or the
store's own (journal init --branch), for which the hooks of the code do not run. Without REMOTE it is the branch's
upstream; for a branch of the store's own, origin. It may be stopped at any moment: nothing is lost, and the next run
goes on. Offline it commits, says so, and ends with status 7. Afterwards the store is compacted, and that is exchanged
too, if it is due.""",
    arguments=(Argument("remote", "The remote's name.", required=False),),
    options=(
        Option(("--timeout",), "Give up after so long (60).", NUMBER, metavar="SECONDS"),
        Option(("--no-verify",), "Do not run the pre-commit, commit-msg and pre-push hooks.", FLAG),
    ),
    examples=(("journal sync", ""), ("journal sync --json | jq .attempts", "how often it had to push")),
    statuses=GIT_STATUSES | {7: "git or the remote refused or failed, or the remote cannot be reached"},
    writes=True,
)
