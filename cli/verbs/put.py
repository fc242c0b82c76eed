"""``journal put``."""

from journal.errors import UsageError

from ..declare import ALL_STATUSES, ID, INPUT, INTEGER, TYPE, WRITE_STATUSES, Argument, Option, Verb
from ..inputs import assignments, json_object
from ..session import Session
from ..written import print_written

ACTION = Option(("--action",), "What to call the change, for instance claim or accept.", metavar="WORD")
SUMMARY = Option(("--summary",), "A line for people on why.", metavar="TEXT")
EXPECT_EVENT = Option(
    ("--expect-event",), "Only if these are its heads: the safe compare-and-set.", metavar="EVENT[,EVENT]"
)
EXPECT_REV = Option(("--expect-rev",), "Only if this is its rev; 0: only if there is none.", INTEGER, metavar="N")


def heads_named(session: Session, text: str | None) -> list[str] | None:
    """Return the events that --expect-event names, each whole: it may be SEQ alone, as for every EVENT.

    Looked up before the lock: what a SEQ alone stands for here and now is what the caller saw.
    """
    if text is None:
        return None
    named = [part.strip() for part in text.split(",")]
    return [session.journal.show(part).id if part.isdecimal() else part for part in named if part]


def run(
    session: Session,
    *,
    type: str,
    id: str,
    document: str | None,
    set: tuple[str, ...],
    unset: tuple[str, ...],
    merge: str | None,
    action: str | None,
    summary: str | None,
    expect_event: str | None,
    expect_rev: int | None,
) -> None:
    """Write an entity, whole or by fields."""
    if document is None and not set and not unset and merge is None:
        raise UsageError("nothing to write", hint="give the document as JSON, or --set, --unset or --merge")
    data = None if document is None else json_object(document)
    merged = None if merge is None else json_object(merge, what="--merge", of="it")
    written = session.journal.put(
        type,
        id,
        data,
        set=assignments(set) if set else None,
        unset=unset,
        merge=merged,
        action=action,
        summary=summary,
        expect_rev=expect_rev,
        expect_event=heads_named(session, expect_event),
    )
    print_written(session, written)


VERB = Verb(
    name="put",
    summary="Write an entity, whole or by fields.",
    run=run,
    text="""\
The JSON is the whole document: a field that it lacks is gone afterwards. With --set, --unset and --merge only
those fields change. JSON may be the literal, @FILE, or - for stdin. In FIELD=VALUE the value is JSON if it
parses as JSON, else the text itself; 'count="3"' is the text 3.

The call returns when the change is durable. A whole document that is there already makes no event. A field that is
named makes one even where it is the same, since that settles a conflict.

Where there is no such entity, or it was deleted, one is made of these fields alone; --expect-event of what you have
read keeps from that.""",
    arguments=(
        TYPE,
        ID,
        Argument(
            "document",
            metavar="JSON",
            help="The document: a literal, @FILE, or - for stdin.",
            required=False,
            kind=INPUT,
        ),
    ),
    options=(
        Option(("--set",), "Set a field.", many=True, metavar="FIELD=VALUE"),
        Option(("--unset",), "Take a field out.", many=True, metavar="FIELD"),
        Option(("--merge",), "Set the fields of this object.", metavar="JSON", kind=INPUT),
        ACTION,
        SUMMARY,
        EXPECT_EVENT,
        EXPECT_REV,
    ),
    examples=(
        ("""journal put plan pln_1 '{"title": "Ship it", "status": "open"}'""", "the whole document"),
        ("journal put plan pln_1 --set status=done --action finish", "one field of it"),
        ("journal put plan pln_1 @plan.json --expect-rev 0", "only if there is none yet"),
        ("jq .data.body export.json | journal put note nt_9 -", "from a pipe"),
    ),
    statuses=WRITE_STATUSES | {3: "--expect-event: there is no event of that number", 4: ALL_STATUSES[4]},
    writes=True,
)
