"""What appending to a stream asks, and whether it may be: decisions only, nothing is written here."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from journal.arguments import shown
from journal.errors import RefusedError, UsageError
from journal.format import names, values
from journal.format.limits import SEQ_MAX
from journal.format.record import EventTexts
from journal.state.entity import Payload
from journal.store.expectation import Conflict

STREAM = "stream"
"""What a Conflict about a stream has as its type."""
ANY: Literal["any"] = "any"
Expect = int | Literal["any", "none", "exists"]
"""What a stream must be before an append: ``any``thing, ``none`` (no event ever), ``exists``, or just so long."""


class NewEvents(NamedTuple):
    """Events to be appended, each a name and a payload.

    ``keys``: of those that are to be written once only (``store.streams.once``). ``metas``: what goes along with them.
    Each is None where no event has one.
    """

    names: Sequence[str]
    payloads: Sequence[Payload]
    keys: Sequence[str | None] | None = None
    metas: Sequence[Payload | None] | None = None

    def without(self, numbers: Container[int]) -> "NewEvents":
        """Return these events without some, named by their numbers from 0 on."""
        kept = [at for at in range(len(self.names)) if at not in numbers]
        return NewEvents(
            [self.names[at] for at in kept],
            [self.payloads[at] for at in kept],
            self.keys and [self.keys[at] for at in kept],
            self.metas and [self.metas[at] for at in kept],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """Append events to a stream, one behind the other. ``expect`` is of the stream before the first of them."""

    stream: str
    events: NewEvents
    expect: Expect = ANY
    summary: str | None = None
    actor: str | None = None
    ts: str | None = None


def one_event(name: str, data: Payload | None, key: str | None, meta: Payload | None) -> NewEvents:
    """Return a single event to be appended."""
    keys, metas = None if key is None else (key,), None if meta is None else (meta,)
    return NewEvents((name,), ({} if data is None else data,), keys, metas)


def check_stream(name: str) -> None:
    """Raise RefusedError for a text that cannot name a stream of a caller's."""
    names.check_id(name, what="stream")
    if name.startswith("$"):
        raise RefusedError(
            f"the stream {name!r} would be the journal's own", hint="choose a name that begins otherwise"
        )


def checked_expectation(expect: object) -> Expect:
    """Return an expectation that is one; None expects nothing. Raises UsageError."""
    if expect is None or expect in (ANY, "none", "exists"):
        return ANY if expect is None else expect
    if type(expect) is int and 0 <= expect <= SEQ_MAX:
        return expect
    what = "not what a stream can be expected to be"
    raise UsageError(f"{what}: {shown(expect)}", hint="any, none, exists, or its length")


def unmet(operation: Append, length: int) -> Conflict | None:
    """Return a Conflict unless a stream of this length is as expected."""
    if operation.expect == ANY:
        return None
    expect = checked_expectation(operation.expect)
    if expect in (ANY, length) or expect == ("exists" if length else "none"):
        return None
    return Conflict(STREAM, operation.stream, expect, length)


def texts_of(events: NewEvents) -> EventTexts:
    """Return what the lines of events will say. Raises RefusedError for what no line may say."""
    for name in set(events.names) if set(map(type, events.names)) == {str} else events.names:
        names.check_id(name, what="event")
    for key in events.keys or ():
        if key is not None:
            names.check_id(key, what="key")
    metas = events.metas and [
        None if meta is None else values.decode(values.encode_payload(meta)) for meta in events.metas
    ]
    return EventTexts(events.names, values.encode_payloads(events.payloads), events.keys, metas)
