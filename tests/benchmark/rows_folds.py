"""Rows of folds: a long stream replayed, and a view of it read."""

from collections.abc import Iterable, Iterator
from typing import Any

from journal import Fold, Journal, StreamEvent

from . import fixture
from .context import Context
from .fixture import payload
from .measure import Act, Row, Times, take_turns
from .peers import HAS_EVENTSOURCING, NO_EVENTSOURCING, Recorder, Sqlite

_BATCH = 1_000
_LONG, _SHORT = "bench/long", "bench/short"
Counts = dict[str, int]


def _count(counts: Counts, data: dict[str, Any]) -> Counts:
    """Count a document by its status; every contender folds with this."""
    return {**counts, data["status"]: counts.get(data["status"], 0) + 1}


def _step(counts: Counts, event: StreamEvent) -> Counts:
    return _count(counts, event.data or {})


def _same(counts: Counts, event: StreamEvent) -> Counts:
    return counts


_SIZES = 100_000, 10
_FOLD: Fold[Counts] = Fold("bench", {}, _step)


def fold_rows(context: Context) -> Iterator[Row]:
    """A stream folded from its first event to its last, and a view of it, in a lived-in store."""
    count = context.rounds(100_000, 10_000)
    context.say(f"writing a stream of {count:,} events")
    folder = context.folder("folds")
    fixture.settle(fixture.make_store(folder, 1_000, 2_000))
    recorder = Recorder(context.folder("recorder.db")) if HAS_EVENTSOURCING else None
    with Journal.open(folder, projections="lazy") as journal, Sqlite(context.folder("rows.db")) as sqlite:
        for start in range(0, count, _BATCH):
            documents = [(_LONG, payload(number, number)) for number in range(start, start + _BATCH)]
            events = [("Turned", data) for _, data in documents]
            journal.append_batch(_LONG, events)
            sqlite.append_all(documents)
            if recorder is not None:
                recorder.append_all(documents)
            if start < count // 10:
                journal.append_batch(_SHORT, events)
        context.say(f"replay of {count:,} events")
        yield from _replay(context, journal, sqlite, recorder, count)
        context.say("reading a view")
        yield from _view(context, journal, sqlite, count)
    if recorder is not None:
        recorder.close()
    context.drop("folds")


def _replay(context: Context, journal: Journal, sqlite: Sqlite, recorder: Recorder | None, count: int) -> Iterator[Row]:
    contenders: dict[str, Act | None] = {
        "ours": lambda _: _checked(journal.fold(_FOLD, _LONG).value, count),
        "sqlite": lambda _: _checked(_folded(sqlite.replay()), count),
        "eventsourcing": recorder and (lambda _: _checked(_folded(recorder.replay()), count)),
    }
    times = take_turns(contenders, context.rounds(4, 2), warm=1)
    for other, title in (("sqlite", "SQLite + orjson"), ("eventsourcing", "eventsourcing recorder + orjson")):
        has_target = other == "sqlite"
        ratio = 1 / times.ratio("ours", other) if other in times else None
        yield Row(
            key="replay" if has_target else f"replay-{other}",
            what=f"fold of a stream of {count:,} events",
            ours=count / times.median("ours") * 1e3,
            unit="/s",
            peer=title,
            theirs=count / times.median(other) * 1e3 if other in times else None,
            ratio=ratio,
            target="≥ 1 ×" if has_target else "",
            is_reached=ratio is not None and ratio >= 1 if has_target else None,
            note="" if other in times else NO_EVENTSOURCING,
        )


def _view(context: Context, journal: Journal, sqlite: Sqlite, count: int) -> Iterator[Row]:
    long, short = journal.view(_FOLD, _LONG), journal.view(_FOLD, _SHORT)
    sqlite.insert(_LONG, dict(long.read()))
    reads: dict[str, Act | None] = {
        "ours": lambda _: _checked(long.read(), count),
        "short": lambda _: _checked(short.read(), count // 10),
        "row": lambda _: _checked(sqlite.get(_LONG), count),
    }
    times = take_turns(reads, context.rounds(500, 200), warm=20)
    slow: dict[str, Act | None] = {
        "ours": reads["ours"],
        "aggregate": lambda _: _checked(sqlite.count_by("status"), count),
    }
    what = f"read of a view of a stream of {count:,} events"
    yield _read_row(times, "view-read", what, "row", "SQLite, one row that is kept")
    aggregate = take_turns(slow, context.rounds(5, 3), warm=1)
    yield _read_row(aggregate, "view-read-aggregate", what, "aggregate", "SQLite, GROUP BY over the events")
    yield _flat_row("view-read-flat", f"read of a view: {count:,} events by {count // 10:,}", times, "the events")
    views = [
        journal.view(Fold(f"wide-{size}", dict.fromkeys(map(str, range(size)), 0), _same), _SHORT) for size in _SIZES
    ]
    large, small = views
    peeks: dict[str, Act | None] = {"ours": lambda _: large.peek()["7"], "short": lambda _: small.peek()["7"]}
    looked = take_turns(peeks, context.rounds(500, 200), warm=20)
    what = f"lookup in a view's value (peek): {_SIZES[0]:,} entries by {_SIZES[1]:,}"
    yield _flat_row("view-peek-flat", what, looked, "the entries")


def _flat_row(key: str, what: str, times: Times, of: str) -> Row:
    spread = times.ratio("ours", "short")
    return Row(key=key, what=what, ours=spread, unit="×", target=f"flat in {of}: ≤ 1.5", is_reached=spread <= 1.5)


def _read_row(times: Times, key: str, what: str, other: str, title: str) -> Row:
    return Row(
        key=key,
        what=what,
        ours=times.median("ours"),
        unit="ms",
        peer=title,
        theirs=times.median(other),
        ratio=times.ratio("ours", other),
    )


def _folded(documents: Iterable[dict[str, Any]]) -> Counts:
    counts: Counts = {}
    for data in documents:
        counts = _count(counts, data)
    return counts


def _checked(counts: Counts, count: int) -> None:
    """Raise RuntimeError where not all events were counted, as each status comes as often as the others."""
    if len(counts) != 4 or set(counts.values()) != {count // 4}:
        raise RuntimeError(f"{counts} of {count:,} events were counted")
