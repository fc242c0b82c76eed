"""Subscribing: handlers in this process, consumers of cursors, and looking after cursors."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from journal.arguments import checks_arguments
from journal.facade.base import Base

if TYPE_CHECKING:
    from journal.store.events import Event
    from journal.subscriptions.cursors import Cursors
    from journal.subscriptions.hub import Hub
    from journal.subscriptions.model import OnGap
    from journal.subscriptions.subscription import Subscription


@checks_arguments()
class Subscribing(Base):
    """The methods of ``Journal`` that tell of events."""

    @cached_property
    def hub(self) -> "Hub":
        """Calls handlers in this process for each event that this object writes: ``journal.hub.on(handler)``."""
        from journal.facade.values import as_events
        from journal.store.lifting import lifted_event
        from journal.subscriptions.hub import Hub

        engine = self._engine
        hub = engine.outbox = Hub(lambda written: [lifted_event(engine, event) for event in as_events(written)])
        return hub

    @cached_property
    def cursors(self) -> "Cursors":
        """The durable cursors of this checkout: to see where each stands and what it parked, to replay and to drop."""
        from journal.subscriptions.cursors import Cursors

        return Cursors(self._engine)

    def subscribe(
        self,
        name: str | None = None,
        *,
        since: str | None = None,
        types: Sequence[str] = (),
        streams: Sequence[str] = (),
        notes: bool = False,
        lease_seconds: float = 60.0,
        retry_seconds: float = 1.0,
        retry_seconds_max: float = 300.0,
        attempts_max: int = 5,
        poll_seconds: float | None = None,
        on_gap: "OnGap | None" = None,
    ) -> "Subscription":
        """Return a consumer, which takes the events that a cursor has not delivered yet, old ones first.

        ``name``: of a durable cursor of this checkout, which is made where there is none. All consumers of one name
        share its events. Without a name the cursor ends with its consumer. ``since``: the token at which a new cursor
        begins; without it that is the beginning of the journal, with ``journal.position()`` it is now. ``types`` and
        ``streams``: only events of entities of these types, and of these streams; a name that ends in ``*`` stands for
        all that begin so. ``notes``: also the journal's notes about itself. A durable cursor keeps these three.

        A consumer has a delivered event to itself for ``lease_seconds``. An event whose handling failed comes again
        after ``retry_seconds``, then after twice as long each time, at most after ``retry_seconds_max``, and is parked
        after ``attempts_max`` attempts. ``on_gap``: called once with events that the cursor knows of and this checkout
        cannot show; without it ``take`` raises GapError until ``accept_gap`` is called. ``poll_seconds``: how often to
        look for new events where the file system does not tell of them.

        Raises RefusedError where the cursor is about other types or streams, or was made in another checkout.
        """
        from journal.subscriptions.group import Policy
        from journal.subscriptions.opening import open_subscription

        return open_subscription(
            self._engine,
            name,
            since=since,
            types=types,
            streams=streams,
            notes=notes,
            policy=Policy(lease_seconds, retry_seconds, retry_seconds_max, attempts_max),
            poll_seconds=poll_seconds,
            on_gap=on_gap,
        )

    def follow(
        self,
        *,
        types: Sequence[str] = (),
        streams: Sequence[str] = (),
        poll_seconds: float | None = None,
        on_gap: "OnGap | None" = None,
    ) -> "Iterator[Event]":
        """Yield the events that arrive after this call, of any lane, in the order of their arrival. It never ends.

        ``types``, ``streams``, ``poll_seconds``: as for ``subscribe``; without types and streams notes are yielded too.
        Where events leave the checkout it goes on, and calls ``on_gap``.
        """
        from journal.subscriptions.following import follow
        from journal.subscriptions.selection import select

        selection = select(types, streams, notes=not types and not streams)
        return follow(self._engine, selection, poll_seconds=poll_seconds, on_gap=on_gap)
