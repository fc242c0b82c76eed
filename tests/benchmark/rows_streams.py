"""Rows of streams: a durable append of one event and of 1,000, eight processes that append."""

from collections.abc import Callable, Iterator

from journal import Journal

from .context import Context
from .fixture import payload
from .measure import Act, Row, Times, take_turns, worker
from .peers import HAS_EVENTSOURCING, NO_EVENTSOURCING, Least, Raw, Recorder, Sqlite
from .rows_crowd import Race, compared, run_race

LEAST = "lock, lines, write, sync, nothing else: the least in Python"
_BATCH = 1_000
_EVENT = "Turned"


def append_rows(context: Context) -> Iterator[Row]:
    """One event appended to a stream, durably, in a lived-in store."""
    context.say("append of one event")
    folder = context.lived(context.sizes[1])
    line = b"x" * 500
    raw = Raw(context.folder("raw"))
    recorder, least = _recorder(context), Least(context.folder("least"))
    with Journal.open(folder, projections="lazy") as journal, Sqlite(context.folder("rows.db")) as sqlite:
        contenders: dict[str, Act | None] = {
            "ours": lambda number: journal.append("bench/one", _EVENT, payload(number, 1)),
            "sqlite": lambda number: sqlite.append("bench/one", payload(number, 1)),
            "raw": lambda _: raw.append(line),
            "least": lambda number: least.append_all("bench/one", [payload(number, 1)]),
            "eventsourcing": recorder and (lambda number: recorder.append_all([("bench/one", payload(number, 1))])),
        }
        times = take_turns(contenders, context.rounds(400, 150), warm=20)
    raw.close()
    least.close()
    if recorder is not None:
        recorder.close()
    what = "durable append of one event to a stream"
    yield _beside(times, "append-1", what, "sqlite", "SQLite WAL FULL, one row", limit=1.0)
    yield _beside(times, "append-1-raw", what, "raw", "write + fdatasync (the limit)")
    yield _beside(times, "append-1-least", what, "least", LEAST)
    yield _beside(times, "append-1-eventsourcing", what, "eventsourcing", "eventsourcing recorder, append")


def append_batch_rows(context: Context) -> Iterator[Row]:
    """A batch of 1,000 events appended to a stream, all or none."""
    context.say(f"append of a batch of {_BATCH:,} events")
    folder = context.lived(context.sizes[1])
    events = [(_EVENT, payload(number, 1)) for number in range(_BATCH)]
    documents = [("bench/batch", data) for _, data in events]
    recorder, least = _recorder(context), Least(context.folder("least"))
    with Journal.open(folder, projections="lazy") as journal, Sqlite(context.folder("rows.db")) as sqlite:
        contenders: dict[str, Act | None] = {
            "ours": lambda _: journal.append_batch("bench/batch", events),
            "sqlite": lambda _: sqlite.append_all(documents),
            "least": lambda _: least.append_all("bench/batch", [data for _, data in events]),
            "eventsourcing": recorder and (lambda _: recorder.append_all(documents)),
        }
        times = take_turns(contenders, context.rounds(20, 6), warm=2)
    least.close()
    if recorder is not None:
        recorder.close()
    what = f"durable append of {_BATCH:,} events to a stream as one batch"
    yield _beside(times, "append-batch", what, "sqlite", "SQLite WAL FULL, 1,000 events inserted", limit=0.5)
    yield _beside(times, "append-batch-least", what, "least", LEAST)
    yield _beside(times, "append-batch-eventsourcing", what, "eventsourcing", "eventsourcing recorder, 1,000 events")


def appender_rows(context: Context) -> Iterator[Row]:
    """Eight processes that append, each to a stream of its own, beside eight of each peer."""
    folder = context.lived(context.sizes[1])
    commits = context.rounds(500, 150)
    path, recorded, bare = context.folder("rows.db"), context.folder("recorder.db"), context.folder("least")
    with Sqlite(path):
        pass
    starts: dict[str, Callable[[str, int], list[str]]] = {
        "ours": lambda board, me: worker("append_ours", folder, board, me, commits),
        "sqlite": lambda board, me: worker("append_sqlite", path, board, me, commits),
        "least": lambda board, me: worker("append_least", bare, board, me, commits),
    }
    if HAS_EVENTSOURCING:
        Recorder(recorded).close()
        starts["eventsourcing"] = lambda board, me: worker("append_eventsourcing", recorded, board, me, commits)
    races: dict[str, list[Race]] = {name: [] for name in starts}
    for number in range(context.rounds(3, 1)):
        for name, command in starts.items():
            context.say(f"eight processes append, {name}, round {number + 1}")
            races[name].append(run_race(context, command))
    what = "eight processes append"
    yield from compared("appenders", what, races["ours"], races["sqlite"], has_targets=True)
    yield from compared("appenders-least", what, races["ours"], races["least"], has_targets=False, peer=LEAST)
    if HAS_EVENTSOURCING:
        yield from compared(
            "appenders-eventsourcing",
            what,
            races["ours"],
            races["eventsourcing"],
            has_targets=False,
            peer="eventsourcing recorder",
        )


def _recorder(context: Context) -> Recorder | None:
    return Recorder(context.folder("recorder.db")) if HAS_EVENTSOURCING else None


def _beside(times: Times, key: str, what: str, other: str, title: str, *, limit: float | None = None) -> Row:
    """Return the row of ours beside one of the others, who may not have taken part."""
    ratio = times.ratio("ours", other) if other in times else None
    return Row(
        key=key,
        what=what,
        ours=times.median("ours"),
        unit="ms",
        peer=title,
        theirs=times.median(other) if other in times else None,
        ratio=ratio,
        target="" if limit is None else f"≤ {limit:.1f} ×",
        is_reached=None if limit is None or ratio is None else ratio <= limit,
        note="" if other in times else NO_EVENTSOURCING,
    )
