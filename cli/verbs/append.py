"""``journal append``."""

from journal.errors import command_line

from ..declare import INPUT, WRITE_STATUSES, Argument, Option, Verb
from ..inputs import json_object
from ..output import shown
from ..session import Session
from ..streams import EXPECT, STREAM, expectation, stream_form
from .put import SUMMARY


def run(
    session: Session,
    *,
    stream: str,
    event: str,
    data: str | None,
    key: str | None,
    expect: str | None,
    meta: str | None,
    summary: str | None,
) -> None:
    """Append an event to a stream."""
    written = session.journal.append(
        stream,
        event,
        None if data is None else json_object(data, of="what an event says"),
        expect=expectation(expect),
        key=key,
        meta=None if meta is None else json_object(meta, what="--meta", of="it"),
        summary=summary,
    )
    from journal.store.expectation import Conflict

    if isinstance(written, Conflict):
        from ..failures import ConflictError

        raise ConflictError(
            written,
            f"the stream {stream!r}: expected {written.expected}, found {written.actual}; nothing was written",
            f"look at it with `{command_line('read', stream)}`, then decide again",
        )
    session.is_complete = True
    if session.output.is_json:
        session.output.json(stream_form(written))
        return
    session.output.done(f"{shown(stream)}  {written.position}  {shown(event)}  {written.id}")


VERB = Verb(
    name="append",
    summary="Append an event to a stream.",
    run=run,
    text="""\
A stream is the events appended under one name, in one order, the same in every clone. The call returns when the
event is durable, and prints its position.

With --expect it is written only if the stream is as expected: none (no event was ever in it), exists, any, or the
number of its events; else the status is 4. With --key it is written once: where the stream has an event of that key
with the same name and JSON, however old, that one is printed and nothing is written. The same key for another event
is a conflict, status 4.""",
    arguments=(
        STREAM,
        Argument("event", "What happened: the event's name."),
        Argument(
            "data",
            metavar="JSON",
            help="What there is to say: a literal, @FILE, or - for stdin.",
            required=False,
            kind=INPUT,
        ),
    ),
    options=(
        Option(("--key",), "Write it once: a second call with this key changes nothing.", metavar="KEY"),
        EXPECT,
        Option(("--meta",), "What goes along with it, as JSON: correlation, causation.", metavar="JSON", kind=INPUT),
        SUMMARY,
    ),
    examples=(
        ("""journal append order/42 OrderPlaced '{"sum": 30}'""", ""),
        ("journal append order/42 OrderPaid --expect 1", "only if nothing else happened"),
        ("journal append order/42 OrderPlaced @order.json --key req-9", "safe to repeat"),
    ),
    statuses=WRITE_STATUSES | {4: "the stream is not as expected; nothing was written"},
    writes=True,
)
