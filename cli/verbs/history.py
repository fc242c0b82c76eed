"""``journal history``."""

from typing import TYPE_CHECKING, Any

from ..declare import AS_WRITTEN, FLAG, ID, READ_STATUSES, TYPE, Option, Verb
from ..moments import moment
from ..output import shown
from ..session import Session
from ..table import Column, print_table

if TYPE_CHECKING:
    from journal.store.events import Event


def run(session: Session, *, type: str, id: str, patch: bool, as_written: bool) -> None:
    """Print an entity's events, oldest first."""
    # What an event changed is told in the fields that it had.
    events = session.journal.history(type, id, as_written=as_written or not session.output.is_json)
    if session.output.is_json:
        from ..forms import entity_change_form

        for event in events:
            session.output.json(entity_change_form(event))
    elif patch:
        before: dict[str, Any] = {}
        for event in events:
            print_patch(session, event, before)
            before = event.data or {}
    else:
        _print_table(session, events)
    session.check_damage(type, id)


def changed(event: "Event") -> str:
    """Return the names of the fields that an event changed, those it unset with a minus."""
    return " ".join([*event.set, *(f"-{name}" for name in event.unset)])


def print_patch(session: Session, event: "Event", before: dict[str, Any]) -> None:
    """Print an event with each field's value before and after."""
    from journal.format.values import canonical

    output = session.output
    head = shown(f"{event.id}  rev {event.rev}  {event.action}")
    who = f"{moment(event.ts)}  {shown(event.actor or '')}".rstrip()
    output.line(f"{output.paint(head, 'yellow')}  {who}")
    if event.summary:
        output.line(f"    {shown(event.summary)}")
    after = event.data or {}
    names = [*event.set, *event.unset] or sorted({*before, *after})
    for name in names:
        is_same = name in before and name in after and canonical(before[name]) == canonical(after[name])
        if name in before and not is_same:
            output.line(output.paint(f"  - {shown(name)}: {_value(before[name])}", "red"))
        if name in after:
            mark = "=" if is_same else "+"
            output.line(output.paint(f"  {mark} {shown(name)}: {_value(after[name])}", "green"))
    output.line()


def _value(value: Any) -> str:
    import json

    return shown(json.dumps(value, ensure_ascii=False))


def _print_table(session: Session, events: "list[Event]") -> None:
    columns = [
        Column("REV", is_right=True),
        Column("EVENT", style="yellow"),
        Column("WHEN"),
        Column("WHO", 8),
        Column("ACTION", 6, style="bold"),
        Column("CHANGED", 12),
        Column("SUMMARY", 10),
    ]
    rows = [
        [
            event.rev,
            event.id,
            moment(event.ts),
            event.actor or "",
            event.action or "",
            changed(event),
            event.summary or "",
        ]
        for event in events
    ]
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    print_table(session.output, columns, rows)


VERB = Verb(
    name="history",
    summary="List an entity's events and what each changed.",
    run=run,
    text="Oldest first. A field that was taken out has a minus before it. Deleted entities have a history too.",
    arguments=(TYPE, ID),
    options=(Option(("--patch", "-p"), "Show the values, before and after.", FLAG), AS_WRITTEN),
    examples=(
        ("journal history plan pln_1", ""),
        ("journal history plan pln_1 --patch", "with the values"),
        ("journal history plan pln_1 --json | jq -r '[.ts, .actor, .action] | @tsv'", ""),
    ),
    statuses={3: "there never was such an entity"} | READ_STATUSES,
)
