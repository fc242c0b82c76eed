"""``journal delete``."""

from ..declare import ALL_STATUSES, ID, LOST_STATUSES, TYPE, WRITE_STATUSES, Verb
from ..session import Session
from ..written import print_written
from .put import EXPECT_EVENT, EXPECT_REV, SUMMARY, heads_named


def run(
    session: Session, *, type: str, id: str, summary: str | None, expect_event: str | None, expect_rev: int | None
) -> None:
    """Write a tombstone."""
    heads = heads_named(session, expect_event)
    written = session.journal.delete(type, id, summary=summary, expect_rev=expect_rev, expect_event=heads)
    print_written(session, written, verb="deleted")


VERB = Verb(
    name="delete",
    summary="Delete an entity; its history stays.",
    run=run,
    text="""\
A deletion is an event like any other: `journal history` still shows everything, and `journal revert` brings the
entity back.""",
    arguments=(TYPE, ID),
    options=(SUMMARY, EXPECT_EVENT, EXPECT_REV),
    examples=(
        ("journal delete plan pln_1", ""),
        ("journal delete plan pln_1 --expect-rev 3 --summary 'done long ago'", "only if nobody changed it since"),
    ),
    statuses=WRITE_STATUSES | LOST_STATUSES | {3: "there is no such entity", 4: ALL_STATUSES[4]},
    writes=True,
)
