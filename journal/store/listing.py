"""Listing entities: index and overlay merged, filtered, sorted, cut."""

import heapq
from collections.abc import Iterator
from itertools import islice

from journal.format import values
from journal.format.reserved import is_reserved
from journal.index.rows import EntityRow
from journal.index.view import View
from journal.state.entity import Payload
from journal.store.query import Condition, sort_key


def list_rows(
    view: View,
    type: str | None,
    conditions: list[Condition],
    *,
    sort: str | None,
    limit: int | None,
    deleted: bool,
    reserved: bool = False,
) -> list[tuple[EntityRow, Payload | None]]:
    """Return (row, its document if it was decoded) of all that meet every condition.

    Of no ``type``: all but those of the journal's own types, unless ``reserved``.
    """
    rows = _rows(view, type, deleted=deleted)
    if type is None and not reserved:
        rows = (row for row in rows if not is_reserved(row.type))
    if not conditions and sort is None:
        return [(row, None) for row in islice(rows, limit)]
    decoded = ((row, values.decode(row.data) if row.data is not None else {}) for row in rows)
    chosen = ((row, shown) for row, shown in decoded if all(item.holds(shown) for item in conditions))
    if sort is None:
        return [(row, None if row.data is None else shown) for row, shown in islice(chosen, limit)]
    key = sort_key(sort.removeprefix("-"))
    ordered = sorted(chosen, key=lambda item: key(item[1]), reverse=sort.startswith("-"))
    return [(row, None if row.data is None else shown) for row, shown in ordered[:limit]]


def _rows(view: View, type: str | None, *, deleted: bool) -> Iterator[EntityRow]:
    known = view.index.entities(type, deleted=deleted)
    extra = view.overlay_rows()
    if not extra:
        return known
    mine = [
        row
        for row in extra.values()
        if row is not None and (type is None or row.type == type) and (row.data is None) == deleted
    ]
    rest = (row for row in known if (row.type, row.id) not in extra)
    return heapq.merge(rest, sorted(mine), key=lambda row: (row.type, row.id))
