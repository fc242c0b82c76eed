"""Opening a subscription: which cursor, from where, about what."""

from collections.abc import Sequence

from journal.format import token
from journal.segments.folders import TRUTH_FOLDERS
from journal.store.engine import Engine
from journal.subscriptions.group import Group, Policy
from journal.subscriptions.model import OnGap
from journal.subscriptions.selection import Selection, select
from journal.subscriptions.shelf import FileShelf, MemoryShelf, Shelf
from journal.subscriptions.subscription import Subscription, new_consumer
from journal.subscriptions.waiting import Waiting


def open_subscription(
    engine: Engine,
    name: str | None,
    *,
    since: str | None,
    types: Sequence[str],
    streams: Sequence[str],
    notes: bool,
    policy: Policy,
    poll_seconds: float | None,
    on_gap: OnGap | None,
) -> Subscription:
    """Return a consumer of a durable cursor, or of one in memory where ``name`` is None (see ``Journal.subscribe``)."""
    selection = select(types, streams, notes=notes)
    first = Group(taken=token.decode(since) if since is not None else {})
    consumer = new_consumer(engine)
    shelf: Shelf
    if name is None:
        shelf = MemoryShelf(first)
    else:
        shelf = FileShelf(engine.backend, engine.root, name)
        shelf.open(consumer, first, selection if selection != Selection() else None)
        selection = shelf.selection
    waiting = Waiting(engine.root, TRUTH_FOLDERS, poll_seconds)
    return Subscription(engine, shelf, selection, policy, consumer=consumer, waiting=waiting, on_gap=on_gap)
