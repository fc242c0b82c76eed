"""The SQLite file of the index: opening it, and each statement that is run on it.

Durability: WAL with ``synchronous=NORMAL`` survives a power cut consistently; what was not yet
checkpointed is lost, and the watermark with it, so the next catch-up replays the gap. A file that
SQLite refuses is dropped and built anew from the truth.
"""

import atexit
import functools
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from journal.format import values
from journal.format.segment import Intervals, Vector
from journal.index.inspection import file_uri
from journal.index.printed import Printed
from journal.index.rows import (
    DamageFacts,
    EntityRow,
    FileFacts,
    SectionFacts,
    broken,
    intervals_of,
    row_sum,
    section_of,
    state_sum,
    vector_of,
)
from journal.index.schema import SCHEMA, TABLES
from journal.index.span_table import SPAN_TABLES, SpanTable
from journal.index.stream_table import STREAM_TABLES, StreamTable

MEMORY = ":memory:"
_TOGETHER = 500
"""Of so many entities one question is asked: SQLite used to take no more than 999 parameters."""


_ROW = "type, name, rev, seq, lane, conflicts, data"
_PUT_ENTITY = f"""
INSERT INTO entities({_ROW}, state, row_sum, state_sum) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT(type, name) DO UPDATE SET rev = excluded.rev, seq = excluded.seq, lane = excluded.lane,
conflicts = excluded.conflicts, data = excluded.data, state = excluded.state, row_sum = excluded.row_sum,
state_sum = excluded.state_sum
"""


def _make_tables(database: sqlite3.Connection) -> None:
    database.executescript(f"BEGIN; {TABLES} PRAGMA user_version={SCHEMA}; COMMIT")


@functools.cache
def _blank() -> sqlite3.Connection:
    """Return an empty index in memory that others there are copies of: to make the tables takes twenty times as long.

    A file is not made so: a copy would also replace what another process has made of it meanwhile.
    """
    database = sqlite3.connect(MEMORY, isolation_level=None, check_same_thread=False)
    atexit.register(_forget, database)
    _make_tables(database)
    return database


def _forget(blank: sqlite3.Connection) -> None:
    _blank.cache_clear()  # what is called at exit after this may open an index still
    blank.close()


class Index(Printed):
    """A connection to one index file (or a private one in memory)."""

    def __init__(self, path: str, *, read_only: bool = False) -> None:
        """Open or make the index. Raises sqlite3.Error where SQLite cannot use the file."""
        self.path = path
        target = f"file:{file_uri(path)}?mode=ro" if read_only else path
        self._db = sqlite3.connect(target, uri=read_only, isolation_level=None, check_same_thread=False, timeout=5.0)
        self.streams, self.spans = StreamTable(self._db), SpanTable(self._db)
        try:
            if not read_only:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("PRAGMA cache_size=-16000")
            if self._version() != SCHEMA:
                if read_only:
                    raise sqlite3.DatabaseError("another schema")
                self._make()
        except sqlite3.Error:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _version(self) -> int:
        found: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        return found

    def _make(self) -> None:
        if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise sqlite3.DatabaseError("another schema")
        if self.path == MEMORY:
            _blank().backup(self._db)
        else:
            _make_tables(self._db)

    def changes_of_others(self) -> int:
        """Return a number that changes when another connection has committed."""
        found: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        return found

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of its statements, or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @property
    def is_being_written(self) -> bool:
        """Whether this is within ``writing``."""
        return self._db.in_transaction and not self._is_in_snapshot

    @property
    def is_in_snapshot(self) -> bool:
        """Whether this is within ``snapshot``, and not within ``writing``."""
        return self._is_in_snapshot

    _is_in_snapshot = False

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """One reading transaction: all statements in it see the same rows. Nested in a writing one it is that."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN")
        self._is_in_snapshot = True
        try:
            self._db.execute("SELECT 1 FROM meta LIMIT 1").fetchone()
            yield
        finally:
            self._is_in_snapshot = False
            self._db.execute("ROLLBACK")

    def empty(self) -> None:
        """Remove all rows, within a transaction."""
        for table in (
            "meta",
            "files",
            "sections",
            "parts",
            "damage",
            "entities",
            "unprinted",
            *SPAN_TABLES,
            *STREAM_TABLES,
        ):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - constants

    # -- meta ---------------------------------------------------------------------------------

    def meta(self, key: str) -> Any:
        """Return a value of the index about itself, None where it is not set."""
        found = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def set_meta(self, key: str, value: Any) -> None:
        """Set a value of the index about itself."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES(?, ?)", (key, value))

    def vector(self, key: str) -> Vector:
        """Return a vector kept in meta; empty where it is not set."""
        return vector_of(self.meta(key) or "{}")

    def set_vector(self, key: str, vector: Vector) -> None:
        """Keep a vector in meta."""
        self.set_meta(key, values.encode_trusted(vector).decode())

    # -- the truth ----------------------------------------------------------------------------

    def files(self) -> list[tuple[Any, ...]]:
        """Return the rows of all applied files, as ``FileFacts`` has them: they are many, and few of them change."""
        return self._db.execute("SELECT * FROM files").fetchall()

    def put_file(self, facts: FileFacts) -> None:
        """Record an applied file."""
        self._db.execute("INSERT OR REPLACE INTO files VALUES(?,?,?,?,?,?,?,?,?,?,?)", facts)

    def drop_file(self, file: int) -> None:
        """Forget a file, its parts and its damage; its sections and events stay until they are dropped."""
        for table, column in (("files", "id"), ("parts", "file"), ("damage", "file")):
            self._db.execute(f"DELETE FROM {table} WHERE {column} = ?", (file,))  # noqa: S608 - constants

    def put_section(self, facts: SectionFacts) -> None:
        """Record a segment's header."""
        sees = values.encode_trusted(facts.sees).decode()
        row = (facts.lane, facts.first, sees, facts.prev_segment, facts.prev_seq, facts.number)
        self._db.execute("INSERT OR REPLACE INTO sections VALUES(?,?,?,?,?,?)", row)

    def drop_section(self, lane: str, first: int) -> None:
        """Forget a segment's header."""
        self._db.execute("DELETE FROM sections WHERE lane = ? AND first = ?", (lane, first))

    def section_at(self, lane: str, seq: int) -> SectionFacts | None:
        """Return the lane's segment that a seq falls into."""
        query = "SELECT * FROM sections WHERE lane = ? AND first <= ? ORDER BY first DESC LIMIT 1"
        row = self._db.execute(query, (lane, seq)).fetchone()
        return row and section_of(row)

    def sections_of(self, lane: str) -> list[SectionFacts]:
        """Return all known segments of a lane, in order."""
        rows = self._db.execute("SELECT * FROM sections WHERE lane = ? ORDER BY first", (lane,))
        return [section_of(row) for row in rows]

    def is_base(self, segment: str) -> bool:
        """Tell whether what a later segment's writer saw is known as a difference to what this one's saw."""
        query = "SELECT EXISTS(SELECT 1 FROM sections WHERE prev_segment = ? AND number > 0)"
        return bool(self._db.execute(query, (segment,)).fetchone()[0])

    def end_of(self, segment: str) -> int | None:
        """Return the last seq that counts in a segment, by what the header behind it says; None where none is known."""
        query = "SELECT MIN(prev_seq) FROM sections WHERE prev_segment = ?"
        found: tuple[int | None] = self._db.execute(query, (segment,)).fetchone()
        return found[0]

    def sections(self) -> Iterator[SectionFacts]:
        """Return all known segments."""
        return (section_of(row) for row in self._db.execute("SELECT * FROM sections"))

    def put_part(self, file: int, lane: str, first: int, seqs: Intervals) -> None:
        """Record which seqs of a segment a file holds."""
        row = (file, lane, first, values.encode_trusted(seqs).decode())
        self._db.execute("INSERT OR REPLACE INTO parts VALUES(?,?,?,?)", row)

    def parts_of_file(self, file: int) -> list[tuple[str, int, Intervals]]:
        """Return (lane, first, seqs) of each segment's part in a file."""
        rows = self._db.execute("SELECT lane, first, seqs FROM parts WHERE file = ?", (file,))
        return [(lane, first, intervals_of(seqs)) for lane, first, seqs in rows]

    def holders(self, lane: str, first: int) -> list[tuple[int, Intervals]]:
        """Return (file, seqs) of each file that holds a part of a segment."""
        rows = self._db.execute("SELECT file, seqs FROM parts WHERE lane = ? AND first = ?", (lane, first))
        return [(file, intervals_of(seqs)) for file, seqs in rows]

    def parts(self) -> Iterator[tuple[int, str, int, Intervals]]:
        """Return (file, lane, first, seqs) of everything."""
        rows = self._db.execute("SELECT file, lane, first, seqs FROM parts")
        return ((file, lane, first, intervals_of(seqs)) for file, lane, first, seqs in rows)

    def damage(self) -> list[DamageFacts]:
        """Return all damage that was found."""
        return [DamageFacts(*row) for row in self._db.execute("SELECT * FROM damage ORDER BY file, offset")]

    def put_damage(self, facts: DamageFacts) -> None:
        """Record damage."""
        self._db.execute("INSERT OR REPLACE INTO damage VALUES(?,?,?,?,?,?,?,?)", facts)

    # -- entities -----------------------------------------------------------------------------

    def entity(self, type: str, id: str) -> EntityRow | None:
        """Return one entity, deleted ones too."""
        query = f"SELECT {_ROW}, row_sum FROM entities WHERE type = ? AND name = ?"  # noqa: S608 - constants
        row = self._db.execute(query, (type, id)).fetchone()
        return row and _entity(row)

    def state_texts(self, type: str, id: str) -> tuple[str | None, str] | None:
        """Return (data, state) of one entity as stored."""
        query = "SELECT data, state, state_sum FROM entities WHERE type = ? AND name = ?"
        found = self._db.execute(query, (type, id)).fetchone()
        return found and _texts(*found)

    def entities(
        self, type: str | None, *, deleted: bool = False, after: tuple[str, str] | None = None
    ) -> Iterator[EntityRow]:
        """Return entities by type and id; only deleted ones where ``deleted``; those behind ``after``."""
        clauses = ["data IS NULL" if deleted else "data IS NOT NULL"]
        parameters: list[str] = []
        if type is not None:
            clauses.append("type = ?")
            parameters.append(type)
        if after is not None:
            clauses.append("(type, name) > (?, ?)")
            parameters.extend(after)
        query = f"SELECT {_ROW}, row_sum FROM entities WHERE {' AND '.join(clauses)} ORDER BY type, name"  # noqa: S608
        return map(_entity, self._db.execute(query, parameters))

    def conflicted(self) -> list[tuple[str, str]]:
        """Return (type, id) of each entity with an open conflict."""
        return self._db.execute("SELECT type, name FROM entities WHERE conflicts > 0 ORDER BY type, name").fetchall()

    def every_state(self) -> Iterator[tuple[str, str, str | None, str]]:
        """Return (type, id, data, state) of all entities, sorted."""
        query = "SELECT type, name, data, state, state_sum FROM entities ORDER BY type, name"
        return ((type, name, *_texts(*texts)) for type, name, *texts in self._db.execute(query))

    def put_entities(self, rows: Iterable[tuple[EntityRow, str]]) -> None:
        """Write entities, each with the text of its state."""
        summed = ((*row, state, row_sum(row), state_sum(row.data, state)) for row, state in rows)
        self._db.executemany(_PUT_ENTITY, summed)

    def drop_entity(self, type: str, id: str) -> None:
        """Forget an entity that has no event here any more."""
        self._db.execute("DELETE FROM entities WHERE type = ? AND name = ?", (type, id))

    def counts(self) -> list[tuple[str, int, int]]:
        """Return (type, live, deleted) of each type."""
        query = "SELECT type, count(data), count(*) - count(data) FROM entities GROUP BY type ORDER BY type"
        return self._db.execute(query).fetchall()

    def entity_number(self, type: str, id: str) -> int | None:
        """Return the small number that stands for an entity in ``events``."""
        found: tuple[int] | None = self._db.execute(
            "SELECT id FROM entities WHERE type = ? AND name = ?", (type, id)
        ).fetchone()
        return found and found[0]

    def entity_numbers(self, keys: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], int]]:
        """Yield the same of many, each with its (type, id); those that are not here are left out."""
        ids: dict[str, list[str]] = {}
        for type, id in keys:
            ids.setdefault(type, []).append(id)
        for type, of_type in ids.items():
            for start in range(0, len(of_type), _TOGETHER):
                some = of_type[start : start + _TOGETHER]
                query = f"SELECT name, id FROM entities WHERE type = ? AND name IN ({','.join('?' * len(some))})"  # noqa: S608
                for name, number in self._db.execute(query, (type, *some)):
                    yield (type, name), number

    def entity_named(self, number: int) -> tuple[str, str] | None:
        """Return (type, id) of the entity that a number stands for."""
        found: tuple[str, str] | None = self._db.execute(
            "SELECT type, name FROM entities WHERE id = ?", (number,)
        ).fetchone()
        return found

    def private_copy(self) -> "Index":
        """Return a copy in memory, for a reader that must not write this one."""
        copy = Index.__new__(Index)
        copy.path = MEMORY
        copy._db = sqlite3.connect(MEMORY, isolation_level=None, check_same_thread=False)
        copy.streams, copy.spans = StreamTable(copy._db), SpanTable(copy._db)
        self._db.backup(copy._db)
        return copy


def _entity(row: tuple[Any, ...]) -> EntityRow:
    facts = EntityRow(*row[:-1])
    if row_sum(facts) != row[-1]:
        raise broken("rows of entities")
    return facts


def _texts(data: str | None, state: str, said: int) -> tuple[str | None, str]:
    if state_sum(data, state) != said:
        raise broken("states of entities")
    return data, state
