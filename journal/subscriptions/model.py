"""The values of subscriptions that callers get. Frozen; safe to keep."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from journal.arguments import checks_arguments
from journal.store.events import Event
from journal.store.positions import Gaps

if TYPE_CHECKING:
    from journal.subscriptions.subscription import Subscription


@checks_arguments()
@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that a consumer holds until it says what became of it, or its lease ends.

    ``attempt`` counts from 1. ``token`` is a position up to here: this event, and all that the cursor took
    before.
    """

    event: Event
    attempt: int
    token: str
    subscription: "Subscription" = field(repr=False, compare=False)

    def ack(self) -> None:
        """Be done with it: it is not delivered again, even after a power cut. Raises NotAppliedError."""
        self.subscription.ack(self)

    def retry(self, error: BaseException | None = None) -> None:
        """Give it back: it comes again after a while, and is parked after the last attempt.

        Of ``error`` the name of its class is kept, and nothing that it says.
        """
        self.subscription.retry(self, error)

    def park(self, error: BaseException | None = None) -> None:
        """Put it aside until it is replayed."""
        self.subscription.park(self, error)


OnGap = Callable[[Gaps], object]
"""Called with what a cursor knows of and this checkout cannot show."""


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event that was put aside: its id, how often it was tried, when it was parked, and the error's name or None."""

    event: str
    attempts: int
    ts: str
    cause: str | None


@dataclass(frozen=True, slots=True)
class CursorStatus:
    """Where a durable cursor stands.

    ``to_come``: events that it has not looked at yet, also those that are not meant; ``claimed``: with a consumer;
    ``waiting``: to be tried again; ``missing``: events that it knows of and that are not here; ``token``: what is done.
    ``missing`` is at most so many: numbers that a lane left to others, after a merge, count with it.
    """

    name: str
    types: tuple[str, ...]
    streams: tuple[str, ...]
    notes: bool
    to_come: int
    claimed: int
    waiting: int
    parked: int
    missing: int
    token: str
