"""Rows of writing by one process: a durable put, and a transaction of 1,000."""

from collections.abc import Iterator

from journal import Journal

from .context import Context
from .fixture import TYPE, entity_id, news
from .measure import Act, Row, Times, take_turns
from .peers import HAS_EVENTSOURCING, NO_EVENTSOURCING, Raw, Recorder, Sqlite

_BATCH = 1_000


def put_rows(context: Context) -> Iterator[Row]:
    """Durable put of one entity, lazy and eager, at each size; a fresh store as an extra."""
    ratios: dict[str, list[float]] = {"lazy": [], "eager": []}
    for entities in context.sizes:
        for projections, limit in (("lazy", 1.5), ("eager", 3.0)):
            rows = list(_put(context, context.lived(entities), entities, projections, limit, f"put-{projections}"))
            ratios[projections].append(rows[0].ratio or 0)
            yield from rows if entities == context.sizes[-1] else rows[:1]
    for projections, found in ratios.items():
        spread = max(found) / min(found)
        yield Row(
            key=f"put-{projections}-flat",
            what=f"put, {projections}: the largest of these ratios by the smallest",
            ours=spread,
            unit="×",
            target="flat in N: ≤ 1.5",
            is_reached=spread <= 1.5,
        )
    size = context.sizes[1]
    yield from list(_put(context, context.fresh(size), size, "lazy", None, "put-fresh-lazy"))[:1]
    yield from list(_put(context, context.fresh(size), size, "eager", None, "put-fresh-eager"))[:1]


def _put(
    context: Context, folder: str, entities: int, projections: str, limit: float | None, name: str
) -> Iterator[Row]:
    context.say(f"put, {projections}, {entities:,} entities")
    line = b"x" * 500
    raw = Raw(context.folder("raw"))
    recorder = Recorder(context.folder("recorder.db")) if HAS_EVENTSOURCING else None
    with (
        Journal.open(folder, projections=projections) as journal,
        Sqlite(context.folder("rows.db"), entities=entities) as sqlite,
    ):
        journal.get(TYPE, entity_id(0))
        contenders: dict[str, Act | None] = {
            "ours": lambda number: journal.put(TYPE, _at(number, entities), _next(number, entities)),
            "sqlite": lambda number: sqlite.update(_at(number, entities), _next(number, entities)),
            "raw": lambda _: raw.append(line),
            "eventsourcing": recorder
            and (lambda number: recorder.append_all([(_at(number, entities), _next(number, entities))])),
        }
        times = take_turns(contenders, context.rounds(400, 150), warm=20)
    raw.close()
    if recorder is not None:
        recorder.close()
    what = f"durable put, {projections}, {entities:,} entities" + (", fresh store" if limit is None else "")
    ratio = times.ratio("ours", "sqlite")
    yield Row(
        key=f"{name}-{entities}",
        what=what,
        ours=times.median("ours"),
        unit="ms",
        peer="SQLite WAL FULL, one row",
        theirs=times.median("sqlite"),
        ratio=ratio,
        target="" if limit is None else f"≤ {limit:g} ×",
        is_reached=None if limit is None else ratio <= limit,
    )
    for other, title in (("raw", "write + fdatasync (the limit)"), ("eventsourcing", "eventsourcing recorder, append")):
        yield Row(
            key=f"{name}-{entities}-{other}",
            what=what,
            ours=times.median("ours"),
            unit="ms",
            peer=title,
            theirs=times.median(other) if other in times else None,
            ratio=times.ratio("ours", other) if other in times else None,
            note="" if other in times else NO_EVENTSOURCING,
        )


def _at(number: int, entities: int) -> str:
    return entity_id(number * 7919 % entities)


def _next(number: int, entities: int) -> dict[str, object]:
    return news(number * 7919 % entities)


def batch_rows(context: Context) -> Iterator[Row]:
    """One transaction of 1,000 puts."""
    entities = context.sizes[1]
    folder = context.lived(entities)
    for projections in ("lazy", "eager"):
        context.say(f"a transaction of {_BATCH:,} puts, {projections}")
        recorder = Recorder(context.folder("recorder.db")) if HAS_EVENTSOURCING else None
        with (
            Journal.open(folder, projections=projections) as journal,
            Sqlite(context.folder("rows.db"), entities=entities) as sqlite,
        ):

            def ours(number: int, journal: Journal = journal) -> None:
                with journal.transaction() as transaction:
                    for id, document in _documents(number, entities):
                        transaction.put(TYPE, id, document)

            contenders: dict[str, Act | None] = {
                "ours": ours,
                "sqlite": lambda number, peer=sqlite: peer.update_all(_documents(number, entities)),
                "inserts": lambda number, peer=sqlite: peer.append_all(_documents(number, entities)),
                "eventsourcing": recorder
                and (lambda number, peer=recorder: peer.append_all(_documents(number, entities))),
                "documents": lambda number: _documents(number, entities),
            }
            times = take_turns(contenders, context.rounds(20, 6), warm=2)
        if recorder is not None:
            recorder.close()
        yield from _batch_rows(times, projections)


def _batch_rows(times: Times, projections: str) -> Iterator[Row]:
    made = times.median("documents")
    what = f"transaction of {_BATCH:,} puts, {projections}"
    for other, title in (
        ("sqlite", "SQLite WAL FULL, 1,000 rows updated"),
        ("inserts", "SQLite WAL FULL, 1,000 events inserted"),
        ("eventsourcing", "eventsourcing recorder, 1,000 events"),
    ):
        has_target = other == "sqlite" and projections == "lazy"
        ratio = (
            (times.median("ours") - made) / (times.median(other) - made) if other in times else None
        )  # what makes the documents is not counted
        yield Row(
            key=f"batch-{projections}" if other == "sqlite" else f"batch-{projections}-{other}",
            what=what,
            ours=times.median("ours") - made,
            unit="ms",
            peer=title,
            theirs=times.median(other) - made if other in times else None,
            ratio=ratio,
            target="≤ 0.5 ×" if has_target else "",
            is_reached=ratio is not None and ratio <= 0.5 if has_target else None,
            note="" if other in times else NO_EVENTSOURCING,
        )


def _documents(number: int, entities: int) -> list[tuple[str, dict[str, object]]]:
    start = number * _BATCH
    return [(entity_id(at % entities), news(at % entities)) for at in range(start, start + _BATCH)]
