"""Which packs hold a segment: so that a segment that is gone is told from one that compaction removed."""

from journal.format.names import parse_segment_file
from journal.index.view import View
from journal.segments.folders import ARCHIVE
from journal.store.engine import Engine


def packs_of(engine: Engine, segment: str) -> set[str]:
    """Return the names of the packs here that hold the events of a segment, which is given by its file's name."""
    with engine.reading() as view:
        known = _packs_in(view, segment)
    if known:
        return known
    with engine.reading(history=True) as view:  # what a checkpoint covers was not read when the index was built
        return _packs_in(view, segment)


def _packs_in(view: View, segment: str) -> set[str]:
    named = parse_segment_file(segment)
    if named is None:
        return set()
    place = (named.lane, named.first)
    files = {file for file, _ in view.index.holders(*place)}
    files |= {file for file, *part in view.overlay.parts if tuple(part) == place}
    found = [view.by_id[file] for file in files if file in view.by_id]
    return {facts.name for facts in found if facts.folder == ARCHIVE}
