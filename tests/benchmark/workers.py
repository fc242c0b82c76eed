"""What runs in processes of its own: ``python -m tests.benchmark.workers KIND …``; each prints one line of JSON."""

import sys
import time
from collections.abc import Callable
from typing import Any

import orjson

from .board import Board, race
from .measure import percentile
from .workers_append import KINDS


def write_ours(folder: str, board_path: str, me: str, commits: str, projections: str) -> Any:
    """Put in a tight loop until one of all writers has made so many commits."""
    from journal import Journal

    from .fixture import TYPE, entity_id, news

    with Journal.open(folder, projections=projections) as journal:
        journal.get(TYPE, entity_id(0))
        at = int(me)
        return race(
            board_path,
            at,
            int(commits),
            lambda turn: journal.put(TYPE, entity_id(at * 100 + turn % 100), news(at)),
        )


def write_sqlite(path: str, board_path: str, me: str, commits: str) -> Any:
    """The same with SQLite."""
    from .fixture import entity_id, news
    from .peers import Sqlite

    at = int(me)
    with Sqlite(path) as sqlite:
        return race(
            board_path,
            at,
            int(commits),
            lambda turn: sqlite.update(entity_id(at * 100 + turn % 100), news(at)),
        )


def agent(folder: str, board_path: str, me: str, seconds: str, think_ms: str) -> Any:
    """Put, think, put again; return how long each put, and each wait for the lock in it, took."""
    from journal import Journal
    from journal.disk.lock import StoreLock

    from .fixture import TYPE, entity_id, news

    waits: list[float] = []
    acquire = StoreLock.acquire

    def acquire_timed(self: StoreLock, timeout_seconds: float | None) -> None:
        start = time.perf_counter()
        acquire(self, timeout_seconds)
        waits.append((time.perf_counter() - start) * 1e3)

    StoreLock.acquire = acquire_timed  # type: ignore[method-assign]
    at, board, puts = int(me), Board(board_path), []
    with Journal.open(folder, projections="lazy") as journal:
        journal.put(TYPE, entity_id(at), news(at))
        board.set(2 + at, 1)
        board.wait_to_go()
        waits.clear()
        until = time.perf_counter() + float(seconds)
        while (start := time.perf_counter()) < until:
            journal.put(TYPE, entity_id(at), news(at))
            puts.append((time.perf_counter() - start) * 1e3)
            time.sleep(float(think_ms) / 1e3)
        seen = list(waits)
    return {"waits": seen, "puts": puts, "p95_put_ms": percentile(puts, 95)}


def sync_ours(folder: str, board_path: str, me: str, seconds: str) -> Any:
    """Put one entity and sync, until the time is over."""
    from journal import GitError, Journal

    with Journal.open(folder) as journal:

        def exchange(turn: int) -> int:
            journal.put("task", f"task-{me}-{turn}", {"turn": turn})
            try:
                return journal.sync(timeout_seconds=float(seconds)).attempts
            except GitError:
                return 0

        return _exchange(board_path, me, seconds, exchange)


def sync_git(folder: str, board_path: str, me: str, seconds: str) -> Any:
    """The same with a file of one's own for each turn, and git alone."""
    import os
    import subprocess

    def git(*words: str) -> bool:
        return subprocess.run(["git", "-C", folder, *words], capture_output=True, check=False).returncode == 0

    def exchange(turn: int) -> int:
        name = f"task-{me}-{turn}.json"
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write("{}\n")
        git("add", name)
        git("commit", "-q", "-m", name)
        until = time.perf_counter() + float(seconds)
        attempts = 1
        while not (git("pull", "-q", "--rebase") and git("push", "-q")):
            if time.perf_counter() > until:
                return 0
            attempts += 1
        return attempts

    return _exchange(board_path, me, seconds, exchange)


def _exchange(board_path: str, me: str, seconds: str, act: Callable[[int], int]) -> dict[str, int]:
    """Exchange until the time is over; ``act`` returns how many attempts it took, 0 where it did not land."""
    board = Board(board_path)
    board.set(2 + int(me), 1)
    board.wait_to_go()
    until, turn, in_time, landed, again = time.perf_counter() + float(seconds), 0, 0, 0, 0
    while time.perf_counter() < until:
        attempts = act(turn)
        turn += 1
        # One that lands after the time is over counts for how hard it was, not for the rate.
        in_time += bool(attempts) and time.perf_counter() < until
        landed += bool(attempts)
        again += max(attempts - 1, 0)
    return {"in_time": in_time, "landed": landed, "again": again}


def rebuild(folder: str, what: str) -> Any:
    """Build everything from the truth in this process; return its seconds and the peak of its memory in MB."""
    from journal import Journal

    from .fixture import TYPE, entity_id

    with Journal.open(folder, projections="lazy") as journal:
        before = _peak_mb()
        start = time.perf_counter()
        found = journal.get(TYPE, entity_id(1))
        middle = time.perf_counter()
        events = journal.history(TYPE, entity_id(1)) if what == "history" else []
        end = time.perf_counter()
        assert found is not None
        peak = _peak_mb()
    return {
        "state_s": middle - start,
        "index_s": end - start,
        "peak_mb": peak,
        "base_mb": before,
        "rev": found.rev,
        "events": len(events),
    }


def index_alone(root: str, path: str) -> Any:
    """Build the index alone, into a file of its own; return the seconds of state, and of state and places."""
    from journal.disk.files import OsFiles
    from journal.index.bounds import no_memory
    from journal.index.database import Index
    from journal.index.flushing import flush_overlay
    from journal.index.places import list_events
    from journal.index.rebuild import rebuild as build
    from journal.index.view import View
    from journal.segments.folders import list_truth
    from journal.store.config import read_config

    files = OsFiles()
    start = time.perf_counter()
    view = View(files, root, Index(path), read_config(files, root).strategies)
    build(view, list_truth(files, root)[0], no_memory)
    middle = time.perf_counter()
    list_events(view)
    flush_overlay(view)
    end = time.perf_counter()
    view.index.close()
    return {"state_s": middle - start, "index_s": end - start}


def read_sqlite(path: str) -> Any:
    """Read the same events from SQLite, decode them and fold them to the latest per entity."""
    from .peers import Sqlite

    with Sqlite(path) as sqlite:
        start = time.perf_counter()
        latest = sqlite.read_all()
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "entities": len(latest), "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    """Return the most memory that this process had. What it was forked from does not count."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            found = next(line for line in file if line.startswith("VmHWM:"))
        return int(found.split()[1]) / 1024
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


_KINDS: dict[str, Callable[..., Any]] = {
    "write_ours": write_ours,
    "write_sqlite": write_sqlite,
    "agent": agent,
    "sync_ours": sync_ours,
    "sync_git": sync_git,
    "rebuild": rebuild,
    "index_alone": index_alone,
    "read_sqlite": read_sqlite,
    **KINDS,
}

if __name__ == "__main__":
    print(orjson.dumps(_KINDS[sys.argv[1]](*sys.argv[2:])).decode())
