"""What a set of events makes of a stream: its order, its positions, what is hidden (docs/format.md, "State"). Pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from journal.state.entity import Past
from journal.state.vector import EventId

TRUNCATE_NOTE = "truncate"
"""The note that hides the beginning of a stream."""


class Entry(NamedTuple):
    """One event of a stream, as its order needs it."""

    at: EventId
    rev: int
    key: str | None


class Placed(NamedTuple):
    """An event and its place; ``position`` is None where it repeats a key, and so counts for nothing."""

    at: EventId
    rev: int
    key: str | None
    position: int | None
    is_hidden: bool


class Truncation(NamedTuple):
    """A note ``at`` that hides what its writer saw up to the event ``through``; ``past`` is what that was."""

    at: EventId
    through: EventId
    past: Past

    def hides(self, event: EventId) -> bool:
        """Tell whether an event is hidden: one that the writer did not know of is not, wherever it sorts."""
        return event <= self.through and self.past.has(event, self.at)


def place(
    entries: Iterable[Entry], truncations: Iterable[Truncation] = (), *, after: int = 0, knows: Callable[[str], bool]
) -> Iterator[Placed]:
    """Yield the places of events, which come in the total order.

    ``after``: the position before the first of them. ``knows``: whether an event before them has a key.
    """
    cuts = list(truncations)
    keys: set[str] = set()
    position = after
    for at, rev, key in entries:
        if key is not None and (key in keys or knows(key)):
            yield Placed(at, rev, key, None, False)
            continue
        if key is not None:
            keys.add(key)
        position += 1
        yield Placed(at, rev, key, position, any(cut.hides(at) for cut in cuts))
