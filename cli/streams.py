"""What the verbs on streams share."""

from typing import TYPE_CHECKING, Any

from .declare import Argument, Option

if TYPE_CHECKING:
    from journal.store.events import StreamEvent
    from journal.store.streams.appending import Expect
    from journal.store.streams.catalogue import Stream

STREAM = Argument("stream", "The stream's name, for instance order/42.", complete="stream")
POSITIONS_BEGIN = "j1_"
"""So begins a position token, and no time, no age and no word does."""
_DIGITS_MAX = 20
"""Of a number that could be a length; Python makes no number of thousands of digits."""

EXPECT = Option(("--expect",), "What the stream must be: N events long, none, exists or any.", metavar="EXPECTED")


def expectation(text: str | None) -> "Expect | None":
    """Return what ``--expect`` asks for. Raises UsageError."""
    from journal.store.streams.appending import checked_expectation

    is_length = text is not None and text.isascii() and text.isdigit() and len(text) < _DIGITS_MAX
    return checked_expectation(int(text) if text is not None and is_length else text)


def stream_form(event: "StreamEvent") -> dict[str, Any]:
    """Return an event of a stream as JSON has it (docs/json.md)."""
    from journal.upkeep.exporting import lifted_form

    return {
        "stream": event.stream,
        "position": event.position,
        "token": event.token,
        "id": event.id,
        "event": event.event,
        "data": event.data,
        "actor": event.actor,
        "ts": event.ts,
        "key": event.key,
        "meta": event.meta,
        "summary": event.summary,
        "rev": event.rev,
    } | lifted_form(event)


def catalogue_form(stream: "Stream") -> dict[str, Any]:
    """Return a line of the catalogue as JSON has it."""
    return {
        "stream": stream.name,
        "length": stream.length,
        "first": stream.first,
        "count": stream.count,
        "last_event": stream.last_event,
    }
