"""After a step: the journal is built anew from the truth, and each document compared with its entity, twice.

Once value by value, and once byte by byte: a document that says the same must come out of the printing as it is.
"""

from collections.abc import Callable, Iterable

from journal.errors import JournalError
from journal.index.loading import NeedsRebuildError
from journal.index.view import View
from journal.segments.folders import list_truth
from journal.store.engine import Engine
from journal.upkeep.checks.cache import build, indexing_of
from journal.upkeep.stages.comparing import value_now
from journal.upkeep.stages.model import Difference
from journal.upkeep.stages.old_store import Document
from journal.upkeep.stages.splicing import is_same, spliced

_TRIES = 5


def verify_documents(
    engine: Engine, documents: Iterable[Document], progress: Callable[[int, int], None] | None = None
) -> tuple[int, list[Difference]]:
    """Return how many documents were compared with a journal built anew, and those that differ."""
    view = _rebuilt(engine)
    count, found = 0, []
    try:
        for document in documents:
            count += 1
            now = value_now(view, document.key)
            if now is None or not is_same(now, document.data):
                there = now or {}
                names = sorted({*there, *document.data})
                fields = tuple(name for name in names if not is_same(there.get(name), document.data.get(name)))
                found.append(Difference(*document.key, document.path, fields))
            elif spliced(document.text, now) != document.text:
                found.append(Difference(*document.key, document.path, ()))
            if progress is not None:
                progress(count, count)
    finally:
        view.index.close()
    return count, found


def _rebuilt(engine: Engine) -> View:
    for _ in range(_TRIES):
        indexing = indexing_of(engine, engine.lanes.tip())
        listing, _strange = list_truth(engine.files, engine.root)
        try:
            return build(indexing, engine, listing)
        except (NeedsRebuildError, FileNotFoundError):
            continue  # git or a compaction has taken away what was listed a moment ago
    raise JournalError(
        "the files of the store change faster than they can be read", hint="try again when it is quieter"
    )
