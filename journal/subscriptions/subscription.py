"""A consumer of a cursor: what it takes, and what becomes of it.

A look at the store and a step of the cursor never hold each other up: the store is looked at first, under no lock of
the cursor's; then the cursor's lock is taken, what others have taken meanwhile is left out, and the step is saved. So
no code of a caller's, and no wait for the store, ever happens under the cursor's lock.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import NamedTuple, Self

from journal.arguments import checks_arguments
from journal.errors import ClosedError, JournalError, UsageError
from journal.format import token
from journal.format.names import lane_from
from journal.format.segment import Vector
from journal.state import vector
from journal.state.vector import EventId
from journal.store.engine import Engine
from journal.store.events import Event
from journal.store.lifting import lifted_event
from journal.store.looking_back import look_back
from journal.store.positions import Gaps
from journal.subscriptions import group as cursor
from journal.subscriptions.arrivals import Survey, read_events, survey
from journal.subscriptions.gaps import all_of, error_of, gaps_of, untold
from journal.subscriptions.group import Group, Policy
from journal.subscriptions.model import Delivery, OnGap, ParkedEvent
from journal.subscriptions.putting_aside import parked_events, replay
from journal.subscriptions.selection import Selection
from journal.subscriptions.shelf import Shelf
from journal.subscriptions.waiting import Waiting

_SETTLE_SECONDS = 0.2


def new_consumer(engine: Engine) -> str:
    """Return a name for a consumer, which is never given again."""
    return lane_from(engine.backend.random(8))


class _Quiet(NamedTuple):
    """What was so when there was nothing to do: while it is, there is nothing either."""

    stamp: object
    generation: int
    have: Vector
    until: float
    since: float


@checks_arguments()
class Subscription:
    """Iterate it for what comes, for ever; ``catch_up`` ends with what is there; ``take`` asks once.

    Use it as a context manager: ``close`` gives back what was not finished. Safe for several threads, though two that
    iterate compete.
    """

    def __init__(
        self,
        engine: Engine,
        shelf: Shelf,
        selection: Selection,
        policy: Policy,
        *,
        consumer: str,
        waiting: Waiting,
        on_gap: OnGap | None,
    ) -> None:
        self._engine, self._shelf, self._selection, self._policy = engine, shelf, selection, policy
        self._consumer, self._waiting, self._on_gap = consumer, waiting, on_gap
        self._clock = engine.backend.clock.now
        """What leases and waits are counted by: seconds that all processes of this machine agree on."""
        self._looking = threading.RLock()
        """One thread at a time looks at the store; ``ack`` and its like do not need it.

        It may look while it looks: ``on_gap`` may accept the gap, and a handler of the hub's, which any thread that has
        just read may have to call, may take.
        """
        self._survey: Survey | None = None
        self._seen: tuple[int, Vector] | None = None
        self._quiet: _Quiet | None = None
        self.is_closed = False
        """Whether it was closed."""

    # -- taking ---------------------------------------------------------------------------------

    def take(self, limit: int = 1, *, wait_seconds: float | None = 0.0) -> list[Delivery]:
        """Return at most ``limit`` events to be handled; wait for the first, None: for ever. [] where none came.

        Events that failed come before new ones, new ones in the order of their arrival, those that arrive together
        in the total order. Raises GapError where there is a gap that nobody was told of.
        """
        return self.take_until(lambda: False, limit, wait_seconds)

    def take_until(self, is_cancelled: Callable[[], bool], limit: int, wait_seconds: float | None) -> list[Delivery]:
        """Do what ``take`` does, until ``is_cancelled`` says so, which ``wake`` has it asked; [] then."""
        if limit < 1:
            raise UsageError("at least one event is taken")
        deadline = None if wait_seconds is None else time.monotonic() + wait_seconds
        while True:
            self.check_open()
            heard = self._waiting.heard
            with self._looking:
                found = self._take_now(limit)
            left = None if deadline is None else deadline - time.monotonic()
            if found or is_cancelled() or (left is not None and left <= 0):
                return found
            self._waiting.wait(heard, left, self._seconds_until_due())

    def wake(self) -> None:
        """Let threads that wait look now."""
        self._waiting.wake()

    def __iter__(self) -> Iterator[Delivery]:
        """Yield events one by one, and wait for more; ends when another thread closes the subscription."""
        while not self.is_closed:
            try:
                found = self.take(wait_seconds=None)
            except ClosedError:
                if self.is_closed:
                    return
                raise
            yield from found

    def catch_up(self) -> Iterator[Delivery]:
        """Yield events one by one until none is left that is due."""
        while found := self.take():
            yield from found

    def _take_now(self, limit: int) -> list[Delivery]:
        lost: set[EventId] = set()
        while not self._is_quiet():
            stamp = self._shelf.stamp()
            looked_for = self._shelf.load()
            found = self._look(looked_for)
            self._tell_gap(looked_for, found)
            new = {_id(event): event for event in found.events}
            here = vector.subtract(found.here, cursor.ids_of(lost))
            with self._shelf.held():
                before = self._shelf.load()
                now = self._clock()
                after, got = self._step_of_taking(before, found, here, list(new), limit, now)
                if after != before:
                    self._shelf.save(after)
            if got:
                deliveries = self._deliveries(got, new, after, before, found)
                if deliveries:
                    return deliveries
                lost.update(got)  # it was readable, and is no more: that is for the next look to tell
            elif after == before and before.taken == looked_for.taken:  # else others took what was found
                self._note_quiet(stamp, after, now, here, is_all=found.end is None)
                break
        return []

    def _step_of_taking(
        self, before: Group, found: Survey, here: Vector, new: list[EventId], limit: int, now: float
    ) -> tuple[Group, list[EventId]]:
        due = cursor.due(before, now, self._is_alive)
        ready = [id for id in due if vector.contains(here, *id)][:limit]
        fresh = [id for id in new if not vector.contains(before.taken, *id)]
        chosen = fresh[: limit - len(ready)]
        after = before
        if len(chosen) == len(fresh):
            after = cursor.arrive(before, chosen, found.through(None))
        elif chosen:
            after = cursor.arrive(before, chosen, found.through(chosen[-1]))
        after, got = cursor.claim(after, [*ready, *chosen], self._consumer, now, self._policy)
        return cursor.report(after, vector.subtract(after.reported, found.here)), got

    def _deliveries(
        self, got: list[EventId], new: dict[EventId, Event], after: Group, before: Group, found: Survey
    ) -> list[Delivery]:
        again = [id for id in got if id not in new]
        events = {**new, **(look_back(self._engine, lambda view: read_events(view, again)) if again else {})}
        gone = [id for id in got if id not in events]
        if gone:
            self._step(lambda group: cursor.release(group, gone, self._consumer, is_untried=True))
            self._survey = None
        return [
            Delivery(
                lifted_event(self._engine, events[id]),
                after.work[id].attempts,
                token.encode(_position(before, found, id)),
                self,
            )
            for id in got
            if id in events
        ]

    def _look(self, group: Group) -> Survey:
        """Look at the store, unless what was found last time still has events that nobody took."""
        with self._engine.reading() as view:
            seen = (view.generation, dict(view.have))
        known = self._survey
        if known is not None and seen == self._seen and known.events:
            rest = [event for event in known.events if not vector.contains(group.taken, *_id(event))]
            if rest:
                fresh = vector.subtract(known.fresh, group.taken)
                self._survey = known._replace(events=rest, fresh=fresh)
                return self._survey
        self._survey = look_back(self._engine, lambda view: survey(view, group.taken, self._selection))
        self._seen = seen
        return self._survey

    # -- waiting --------------------------------------------------------------------------------

    def _is_quiet(self) -> bool:
        """Tell by a few stats that nothing can have come since there was nothing to do."""
        quiet = self._quiet
        if quiet is None or not quiet.since <= self._clock() < quiet.until or quiet.stamp != self._shelf.stamp():
            return False
        with self._engine.reading() as view:
            return (view.generation, view.have) == (quiet.generation, quiet.have)

    def _note_quiet(self, stamp: object, group: Group, now: float, here: Vector, *, is_all: bool) -> None:
        self._quiet = None
        others = any(work.holder not in ("", self._consumer) for work in group.work.values())
        if not is_all or others or self._seen is None:
            return
        until = cursor.next_due(group, now, here)
        self._quiet = _Quiet(stamp, *self._seen, float("inf") if until is None else until, now)

    def _seconds_until_due(self) -> float | None:
        quiet = self._quiet
        return None if quiet is None or quiet.until == float("inf") else max(0.0, quiet.until - self._clock())

    def _is_alive(self, consumer: str) -> bool:
        return consumer == self._consumer or self._shelf.is_alive(consumer)

    # -- gaps -----------------------------------------------------------------------------------

    def gaps(self) -> Gaps:
        """Return what this cursor knows of and this checkout cannot show, whether it was told or not."""
        group = self._shelf.load()
        return gaps_of(group, look_back(self._engine, lambda view: survey(view, group.taken, self._selection)))

    def accept_gap(self) -> None:
        """Go on without the events of the present gap. Those that were not delivered are, once they are back."""
        with self._looking:
            self._note_told(gaps_of(*self._look_anew()))

    def _tell_gap(self, group: Group, found: Survey) -> None:
        """Tell what a look lacks of what was taken before it: what others have taken since may have come after it."""
        if not untold(gaps_of(group, found), group.reported):
            return
        # Git takes files away and puts others there, one by one: what is missing in the middle of it is no gap.
        time.sleep(_SETTLE_SECONDS)
        gaps = gaps_of(*self._look_anew())
        new = untold(gaps, self._shelf.load().reported)
        if not new:
            return
        if self._on_gap is None:
            raise error_of(new)
        self._on_gap(new)
        self._note_told(gaps)

    def _note_told(self, gaps: Gaps) -> None:
        self._step(lambda group: cursor.report(group, vector.union(group.reported, all_of(gaps))))

    def _look_anew(self) -> tuple[Group, Survey]:
        """Return what the cursor knows, and what is here then."""
        self._survey = None
        group = self._shelf.load()
        return group, self._look(group)

    # -- what becomes of it ---------------------------------------------------------------------

    def ack(self, *deliveries: Delivery) -> None:
        """Be done with events: they are not delivered again, even after a power cut; many cost what one does."""
        ids = [_id(delivery.event) for delivery in deliveries]
        self._step(lambda group: cursor.acknowledge(group, ids))

    def retry(self, delivery: Delivery, error: BaseException | None = None) -> None:
        """Give an event back that failed: it comes again after a while, and is parked after the last attempt."""
        id, cause = _id(delivery.event), _cause(error)
        self._step_of(
            delivery, lambda group: cursor.retry(group, id, self._consumer, self._clock(), self._policy, cause)
        )

    def park(self, delivery: Delivery, error: BaseException | None = None) -> None:
        """Put an event aside until it is replayed."""
        id, cause = _id(delivery.event), _cause(error)
        self._step_of(delivery, lambda group: cursor.park(group, id, self._consumer, self._clock(), cause))

    def release(self, *deliveries: Delivery) -> None:
        """Give events back that were not tried: due at once, and this delivery does not count as an attempt."""

        def released(group: Group) -> Group:
            ids = [_id(delivery.event) for delivery in deliveries if _is_latest(group, delivery)]
            return cursor.release(group, ids, self._consumer, is_untried=True)

        self._step(released)

    def parked(self) -> list[ParkedEvent]:
        """Return the events that were put aside."""
        return parked_events(self._shelf.load())

    def replay(self, *events: str) -> int:
        """Deliver parked events again, all or those that are named; return how many."""
        self.check_open()
        return replay(self._shelf, events)

    @property
    def position(self) -> str:
        """The token of all that is done: acknowledged, or not meant."""
        return token.encode(self._shelf.load().done)

    def _step_of(self, delivery: Delivery, change: Callable[[Group], Group]) -> None:
        self._step(lambda group: change(group) if _is_latest(group, delivery) else group)

    def _step(self, change: Callable[[Group], Group]) -> None:
        self.check_open()
        self._change(change)

    def _change(self, change: Callable[[Group], Group]) -> None:
        with self._shelf.held():
            before = self._shelf.load()
            after = change(before)
            if after != before:
                self._shelf.save(after)

    # -- life -----------------------------------------------------------------------------------

    def check_open(self) -> None:
        """Raise ClosedError once the subscription was closed."""
        if self.is_closed:
            raise ClosedError("the subscription was closed")

    def close(self) -> None:
        """Give back what was not finished, and let go. Closing twice is harmless; a thread that waits wakes up."""
        if self.is_closed:
            return
        self.is_closed = True
        self._waiting.close()
        # What cannot be given back (the cursor was dropped, the disk is full) is free once its consumer is gone.
        with contextlib.suppress(JournalError):
            mine = [id for id, work in self._shelf.load().work.items() if work.holder == self._consumer]
            if mine:
                self._change(lambda group: cursor.release(group, mine, self._consumer, is_untried=False))
        self._shelf.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _id(event: Event) -> EventId:
    return event.seq, event.lane


def _is_latest(group: Group, delivery: Delivery) -> bool:
    """Tell whether an event was not delivered again since: another thread of this consumer may be at it."""
    work = group.work.get(_id(delivery.event))
    return work is not None and work.attempts == delivery.attempt


def _cause(error: BaseException | None) -> str:
    return "" if error is None else type(error).__name__[:100]


def _position(before: Group, found: Survey, id: EventId) -> Vector:
    return before.taken if vector.contains(before.taken, *id) else vector.union(before.taken, found.through(id))
