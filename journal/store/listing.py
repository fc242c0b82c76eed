"""Listing entities: index and overlay merged, filtered, sorted, cut."""

import heapq
from collections.abc import Callable, Iterator
from itertools import islice

from journal.format.reserved import is_reserved
from journal.index.rows import EntityRow
from journal.index.view import View
from journal.state.value import Lifted
from journal.store.query import Condition, sort_key


def list_rows(
    view: View,
    type: str | None,
    conditions: list[Condition],
    *,
    sort: str | None,
    limit: int | None,
    deleted: bool,
    reserved: bool,
    document: Callable[[EntityRow], Lifted],
) -> list[tuple[EntityRow, Lifted]]:
    """Return (row, its document) of all that meet every condition; ``document`` gives what callers see of a row.

    Of no ``type``: all but those of the journal's own types, unless ``reserved``.
    """
    rows = all_rows(view, type, deleted=deleted)
    if type is None and not reserved:
        rows = (row for row in rows if not is_reserved(row.type))
    if not conditions and sort is None:
        return [(row, document(row)) for row in islice(rows, limit)]
    shown = ((row, document(row)) for row in rows)
    chosen = (item for item in shown if all(condition.holds(item[1].data) for condition in conditions))
    if sort is None:
        return list(islice(chosen, limit))
    key = sort_key(sort.removeprefix("-"))
    return sorted(chosen, key=lambda item: key(item[1].data), reverse=sort.startswith("-"))[:limit]


def all_rows(view: View, type: str | None, *, deleted: bool) -> Iterator[EntityRow]:
    """Return the rows of live or of deleted entities, by type and id."""
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
