"""Rows of many processes at one store: writers in a tight loop, agents that think between writes."""

import statistics
import subprocess
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from .board import Board, make_board
from .context import Context
from .measure import PROJECT, Row, percentile, ratio_of, worker
from .peers import Sqlite

WRITERS, _AGENTS = 8, 20
_THINK_MS = 5
SQLITE = "SQLite WAL FULL, busy_timeout 30 s"


class Race(NamedTuple):
    """What eight writers did until the first of them had finished."""

    per_second: float
    longest_ms: float
    jain: float


def writer_rows(context: Context) -> Iterator[Row]:
    """Eight writers at once, beside eight of SQLite's."""
    size = context.sizes[1]
    lived, fresh = context.lived(size), context.fresh(size)
    commits = context.rounds(1_500, 300)
    path = context.folder("rows.db")
    with Sqlite(path, entities=1_000):
        pass
    starts: dict[str, Callable[[str, int], list[str]]] = {
        "ours": lambda board, me: worker("write_ours", lived, board, me, commits, "lazy"),
        "sqlite": lambda board, me: worker("write_sqlite", path, board, me, commits),
        "eager": lambda board, me: worker("write_ours", lived, board, me, commits, "eager"),
        "fresh": lambda board, me: worker("write_ours", fresh, board, me, commits, "lazy"),
    }
    races: dict[str, list[Race]] = {name: [] for name in starts}
    for number in range(context.rounds(3, 1)):
        for name, command in starts.items():
            context.say(f"eight writers, {name}, round {number + 1}")
            races[name].append(run_race(context, command))
    yield from compared("writers", "eight writers, lazy", races["ours"], races["sqlite"], has_targets=True)
    yield from compared("writers-eager", "eight writers, eager", races["eager"], races["sqlite"], has_targets=False)
    yield from compared(
        "writers-fresh", "eight writers, lazy, fresh store", races["fresh"], races["sqlite"], has_targets=False
    )


def run_race(context: Context, command: Callable[[str, int], list[str]]) -> Race:
    """Let eight processes race; ``command`` starts one, given the file of counters and its number."""
    found = together(context, [lambda board, me=me: command(board, me) for me in range(WRITERS)])
    counts = [item["commits"] for item in found]
    seconds = max(item["seconds"] for item in found)
    jain = sum(counts) ** 2 / (len(counts) * sum(count * count for count in counts))
    return Race(sum(counts) / seconds, max(item["longest_ms"] for item in found), jain)


def together(context: Context, commands: Sequence[Callable[[str], list[str]]]) -> list[Any]:
    """Start all, let them begin at once, and return what each of them says in the end."""
    import time

    board_path = context.folder("board")
    make_board(board_path)
    board = Board(board_path)
    started = [subprocess.Popen(make(board_path), cwd=PROJECT, stdout=subprocess.PIPE) for make in commands]
    while not all(board.get(2 + me) for me in range(len(started))):
        time.sleep(0.01)
        if any(process.poll() for process in started):
            break
    board.go()
    answers = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError("a worker failed; its complaint is above")
    return [orjson.loads(answer) for answer in answers]


def compared(
    key: str, what: str, ours: list[Race], theirs: list[Race], *, has_targets: bool, peer: str = SQLITE
) -> Iterator[Row]:
    """Return the rows of races beside a peer's: commits a second, the longest wait, fairness."""

    def middle(races: list[Race], at: int) -> float:
        return statistics.median(race[at] for race in races)

    rate = ratio_of([race.per_second for race in ours], [race.per_second for race in theirs])
    wait = ratio_of([race.longest_ms for race in ours], [race.longest_ms for race in theirs])
    jain = middle(ours, 2)
    rows = (
        ("", ": commits/s", "/s", 0, rate, "≥ 3 ×", rate >= 3),
        ("-wait", ": longest wait", "ms", 1, wait, "≤ 0.1 ×", wait <= 0.1),
        ("-jain", ": Jain's index of fairness", "", 2, None, "≥ 0.9", jain >= 0.9),
    )
    for suffix, more, unit, at, ratio, target, is_reached in rows:
        yield Row(
            key=key + suffix,
            what=what + more,
            ours=middle(ours, at),
            unit=unit,
            peer=peer,
            theirs=middle(theirs, at),
            ratio=ratio,
            target=target if has_targets else "",
            is_reached=is_reached if has_targets else None,
        )


def agent_rows(context: Context) -> Iterator[Row]:
    """Twenty agents that put, think for 5 ms, and put again."""
    folder = context.lived(context.sizes[1])
    context.say("twenty agents")
    seconds = context.rounds(8, 3)
    found = together(
        context,
        [lambda board, me=me: worker("agent", folder, board, me, seconds, _THINK_MS) for me in range(_AGENTS)],
    )
    waits = [wait for item in found for wait in item["waits"]]
    puts = [put for item in found for put in item["puts"]]
    what = f"{_AGENTS} agents, {_THINK_MS} ms of thinking: "
    p95 = percentile(waits, 95)
    yield Row(
        key="agents",
        what=what + "wait for the lock, 95 %",
        ours=p95,
        unit="ms",
        target="< 5 ms",
        is_reached=p95 < 5,
        note=f"{len(puts) / seconds:.0f} puts/s in all",
    )
    yield Row(key="agents-put", what=what + "a whole put, 95 %", ours=percentile(puts, 95), unit="ms")
