"""Following the whole journal from now on."""

from collections.abc import Iterator

from journal.segments.folders import TRUTH_FOLDERS
from journal.store.engine import Engine
from journal.store.events import Event
from journal.store.looking_back import look_back
from journal.subscriptions.group import Group, Policy
from journal.subscriptions.model import OnGap
from journal.subscriptions.selection import Selection
from journal.subscriptions.shelf import MemoryShelf
from journal.subscriptions.subscription import Subscription, new_consumer
from journal.subscriptions.waiting import Waiting


def follow(
    engine: Engine, selection: Selection, *, poll_seconds: float | None, on_gap: OnGap | None
) -> Iterator[Event]:
    """Return the events that arrive from this call on; what is here already counts as known."""
    known = Group(taken=look_back(engine, lambda view: dict(view.have)))
    subscription = Subscription(
        engine,
        MemoryShelf(known),
        selection,
        Policy(),
        consumer=new_consumer(engine),
        waiting=Waiting(engine.root, TRUTH_FOLDERS, poll_seconds),
        on_gap=on_gap or (lambda gap: None),
    )
    return _events(subscription)


def _events(subscription: Subscription) -> Iterator[Event]:
    with subscription:
        for delivery in subscription:
            delivery.ack()
            yield delivery.event
