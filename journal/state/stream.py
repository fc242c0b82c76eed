"""What a set of events makes of a stream: its order, its positions, what is hidden (docs/format.md, "State"). Pure."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from journal.state.entity import Past
from journal.state.vector import EventId

TRUNCATE_NOTE = "truncate"
"""The note that hides the beginning of a stream."""

STRETCH_EVENTS_MAX = 256
"""No stretch has more events, so whoever looks for one by its seq or position knows how far back it may begin."""


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


class Stretch(NamedTuple):
    """Events that stand one behind the other in a stream: of one lane, their seqs, revs and positions count up by one.

    ``seq``, ``rev`` and ``position`` are the first one's. One that repeats a key has no position, and stands alone.
    """

    seq: int
    lane: str
    length: int
    rev: int
    position: int | None
    is_hidden: bool

    @property
    def start(self) -> EventId:
        """The first event."""
        return self.seq, self.lane

    @property
    def end(self) -> EventId:
        """The last event."""
        return self.seq + self.length - 1, self.lane

    @property
    def seqs(self) -> tuple[int, int]:
        """The seqs of the first and of the last event."""
        return self.seq, self.seq + self.length - 1

    def has(self, at: EventId) -> bool:
        """Tell whether an event is one of them."""
        return self.lane == at[1] and self.seq <= at[0] < self.seq + self.length

    def part(self, start: int, stop: int) -> "Stretch":
        """Return the events from ``start`` up to, but without, ``stop``, both counted from 0."""
        if start == 0 and stop == self.length:
            return self
        position = None if self.position is None else self.position + start
        return Stretch(self.seq + start, self.lane, stop - start, self.rev + start, position, self.is_hidden)

    def longer(self, by: int) -> "Stretch":
        """Return the same with so many events more at its end."""
        return Stretch(self.seq, self.lane, self.length + by, self.rev, self.position, self.is_hidden)

    def is_followed_by(self, other: "Stretch") -> bool:
        """Tell whether another stretch goes on where this one ends, so that both together are one."""
        return (
            other.seq == self.seq + self.length
            and other.lane == self.lane
            and other.rev == self.rev + self.length
            and self.position is not None
            and other.position == self.position + self.length
            and other.is_hidden is self.is_hidden
            and self.length + other.length <= STRETCH_EVENTS_MAX
        )

    def placed(self) -> Iterator[Placed]:
        """Yield each event; which of them have keys a stretch does not know."""
        for at in range(self.length):
            position = None if self.position is None else self.position + at
            yield Placed((self.seq + at, self.lane), self.rev + at, None, position, self.is_hidden)


class Truncation(NamedTuple):
    """A note ``at`` that hides what its writer saw up to the event ``through``; ``past`` is what that was."""

    at: EventId
    through: EventId
    past: Past

    def hides(self, event: EventId) -> bool:
        """Tell whether an event is hidden: one that the writer did not know of is not, wherever it sorts."""
        return event <= self.through and self.past.has(event, self.at)


class Cuts:
    """All truncations of a stream: what they hide together. Mostly the first one that is asked tells."""

    def __init__(self, truncations: Iterable[Truncation]) -> None:
        self._cuts = sorted(truncations, key=lambda cut: cut.through, reverse=True)

    def hide(self, event: EventId) -> bool:
        """Tell whether an event is hidden."""
        for cut in self._cuts:
            if event > cut.through:
                return False  # nor by those that reach less far
            if cut.hides(event):
                return True
        return False


def place(
    entries: Iterable[Entry], truncations: Iterable[Truncation] = (), *, after: int = 0, knows: Callable[[str], bool]
) -> Iterator[Placed]:
    """Yield the places of events, which come in the total order.

    ``after``: the position before the first of them. ``knows``: whether an event before them has a key.
    """
    cuts = Cuts(truncations)
    keys: set[str] = set()
    position = after
    for at, rev, key in entries:
        if key is not None and (key in keys or knows(key)):
            yield Placed(at, rev, key, None, False)
            continue
        if key is not None:
            keys.add(key)
        position += 1
        yield Placed(at, rev, key, position, cuts.hide(at))


def stretches_of(placed: Iterable[Placed]) -> Iterator[Stretch]:
    """Yield the stretches that events make, which come in the total order; the fewest there can be."""
    stretch: Stretch | None = None
    for (seq, lane), rev, _, position, is_hidden in placed:
        one = Stretch(seq, lane, 1, rev, position, is_hidden)
        if stretch is not None and stretch.is_followed_by(one):
            stretch = stretch.longer(1)
            continue
        if stretch is not None:
            yield stretch
        stretch = one
    if stretch is not None:
        yield stretch


def in_one_order(streams: Sequence[Iterator[Stretch]]) -> Iterator[Stretch]:
    """Yield the stretches of several streams, each in the total order, in one; those that overlap come in parts."""
    waiting = [_Waiting(stretch, rest) for rest in streams if (stretch := next(rest, None)) is not None]
    heapq.heapify(waiting)
    while waiting:
        first = heapq.heappop(waiting)
        stretch = first.stretch
        # Up to where another stream's next event stands, which may be in the midst of it.
        other = waiting[0].stretch.start if waiting else None
        before = stretch.length if other is None else other[0] - stretch.seq + (stretch.lane < other[1])
        count = min(stretch.length, before)
        yield stretch.part(0, count)
        following = stretch.part(count, stretch.length) if count < stretch.length else next(first.rest, None)
        if following is not None:
            heapq.heappush(waiting, _Waiting(following, first.rest))


class _Waiting:
    """The next stretch of one of several streams, and those behind it."""

    __slots__ = ("rest", "stretch")

    def __init__(self, stretch: Stretch, rest: Iterator[Stretch]) -> None:
        self.stretch, self.rest = stretch, rest

    def __lt__(self, other: "_Waiting") -> bool:
        return self.stretch.start < other.stretch.start
