"""The old store beside the journal: documents that do not say what their entities say. Nothing of it is changed."""

import os
from collections import Counter
from collections.abc import Iterator

from journal.errors import JournalError
from journal.index.database import Index
from journal.index.places import list_events
from journal.index.view import View
from journal.store.config import OldStoreOptions
from journal.store.engine import Engine
from journal.upkeep.checks.shortening import shortened
from journal.upkeep.checks.unreadable import path_of, reason_of
from journal.upkeep.findings import Finding
from journal.upkeep.stages.deciding import Standing
from journal.upkeep.stages.old_store import Unreadable, read_old_store
from journal.upkeep.stages.place import base_of, may_write
from journal.upkeep.stages.standing import look_at, unreadable_in

_TAKE_IN = "journal migrate dual takes it in as an event"
_WORDS = {
    "changed": ("was changed by somebody else; it is left as it is", _TAKE_IN),
    "new": ("is not in the journal; it is left as it is", _TAKE_IN),
    "missing": (
        "was removed by somebody else",
        "journal migrate dual writes it again; with --deleted the entity is deleted",
    ),
    "lagging": ("is not written as the journal says", "journal migrate dual (or primary) writes it"),
}


def old_store_findings(engine: Engine, view: View, memory: Index) -> Iterator[Finding]:
    """Yield what is to be said of the old store; ``memory``: the index that remembers how documents were left."""
    options = engine.config.old_store
    if options is None:
        return
    base = None
    try:
        base = base_of(engine, options)
        found = engine.files.stat(base)
        if found is None or found.kind != "folder":
            message = f"there is no {options.path} in this checkout, the old store beside which the journal stands"
            yield Finding("old-store-gone", "info", options.path, message)
            return
        old = read_old_store(engine.files, base)
    except (JournalError, OSError) as error:
        hint = "mend that, or put the folder itself in the place of a link; the journal's own events are not affected"
        message = f"the old store cannot be read: {reason_of(error)}"
        yield Finding("old-store-unsafe", "error", _place(options, base, error), message, hint)
        return
    standings = look_at(engine, view, old, options.stage, memory=memory, list_places=lambda: list_events(view))
    yield from shortened(_of_files(options, unreadable_in(old, standings)))
    yield from _of_standings(engine, options, standings)


def _place(options: OldStoreOptions, base: str | None, error: JournalError | OSError) -> str:
    """Return what of the old store could not be read, as findings name its files; itself where that is not told."""
    full = path_of(error)
    inside = os.path.relpath(full, base).replace(os.sep, "/") if full is not None and base is not None else "."
    return options.path if inside in (".", "..") or inside.startswith("../") else f"{options.path}/{inside}"


def _of_files(options: OldStoreOptions, unreadable: list[Unreadable]) -> Iterator[Finding]:
    for item in unreadable:
        message = f"is no document, and stays as it is: {item.reason}"
        yield Finding("old-unreadable", "info", f"{options.path}/{item.path}", message, "mend it in an editor")


def _of_standings(engine: Engine, options: OldStoreOptions, standings: list[Standing]) -> Iterator[Finding]:
    differing = [item for item in standings if item.word in _WORDS]
    if options.stage == "off":
        if differing:
            counts = Counter(item.word for item in differing)
            told = ", ".join(f"{count:,} {word}" for word, count in sorted(counts.items()))
            message = f"the old files are the truth (stage off), and differ from the journal: {told}"
            hint = f"journal migrate brainclaw {options.path} takes in what they say"
            yield Finding("old-store-ahead", "info", options.path, message, hint)
        return
    is_active = may_write(engine, options)
    if not is_active:
        message = f"the stage is {options.stage}, but this checkout does not write the old files"
        yield Finding("old-store-idle", "info", options.path, message, f"journal migrate {options.stage} lets it")
    yield from shortened(
        Finding(
            f"old-{item.word}",
            "warning" if is_active or item.word != "lagging" else "info",
            f"{options.path}/{item.path}",
            f"{_WORDS[item.word][0]} ({item.key[0]} {item.key[1]!r}, stage {options.stage})",
            _WORDS[item.word][1],
        )
        for item in differing
    )
