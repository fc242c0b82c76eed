"""After a step: the journal is built anew from the truth, and each document compared with its entity, twice.

Once value by value, and once byte by byte: a document that says the same must come out of the printing as it is.
"""

from collections.abc import Callable, Iterable

from journal.format import values
from journal.store.engine import Engine
from journal.upkeep.checks.cache import built_anew
from journal.upkeep.stages.comparing import value_now
from journal.upkeep.stages.model import Difference
from journal.upkeep.stages.old_store import Document
from journal.upkeep.stages.splicing import spliced


def verify_documents(
    engine: Engine, documents: Iterable[Document], progress: Callable[[int, int], None] | None
) -> tuple[int, list[Difference]]:
    """Return how many documents were compared with a journal built anew, and those that differ."""
    view = built_anew(engine)
    count, found = 0, []
    try:
        for document in documents:
            count += 1
            now = value_now(view, document.key)
            if now is None or not values.is_same(now, document.data):
                there = now or {}
                names = sorted({*there, *document.data})
                fields = tuple(name for name in names if not values.is_same(there.get(name), document.data.get(name)))
                found.append(Difference(*document.key, document.path, fields))
            elif spliced(document.text, now) != document.text:
                found.append(Difference(*document.key, document.path, ()))
            if progress is not None:
                progress(count, count)
    finally:
        view.index.close()
    return count, found
