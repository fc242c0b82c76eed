"""What a branch holds of streams and keys, as plain dicts, and what a redaction takes out of them."""

import copy
from typing import Any, NamedTuple

MARKER = "[redacted]"


def order(id: str) -> tuple[int, str]:
    """Return what the total order of events goes by."""
    seq, _, lane = id.partition("@")
    return int(seq), lane


def without(value: Any, text: str) -> Any:
    """Return a value without the texts that hold one, as a redaction of that text leaves it."""
    if isinstance(value, str):
        return MARKER if text in value else value
    if isinstance(value, dict):
        return {name: without(item, text) for name, item in value.items()}
    return [without(item, text) for item in value] if isinstance(value, list) else value


class Appended(NamedTuple):
    """An event of a stream; ``data`` as it was written."""

    stream: str
    event: str
    data: dict[str, Any]
    key: str | None


class Truncation(NamedTuple):
    """What one truncation hides: of the events that were known, those up to one."""

    stream: str
    through: tuple[int, str]
    known: frozenset[str]


class StreamsBeside:
    """The streams of a branch. A merge is a union, since all of it follows from sets."""

    def __init__(self) -> None:
        self.events: dict[str, Appended] = {}
        self.truncations: set[Truncation] = set()
        self.taken: dict[str, set[str]] = {}

    def counted(self, stream: str) -> list[str]:
        """Return the ids that count, in order: a key counts once."""
        found, keys = [], set()
        for id in sorted((id for id, item in self.events.items() if item.stream == stream), key=order):
            key = self.events[id].key
            if key is None or key not in keys:
                found.append(id)
                keys.add(key)
        return found

    def shown(self, stream: str) -> list[tuple[int, str, str, Any, str | None]]:
        """Return what a reader of a stream is given: position, id, event, data, key."""
        hidden = {
            id
            for note in self.truncations
            if note.stream == stream
            for id in note.known
            if id in self.events and order(id) <= note.through
        }
        return [
            (at, id, self.events[id].event, self.data(id), self.events[id].key)
            for at, id in enumerate(self.counted(stream), 1)
            if id not in hidden
        ]

    def data(self, id: str) -> dict[str, Any]:
        """Return an event's data without what was taken out of it."""
        taken = self.taken.get(id, ())
        return {name: MARKER if name in taken else item for name, item in self.events[id].data.items()}

    def names(self) -> list[str]:
        """Return the streams that there are."""
        return sorted({item.stream for item in self.events.values()} | {note.stream for note in self.truncations})

    def truncate(self, stream: str, through: int) -> None:
        """Hide a stream's beginning, for what is known here."""
        known = frozenset(id for id, item in self.events.items() if item.stream == stream)
        self.truncations.add(Truncation(stream, order(self.counted(stream)[through - 1]), known))

    def redact_event(self, id: str) -> None:
        """Take all values out of one event."""
        if id in self.events:
            self.taken.setdefault(id, set()).update(self.events[id].data)

    def redact_text(self, text: str) -> None:
        """Take out the members of events that are a text."""
        for id, item in self.events.items():
            names = {name for name, value in item.data.items() if isinstance(value, str) and text in value}
            if names:
                self.taken.setdefault(id, set()).update(names)

    def merge(self, other: "StreamsBeside") -> None:
        """Take in all that another branch has."""
        self.events |= copy.deepcopy(other.events)
        self.truncations |= other.truncations
        for id, names in other.taken.items():
            self.taken.setdefault(id, set()).update(names)
