"""Stores of a given size and shape, made quickly: the truth is written with the project's own encoders.

A *lived-in* store is one that 50 work trees have written, in turn and sometimes at once: 50 lanes, of each of which
two segments are packed and four are live. A *fresh* one has a single lane.
"""

import os
import random
import time
from collections.abc import Iterator
from typing import NamedTuple

from journal import Journal
from journal.format import names, record, values
from journal.format.segment import Header, Previous, encode_header
from journal.projections.paths import path_of, render
from journal.segments.folders import ARCHIVE, SEGMENTS
from journal.segments.pack import encode_pack
from journal.store.config import read_config

from .measure import run

TYPE = "task"
LANES = 50
PACKED_PER_LANE, LIVE_PER_LANE = 2, 4
_EPOCH = "2026-01-01T00:00:00.000Z"
_WORDS = ("merge", "lane", "segment", "review", "index", "branch", "commit", "queue", "parser", "release")
GIT_QUIET = ("gc.auto=0", "maintenance.auto=false", "user.name=Bench", "user.email=bench@example.org")


class Shape(NamedTuple):
    """How many lanes, and of each lane how many segments are packed and live."""

    lanes: int
    packed: int
    live: int


LIVED = Shape(LANES, PACKED_PER_LANE, LIVE_PER_LANE)
FRESH = Shape(1, 0, 1)


def entity_id(number: int) -> str:
    """Return the id of an entity."""
    return f"task-{number:06d}"


def payload(number: int, rev: int) -> dict[str, object]:
    """Return a document of an entity; its event takes about 0.5 KB."""
    return {
        "title": f"{_WORDS[number % 10]} {_WORDS[rev % 10]} the {_WORDS[(number + rev) % 10]} of {number}",
        "status": ("open", "doing", "review", "closed")[rev % 4],
        "priority": number % 4,
        "assignee": f"agent-{number % 20}",
        "labels": [_WORDS[number % 7], _WORDS[rev % 5]],
        "turn": rev,
        "body": f"Revision {rev} of task {number}. " + "What is to be done stands here. " * 3,
    }


def news(number: int) -> dict[str, object]:
    """Return a document of an entity that it never had before: a put of it is a change, in every round of every row."""
    return payload(number, time.time_ns())


def make_repository(folder: str) -> None:
    """Make a git work tree that never cleans up in the background."""
    os.makedirs(folder)
    run("git", "init", "-q", "-b", "main", folder)
    for setting in GIT_QUIET:
        run("git", "-C", folder, "config", *setting.split("=", 1))


def make_store(folder: str, entities: int, events: int, shape: Shape = LIVED) -> str:
    """Make a store in a new git work tree, truth and projections; return the store's folder. No index yet."""
    make_repository(folder)
    root, _ = Journal.init(folder, fanout=(TYPE,))
    for number, rev in enumerate(write_truth(root, entities, events, shape)):
        path = os.path.join(root, *path_of(TYPE, entity_id(number), fanout=True).split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _write(path, render(entity_id(number), values.encode_trusted(payload(number, rev)).decode()))
    return root


def write_truth(root: str, entities: int, events: int, shape: Shape) -> list[int]:
    """Write segments and packs that hold so many events of so many entities; return the last rev of each of these."""
    from journal.disk.files import OsFiles

    writer = _Writer(read_config(OsFiles(), root).store, entities, events, shape)
    packs: dict[str, list[bytes]] = {}
    firsts: dict[str, int] = {}
    for number, lane, first, lines in writer.segments():
        if number >= shape.lanes * shape.packed:
            _write(os.path.join(root, SEGMENTS, names.segment_file(first, lane)), b"".join(lines))
            continue
        firsts.setdefault(lane, first)
        packs.setdefault(lane, []).extend(lines)
        if number >= shape.lanes * (shape.packed - 1):
            data = encode_pack(packs.pop(lane))
            os.makedirs(os.path.join(root, ARCHIVE), exist_ok=True)
            _write(os.path.join(root, ARCHIVE, names.pack_file(firsts[lane], lane, data)), data)
    return writer.revs


def _write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


class _Writer:
    """Writes segment after segment, lane after lane; every fifth pair of lanes writes at the same time."""

    def __init__(self, store: str, entities: int, events: int, shape: Shape) -> None:
        chance = random.Random(7)
        self._store, self._entities = store, entities
        self._lanes = [names.lane_from(chance.randbytes(8)) for _ in range(shape.lanes)]
        self._count = shape.lanes * (shape.packed + shape.live)
        self._events = events
        self.revs = [0] * entities
        self._next = [0, 1]
        self._ends: dict[str, Previous] = {}
        self._spans: dict[str, tuple[int, int]] = {}

    def segments(self) -> Iterator[tuple[int, str, int, list[bytes]]]:
        """Yield (number, lane, first seq, lines) of each segment."""
        top, begun, saw = 0, 1, dict(self._spans)
        for number in range(self._count):
            size = self._events * (number + 1) // self._count - self._events * number // self._count
            is_concurrent = number % 10 == 1
            if not is_concurrent:
                begun, saw = top + 1, dict(self._spans)
            lane = self._lanes[number % len(self._lanes)]
            lines = self._lines(number, lane, begun, size, saw)
            top = max(top, begun + size - 1)
            yield number, lane, begun, lines

    def _lines(self, number: int, lane: str, first: int, size: int, saw: dict[str, tuple[int, int]]) -> list[bytes]:
        sees = {other: (span,) for other, span in saw.items()}
        lines = [encode_header(Header(self._store, lane, first, sees=sees, previous=self._ends.get(lane)))]
        for seq in range(first, first + size):
            lines.append(self._event(seq, number % 2))
        name = names.segment_file(first, lane).removesuffix(".jsonl")
        self._ends[lane] = Previous(name, sum(map(len, lines)), first + size - 1)
        self._spans[lane] = (self._spans.get(lane, (first, 0))[0], first + size - 1)
        return lines

    def _event(self, seq: int, parity: int) -> bytes:
        # Lanes that write at the same time write different entities: odd ones and even ones.
        step = 2 if len(self._lanes) > 1 else 1
        at = self._next[parity if step == 2 else 0]
        self._next[parity if step == 2 else 0] = at + step
        at = at if at < self._entities else (at * 7919 // step * step + at % step) % self._entities
        self.revs[at] += 1
        rev = self.revs[at]
        document = payload(at, rev)
        own = {"type": TYPE, "id": entity_id(at), "rev": rev, "action": "create" if rev == 1 else "update"}
        own["set"] = sorted(document) if rev == 1 else ["body", "labels", "status", "title", "turn"]
        return record.encode(
            kind="entity",
            seq=seq,
            ts=_EPOCH,
            writer="w_4711-0badcafe",
            actor=f"agent-{seq % 20}",
            summary=None,
            tx=(1, 1),
            own=own,
            payload=values.encode_trusted(document),
        )


def settle(root: str, *, history: bool = True) -> None:
    """Build the index and take the projections for its own, as the first use of a clone does."""
    with Journal.open(store=root) as journal:
        journal.list(TYPE, limit=1)
        if history:
            journal.history(TYPE, entity_id(0))


def commit_all(folder: str) -> None:
    """Commit everything, with git itself."""
    run("git", "-C", folder, "add", "-A")
    run("git", "-C", folder, "commit", "-q", "-m", "all of it")
