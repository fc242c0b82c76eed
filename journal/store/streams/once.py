"""Append-once: an event whose key its stream has already is not written again; the first one comes back.

The key is looked up under the lock, in the index, whatever the age of the first event, and before any expectation is
asked: so a caller who does not know whether an append went through repeats it, and gets what it would have got.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from journal.format import values
from journal.index.streams import Reading
from journal.index.view import View
from journal.state.entity import Payload
from journal.state.vector import EventId
from journal.store.batch import Operation, Written
from journal.store.engine import Engine
from journal.store.events import StreamEvent
from journal.store.expectation import Conflict
from journal.store.streams.appending import STREAM, Append
from journal.store.streams.reading import event_of


class Appended(NamedTuple):
    """What became of operations: the first events of keys that were there already, and what was written."""

    firsts: list[StreamEvent]
    written: list[Written]


def write(engine: Engine, operations: Sequence[Operation], *, is_whole: bool = False) -> Appended | Conflict:
    """Write operations as one transaction, but for events that repeat a key.

    ``is_whole``: a batch is repeated as a whole or it is a Conflict, so that a part of it is never written twice.
    """
    has_keys = any(isinstance(operation, Append) and operation.events.keys is not None for operation in operations)
    once = _Once(operations, is_whole)
    written, conflict = engine.write(once.left if has_keys else operations, history=has_keys)
    return conflict or Appended(once.firsts, written)


class _Once:
    """Sees, under the lock, what is left to be written of operations."""

    def __init__(self, operations: Sequence[Operation], is_whole: bool) -> None:
        self._operations, self._is_whole = operations, is_whole
        self._keys: set[tuple[str, str]] = set()
        self.firsts: list[StreamEvent] = []

    def left(self, view: View) -> Sequence[Operation] | Conflict:
        """Return the operations without events whose keys are there; a Conflict where these are other events."""
        rest: list[Operation] = []
        for operation in self._operations:
            found = self._found(view, operation) if isinstance(operation, Append) else {}
            if isinstance(found, Conflict):
                return found
            self.firsts += found.values()
            if not found:
                rest.append(operation)
            elif isinstance(operation, Append) and len(found) < len(operation.events.names):
                rest.append(replace(operation, events=operation.events.without(found)))
        if self._is_whole and self.firsts and rest:
            return self._torn()
        return rest

    def _found(self, view: View, operation: Append) -> dict[int, StreamEvent] | Conflict:
        """Return the first events of the keys of an append, by number, that are there already."""
        found: dict[int, StreamEvent] = {}
        for number, key in enumerate(operation.events.keys or ()):
            if key is None:
                continue
            if (operation.stream, key) in self._keys:
                return Conflict(STREAM, operation.stream, f"key {key!r} once", "twice in one transaction")
            self._keys.add((operation.stream, key))
            first = _first(view, operation, number, key)
            if isinstance(first, Conflict):
                return first
            if first is not None:
                found[number] = first
        return found

    def _torn(self) -> Conflict:
        appends = [operation for operation in self._operations if isinstance(operation, Append)]
        said = f"{len(self.firsts)} of {sum(len(item.events.names) for item in appends)} events are there already"
        heads = tuple(event.id for event in self.firsts)
        return Conflict(STREAM, appends[0].stream, "all events of the batch, or none, there already", said, heads)


def _first(view: View, operation: Append, number: int, key: str) -> StreamEvent | Conflict | None:
    """Return the first event of a key; None where there is none, a Conflict where that is another event."""
    at = Reading(view, operation.stream).first_of_key(key)
    if at is None:
        return None
    name, payload = operation.events.names[number], operation.events.payloads[number]
    first = event_of(view, operation.stream, at)
    is_same_name = first.event == name
    if is_same_name and values.canonical(first.data) == _canonical(payload):
        return first
    with_what = f" with {_difference(view, at)} data" if is_same_name else ""
    expected, actual = f"key {key!r} for {name}", f"{first.event}{with_what} in event {first.id}"
    return Conflict(STREAM, operation.stream, expected, actual, (first.id,))


def _difference(view: View, at: EventId) -> str:
    """Return what the data of a first event is: of what is redacted nobody can tell whether it was the same."""
    paths = view.redacting.known.get(at, ()) if view.redacting is not None else ()
    return "redacted" if any(path.split("/")[1] == "data" for path in paths) else "other"


def _canonical(payload: Payload) -> bytes:
    return values.canonical(values.decode(values.encode_payload(payload)))
