"""The tables of streams, and each statement that is run on them. Positions are kept, so reading one asks for no count.

A stream is kept as stretches (``state.stream``). An event that sorts behind all others of its stream gets the next
position, and mostly makes the last stretch longer. One that arrives late, or leaves, moves those behind it: they are
numbered again from there on, which a merge pays for, and an append never.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from journal.state.stream import STRETCH_EVENTS_MAX, Cuts, Entry, Placed, Stretch, Truncation, place, stretches_of
from journal.state.vector import EventId

STREAM_TABLES = ("streams", "stretches", "stream_keys", "truncations")

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
_STRETCHES = "SELECT seq, lane, count, rev, position, hidden FROM stretches WHERE stream = ?"
_PUT_STRETCH = "INSERT INTO stretches(stream, seq, lane, count, rev, position, hidden) VALUES(?, ?, ?, ?, ?, ?, ?)"
_DROP_STRETCH = "DELETE FROM stretches WHERE stream = ? AND seq = ? AND lane = ?"
_LAST = "ORDER BY seq DESC, lane DESC LIMIT 1"

Keyed = tuple[str, EventId]
"""A key, and the event that has it."""


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

    def name(self, number: int) -> str | None:
        """Return the stream that a number stands for."""
        found: tuple[str] | None = self._db.execute("SELECT name FROM streams WHERE id = ?", (number,)).fetchone()
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
        query = """SELECT 1 FROM stretches WHERE stream = :stream AND lane = :lane
        AND seq > :seq - :most AND seq <= :seq AND seq + count > :seq
        UNION ALL SELECT 1 FROM truncations WHERE stream = :stream AND seq = :seq AND lane = :lane"""
        named = {"stream": self._number(name), "seq": at[0], "lane": at[1], "most": STRETCH_EVENTS_MAX}
        return self._db.execute(query, named).fetchone() is not None

    def first_of_key(self, name: str, key: str) -> EventId | None:
        """Return the earliest event of a stream that has a key."""
        query = "SELECT seq, lane FROM stream_keys WHERE stream = ? AND key = ? ORDER BY seq, lane LIMIT 1"
        found: EventId | None = self._db.execute(query, (self._number(name), key)).fetchone()
        return found

    def keys(self, name: str, start: EventId = NOWHERE) -> dict[EventId, str]:
        """Return the keys of a stream's events from one on."""
        query = "SELECT seq, lane, key FROM stream_keys WHERE stream = ? AND (seq, lane) >= (?, ?)"
        return {(seq, lane): key for seq, lane, key in self._db.execute(query, (self._number(name), *start))}

    def first_visible(self, name: str) -> int | None:
        """Return the least position of a stream that is not hidden."""
        query = "SELECT min(position) FROM stretches WHERE stream = ? AND hidden = 0 AND position IS NOT NULL"
        found: int | None = self._db.execute(query, (self._number(name),)).fetchone()[0]
        return found

    def last_counted(self, name: str) -> EventId | None:
        """Return the event at a stream's last position."""
        query = f"{_STRETCHES} AND position IS NOT NULL {_LAST}"
        found = self._db.execute(query, (self._number(name),)).fetchone()
        return None if found is None else _stretch(found).end

    def visible(self, name: str, low: int, high: int, *, reverse: bool = False) -> Iterator[Stretch]:
        """Yield the stretches that are not hidden and reach into a range of positions, by position or against it."""
        order = "DESC" if reverse else "ASC"
        query = f"""{_STRETCHES} AND hidden = 0 AND position IS NOT NULL AND position > ? AND position <= ?
        AND position + count > ? ORDER BY position {order}"""
        rows = self._db.execute(query, (self._number(name), low - STRETCH_EVENTS_MAX, high, low))
        return map(_stretch, rows)

    def between(self, name: str, low: int, high: int) -> Iterator[Stretch]:
        """Yield the stretches that reach into a range of seqs, hidden ones and repetitions too, in the total order."""
        query = f"{_STRETCHES} AND seq > ? AND seq <= ? AND seq + count > ? ORDER BY seq, lane"
        rows = self._db.execute(query, (self._number(name), low - STRETCH_EVENTS_MAX, high, low))
        return map(_stretch, rows)

    def truncations(self, name: str) -> list[tuple[EventId, EventId]]:
        """Return (note, last event that it hides) of each truncation of a stream."""
        query = "SELECT seq, lane, through_seq, through_lane FROM truncations WHERE stream = ?"
        return [((row[0], row[1]), (row[2], row[3])) for row in self._db.execute(query, (self._number(name),))]

    # -- changing -------------------------------------------------------------------------------

    def append(self, facts: StreamFacts, stretches: Sequence[Stretch], keyed: Iterable[Keyed]) -> None:
        """Add stretches that sort behind all others of a stream and are placed; ``facts`` are those with them."""
        stream = self.number(facts.name)
        last = self._db.execute(f"{_STRETCHES} {_LAST}", (stream,)).fetchone()
        rest = list(stretches)
        if last is not None and rest and _stretch(last).is_followed_by(rest[0]):
            more = rest.pop(0)
            query = "UPDATE stretches SET count = count + ? WHERE stream = ? AND seq = ? AND lane = ?"
            self._db.execute(query, (more.length, stream, last[0], last[1]))
        self._db.executemany(_PUT_STRETCH, ((stream, *stretch) for stretch in rest))
        self._put_keys(stream, keyed)
        self._db.execute(_PUT_FACTS, (*facts[1:4], *facts.end, stream))

    def insert(self, name: str, stretches: Iterable[Stretch], keyed: Iterable[Keyed]) -> None:
        """Add events anywhere; ``settle`` is to follow, and ``count``."""
        stream = self.number(name)
        self._db.executemany(_PUT_STRETCH, ((stream, *stretch) for stretch in stretches))
        self._put_keys(stream, keyed)

    def _put_keys(self, stream: int, keyed: Iterable[Keyed]) -> None:
        rows = ((stream, key, *at) for key, at in keyed)
        self._db.executemany("INSERT OR IGNORE INTO stream_keys VALUES(?, ?, ?, ?)", rows)

    def truncate(self, name: str, truncations: Sequence[Truncation]) -> None:
        """Add truncations, and hide what they hide; ``count`` is to follow. Costs what was not hidden yet."""
        stream = self.number(name)
        rows = ((stream, *cut.at, *cut.through) for cut in truncations)
        self._db.executemany("INSERT OR REPLACE INTO truncations VALUES(?,?,?,?,?)", rows)
        through = max((cut.through for cut in truncations), default=NOWHERE)
        query = f"{_STRETCHES} AND (seq, lane) <= (?, ?) AND position IS NOT NULL AND hidden = 0"
        self._hide(stream, self._db.execute(query, (stream, *through)).fetchall(), truncations)

    def forget(self, number: int, lane: str, seqs: set[int]) -> None:
        """Forget a lane's events of a stream, and truncations; ``settle`` is to follow, ``show``, ``count``."""
        name = self.name(number)
        if name is None:
            return
        for stretch in list(self.between(name, min(seqs), max(seqs))):
            if stretch.lane == lane:
                kept = (event for event in stretch.placed() if event.at[0] not in seqs)
                self._db.execute(_DROP_STRETCH, (number, stretch.seq, lane))
                self._db.executemany(_PUT_STRETCH, ((number, *rest) for rest in stretches_of(kept)))
        for table in ("stream_keys", "truncations"):
            query = f"DELETE FROM {table} WHERE stream = ? AND seq = ? AND lane = ?"  # noqa: S608 - constants
            self._db.executemany(query, ((number, seq, lane) for seq in seqs))

    def settle(self, name: str, start: EventId, truncations: Sequence[Truncation]) -> None:
        """Number a stream's events again from one on, and see which of them are hidden."""
        stream = self.number(name)
        stretches = [stretch for stretch in self.between(name, start[0], BEYOND[0]) if stretch.end >= start]
        entries = sorted(self._entries(name, stretches))
        first = entries[0].at if entries else start
        query = f"{_STRETCHES} AND (seq, lane) < (?, ?) AND position IS NOT NULL {_LAST}"
        before = self._db.execute(query, (stream, *first)).fetchone()
        after = before[4] + before[2] - 1 if before else 0
        placed = list(stretches_of(place(entries, truncations, after=after, knows=_Knows(self, name, first))))
        if placed != stretches:
            self._db.executemany(_DROP_STRETCH, ((stream, *stretch.start) for stretch in stretches))
            self._db.executemany(_PUT_STRETCH, ((stream, *stretch) for stretch in placed))

    def show(self, name: str, truncations: Sequence[Truncation]) -> None:
        """See anew which of a stream's hidden events are hidden, where a truncation has left."""
        stream = self.number(name)
        query = f"{_STRETCHES} AND position IS NOT NULL AND hidden = 1"
        self._hide(stream, self._db.execute(query, (stream,)).fetchall(), truncations)

    def _hide(self, stream: int, rows: list[Any], truncations: Sequence[Truncation]) -> None:
        """See which events of some stretches are hidden."""
        cuts = Cuts(truncations)
        for stretch in map(_stretch, rows):
            told = (event._replace(is_hidden=cuts.hide(event.at)) for event in stretch.placed())
            after = list(stretches_of(told))
            if after != [stretch]:
                self._db.execute(_DROP_STRETCH, (stream, *stretch.start))
                self._db.executemany(_PUT_STRETCH, ((stream, *part) for part in after))

    def _entries(self, name: str, stretches: Sequence[Stretch]) -> Iterator[Entry]:
        keys = self.keys(name, min(stretch.start for stretch in stretches)) if stretches else {}
        return (Entry(event.at, event.rev, keys.get(event.at)) for stretch in stretches for event in stretch.placed())

    def count(self, name: str) -> None:
        """Note what a stream holds; one that holds nothing is forgotten."""
        stream = self.number(name)
        query = """SELECT count(*), coalesce(max(position + count - 1), 0), coalesce(max(rev + count - 1), 0),
        coalesce(sum(count * (hidden = 0 AND position IS NOT NULL)), 0) FROM stretches WHERE stream = ?"""
        count, last, rev, visible = self._db.execute(query, (stream,)).fetchone()
        row = self._db.execute(f"{_STRETCHES} {_LAST}", (stream,)).fetchone()
        end = _stretch(row).end if row else NOWHERE
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


def _stretch(row: tuple[int, str, int, int, int | None, int]) -> Stretch:
    return Stretch(*row[:5], row[5] != 0)


def placed_with_keys(stretches: Iterable[Stretch], keys: dict[EventId, str]) -> Iterator[Placed]:
    """Yield each event of stretches, with its key if it has one."""
    for stretch in stretches:
        for event in stretch.placed():
            yield event._replace(key=keys[event.at]) if event.at in keys else event
