"""Streams: events appended under a name, in one order."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from journal.arguments import BATCH, CONDITIONS, FUNCTION, TEXT_OR_TEXTS, check, checks_arguments, either, shown
from journal.errors import UsageError
from journal.facade.base import Base
from journal.store.looking_back import look_back

if TYPE_CHECKING:
    from journal.state.entity import Payload
    from journal.store.events import StreamEvent
    from journal.store.expectation import Conflict
    from journal.store.query import Condition
    from journal.store.streams.appending import Expect, NewEvents
    from journal.store.streams.catalogue import Stream


@checks_arguments(append_batch__events=BATCH, read__event=TEXT_OR_TEXTS, where=either(CONDITIONS, FUNCTION))
class Streams(Base):
    """The methods of ``Journal`` on streams."""

    def append(
        self,
        stream: str,
        event: str,
        data: "Payload | None" = None,
        *,
        expect: "Expect | None" = None,
        key: str | None = None,
        meta: "Payload | None" = None,
        actor: str | None = None,
        summary: str | None = None,
    ) -> "StreamEvent | Conflict":
        """Append an event to a stream and return it, with its ``position`` and ``token``.

        ``expect``: what the stream must be like before: ``"any"`` (the same as None), ``"none"`` (it never had an
        event), ``"exists"``, or its exact length. If it is not, a Conflict is returned, and nothing was written.
        ``key``: append at most once. If the stream already has an event with this key, and with the same name and data,
        that first event is returned, whatever is expected; if it has other data, a Conflict is.
        ``meta``: what goes along with the event, such as correlation and causation.
        """
        from journal.store.expectation import Conflict
        from journal.store.streams.appending import one_event

        done = self._appended(stream, one_event(event, data, key, meta), expect, actor, summary)
        return done if isinstance(done, Conflict) else done[0]

    def append_batch(
        self,
        stream: str,
        events: "Sequence[tuple[str, Payload] | Mapping[str, Any]]",
        *,
        expect: "Expect | None" = None,
        actor: str | None = None,
        summary: str | None = None,
    ) -> "Sequence[StreamEvent] | Conflict":
        """Append events to a stream, all or none, and return them. Only a merge can put others between them.

        Each is a pair of event and data, or a mapping with ``event`` and, where it has them, ``data``, ``key`` and
        ``meta``. ``expect`` is about the stream before the first of them. Where the stream has the keys of all of them
        already, the events that came first are returned; where it has only some of the keys, a Conflict is.
        """
        new = _new_events(list(events))
        return (
            self._appended(stream, new, expect, actor, summary) if new.names else self._append_nothing(stream, expect)
        )

    def _append_nothing(self, stream: str, expect: "Expect | None") -> "list[StreamEvent] | Conflict":
        """Return what a batch of no events comes to: no events, or what an expectation says of the stream."""
        from journal.store.streams.appending import Append, NewEvents, check_stream, checked_expectation, unmet

        check_stream(stream)
        asked = Append(stream=stream, events=NewEvents((), ()), expect=checked_expectation(expect))
        return unmet(asked, self.stream(stream).length) or []

    def _appended(
        self, stream: str, events: "NewEvents", expect: "Expect | None", actor: str | None, summary: str | None
    ) -> "Sequence[StreamEvent] | Conflict":
        from journal.facade.appended import AppendedEvents
        from journal.store.expectation import Conflict
        from journal.store.streams.appending import Append, checked_expectation
        from journal.store.streams.once import write

        operation = Append(
            stream=stream,
            events=events,
            expect=checked_expectation(expect),
            actor=actor or self._actor,
            summary=summary,
        )
        done = write(self._engine, [operation], is_whole=True)
        if isinstance(done, Conflict):
            return done
        return AppendedEvents(done.written[0]) if done.written else done.firsts

    def read(
        self,
        stream: str,
        start: int = 1,
        end: int | None = None,
        *,
        last: int | None = None,
        since: str | None = None,
        event: str | Collection[str] | None = None,
        where: "Callable[[StreamEvent], bool] | Mapping[str, Any] | Sequence[str | Condition] | None" = None,
        after_time: str | datetime | None = None,
        before_time: str | datetime | None = None,
        as_written: bool = False,
    ) -> "Iterator[StreamEvent]":
        """Yield the events of a stream in order, from position ``start`` to position ``end``, both included.

        It yields what is here at the time of the call, and nothing where there is no such stream. Each argument narrows
        that down. ``since``: only events that this position token does not name, which can be late ones of a merged
        branch. ``event``: only events of this name, or of these names. ``where``: a function of the event, or
        conditions on its data as for ``list``. ``after_time``, ``before_time``: stamped at or after the one, and before
        the other, by the clocks of those who wrote. ``last``: of all these, only so many of the last.
        ``as_written``: payloads are not lifted by upcasters.
        """
        from journal.store import positions
        from journal.store.streams import reading

        selection = reading.Selection(
            stream,
            start,
            reading.BEYOND if end is None else end,
            None if since is None else positions.decoded(since),
            (event,) if isinstance(event, str) else event,
            _moment(after_time),
            _moment(before_time),
            _predicate(where),
            is_lifted=not as_written,
        )
        if last is not None:
            return iter(reading.read_last(self._engine, selection, last))
        return reading.read(self._engine, selection)

    def streams(self) -> "list[Stream]":
        """Return all streams by name, truncated ones too, but for the journal's own (``$…``)."""
        from journal.store.streams.catalogue import streams

        return look_back(self._engine, streams)

    def stream(self, name: str) -> "Stream":
        """Return the length of one stream, how many of its events can be read, and the last one."""
        from journal.store.streams.catalogue import stream

        return look_back(self._engine, lambda view: stream(view, name))

    def truncate(self, stream: str, *, through: int, actor: str | None = None, summary: str | None = None) -> "Stream":
        """Hide the events of a stream up to and including a position from its readers; return what is left of it.

        The other events keep their positions, and the stream's length stays. Events that this checkout does not hold
        yet are not hidden when a merge brings them. Nothing is removed: ``read_all`` and ``log`` still show the events.
        Raises NotFoundError where there is no such position.
        """
        from journal.store.streams.catalogue import truncate

        return truncate(self._engine, stream, through, actor=actor or self._actor, summary=summary)


def _new_events(items: "Sequence[tuple[str, Payload] | Mapping[str, Any]]") -> "NewEvents":
    from journal.store.streams.appending import NewEvents

    if set(map(type, items)) == {tuple} and set(map(len, items)) == {2}:
        names, payloads = zip(*items, strict=True)
        if set(map(type, names)) == {str} and set(map(type, payloads)) <= {dict, type(None)}:
            return NewEvents(names, [{} if data is None else data for data in payloads])
    drafts = [_draft(item) for item in items]
    columns: list[Any] = [list(column) for column in zip(*drafts, strict=True)] if drafts else [[], [], [], []]
    names, payloads, *optional = columns
    keys, metas = (None if set(map(type, column)) <= {type(None)} else column for column in optional)
    return NewEvents(names, [{} if data is None else data for data in payloads], keys, metas)


_BATCH = 'give ("Paid", {"by": "card"}), or {"event": "Paid", "key": "p1"}'


def _draft(item: "tuple[str, Payload] | Mapping[str, Any]") -> tuple[str, Any, str | None, Any]:
    if isinstance(item, Mapping):
        if not item.keys() <= {"event", "data", "key", "meta"} or "event" not in item:
            told = "an event of a batch has event, and may have data, key and meta"
            raise UsageError(f"{told}, not {shown(item)}", hint=_BATCH)
        given = {"event": item["event"], **{name: item[name] for name in item if item[name] is not None}}
    elif isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 2:
        given = {"event": item[0], **({} if item[1] is None else {"data": item[1]})}
    else:
        raise UsageError(f"not an event of a batch: {shown(item)}", hint=_BATCH)
    check("append_batch", **given)
    return given["event"], given.get("data"), given.get("key"), given.get("meta")


def _moment(time: str | datetime | None) -> datetime | None:
    from journal.store.history import parse_since

    if isinstance(time, str):
        return parse_since(time)
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time


def _predicate(where: Any) -> "Callable[[StreamEvent], bool] | None":
    from journal.store.query import conditions_of

    if where is None:
        return None
    if callable(where):
        asked: Callable[[StreamEvent], bool] = where
        return asked
    conditions = conditions_of(dict(where) if isinstance(where, Mapping) else where)
    return lambda event: all(condition.holds(event.data or {}) for condition in conditions)
