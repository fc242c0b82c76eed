"""What was applied since the last flush of a view, and is not in the index yet."""

from bisect import bisect_right
from collections.abc import Sequence

from journal.format.segment import Intervals
from journal.index.rows import DamageFacts, EntityRow, FileFacts, SectionFacts
from journal.index.spans import SPAN_EVENTS_MAX, Span
from journal.index.stream_table import BEYOND, Keyed, StreamFacts
from journal.state.entity import EntityState
from journal.state.stream import STRETCH_EVENTS_MAX, Stretch
from journal.state.vector import EventId

Key = tuple[str, str]
"""(type, id) of an entity, or (folder, name) of a file."""

Owner = Key | str | None
"""Whose an event is: an entity's, a stream's, by its name, or nobody's, as notes are."""


class OwnedSpan(Span):
    """A span whose lines are not in the index yet: whose events they are stands beside it."""

    __slots__ = ("owners",)

    def __init__(self, first: int, lane: str, file: int, offset: int, inner: int | None) -> None:
        self.lengths: list[int]
        super().__init__(first, lane, file, offset, inner, [])
        self.owners: list[Owner] = []


class StreamChanges:
    """What came to one stream since the last flush.

    ``is_tail``: all of it sorts behind what the index has, which is what appending does, so ``stretches`` have their
    positions. Else they have none, or wrong ones: the index numbers the stream anew at the next flush.
    """

    __slots__ = (
        "_late",
        "_sorted",
        "base",
        "cuts",
        "end",
        "is_tail",
        "keyed",
        "keys",
        "last",
        "rev",
        "stretches",
        "through",
    )

    def __init__(self, base: StreamFacts, through: EventId) -> None:
        self.base, self.through = base, through
        self.stretches: list[Stretch] = []
        self.is_tail = True
        self.cuts: dict[EventId, EventId] = {}
        self.keys: dict[str, EventId] = {}
        """The earliest new event of each key."""
        self.keyed: list[Keyed] = []
        self.last, self.rev, self.end = base.last, base.rev, base.end
        self._sorted = 0
        """So many of the stretches came while each sorted behind the one before."""
        self._late: set[EventId] = set()

    def has(self, at: EventId) -> bool:
        """Tell whether an event has come already."""
        before = bisect_right(self.stretches, at, hi=self._sorted, key=_start) - 1
        stretch = self.stretches[before] if before >= 0 else None
        return at in self._late or (stretch is not None and stretch.has(at))

    def add(self, at: EventId, count: int, rev: int) -> None:
        """Take events without keys in that are not in the index, so many with seqs and revs that count up."""
        seq, lane = at
        for start in range(0, count, STRETCH_EVENTS_MAX):
            length = min(STRETCH_EVENTS_MAX, count - start)
            self._take(Stretch(seq + start, lane, length, rev + start, self.last + 1, False), is_counted=True)

    def add_keyed(self, at: EventId, rev: int, key: str, *, repeats: bool) -> None:
        """Take an event with a key in that is not in the index; ``repeats``: an earlier event there has its key."""
        repeats = repeats or self.keys.get(key, BEYOND) < at
        self.keys[key] = min(self.keys.get(key, at), at)
        self.keyed.append((key, at))
        self._take(Stretch(*at, 1, rev, None if repeats else self.last + 1, False), is_counted=not repeats)

    def _take(self, stretch: Stretch, *, is_counted: bool) -> None:
        seq, lane, length, rev, _, _ = stretch
        start, end = (seq, lane), (seq + length - 1, lane)
        self.rev = max(self.rev, rev + length - 1)
        if not self.is_tail or start <= self.end or start <= self.through:
            self.is_tail = False
            self.end = max(self.end, end)
            self._late.update((seq + at, lane) for at in range(length))
            self.stretches.append(stretch)
            return
        self.last += length * is_counted
        self.end = end
        if self.stretches and self.stretches[-1].is_followed_by(stretch):
            self.stretches[-1] = self.stretches[-1].longer(length)
        else:
            self.stretches.append(stretch)
            self._sorted += 1

    def cut(self, at: EventId, through: EventId) -> None:
        """Take a truncation in."""
        self.cuts[at] = through
        self.is_tail = False

    def keys_by_event(self) -> dict[EventId, str]:
        """Return the key of each new event that has one."""
        return {at: key for key, at in self.keyed}


def _start(stretch: Stretch) -> EventId:
    return stretch.start


class Overlay:
    """What was applied since the last flush."""

    def __init__(self) -> None:
        self.states: dict[Key, EntityState | None] = {}
        self.rows: dict[Key, EntityRow] = {}
        self.spans: list[OwnedSpan] = []
        self.count = 0
        """How many lines stand in the spans."""
        self.streams: dict[str, StreamChanges] = {}
        self.sections: dict[tuple[str, int], SectionFacts] = {}
        self.parts: dict[tuple[int, str, int], Intervals] = {}
        self.files: dict[int, FileFacts] = {}
        self.damage: list[DamageFacts] = []

    @property
    def is_empty(self) -> bool:
        """Whether a flush would write nothing."""
        return not (self.files or self.states or self.count or self.sections)

    def place(
        self,
        at: EventId,
        file: int,
        offset: int,
        inner: int | None,
        lengths: Sequence[int],
        owners: Sequence[Owner],
    ) -> None:
        """Note where lines stand, one behind the other, whose seqs count up from ``at``, and whose events they are."""
        seq, lane = at
        self.count += len(lengths)
        start = 0
        while start < len(lengths):
            span = self.spans[-1] if self.spans else None
            if span is None or not span.ends_at(seq + start, lane, file, offset, inner):
                span = OwnedSpan(seq + start, lane, file, offset, inner)
                self.spans.append(span)
            stop = start + SPAN_EVENTS_MAX - len(span.lengths)
            taken = lengths[start:stop]
            size = sum(taken)
            span.lengths += taken
            span.size += size
            span.owners += owners[start:stop]
            start = stop
            if inner is None:
                offset += size
            else:
                inner += size
