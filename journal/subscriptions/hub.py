"""Handlers in this process that are called for what this journal writes, once it is durable."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, NamedTuple

from journal.arguments import checks_arguments
from journal.errors import UsageError
from journal.store.events import Event
from journal.subscriptions.selection import Selection, select

if TYPE_CHECKING:
    from journal.store.batch import Written

Handler = Callable[[Event], object]
OnError = Callable[[Event, Exception], object]
Off = Callable[[], None]


class _Listener(NamedTuple):
    handler: Handler
    selection: Selection


@checks_arguments()
class Hub:
    """Hands out what was written: to every handler, in the order of the commits, each event once.

    ``add`` is called by the writer, under the writer lock, which gives the order; ``hand_out`` after the lock was left.
    One thread hands out at a time; a thread that finds another at it leaves its events to that one. So handlers
    never run at once, nor inside one another: one that writes has its events handed out after the present ones.
    """

    def __init__(self, as_events: "Callable[[Written], Iterable[Event]]") -> None:
        self._as_events = as_events
        self._listeners: tuple[_Listener, ...] = ()
        self._written: deque[Written] = deque()
        self._lock = threading.Lock()
        self._is_busy = False
        self.on_error: OnError = _log_error
        """Called with the event and the error of a handler; by default it is logged as ``journal.hub``."""

    def on(
        self, handler: Handler, *, types: Sequence[str] = (), streams: Sequence[str] = (), notes: bool = False
    ) -> Off:
        """Call ``handler(event)`` for what this journal writes from now on; call what is returned to end that.

        ``types``, ``streams``, ``notes``: as for a subscription. An error of a handler fails nothing, it is reported.
        Raises UsageError for an ``async def``, which nobody would await.
        """
        if iscoroutinefunction(handler):
            raise UsageError(
                "on: handler has to be awaited, and handlers are called",
                hint="give a function that hands the event to the loop: loop.call_soon_threadsafe",
            )
        listener = _Listener(handler, select(types, streams, notes=notes))
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def off() -> None:
            with self._lock:
                self._listeners = tuple(item for item in self._listeners if item is not listener)

        return off

    def add(self, written: "list[Written]") -> None:
        """Note what was just written; nothing is called yet."""
        if self._listeners:
            self._written.extend(written)

    def hand_out(self) -> None:
        """Call the handlers for all that was added, unless another thread, or a caller of this one, is at it."""
        while self._written:
            with self._lock:
                if self._is_busy:
                    return
                self._is_busy = True
            try:
                while self._written:
                    self._tell(self._written.popleft())
            finally:
                with self._lock:
                    self._is_busy = False

    def _tell(self, written: "Written") -> None:
        """Call the handlers that are meant for each of some events, which are alike, with one of its own to change."""
        first = list(self._as_events(written))
        fields = {"kind": first[0].kind, "type": first[0].type, "stream": first[0].stream}
        meant = [listener for listener in self._listeners if listener.selection.has(fields)]
        for events in zip(first, *(self._as_events(written) for _ in meant[1:]), strict=True):
            for listener, event in zip(meant, events, strict=False):
                if listener in self._listeners:  # not any more, where an earlier event ended that
                    self._call(listener.handler, event)

    def _call(self, handler: Handler, event: Event) -> None:
        try:
            handler(event)
        except Exception as error:
            self._report(event, error)

    def _report(self, event: Event, error: Exception) -> None:
        try:
            self.on_error(event, error)
        except Exception as second:
            _log_error(event, second)


def _log_error(event: Event, error: Exception) -> None:
    logging.getLogger("journal.hub").error("a handler failed at event %s", event.id, exc_info=error)
