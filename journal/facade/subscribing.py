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
        """Calls handlers in this process for what this object writes: ``journal.hub.on(handler)``."""
        from journal.facade.values import as_events
        from journal.store.lifting import lifted_event
        from journal.subscriptions.hub import Hub

        engine = self._engine
        hub = engine.outbox = Hub(lambda written: [lifted_event(engine, event) for event in as_events(written)])
        return hub

    @cached_property
    def cursors(self) -> "Cursors":
        """The durable cursors of this checkout: what they stand at, what they parked, replaying and dropping."""
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
        """Return a consumer of the events that a cursor has not taken: those that are here, then those that come.

        ``name``: of a durable cursor of this checkout; all consumers of one name share its events. Without a name the
        cursor ends with the consumer. ``since``: the token where a cursor begins that is made by this call; without it
        that is the beginning, and ``journal.position()`` is now. ``types``, ``streams``: only events of entities of
        these types and of these streams; a name that ends in ``*`` stands for all that begin so. ``notes``: also what
        the journal notes about itself. A durable cursor keeps what it is about.

        An event is claimed for ``lease_seconds``. One that failed waits for ``retry_seconds``, twice as long each time,
        at most ``retry_seconds_max``, and is parked after ``attempts_max`` attempts. ``on_gap`` is called once for
        events that the cursor knows of and this checkout cannot show; without it taking raises GapError until
        ``accept_gap``.
        ``poll_seconds``: how often to look where the file system tells nothing.

        Raises RefusedError for a cursor that is about something else, or was not made here.
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
        """Yield events that arrive from this call on, of any lane, in the order of their arrival; never ends.

        ``types``, ``streams``, ``poll_seconds``: as for ``subscribe``; with neither of the first two notes are among
        them. Events that leave the checkout end nothing; ``on_gap`` is called for them.
        """
        from journal.subscriptions.following import follow
        from journal.subscriptions.selection import select

        selection = select(types, streams, notes=not types and not streams)
        return follow(self._engine, selection, poll_seconds=poll_seconds, on_gap=on_gap)
