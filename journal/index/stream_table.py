"""The tables of streams, and each statement that is run on them. Positions are kept, so reading one asks for no count.

An event that sorts behind all others of its stream gets the next position. One that arrives late, or leaves, moves
those behind it: they are numbered again from there on, which a merge pays for, and an append never.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from journal.format.segment import Intervals
from journal.index.rows import Location
from journal.state.stream import Entry, Placed, Truncation, place
from journal.state.vector import EventId

STREAM_TABLES = ("streams", "stream_events", "truncations")

NOWHERE: EventId = (0, "")
"""Before every event."""
BEYOND: EventId = (1 << 62, "")
"""Behind every event."""


class StreamFacts(NamedTuple):
    """One stream: its greatest position, how many events are not hidden, the greatest rev, its last event."""

    name: str
    last: int
    visible: int
    rev: int
    end: EventId


_FACTS = "SELECT name, last, visible, rev, seq, lane FROM streams"
_PUT_FACTS = "UPDATE streams SET last = ?, visible = ?, rev = ?, seq = ?, lane = ? WHERE id = ?"
_PUT_ROW = "INSERT OR IGNORE INTO stream_events(stream, seq, lane, rev, key, position, hidden) VALUES(?,?,?,?,?,?,?)"
_ROWS = """SELECT s.seq, s.lane, s.rev, s.key, s.position, s.hidden, e.file, e.offset, e.inner, e.length
FROM stream_events s JOIN lanes l ON l.lane = s.lane JOIN events e ON e.seq = s.seq AND e.lane = l.id"""


class StreamTable:
    """The streams of one index. What changes it runs within a transaction of the caller."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database

    def number(self, name: str) -> int:
        """Return the small number that stands for a stream, made if it is new."""
        found = self._number(name)
        if found is not None:
            return found
        return self._db.execute("INSERT INTO streams VALUES(NULL, ?, 0, 0, 0, 0, '')", (name,)).lastrowid or 0

    def _number(self, name: str) -> int | None:
        found: tuple[int] | None = self._db.execute("SELECT id FROM streams WHERE name = ?", (name,)).fetchone()
        return found and found[0]

    # -- reading --------------------------------------------------------------------------------

    def facts(self, name: str) -> StreamFacts:
        """Return a stream's facts; those of one that is not here count nothing."""
        row = self._db.execute(f"{_FACTS} WHERE name = ?", (name,)).fetchone()
        return _facts(row) if row else StreamFacts(name, 0, 0, 0, NOWHERE)

    def all(self) -> list[StreamFacts]:
        """Return all streams by name."""
        return [_facts(row) for row in self._db.execute(f"{_FACTS} ORDER BY name")]

    def has(self, name: str, at: EventId) -> bool:
        """Tell whether an event of a stream, or a truncation of it, is known."""
        query = """SELECT 1 FROM stream_events WHERE stream = :stream AND seq = :seq AND lane = :lane
        UNION ALL SELECT 1 FROM truncations WHERE stream = :stream AND seq = :seq AND lane = :lane"""
        named = {"stream": self._number(name), "seq": at[0], "lane": at[1]}
        return self._db.execute(query, named).fetchone() is not None

    def first_of_key(self, name: str, key: str) -> EventId | None:
        """Return the earliest event of a stream that has a key."""
        query = "SELECT seq, lane FROM stream_events WHERE stream = ? AND key = ? ORDER BY seq, lane LIMIT 1"
        found: EventId | None = self._db.execute(query, (self._number(name), key)).fetchone()
        return found

    def first_visible(self, name: str) -> int | None:
        """Return the least position of a stream that is not hidden."""
        query = "SELECT min(position) FROM stream_events WHERE stream = ? AND hidden = 0 AND position IS NOT NULL"
        found: int | None = self._db.execute(query, (self._number(name),)).fetchone()[0]
        return found

    def visible(self, name: str, low: int, high: int, *, reverse: bool = False) -> Iterator[tuple[Placed, Location]]:
        """Return the events of a range of positions that are not hidden, and where they stand."""
        order = "DESC" if reverse else "ASC"
        query = f"""{_ROWS} WHERE s.stream = ? AND s.hidden = 0 AND s.position IS NOT NULL
        AND s.position BETWEEN ? AND ? ORDER BY s.position {order}"""
        return _rows(self._db.execute(query, (self._number(name), low, high)))

    def between(self, name: str, low: int, high: int) -> Iterator[tuple[Placed, Location]]:
        """Return the events of a range of seqs, hidden ones and repetitions too, in the total order."""
        query = f"{_ROWS} WHERE s.stream = ? AND s.seq BETWEEN ? AND ? ORDER BY s.seq, s.lane"
        return _rows(self._db.execute(query, (self._number(name), low, high)))

    def truncations(self, name: str) -> list[tuple[EventId, EventId]]:
        """Return (note, last event that it hides) of each truncation of a stream."""
        query = "SELECT seq, lane, through_seq, through_lane FROM truncations WHERE stream = ?"
        return [((row[0], row[1]), (row[2], row[3])) for row in self._db.execute(query, (self._number(name),))]

    # -- changing -------------------------------------------------------------------------------

    def append(self, facts: StreamFacts, rows: Iterable[Placed]) -> None:
        """Add events that sort behind all others of a stream and are placed already; ``facts`` are those with them."""
        stream = self.number(facts.name)
        values = ((stream, *row.at, row.rev, row.key, row.position, row.is_hidden) for row in rows)
        self._db.executemany(_PUT_ROW, values)
        self._db.execute(_PUT_FACTS, (*facts[1:4], *facts.end, stream))

    def insert(self, name: str, entries: Iterable[Entry]) -> None:
        """Add events anywhere; ``settle`` is to follow."""
        stream = self.number(name)
        self._db.executemany(_PUT_ROW, ((stream, *at, rev, key, None, 0) for at, rev, key in entries))

    def truncate(self, name: str, cuts: Iterable[tuple[EventId, EventId]]) -> None:
        """Add truncations; ``settle`` is to follow."""
        stream = self.number(name)
        rows = ((stream, *at, *through) for at, through in cuts)
        self._db.executemany("INSERT OR REPLACE INTO truncations VALUES(?,?,?,?,?)", rows)

    def drop(self, lane: str, spans: Intervals) -> dict[str, EventId]:
        """Forget a lane's events of some ranges; return the least event that each stream lost; ``settle`` follows."""
        touched: dict[str, EventId] = {}
        query = """SELECT n.name, e.stream, e.seq FROM events e JOIN streams n ON n.id = e.stream
        WHERE e.seq BETWEEN ? AND ? AND e.lane = (SELECT id FROM lanes WHERE lane = ?) ORDER BY e.seq"""
        for low, high in spans:
            for name, stream, seq in self._db.execute(query, (low, high, lane)).fetchall():
                touched[name] = min(touched.get(name, (seq, lane)), (seq, lane))
                for table in ("stream_events", "truncations"):
                    self._db.execute(
                        f"DELETE FROM {table} WHERE stream = ? AND seq = ? AND lane = ?",  # noqa: S608 - constants
                        (stream, seq, lane),
                    )
        return touched

    def settle(self, name: str, start: EventId, truncations: Sequence[Truncation], *, cuts_moved: bool) -> None:
        """Number a stream's events again from one on; ``cuts_moved``: see which of those before it are hidden too."""
        stream = self.number(name)
        query = """SELECT position FROM stream_events WHERE stream = ? AND (seq, lane) < (?, ?)
        AND position IS NOT NULL ORDER BY seq DESC, lane DESC LIMIT 1"""
        before = self._db.execute(query, (stream, *start)).fetchone()
        query = """SELECT seq, lane, rev, key, position, hidden FROM stream_events
        WHERE stream = ? AND (seq, lane) >= (?, ?) ORDER BY seq, lane"""
        rows = [_placed(row) for row in self._db.execute(query, (stream, *start))]
        entries = (Entry(row.at, row.rev, row.key) for row in rows)
        placed = place(entries, truncations, after=before[0] if before else 0, knows=self._knows(name, start))
        changed = [new for old, new in zip(rows, placed, strict=True) if old != new]
        if cuts_moved:
            changed += self._hidden_otherwise(stream, start, truncations)
        query = "UPDATE stream_events SET position = ?, hidden = ? WHERE stream = ? AND seq = ? AND lane = ?"
        self._db.executemany(query, ((row.position, row.is_hidden, stream, *row.at) for row in changed))
        self._count(stream)

    def _knows(self, name: str, start: EventId) -> "_Knows":
        return _Knows(self, name, start)

    def _hidden_otherwise(self, stream: int, end: EventId, truncations: Sequence[Truncation]) -> list[Placed]:
        """Return the events before one that are hidden and should not be, or the other way round."""
        through = max((cut.through for cut in truncations), default=NOWHERE)
        query = """SELECT seq, lane, rev, key, position, hidden FROM stream_events WHERE stream = ?
        AND (seq, lane) < (?, ?) AND position IS NOT NULL AND (hidden = 1 OR (seq, lane) <= (?, ?))"""
        rows = [_placed(row) for row in self._db.execute(query, (stream, *end, *through))]
        told = ((row, any(cut.hides(row.at) for cut in truncations)) for row in rows)
        return [row._replace(is_hidden=is_hidden) for row, is_hidden in told if row.is_hidden != is_hidden]

    def _count(self, stream: int) -> None:
        """Note what a stream holds; one that holds nothing is forgotten."""
        query = """SELECT count(*), coalesce(max(position), 0), coalesce(max(rev), 0),
        coalesce(sum(hidden = 0 AND position IS NOT NULL), 0) FROM stream_events WHERE stream = ?"""
        count, last, rev, visible = self._db.execute(query, (stream,)).fetchone()
        query = "SELECT seq, lane FROM stream_events WHERE stream = ? ORDER BY seq DESC, lane DESC LIMIT 1"
        end = self._db.execute(query, (stream,)).fetchone() or NOWHERE
        self._db.execute(_PUT_FACTS, (last, visible, rev, *end, stream))
        if not count:
            query = "DELETE FROM streams WHERE id = ? AND NOT EXISTS (SELECT 1 FROM truncations WHERE stream = id)"
            self._db.execute(query, (stream,))


class _Knows:
    """Tells whether an event of a stream before one has a key."""

    def __init__(self, table: StreamTable, name: str, start: EventId) -> None:
        self._table, self._name, self._start = table, name, start

    def __call__(self, key: str) -> bool:
        found = self._table.first_of_key(self._name, key)
        return found is not None and found < self._start


def _facts(row: tuple[str, int, int, int, int, str]) -> StreamFacts:
    return StreamFacts(*row[:4], (row[4], row[5]))


def _placed(row: tuple[int, str, int, str | None, int | None, int]) -> Placed:
    return Placed((row[0], row[1]), row[2], row[3], row[4], bool(row[5]))


def _rows(found: sqlite3.Cursor) -> Iterator[tuple[Placed, Location]]:
    new = tuple.__new__  # a replay asks for a million of them
    for seq, lane, rev, key, position, hidden, file, offset, inner, length in found:
        placed = new(Placed, ((seq, lane), rev, key, position, hidden != 0))
        yield placed, new(Location, (seq, lane, file, offset, inner, length))
