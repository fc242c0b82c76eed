"""What appends in processes of its own: each writer to a stream of its own, until one of them has finished."""

from collections.abc import Callable
from typing import Any

from .board import race


def append_ours(folder: str, board_path: str, me: str, commits: str) -> Any:
    """Append in a tight loop."""
    from journal import Journal

    from .fixture import payload

    with Journal.open(folder, projections="lazy") as journal:
        return race(
            board_path, int(me), int(commits), lambda turn: journal.append(f"crowd/{me}", "Turned", payload(turn, 1))
        )


def append_sqlite(path: str, board_path: str, me: str, commits: str) -> Any:
    """The same with SQLite."""
    from .fixture import payload
    from .peers import Sqlite

    with Sqlite(path) as sqlite:
        return race(board_path, int(me), int(commits), lambda turn: sqlite.append(f"crowd/{me}", payload(turn, 1)))


def append_least(folder: str, board_path: str, me: str, commits: str) -> Any:
    """The same with the least that is to be done."""
    from .fixture import payload
    from .peers import Least

    least = Least(folder)
    try:
        return race(board_path, int(me), int(commits), lambda turn: least.append_all(f"crowd/{me}", [payload(turn, 1)]))
    finally:
        least.close()


def append_eventsourcing(path: str, board_path: str, me: str, commits: str) -> Any:
    """The same with eventsourcing's recorder."""
    from .fixture import payload
    from .peers import Recorder

    recorder = Recorder(path)
    try:
        return race(
            board_path, int(me), int(commits), lambda turn: recorder.append_all([(f"crowd/{me}", payload(turn, 1))])
        )
    finally:
        recorder.close()


KINDS: dict[str, Callable[..., Any]] = {
    "append_ours": append_ours,
    "append_sqlite": append_sqlite,
    "append_least": append_least,
    "append_eventsourcing": append_eventsourcing,
}
