"""The peers, each doing durably what the store does: SQLite, eventsourcing, git, dulwich, and the bare disk."""

import importlib.util
import os
import sqlite3
import uuid
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Self

import orjson

from .fixture import entity_id, payload
from .measure import run

HAS_EVENTSOURCING = importlib.util.find_spec("eventsourcing") is not None
NO_EVENTSOURCING = "eventsourcing is not installed: pip install 'git-journal[bench]'"


class Raw:
    """The limit: one file that grows by one write and one fdatasync."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def append(self, data: bytes) -> None:
        """Append durably."""
        os.write(self._descriptor, data)
        getattr(os, "fdatasync", os.fsync)(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class Least:
    """The least that any writer of such lines does in Python: it decides nothing, and looks at nothing but the end.

    A lock, the next seq, lines with checksums, one write, a note of the end; the sync when the lock has been left.
    """

    def __init__(self, folder: str) -> None:
        import fcntl

        os.makedirs(folder, exist_ok=True)
        flags = os.O_CREAT | os.O_RDWR
        self._lock, self._end = (os.open(os.path.join(folder, name), flags) for name in ("lock", "end"))
        self._lines = os.open(os.path.join(folder, "lines"), flags | os.O_APPEND)
        self._flock, self._take, self._leave = fcntl.flock, fcntl.LOCK_EX, fcntl.LOCK_UN

    def append_all(self, stream: str, documents: Sequence[dict[str, Any]]) -> None:
        """Append events durably, all or none."""
        self._flock(self._lock, self._take)
        first, seq = int(os.pread(self._end, 32, 0) or b"0") + 1, 0
        lines = []
        for seq, data in enumerate(documents, start=first):
            head = b'{"kind":"event","seq":%d,"stream":"%b","data":%b' % (seq, stream.encode(), orjson.dumps(data))
            lines.append(b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head)))
        os.write(self._lines, b"".join(lines))
        os.pwrite(self._end, b"%-32d" % seq, 0)
        self._flock(self._lock, self._leave)
        getattr(os, "fdatasync", os.fsync)(self._lines)

    def close(self) -> None:
        """Close the files."""
        for descriptor in (self._lock, self._end, self._lines):
            os.close(descriptor)


class Sqlite:
    """One table of documents and one of events, in WAL mode with ``synchronous=FULL``: a commit is durable."""

    def __init__(self, path: str, *, entities: int = 0) -> None:
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30.0)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute("CREATE TABLE IF NOT EXISTS entities(id TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID")
        self.db.execute("CREATE TABLE IF NOT EXISTS events(seq INTEGER PRIMARY KEY, entity TEXT, line BLOB NOT NULL)")
        if entities:
            rows = ((entity_id(number), orjson.dumps(payload(number, 1))) for number in range(entities))
            self.db.execute("BEGIN")
            self.db.executemany("INSERT OR REPLACE INTO entities VALUES(?, ?)", rows)
            self.db.execute("COMMIT")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def update(self, id: str, data: dict[str, Any]) -> None:
        """Replace one document durably."""
        self.db.execute("UPDATE entities SET data = ? WHERE id = ?", (orjson.dumps(data), id))

    def update_all(self, documents: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Replace many documents in one transaction."""
        self.db.execute("BEGIN IMMEDIATE")
        rows = ((orjson.dumps(data), id) for id, data in documents)
        self.db.executemany("UPDATE entities SET data = ? WHERE id = ?", rows)
        self.db.execute("COMMIT")

    def append_all(self, documents: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Append many events in one transaction."""
        self.db.execute("BEGIN IMMEDIATE")
        rows = ((id, orjson.dumps(data)) for id, data in documents)
        self.db.executemany("INSERT INTO events(entity, line) VALUES(?, ?)", rows)
        self.db.execute("COMMIT")

    def append(self, stream: str, data: dict[str, Any]) -> None:
        """Append one event durably."""
        self.db.execute("INSERT INTO events(entity, line) VALUES(?, ?)", (stream, orjson.dumps(data)))

    def replay(self) -> Iterator[dict[str, Any]]:
        """Read all events in order and decode them; the table holds those of one stream."""
        return (orjson.loads(line) for (line,) in self.db.execute("SELECT line FROM events ORDER BY seq"))

    def insert(self, id: str, data: dict[str, Any]) -> None:
        """Keep one more document."""
        self.db.execute("INSERT INTO entities VALUES(?, ?)", (id, orjson.dumps(data)))

    def get(self, id: str) -> Any:
        """Read one document."""
        return orjson.loads(self.db.execute("SELECT data FROM entities WHERE id = ?", (id,)).fetchone()[0])

    def count_by(self, field: str) -> dict[str, int]:
        """Count all events by a field of theirs."""
        query = "SELECT json_extract(CAST(line AS TEXT), '$.' || ?) AS value, count(*) FROM events GROUP BY value"
        return dict(self.db.execute(query, (field,)).fetchall())

    def read_all(self) -> dict[str, Any]:
        """Read all events, decode them, and keep the latest of each entity."""
        latest = {}
        for entity, line in self.db.execute("SELECT entity, line FROM events ORDER BY seq"):
            latest[entity] = orjson.loads(line)
        return latest


class Recorder:
    """eventsourcing's recorder on SQLite: the fastest of its durable ways in."""

    def __init__(self, path: str) -> None:
        from eventsourcing.persistence import StoredEvent
        from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

        self._stored = StoredEvent
        self._datastore = SQLiteDatastore(path, lock_timeout=30)
        self._recorder = SQLiteApplicationRecorder(self._datastore)
        self._recorder.create_table()
        self._id, self._version = uuid.uuid4(), 0

    def append_all(self, documents: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Append events, one per document, durably."""
        events = []
        for _, data in documents:
            self._version += 1
            events.append(self._stored(self._id, self._version, "bench:Event", orjson.dumps(data)))
        self._recorder.insert_events(events)

    def replay(self) -> Iterator[dict[str, Any]]:
        """Read the events that were appended here in order and decode them."""
        return (orjson.loads(event.state) for event in self._recorder.select_events(self._id))

    def close(self) -> None:
        """Close the database."""
        self._datastore.close()


class GitPeer:
    """A clone of a store's repository in which git, or dulwich, commits one changed projection and segment."""

    def __init__(self, source: str, folder: str) -> None:
        from .fixture import GIT_QUIET

        run("git", "clone", "-q", "--local", source, folder)
        for setting in GIT_QUIET:
            run("git", "-C", folder, "config", *setting.split("=", 1))
        self._folder = folder
        listed = run("git", "-C", folder, "ls-files", "-z").split("\0")
        self._entities = [path for path in listed if "/entities/" in path]
        self._segment = next(path for path in listed if "/segments/" in path)

    def change(self, number: int) -> None:
        """Change a projection and let a segment grow, as one mutation does."""
        self._paths = [self._entities[number * 7919 % len(self._entities)], self._segment]
        for path in self._paths:
            with open(os.path.join(self._folder, path), "a") as file:
                file.write(f'{{"turn": {number}}}\n')

    def commit_with_git(self, number: int) -> None:
        """``git add`` of the store, then ``git commit``."""
        run("git", "-C", self._folder, "add", ".journal")
        run("git", "-C", self._folder, "commit", "-q", "-m", f"turn {number}")

    def commit_with_dulwich(self, number: int) -> None:
        """dulwich's own porcelain, in this process, given just the changed paths."""
        from dulwich import porcelain

        with porcelain.open_repo_closing(self._folder) as repository:
            porcelain.add(repository, [os.path.join(self._folder, path) for path in self._paths])
            name = b"Bench <bench@example.org>"
            porcelain.commit(repository, message=b"turn %d" % number, author=name, committer=name)
