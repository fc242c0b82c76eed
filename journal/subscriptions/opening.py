"""Opening a subscription: which cursor, from where, about what."""

import math
from collections.abc import Sequence

from journal.errors import UsageError
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
    check_settings(policy, poll_seconds)
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


def check_settings(policy: Policy, poll_seconds: float | None) -> None:
    """Raise UsageError where a number makes no sense."""
    seconds = (policy.lease_seconds, policy.retry_seconds_max, poll_seconds if poll_seconds is not None else 1.0)
    if not all(math.isfinite(item) and item > 0 for item in seconds):
        raise UsageError("a lease, a wait and a poll take more than no time")
    if not (math.isfinite(policy.retry_seconds) and policy.retry_seconds >= 0) or policy.attempts_max < 1:
        raise UsageError("retry_seconds is at least 0, attempts_max at least 1")
