"""What appending to a stream asks, and whether it may be: decisions only, nothing is written here."""

from dataclasses import dataclass, field
from typing import Any, Literal

from journal.arguments import shown
from journal.errors import RefusedError, UsageError
from journal.format import names, values
from journal.format.limits import SEQ_MAX
from journal.state.entity import Payload
from journal.store.model import Conflict

STREAM = "stream"
"""What a Conflict about a stream has as its type."""
ANY: Literal["any"] = "any"
Expect = int | Literal["any", "none", "exists"]
"""What a stream must be before an append: ``any``thing, ``none`` (no event ever), ``exists``, or just so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """Append an event to a stream. ``key``: write it once only (``store.streams.once``)."""

    stream: str
    event: str
    data: Payload = field(default_factory=dict)
    expect: Expect = ANY
    key: str | None = None
    meta: Payload | None = None
    summary: str | None = None
    actor: str | None = None
    ts: str | None = None


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


def own_fields(operation: Append, rev: int) -> dict[str, Any]:
    """Return the fields of the record, in order; the stream's name was checked. Raises RefusedError."""
    names.check_id(operation.event, what="event")
    own: dict[str, Any] = {"stream": operation.stream, "rev": rev, "event": operation.event}
    if operation.key is not None:
        names.check_id(operation.key, what="key")
        own["key"] = operation.key
    if operation.meta is not None:
        own["meta"] = values.decode(values.encode_payload(operation.meta))
    return own
