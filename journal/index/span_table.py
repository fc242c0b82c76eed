"""The tables that say where events stand and whose they are, and each statement that is run on them.

A span is a row for many lines, and grows while lines are added behind it: so noting where an event stands costs little,
and a file that leaves is forgotten by its few spans. An event that two files hold stands in a span of each.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence

from journal.index.rows import Location, broken
from journal.index.spans import SPAN_EVENTS_MAX, Span

SPAN_TABLES = ("lanes", "spans", "events")

NOTES = 0
"""The owner of events that are notes. Entities are owners above it, streams, with the sign turned, below."""

_SPANS = (
    "SELECT s.first, l.lane, s.file, s.offset, s.inner, s.lengths, s.count FROM spans s JOIN lanes l ON l.id = s.lane"
)
_OWNED = """SELECT e.seq, s.first, l.lane, s.file, s.offset, s.inner, s.lengths, s.count FROM events e
JOIN lanes l ON l.id = e.lane JOIN spans s ON s.lane = e.lane AND s.first > e.seq - :most AND s.first <= e.seq
AND s.first + s.count > e.seq WHERE e.owner = :owner"""
_SPAN_OF = "lane = ? AND first > ? AND first <= ? AND first + count > ?"
_ADD = "INSERT INTO spans(lane, first, count, file, offset, inner, lengths, owners) VALUES(?, ?, ?, ?, ?, ?, ?, ?)"

Row = tuple[int, str, int, int, int | None, bytes, int]


class SpanTable:
    """The spans and events of one index. What changes it runs within a transaction of the caller."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database

    def lane_number(self, lane: str) -> int:
        """Return the small number that stands for a lane, made if it is new."""
        found = self._number(lane)
        if found is not None:
            return found
        return self._db.execute("INSERT INTO lanes(lane) VALUES(?)", (lane,)).lastrowid or 0

    def _number(self, lane: str) -> int | None:
        found: tuple[int] | None = self._db.execute("SELECT id FROM lanes WHERE lane = ?", (lane,)).fetchone()
        return found and found[0]

    # -- reading --------------------------------------------------------------------------------

    def between(self, low: int, high: int, *, newest_first: bool = False) -> Iterator[Span]:
        """Return the spans that have lines with a seq of a range, and maybe some before it, by their first seqs."""
        order = "DESC" if newest_first else "ASC"
        query = f"{_SPANS} WHERE s.first > ? AND s.first <= ? ORDER BY s.first {order}"
        return map(_span, self._db.execute(query, (low - SPAN_EVENTS_MAX, high)))

    def of_lane(self, lane: str, low: int, high: int) -> list[Span]:
        """Return the spans of a lane that have lines of a range, by their first seqs."""
        query = f"""{_SPANS} WHERE s.lane = ? AND s.first > ? AND s.first <= ? AND s.first + s.count > ?
        ORDER BY s.first, s.inner IS NOT NULL"""
        return [_span(row) for row in self._db.execute(query, (self._number(lane), low - SPAN_EVENTS_MAX, high, low))]

    def owned(self, owner: int) -> Iterator[Location]:
        """Yield where an owner's events stand, in no order; one that several files hold comes for each."""
        query = {"owner": owner, "most": SPAN_EVENTS_MAX}
        for seq, *row in self._db.execute(_OWNED, query):
            yield _span(row).place(seq)

    def owners(self, lane: str, low: int, high: int) -> Iterator[tuple[int, int]]:
        """Yield (seq, owner) of a lane's events of a range, those of streams too; some may come twice."""
        query = f"SELECT first, owners, count FROM spans WHERE {_SPAN_OF}"  # noqa: S608 - constants
        rows = self._db.execute(query, (self._number(lane), low - SPAN_EVENTS_MAX, high, low)).fetchall()
        for first, owners, count in rows:
            for seq, owner in enumerate(_numbers("q", owners, count), start=first):
                if low <= seq <= high:
                    yield seq, owner

    def held(self) -> Iterator[tuple[str, int, int]]:
        """Yield (lane, first seq, last seq) of each span."""
        query = "SELECT l.lane, s.first, s.first + s.count - 1 FROM spans s JOIN lanes l ON l.id = s.lane"
        return iter(self._db.execute(query))

    # -- changing -------------------------------------------------------------------------------

    def add(self, span: Span, owners: Sequence[int]) -> None:
        """Note where lines stand, and whose events they are; a span that ends where these begin grows."""
        lane = self.lane_number(span.lane)
        added = [(owner, seq, lane) for seq, owner in enumerate(owners, start=span.first) if owner >= NOTES]
        self._db.executemany("INSERT OR IGNORE INTO events VALUES(?, ?, ?)", added)
        taken = self._grow(span, lane, owners)
        if taken < len(span.lengths):
            rest = span.tail(taken)
            row = (lane, rest.first, len(rest.lengths), rest.file, rest.offset, rest.inner)
            self._db.execute(_ADD, (*row, _text("I", rest.lengths), _text("q", owners[taken:])))

    def _grow(self, span: Span, lane: int, owners: Sequence[int]) -> int:
        """Put the first lines of a span to the one before it; return how many."""
        query = f"""{_SPANS} WHERE s.lane = ? AND s.file = ? AND s.first > ? AND s.first < ?
        ORDER BY s.first DESC LIMIT 1"""
        row = self._db.execute(query, (lane, span.file, span.first - SPAN_EVENTS_MAX, span.first)).fetchone()
        before = _span(row) if row else None
        if before is None or not before.ends_at(span.first, span.lane, span.file, span.offset, span.inner):
            return 0
        taken = min(len(span.lengths), SPAN_EVENTS_MAX - len(before.lengths))
        query = """UPDATE spans SET count = count + ?, lengths = CAST(lengths || ? AS BLOB),
        owners = CAST(owners || ? AS BLOB) WHERE lane = ? AND file = ? AND first = ?"""
        texts = (_text("I", span.lengths[:taken]), _text("q", owners[:taken]))
        self._db.execute(query, (taken, *texts, lane, span.file, before.first))
        return taken

    def forget_file(self, file: int) -> None:
        """Forget what stands in a file; whose events these are is still known."""
        self._db.execute("DELETE FROM spans WHERE file = ?", (file,))

    def forget_events(self, lane: str, events: Iterable[tuple[int, int]]) -> None:
        """Forget whose a lane's events are, given as (seq, owner)."""
        number = self._number(lane)
        rows = ((seq, number, owner) for seq, owner in events)
        self._db.executemany("DELETE FROM events WHERE seq = ? AND lane = ? AND owner = ?", rows)


def _span(row: Row) -> Span:
    first, lane, file, offset, inner, lengths, count = row
    return Span(first, lane, file, offset, inner, _numbers("I", lengths, count))


def _numbers(kind: str, text: bytes, count: int) -> "array[int]":
    numbers = array(kind)
    if type(text) is not bytes or len(text) != count * numbers.itemsize:
        raise broken("spans")
    numbers.frombytes(text)
    return numbers


def _text(kind: str, numbers: Sequence[int]) -> bytes:
    return array(kind, numbers).tobytes()
