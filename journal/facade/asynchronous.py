"""Reading and subscribing for asyncio: what may take a while runs in worker threads, never in the event loop.

**Cancelling.** A call that only reads is let go of: its thread ends by itself and what it found is dropped. A take
that is cancelled wakes its thread, waits until that has ended, and gives back what it had claimed, so that no event
stays with a consumer that does not know of it. A consumer that nobody gets any more is closed, and closing goes on to
its end, in a thread that waits for no other, however often it is cancelled: else what was claimed would stay so.

**A loop that ends.** Python waits for the threads of a pool before it ends. So a thread that waits for events looks
whether its loop still runs, each time that it looks for events, and ends where it does not. Should the loop run again,
the take goes on in another thread.
"""

import asyncio
import contextlib
import functools
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from journal.arguments import checks_arguments, instance_of
from journal.errors import ClosedError, JournalError
from journal.facade.journal import Journal
from journal.store.events import Event
from journal.store.positions import Gaps

if TYPE_CHECKING:
    from journal.subscriptions.model import Delivery, OnGap, ParkedEvent
    from journal.subscriptions.subscription import Subscription

_P = ParamSpec("_P")
_T = TypeVar("_T")
_PIECE = 100
_TAKES_MAX = 1000
"""So many tasks may wait for events of one subscription at a time."""


def _in_thread(
    method: "Callable[Concatenate[Journal, _P], _T]",
) -> "Callable[Concatenate[AsyncJournal, _P], Coroutine[Any, Any, _T]]":
    """Return a method of ``Journal`` as one that is awaited."""

    @functools.wraps(method)
    async def call(self: "AsyncJournal", /, *arguments: _P.args, **options: _P.kwargs) -> _T:
        return await asyncio.to_thread(method, self.journal, *arguments, **options)

    return call


def _in_pieces(
    method: "Callable[Concatenate[Journal, _P], Iterator[_T]]",
) -> "Callable[Concatenate[AsyncJournal, _P], AsyncIterator[_T]]":
    """Return a method of ``Journal`` that yields as one for ``async for``; it is read piece by piece."""

    @functools.wraps(method)
    async def call(self: "AsyncJournal", /, *arguments: _P.args, **options: _P.kwargs) -> AsyncIterator[_T]:
        found = await asyncio.to_thread(lambda: iter(method(self.journal, *arguments, **options)))
        while piece := await asyncio.to_thread(lambda: list(islice(found, _PIECE))):
            for item in piece:
                yield item

    return call


class AsyncJournal:
    """A journal for asyncio, to read and to subscribe. Use it as an asynchronous context manager.

    ``journal`` is the journal that it stands for, whose methods write.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    @classmethod
    async def open(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        store: str | os.PathLike[str] | None = None,
        actor: str | None = None,
    ) -> "AsyncJournal":
        """Open a store, as ``Journal.open`` does."""
        return cls(await asyncio.to_thread(Journal.open, path, store=store, actor=actor))

    get = _in_thread(Journal.get)
    list = _in_thread(Journal.list)
    conflicts = _in_thread(Journal.conflicts)
    history = _in_thread(Journal.history)
    blame = _in_thread(Journal.blame)
    show = _in_thread(Journal.show)
    position = _in_thread(Journal.position)
    gaps = _in_thread(Journal.gaps)
    stream = _in_thread(Journal.stream)
    streams = _in_thread(Journal.streams)
    log = _in_pieces(Journal.log)
    read = _in_pieces(Journal.read)
    read_all = _in_pieces(Journal.read_all)

    async def subscribe(
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
    ) -> "AsyncSubscription":
        """Return a consumer, as ``Journal.subscribe`` does. ``on_gap`` is called in a worker thread."""
        subscribed = functools.partial(
            self.journal.subscribe,
            name,
            since=since,
            types=types,
            streams=streams,
            notes=notes,
            lease_seconds=lease_seconds,
            retry_seconds=retry_seconds,
            retry_seconds_max=retry_seconds_max,
            attempts_max=attempts_max,
            poll_seconds=poll_seconds,
            on_gap=on_gap,
        )
        future = _begin(subscribed)
        try:
            return AsyncSubscription(await asyncio.shield(future))
        except asyncio.CancelledError:
            await _ended(future)
            if future.exception() is None:
                await _to_the_end(future.result().close)
            raise

    async def close(self) -> None:
        """Close the journal. Cancelled, it is closed all the same."""
        await _to_the_end(self.journal.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


@checks_arguments()
@dataclass(frozen=True, slots=True)
class AsyncDelivery:
    """A ``Delivery`` whose methods are awaited."""

    event: Event
    attempt: int
    token: str
    inner: "Delivery" = field(repr=False, compare=False)

    async def ack(self) -> None:
        """Be done with it."""
        await asyncio.to_thread(self.inner.ack)

    async def retry(self, error: BaseException | None = None) -> None:
        """Give it back: it comes again after a while, and is parked after the last attempt."""
        await asyncio.to_thread(self.inner.retry, error)

    async def park(self, error: BaseException | None = None) -> None:
        """Put it aside until it is replayed."""
        await asyncio.to_thread(self.inner.park, error)


@checks_arguments(deliveries=instance_of("AsyncDelivery"))
class AsyncSubscription:
    """A ``Subscription`` for asyncio: ``async for`` what comes. Use it as an asynchronous context manager."""

    def __init__(self, subscription: "Subscription") -> None:
        self._subscription = subscription
        # Threads of its own, one for each that waits: it keeps neither others here nor the event loop's waiting.
        self._threads = ThreadPoolExecutor(_TAKES_MAX, thread_name_prefix="journal-subscription")

    async def take(self, limit: int = 1, *, wait_seconds: float | None = 0.0) -> list[AsyncDelivery]:
        """Return at most so many events, and wait for the first; None: for ever. Cancelled, it claims nothing."""
        deadline = None if wait_seconds is None else time.monotonic() + wait_seconds
        while True:
            self._subscription.check_open()
            left = None if deadline is None else deadline - time.monotonic()
            found = await self._take(limit, left)
            if found or (deadline is not None and time.monotonic() >= deadline):
                break
        return [AsyncDelivery(item.event, item.attempt, item.token, item) for item in found]

    async def _take(self, limit: int, wait_seconds: float | None) -> "list[Delivery]":
        """Take in a thread; [] also where the loop did not run for a while."""
        waiting = _Waiting(asyncio.get_running_loop())
        begun = self._threads.submit(self._subscription.take_until, waiting.is_over, limit, wait_seconds)
        future = asyncio.wrap_future(begun)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if begun.cancel():
                raise  # it never began
            self._give_up(waiting)
            await _ended(future)
            if future.exception() is None and future.result():
                with contextlib.suppress(JournalError):  # closed meanwhile: that gives it back
                    await _to_the_end(functools.partial(self._subscription.release, *future.result()))
            raise
        except GeneratorExit:  # the task was thrown away
            self._give_up(waiting)
            raise

    def _give_up(self, waiting: "_Waiting") -> None:
        waiting.is_given_up = True
        self._subscription.wake()

    async def __aiter__(self) -> AsyncIterator[AsyncDelivery]:
        """Yield events one by one, and wait for more; ends when another task closes the subscription."""
        while not self._subscription.is_closed:
            try:
                found = await self.take(wait_seconds=None)
            except ClosedError:
                if self._subscription.is_closed:
                    return
                raise
            for delivery in found:
                yield delivery

    async def catch_up(self) -> AsyncIterator[AsyncDelivery]:
        """Yield events one by one until none is left that is due."""
        while found := await self.take():
            for delivery in found:
                yield delivery

    async def ack(self, *deliveries: AsyncDelivery) -> None:
        """Be done with events; many cost what one does."""
        await asyncio.to_thread(self._subscription.ack, *[delivery.inner for delivery in deliveries])

    async def release(self, *deliveries: AsyncDelivery) -> None:
        """Give events back that were not tried."""
        await asyncio.to_thread(self._subscription.release, *[delivery.inner for delivery in deliveries])

    async def position(self) -> str:
        """Return the token of all that is done."""
        return await asyncio.to_thread(lambda: self._subscription.position)

    async def parked(self) -> "list[ParkedEvent]":
        """Return the events that were parked."""
        return await asyncio.to_thread(self._subscription.parked)

    async def replay(self, *events: str) -> int:
        """Deliver parked events again, all or those that are named; return how many."""
        return await asyncio.to_thread(self._subscription.replay, *events)

    async def gaps(self) -> Gaps:
        """Return what this cursor knows of and this checkout cannot show."""
        return await asyncio.to_thread(self._subscription.gaps)

    async def accept_gap(self) -> None:
        """Go on without the events of the present gap."""
        await asyncio.to_thread(self._subscription.accept_gap)

    async def close(self) -> None:
        """Give back what was not finished, and end the threads. Cancelled, it does so all the same."""
        await _to_the_end(self._close)

    def _close(self) -> None:
        self._subscription.close()
        self._threads.shutdown()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Waiting:
    """What a thread asks that waits for events: whether anybody waits for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self.is_given_up = loop, False

    def is_over(self) -> bool:
        """Tell whether the task gave it up, or its loop does not run."""
        return self.is_given_up or not self._loop.is_running()


def _begin(call: Callable[[], _T]) -> "asyncio.Future[_T]":
    """Run a call in a thread of its own, which waits for no other and ends with it."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="journal-subscription")
    future = asyncio.wrap_future(pool.submit(call))
    pool.shutdown(wait=False)
    future.add_done_callback(lambda _: pool.shutdown())  # its thread is about to end: the loop sees it ended
    return future


async def _to_the_end(call: Callable[[], _T]) -> _T:
    """Return what a call returns; it goes on to its end also where this task is cancelled, and only then is that."""
    future = _begin(call)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await _ended(future)
        raise


async def _ended(future: "asyncio.Future[Any]") -> None:
    """Wait for something that is about to end, however often this task is cancelled meanwhile."""
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            continue
    future.exception()  # it is nobody's any more: asyncio would say that nobody looked at it
