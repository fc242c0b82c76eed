"""``journal show``."""

from typing import TYPE_CHECKING

from ..declare import EVENT, Verb
from ..moments import moment
from ..output import json_for_terminal, shown
from ..session import Session

if TYPE_CHECKING:
    from journal.store.events import Event


def run(session: Session, *, event: str) -> None:
    """Print one event, whole."""
    found = session.journal.show(event)
    if session.output.is_json:
        from ..forms import event_form

        session.output.json(event_form(found))
        return
    output = session.output
    output.line(output.paint(f"event {found.id}", "yellow"))
    for name, value in _facts(found):
        if value:
            output.line(f"{name + ':':<9} {shown(value)}")
    if found.data is not None:
        from journal.format.values import pretty

        output.line()
        output.line(json_for_terminal(pretty(found.data).decode().rstrip("\n")))


def _facts(event: "Event") -> list[tuple[str, str]]:
    what = {
        "entity": f"{event.type} {event.entity}  rev {event.rev}  {event.action}",
        "event": f"{event.event} in {event.stream}",
    }
    return [
        ("What", what.get(event.kind, f"note: {event.note}")),
        ("When", f"{moment(event.ts, seconds=True)}"),
        ("Who", event.actor or ""),
        ("Summary", event.summary or ""),
        ("Set", " ".join(event.set)),
        ("Unset", " ".join(event.unset)),
        ("Key", event.key or ""),
        ("Part", f"{event.tx[0]} of {event.tx[1]} of one transaction" if event.tx else ""),
        ("Writer", event.writer),
    ]


VERB = Verb(
    name="show",
    summary="Print one event, whole.",
    run=run,
    text="An event is named SEQ@LANE, or SEQ where that is unique in this checkout.",
    arguments=(EVENT,),
    examples=(
        ("journal show 4711", ""),
        ("journal show 4711@k3f9x2a7b4c5d --json", ""),
    ),
    statuses={2: "not an event, or a SEQ that a merge made ambiguous", 3: "there is no such event"}
    | {20: "the event's bytes do not verify any more, and it cannot be shown"},
)
