"""How an old store stands to the journal, for reports, for doctor, and before each step."""

from collections import Counter
from collections.abc import Callable, Container

from journal.disk.folders import full_path
from journal.index.database import Index
from journal.index.view import Key, View
from journal.store.engine import Engine
from journal.store.options import Report
from journal.upkeep.stages.comparing import compare
from journal.upkeep.stages.deciding import Standing
from journal.upkeep.stages.layout import file_of, folder_of
from journal.upkeep.stages.model import StageReport
from journal.upkeep.stages.old_store import OldStore, Unreadable, read_old_store
from journal.upkeep.stages.place import base_of, may_write


def part_of(progress: Report | None, what: str) -> Callable[[int, int], None] | None:
    """Return a report of one part of something long."""
    return None if progress is None else lambda done, of: progress(what, done, of)


def place_for(engine: Engine, base: str, key: Key) -> str | None:
    """Return where a new document of an entity belongs; None where the old store has no place for it."""
    folder = folder_of(key[0], lambda path: _is_folder(engine, base, path))
    return None if folder is None else file_of(folder, key[1])


def _is_folder(engine: Engine, base: str, path: str) -> bool:
    found = engine.files.stat(full_path(base, path))
    return found is not None and found.kind == "folder"


def look_at(
    engine: Engine,
    view: View,
    old: OldStore,
    stage: str,
    *,
    memory: Index | None = None,
    list_places: Callable[[], None] | None = None,
    had: Container[Key] = (),
) -> list[Standing]:
    """Return how each entity and each document stand; ``memory``: the index that remembers, if not the view's own."""

    def list_all() -> None:
        engine.indexing.list_events()

    return compare(
        view,
        memory or view.index,
        old,
        stage,
        is_folder=lambda path: _is_folder(engine, old.base, path),
        list_places=list_places or list_all,
        had=had,
    )


def unreadable_in(old: OldStore, standings: list[Standing]) -> list[Unreadable]:
    """Return the files that stay as they are: all that cannot be read, but for what a merge left and we write anew."""
    written = {item.path for item in standings if item.word == "lagging"}
    return [item for item in old.unreadable if item.path not in written]


def stage_report(engine: Engine, progress: Report | None) -> StageReport:
    """Return where the old store beside the journal stands; nothing is written."""
    options = engine.config_now().old_store
    if options is None:
        return StageReport()
    base = base_of(engine, options)
    found = StageReport(options.kind, options.path, options.stage)
    found.is_active = options.stage != "off" and may_write(engine, options)
    there = engine.files.stat(base)
    found.is_there = there is not None and there.kind == "folder"
    if not found.is_there:
        return found
    with engine.reading() as view:
        # Looking at the journal first may write what lags.
        old = read_old_store(engine.files, base, part_of(progress, "read"))
        standings = look_at(engine, view, old, options.stage)
    found.counts = Counter(item.word for item in standings)
    found.standings = [item for item in standings if item.word not in ("same", "unplaced")]
    found.unreadable, found.duplicates = unreadable_in(old, standings), old.duplicates
    return found
