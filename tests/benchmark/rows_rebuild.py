"""Rows of building everything anew, and of a cold start: ``local/`` is gone."""

import os
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from typing import Any

import orjson

from journal import Journal

from . import fixture
from .context import Context
from .machine import quiet_environment
from .measure import PROJECT, Row, ratio_of, run, timed, worker
from .peers import Sqlite

_ENTITIES = 10_000
_COLD_EVENTS, _COLD_ENTITIES = 100_000, 2_000


def rebuild_rows(context: Context) -> Iterator[Row]:
    """State alone, and state with the places of all events, beside SQLite reading the same events; and memory."""
    events = 100_000 if context.is_quick else 1_000_000
    entities = 2_000 if context.is_quick else _ENTITIES
    small, large = (_bare(context, entities, count) for count in (events // 10, events))
    path = _as_sqlite(context, large)
    ours: list[Any] = []
    inner: list[Any] = []
    theirs: list[Any] = []
    for number in range(2):
        context.say(f"rebuild from {events:,} events, round {number + 1}")
        ours.append(_measure(large, "history"))
        theirs.append(_answer(worker("read_sqlite", path)))
        inner.append(_answer(worker("index_alone", large, context.folder("index.db"))))
    alone, less = _measure(large, "state"), _measure(small, "state")
    for name in ("truth", "truth-small", "rows.db"):
        context.drop(name)
    what = f"rebuild of {entities:,} entities from {events:,} events"
    for key, found, field, more, limit in (
        ("rebuild", ours, "state_s", "first read, state and projections", 1.0),
        ("rebuild-history", ours, "index_s", "first read and first history", 3.0),
        ("rebuild-index", inner, "state_s", "of that, the state in the index alone", None),
        ("rebuild-index-history", inner, "index_s", "of that, the index with the places of events", None),
    ):
        ratio = ratio_of([item[field] for item in found], [item["seconds"] for item in theirs])
        yield Row(
            key=key,
            what=f"{what}: {more}",
            ours=statistics.median(item[field] for item in found),
            unit="s",
            peer="SQLite + orjson, latest per entity",
            theirs=statistics.median(item["seconds"] for item in theirs),
            ratio=ratio,
            target="" if limit is None else f"≤ {limit:g} ×",
            is_reached=None if limit is None else ratio <= limit,
        )
    growth = alone["peak_mb"] / less["peak_mb"]
    yield Row(
        key="memory",
        what=f"peak memory of a rebuild of {entities:,} entities: {events:,} events by {events // 10:,}",
        ours=growth,
        unit="×",
        target="bounded by the entities: ≤ 1.5",
        is_reached=growth <= 1.5,
        note=f"{alone['peak_mb']:.0f} MB at the peak, {alone['base_mb']:.0f} MB before",
    )
    yield Row(
        key="memory-history",
        what=f"peak memory with the places of {events:,} events",
        ours=max(item["peak_mb"] for item in ours),
        unit="MB",
        peer="SQLite + orjson, latest per entity",
        theirs=max(item["peak_mb"] for item in theirs),
        ratio=max(item["peak_mb"] for item in ours) / max(item["peak_mb"] for item in theirs),
    )


def _bare(context: Context, entities: int, events: int) -> str:
    """Make a store, indexed once."""
    context.say(f"writing {events:,} events")
    name = "truth" if events > 10 * entities else "truth-small"
    root = fixture.make_store(context.folder(name), entities, events)
    fixture.settle(root, history=False)
    return root


def _as_sqlite(context: Context, root: str) -> str:
    """Write the lines of all events of a store to SQLite."""
    from journal.disk.files import OsFiles
    from journal.format.names import parse_pack_file, parse_segment_file
    from journal.segments.folders import ARCHIVE, SEGMENTS, read_text

    context.say("writing the same events to SQLite")
    path = context.folder("rows.db")
    files = OsFiles()
    with Sqlite(path) as sqlite:
        sqlite.db.execute("BEGIN")
        for folder in (ARCHIVE, SEGMENTS):
            for name in sorted(os.listdir(os.path.join(root, folder))):
                if parse_segment_file(name) or parse_pack_file(name):
                    text = read_text(files, os.path.join(root, folder, name), folder).data
                    rows = ((_entity_of(line), line) for line in text.split(b"\n") if line.startswith(b'{"kind":"ent'))
                    sqlite.db.executemany("INSERT INTO events(entity, line) VALUES(?, ?)", rows)
        sqlite.db.execute("COMMIT")
        sqlite.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def _entity_of(line: bytes) -> str:
    at = line.index(b'"id":"') + 6
    return line[at : line.index(b'"', at)].decode()


def _measure(root: str, what: str) -> Any:
    shutil.rmtree(os.path.join(root, "local"), ignore_errors=True)
    return _answer(worker("rebuild", root, what))


def _answer(command: list[str]) -> Any:
    return orjson.loads(run(*command, folder=PROJECT))


def cold_rows(context: Context) -> Iterator[Row]:
    """``journal list`` as a process on a store of 100,000 events: ``local/`` gone, then there."""
    context.say(f"making a store of {_COLD_EVENTS:,} events of {_COLD_ENTITIES:,} entities")
    folder = context.folder("cold")
    root = fixture.make_store(folder, _COLD_ENTITIES, _COLD_EVENTS)
    fixture.settle(root, history=False)
    rounds = context.rounds(5, 3)
    found = {"cold": [_list(context, root, is_cold=True) for _ in range(rounds)]}
    found["warm"] = [_list(context, root, is_cold=False) for _ in range(2 * rounds)]
    with Journal.open(folder) as journal:
        journal.checkpoint()
    found["checkpoint"] = [_list(context, root, is_cold=True) for _ in range(rounds)]
    context.drop("cold")
    what = f"journal list, {_COLD_EVENTS:,} events of {_COLD_ENTITIES:,} entities, local/ "
    for key, title, limit in (
        ("checkpoint", "gone, with a checkpoint", 0.5),
        ("cold", "gone, without a checkpoint", 0.5),
        ("warm", "there", 0.1),
    ):
        seconds = statistics.median(found[key]) / 1e3
        yield Row(
            key=f"cold-{key}",
            what=what + title,
            ours=seconds,
            unit="s",
            target=f"< {limit:g} s",
            is_reached=seconds < limit,
        )


def _list(context: Context, root: str, *, is_cold: bool) -> float:
    if is_cold:
        shutil.rmtree(os.path.join(root, "local"), ignore_errors=True)
    command = [*context.installed.journal("list", fixture.TYPE)]
    folder, env = os.path.dirname(root), quiet_environment()
    return timed(lambda: subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL))
