"""Where events stand: spans of lines, and the places in them in the total order. Pure."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from journal.index.rows import Location

SPAN_EVENTS_MAX = 256
"""No span has more lines, so whoever looks for a seq knows how far back the span that has it may begin."""


class Span:
    """Lines of one file that stand one behind the other, of one lane, whose seqs count up by one.

    ``first``: the seq of the first line; ``lengths``: of each line, in bytes. In a segment ``offset`` is where the
    first line begins, and ``inner`` is None; in a pack it is that of the member, and ``inner`` where in its text.
    """

    __slots__ = ("file", "first", "inner", "lane", "lengths", "offset", "size")

    def __init__(
        self, first: int, lane: str, file: int, offset: int, inner: int | None, lengths: Sequence[int]
    ) -> None:
        self.first, self.lane, self.file = first, lane, file
        self.offset, self.inner = offset, inner
        self.lengths = lengths
        self.size = sum(lengths)
        """How many bytes all lines have together."""

    @property
    def last(self) -> int:
        """The seq of the last line."""
        return self.first + len(self.lengths) - 1

    def place(self, seq: int) -> Location:
        """Return where the line of one seq stands."""
        at = seq - self.first
        before = sum(self.lengths[:at])
        if self.inner is None:
            return Location(seq, self.lane, self.file, self.offset + before, 0, self.lengths[at])
        return Location(seq, self.lane, self.file, self.offset, self.inner + before, self.lengths[at])

    def places(self, *, newest_first: bool = False) -> Iterator[Location]:
        """Yield where each line stands."""
        lengths, lane, file = self.lengths, self.lane, self.file
        starts = list(accumulate(lengths, initial=self.offset if self.inner is None else self.inner))
        numbers = range(len(lengths))
        for at in reversed(numbers) if newest_first else numbers:
            if self.inner is None:
                yield Location(self.first + at, lane, file, starts[at], 0, lengths[at])
            else:
                yield Location(self.first + at, lane, file, self.offset, starts[at], lengths[at])

    def has(self, seq: int) -> bool:
        """Tell whether the line of a seq stands in it."""
        return self.first <= seq < self.first + len(self.lengths)

    def tail(self, start: int) -> "Span":
        """Return the lines from number ``start`` on, counted from 0."""
        if start == 0:
            return self
        before = sum(self.lengths[:start])
        offset, inner = (self.offset + before, None) if self.inner is None else (self.offset, self.inner + before)
        return Span(self.first + start, self.lane, self.file, offset, inner, self.lengths[start:])

    def head(self, count: int) -> "Span":
        """Return the first lines, so many of them."""
        if count == len(self.lengths):
            return self
        return Span(self.first, self.lane, self.file, self.offset, self.inner, self.lengths[:count])

    def ends_at(self, seq: int, lane: str, file: int, offset: int, inner: int | None) -> bool:
        """Tell whether a line goes on where this span ends, so that it may become one of its."""
        count = len(self.lengths)
        if seq != self.first + count or file != self.file or lane != self.lane or count >= SPAN_EVENTS_MAX:
            return False
        if inner is None:
            return self.inner is None and offset == self.offset + self.size
        return self.inner is not None and offset == self.offset and inner == self.inner + self.size


def in_total_order(spans: Iterable[Span], *, newest_first: bool = False) -> Iterator[Location]:
    """Yield the places in spans in the total order, or against it; an event that several files hold comes once.

    The spans come in the order of their first seqs, or against it. Only those are open at once that overlap.
    """
    coming = (_Open(span.places(newest_first=newest_first), newest_first) for span in spans)
    opened: list[_Open] = []
    following = next(coming, None)
    last: tuple[int, str] | None = None
    while opened or following is not None:
        while following is not None and (not opened or following.may_precede(opened[0].head)):
            heapq.heappush(opened, following)
            following = next(coming, None)
        first = heapq.heappop(opened)
        while True:
            head = first.head
            if (head.seq, head.lane) != last:
                last = (head.seq, head.lane)
                yield head
            if not first.goes_on():
                break
            if (opened and opened[0] < first) or (following is not None and following.may_precede(first.head)):
                heapq.heappush(opened, first)
                break


class _Open:
    """A span that is being read: the place that comes next, and those behind it."""

    __slots__ = ("head", "is_reverse", "rest")

    def __init__(self, rest: Iterator[Location], is_reverse: bool) -> None:
        self.rest, self.is_reverse = rest, is_reverse
        self.head = next(rest)

    def goes_on(self) -> bool:
        """Move to the next place; False where there is none."""
        head = next(self.rest, None)
        if head is not None:
            self.head = head
        return head is not None

    def may_precede(self, head: Location) -> bool:
        """Tell whether this one, or one of a span behind it, may have an event that comes before ``head``, or with it.

        Against the order, spans come by their first seqs, so a later one may reach as high as a span is long.
        """
        return self.head.seq + SPAN_EVENTS_MAX >= head.seq if self.is_reverse else self.head.seq <= head.seq

    def __lt__(self, other: "_Open") -> bool:
        mine, theirs = (self.head.seq, self.head.lane), (other.head.seq, other.head.lane)
        return mine > theirs if self.is_reverse else mine < theirs
