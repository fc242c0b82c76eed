"""Append-once: an event whose key its stream has already is not written again; the first one comes back.

The key is looked up under the lock, in the index, whatever the age of the first event, and before any expectation is
asked: so a caller who does not know whether an append went through repeats it, and gets what it would have got.
"""

from collections.abc import Sequence
from typing import NamedTuple

from journal.format import values
from journal.index.streams import Reading
from journal.index.view import View
from journal.state.vector import EventId
from journal.store.batch import Operation, Written
from journal.store.engine import Engine
from journal.store.model import Conflict, StreamEvent
from journal.store.streams.appending import STREAM, Append
from journal.store.streams.reading import event_of, placing_of


class Appended(NamedTuple):
    """What became of operations: by the place of each, the first event of its key, or the record that was written."""

    firsts: dict[int, StreamEvent]
    written: list[Written]


def write(engine: Engine, operations: Sequence[Operation], *, is_whole: bool = False) -> Appended | Conflict:
    """Write operations as one transaction, but for appends that repeat a key.

    ``is_whole``: a batch is repeated as a whole or it is a Conflict, so that a part of it is never written twice.
    """
    if not any(isinstance(operation, Append) and operation.key is not None for operation in operations):
        written, conflict = engine.write(operations)
        return conflict or Appended({}, written)
    with engine.locked(), engine.reading(history=True) as view:
        firsts: dict[int, StreamEvent] = {}
        keys: dict[tuple[str, str], Append] = {}
        for at, operation in enumerate(operations):
            if isinstance(operation, Append) and operation.key is not None:
                found = _first(view, operation, keys)
                if isinstance(found, Conflict):
                    return found
                if found is not None:
                    firsts[at] = found
        rest = [operation for at, operation in enumerate(operations) if at not in firsts]
        if is_whole and firsts and rest:
            return _torn(operations, firsts)
        written, conflict = engine.write(rest) if rest else ([], None)
        return conflict or Appended(firsts, written)


def _first(view: View, operation: Append, keys: dict[tuple[str, str], Append]) -> StreamEvent | Conflict | None:
    """Return the first event of an append's key; None where there is none, a Conflict where that is another event."""
    assert operation.key is not None
    twin = keys.setdefault((operation.stream, operation.key), operation)
    if twin is not operation:
        return Conflict(STREAM, operation.stream, f"key {operation.key!r} once", "twice in one transaction")
    at = Reading(view, operation.stream).first_of_key(operation.key)
    if at is None:
        return None
    first = event_of(view, *placing_of(view, operation.stream, at))
    is_same_name = first.event == operation.event
    if is_same_name and values.canonical(first.data) == _canonical(operation):
        return first
    with_what = f" with {_difference(view, at)} data" if is_same_name else ""
    expected, actual = f"key {operation.key!r} for {operation.event}", f"{first.event}{with_what} in event {first.id}"
    return Conflict(STREAM, operation.stream, expected, actual, (first.id,))


def _difference(view: View, at: EventId) -> str:
    """Return what the data of a first event is: of what is redacted nobody can tell whether it was the same."""
    paths = view.redacting.known.get(at, ()) if view.redacting is not None else ()
    return "redacted" if any(path.split("/")[1] == "data" for path in paths) else "other"


def _canonical(operation: Append) -> bytes:
    return values.canonical(values.decode(values.encode_payload(operation.data)))


def _torn(operations: Sequence[Operation], firsts: dict[int, StreamEvent]) -> Conflict:
    name = next(operation.stream for operation in operations if isinstance(operation, Append))
    heads = tuple(event.id for event in firsts.values())
    said = f"{len(firsts)} of {len(operations)} events are there already"
    return Conflict(STREAM, name, "all events of the batch, or none, there already", said, heads)
