"""Rows of reading in the library: one entity, one page, one history, at each size."""

from collections.abc import Iterator

from journal import Journal

from .context import Context
from .fixture import TYPE, entity_id, news
from .measure import Act, Row, take_turns

_PAGE = 50
_FIRST, _LOOKED_AT, _TURNS = 900, 20, 8
"""So many entities, which no crowd writes, get so many events more, so that histories are about equally long."""
_LIMITS_MS = {"get": 0.2, "list": 1.0, "history": 1.0}
_TITLES = {
    "get": "get",
    "list": f"one page of list ({_PAGE})",
    "history": f"history of one entity (about {_TURNS + 2} events)",
}


def read_rows(context: Context) -> Iterator[Row]:
    """Reads of a store that is open and up to date; and the same of a fresh store."""
    medians: dict[str, list[float]] = {name: [] for name in _LIMITS_MS}
    for entities in context.sizes:
        found = _read(context, context.lived(entities), entities)
        for name, median in found.items():
            medians[name].append(median)
            limit = _LIMITS_MS[name]
            yield Row(
                key=f"{name}-{entities}",
                what=f"{_TITLES[name]}, {entities:,} entities",
                ours=median,
                unit="ms",
                target=f"< {limit:g} ms",
                is_reached=median < limit,
            )
    for name, found_medians in medians.items():
        spread = max(found_medians) / min(found_medians)
        yield Row(
            key=f"{name}-flat",
            what=f"{_TITLES[name]}: slowest of all sizes by the quickest",
            ours=spread,
            unit="×",
            target="flat in N: ≤ 1.5",
            is_reached=spread <= 1.5,
        )
    size = context.sizes[1]
    for name, median in _read(context, context.fresh(size), size).items():
        yield Row(key=f"{name}-fresh", what=f"{_TITLES[name]}, {size:,} entities, fresh store", ours=median, unit="ms")


def _read(context: Context, folder: str, entities: int) -> dict[str, float]:
    context.say(f"reading, {entities:,} entities")
    with Journal.open(folder) as journal:
        for turn in range(_LOOKED_AT * _TURNS):
            journal.put(TYPE, entity_id(_FIRST + turn % _LOOKED_AT), news(turn))
        journal.history(TYPE, entity_id(0))
        names = {"get": _get(journal, entities), "list": _list(journal), "history": _history(journal)}
        times = take_turns(names, context.rounds(1_000, 300), warm=20)
    return {name: times.median(name) for name in names}


def _get(journal: Journal, entities: int) -> Act:
    return lambda number: journal.get(TYPE, entity_id(number * 7919 % entities))


def _list(journal: Journal) -> Act:
    return lambda _: journal.list(TYPE, limit=_PAGE)


def _history(journal: Journal) -> Act:
    return lambda number: journal.history(TYPE, entity_id(_FIRST + number % _LOOKED_AT))
