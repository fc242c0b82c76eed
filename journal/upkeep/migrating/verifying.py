"""After a migration: everything is rebuilt from the truth, and each entity compared with its source, field by field."""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

from journal.format import values
from journal.index.places import list_events
from journal.index.view import Key, View
from journal.state.entity import Payload
from journal.store.engine import Engine
from journal.upkeep.checks.cache import built_anew
from journal.upkeep.migrating.earlier import Earlier
from journal.upkeep.migrating.model import Difference, Document, Source
from journal.upkeep.migrating.planning import NEVER, differing


def verify(
    engine: Engine, source: Source, earlier: Earlier, left: AbstractSet[Key], progress: Callable[[int], None]
) -> tuple[int, list[Difference]]:
    """Return how many entities were compared, and which differ; ``left``: what was left as it is here, and told."""
    view = built_anew(engine)
    compared = 0
    differences: list[Difference] = []
    try:
        for document in source.final():
            if document.key in left:
                continue
            compared += 1
            differences.extend(_compare(view, earlier, document))
            progress(compared)
    finally:
        view.index.close()
    return compared, differences


def _compare(view: View, earlier: Earlier, document: Document) -> Iterator[Difference]:
    """Compare an entity with its source, and where people changed it since, what a migration said of it last."""
    state, row = view.state(document.key), view.row(document.key)
    here = values.decode(row.data) if row is not None and row.data is not None else None
    if _fields(document.data, here) is None:
        return
    if state is not None and not earlier.is_theirs(state):
        list_events(view)
    said = earlier.before(view, document.key, state)
    fields = _fields(document.data, None if said is NEVER else said)
    if fields is not None:
        yield Difference(*document.key, fields, document.path)


def _fields(first: Payload | None, second: Payload | None) -> tuple[str, ...] | None:
    """Return the fields in which two documents differ; None where they are the same."""
    if first is None or second is None:
        return None if first is second else tuple(sorted({*(first or {}), *(second or {})}))
    return differing(first, second) or None
