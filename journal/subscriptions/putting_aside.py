"""Events that were put aside because they failed too often, or because somebody said so."""

from datetime import UTC, datetime

from journal.errors import NotFoundError
from journal.format.names import event_id, parse_event_id
from journal.subscriptions import group as cursor
from journal.subscriptions.group import Group
from journal.subscriptions.model import ParkedEvent
from journal.subscriptions.shelf import Shelf


def parked_events(group: Group) -> list[ParkedEvent]:
    """Return what a cursor has put aside, as callers see it."""
    return [
        ParkedEvent(
            event_id(*id),
            parked.attempts,
            datetime.fromtimestamp(parked.at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            parked.cause or None,
        )
        for id, parked in sorted(group.parked.items())
    ]


def replay(shelf: Shelf, events: tuple[str, ...]) -> int:
    """Deliver parked events of a cursor again, all or those that are named; return how many. Raises NotFoundError."""
    shelf.load()  # where there is none, there is no lock either
    with shelf.held():
        before = shelf.load()
        ids = [parse_event_id(text) for text in events]
        for text, id in zip(events, ids, strict=True):
            if id not in before.parked:
                raise NotFoundError(f"no event {text} is parked here", hint="journal cursors parked NAME lists them")
        after = cursor.replay(before, [id for id in ids if id is not None] if events else None)
        if after != before:
            shelf.save(after)
    return len(before.parked) - len(after.parked)
