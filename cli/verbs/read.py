"""``journal read``."""

from typing import TYPE_CHECKING

from journal.errors import UsageError

from ..declare import AS_WRITTEN, FLAG, INTEGER, READ_STATUSES, Argument, Option, Verb
from ..moments import moment, with_zone
from ..output import shown
from ..session import Session
from ..streams import POSITIONS_BEGIN, stream_form

if TYPE_CHECKING:
    from journal.store.events import StreamEvent


def run(
    session: Session,
    *,
    stream: str | None,
    from_: int | None,
    to: int | None,
    last: int | None,
    since: str | None,
    before: str | None,
    event: tuple[str, ...],
    where: tuple[str, ...],
    as_written: bool,
    all: bool,
) -> None:
    """Print a stream's events, or with ``all`` those of the whole journal."""
    is_token = since is not None and since.startswith(POSITIONS_BEGIN)
    if all:
        numbers = [number for number in (from_, to, last) if number is not None]
        if stream is not None or numbers or any((before, event, where, as_written, since and not is_token)):
            raise UsageError("--all goes with --since TOKEN alone: it is the whole journal in commit order")
        _print_all(session, since)
        return
    if stream is None:
        raise UsageError("which stream?", hint="name one, as `journal streams` lists them, or give --all")
    events = session.journal.read(
        stream,
        1 if from_ is None else from_,
        to,
        last=last,
        since=since if is_token else None,
        event=event or None,
        where=list(where) or None,
        after_time=None if is_token else with_zone(since),
        before_time=with_zone(before),
        as_written=as_written,
    )
    item = None
    for item in events:
        if session.output.is_json:
            session.output.json(stream_form(item))
        else:
            _print(session, item)
    if item is None and not session.output.is_json:
        session.output.note(f"no events in {shown(stream)}")
    if is_token:
        _tell_gaps(session, since)
    session.check_damage()


def _tell_gaps(session: Session, since: str | None) -> None:
    """Say how many events a token names that are not here any more."""
    from journal.store.positions import Gaps
    from journal.subscriptions.gaps import count_text

    gone = session.journal.gaps(since).gone
    if gone:
        session.output.warn("gap", f"{count_text(Gaps(gone, {}))} any more that the token names")


def _print(session: Session, event: "StreamEvent") -> None:
    from journal.format import values

    from ..output import json_for_terminal

    output = session.output
    data = values.encode_trusted(event.data).decode()
    head = output.paint(f"{event.position:>4}", "yellow")
    who = f"{moment(event.ts)}  {shown(event.actor or '-')}"
    summary = f"  {shown(event.summary)}" if event.summary else ""
    output.line(f"{head}  {event.id}  {who}  {shown(event.event or '')}  {json_for_terminal(data)}{summary}")


def _print_all(session: Session, since: str | None) -> None:
    from ..forms import event_form
    from .log import print_event

    for event in session.journal.read_all(since=since):
        if session.output.is_json:
            session.output.json({**event_form(event), "token": event.token})
        else:
            print_event(session, event)
    _tell_gaps(session, since)
    session.check_damage()


VERB = Verb(
    name="read",
    summary="Print the events of a stream, or the whole journal from a token on.",
    run=run,
    text="""\
In the stream's order. The first column is the position: the rank in this checkout, from 1, truncated events
counted in. A merge can put events before known ones, so to go on where you stopped give --since the token of the last
event that you have seen (--json has it): late events come then too, each once. A token names all that stands before its
event here, of other streams too, so keep one for each stream that you follow. A TIME is as for `journal log`.

--all prints the whole journal in commit order: entities, streams and notes together, oldest first, from a token of
such a line on. `journal position` prints the token of now.""",
    arguments=(Argument("stream", "The stream's name; not with --all.", required=False, complete="stream"),),
    options=(
        Option(("--from",), "From this position on.", INTEGER, metavar="N"),
        Option(("--to",), "To this position, it included.", INTEGER, metavar="N"),
        Option(("--last",), "Only the last so many.", INTEGER, metavar="N"),
        Option(("--since",), "What this token does not name; or a time, or an age: 2h, 3d.", metavar="TOKEN|TIME"),
        Option(("--before",), "Stamped before this time.", metavar="TIME"),
        Option(("--event",), "Events of this name.", many=True, metavar="NAME"),
        Option(("--where",), "Only where this holds of the JSON, as in list.", many=True, metavar="CONDITION"),
        AS_WRITTEN,
        Option(("--all",), "The whole journal in commit order.", FLAG),
    ),
    examples=(
        ("journal read order/42", ""),
        ("journal read order/42 --last 3 --event OrderPaid", ""),
        ("journal read order/42 --json --since j1_…", "what is new since then"),
        ("journal read --all --json", "everything, in commit order"),
    ),
    statuses=READ_STATUSES,
    names={"start": "from_", "end": "to", "after_time": "since", "before_time": "before"},
)
