"""``journal log``."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..declare import FLAG, INTEGER, READ_STATUSES, Option, Verb
from ..moments import moment, with_zone
from ..output import shown
from ..session import Session
from ..width import fit
from .history import changed

if TYPE_CHECKING:
    from journal.store.events import Event
    from journal.store.positions import Gaps


def run(
    session: Session,
    *,
    max_count: int | None,
    since: str | None,
    type: str | None,
    actor: str | None,
    stream: str | None,
    reverse: bool,
    follow: bool,
) -> None:
    """Print events, and with ``follow`` those that come."""
    journal = session.journal
    limit = 10 if follow and max_count is None and since is None else max_count
    # Following starts before the past is read, so that nothing falls between; what both have is printed once.
    coming = _coming(session, type, stream) if follow else None
    wanted_since = with_zone(since)
    past = journal.log(
        limit=limit, since=wanted_since, type=type, actor=actor, stream=stream, reverse=reverse or follow
    )
    if coming is None:
        _print(session, past)
        session.check_damage()
        return
    known = list(past)
    printed = {event.id for event in known}
    _print(session, known)
    session.output.flush()
    wanted = (event for event in coming if event.id not in printed and _matches(event, type, actor, stream))
    _print(session, wanted, is_live=True)


def _coming(session: Session, type: str | None, stream: str | None) -> "Iterator[Event]":
    types, streams = ([type] if type else []), ([stream] if stream else [])
    return session.journal.follow(types=types, streams=streams, on_gap=lambda gaps: _tell(session, gaps))


def _tell(session: Session, gaps: "Gaps") -> None:
    """Say that events left, as a branch switch has it; they are not printed again when they come back."""
    from journal.subscriptions.gaps import count_text

    session.output.warn("gap", f"{count_text(gaps)} any more")


def _matches(event: "Event", type: str | None, actor: str | None, stream: str | None) -> bool:
    return type in (None, event.type) and actor in (None, event.actor) and stream in (None, event.stream)


def _print(session: Session, events: "Iterable[Event]", *, is_live: bool = False) -> None:
    output = session.output
    for event in events:
        if output.is_json:
            from ..forms import event_form

            output.json(event_form(event))
        else:
            print_event(session, event)
        if is_live:
            output.flush()


def print_event(session: Session, event: "Event") -> None:
    """Print an event on one line."""
    output, columns = session.output, session.output.width()
    head, rest = _line(event)
    rest = rest if columns is None else fit(rest, max(10, columns - len(head) - 2))
    output.line(f"{output.paint(head, 'yellow')}  {rest}")


def _line(event: "Event") -> tuple[str, str]:
    who = event.actor or "-"
    if event.kind == "entity":
        what = f"{event.action} {event.type} {event.entity}"
        fields = changed(event)
        what += f"  [{fields}]" if fields and event.rev != 1 else ""
    elif event.kind == "event":
        what = f"{event.event} in {event.stream}"
    else:
        what = f"note: {event.note}"
    what += f"  {event.summary}" if event.summary else ""
    return event.id, f"{moment(event.ts)}  {shown(who)}  {shown(what)}"


VERB = Verb(
    name="log",
    summary="List all events, newest first.",
    run=run,
    text="""\
The order is that of the journal (seq, then lane), the same in every clone; time stamps are for people and order
nothing. They are local time, and so is TIME where it names no zone. --follow prints the last ten (or -n) and
then what arrives, of this and other processes, and after a merge or pull, in the order of its arrival; Ctrl-C
ends it.""",
    options=(
        Option(("--max-count", "-n"), "At most so many, the newest.", INTEGER, metavar="N"),
        Option(("--since",), "From this time on: 2026-01-31, 2026-01-31T12:00:00Z, or an age: 2h, 3d.", metavar="TIME"),
        Option(("--type",), "Events of entities of this type.", metavar="TYPE", complete="type"),
        Option(("--actor",), "Events of this actor.", metavar="NAME"),
        Option(("--stream",), "Events of this stream.", metavar="NAME", complete="stream"),
        Option(("--reverse",), "Oldest first.", FLAG),
        Option(("--follow", "-f"), "Go on, and print what arrives.", FLAG),
    ),
    examples=(
        ("journal log -n 20", "the newest twenty"),
        ("journal log --since 2h --actor ana", ""),
        ("journal log --type plan --json | jq -r .event", ""),
        ("journal log --follow --json", "a feed for other programs"),
    ),
    statuses=READ_STATUSES,
    names={"limit": "max_count"},
)
