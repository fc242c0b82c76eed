"""The places of events: noting them file by file, and reading the record at one of them."""

from collections.abc import Callable

from journal.format.lines import BadLineError
from journal.format.record import Record, decode
from journal.index.applying import Applier
from journal.index.bounds import Bounds, limits_of, no_memory, with_limit
from journal.index.comparing import path_of
from journal.index.loading import load_pieces, no_collections
from journal.index.replay import Piece
from journal.index.rows import FileFacts, Location
from journal.index.view import View
from journal.segments.folders import ARCHIVE, CHECKPOINTS
from journal.segments.pack import MEMBER_BYTES_MAX, read_line
from journal.state import vector

_KEEP_AFTER_EVENTS = 20_000


@no_collections()
def list_events(
    view: View, progress: Callable[[int, int], None] | None = None, keep: Callable[[], None] | None = None
) -> None:
    """Note where the events of all files stand that a rebuild has only folded; history needs it.

    The rows go to the overlay file by file; ``keep``, of a caller that may write, flushes them now and then, so
    that memory does not grow with the number of events.
    """
    unlisted = [facts for facts in view.facts.values() if not facts.listed and facts.folder != CHECKPOINTS]
    limits = limits_of(view, [(facts.folder, facts.name) for facts in unlisted])
    for number, facts in enumerate(sorted(unlisted, key=lambda item: item.name)):
        bounds = with_limit(no_memory, facts.name, limits)
        if facts.last:
            bounds = Bounds(limit_seq=facts.last)
        damage, seen = list(view.damage), list(view.overlay.damage)
        applier, pieces = _load(view, facts._replace(listed=1), bounds)
        for piece in pieces:
            applier.opened(piece)
            if piece.found:
                applier.apply(piece, piece.found)
        if facts.applied:
            view.damage, view.overlay.damage = damage, seen
        if keep is not None and len(view.overlay.events) >= _KEEP_AFTER_EVENTS:
            keep()
        if progress is not None:
            progress(number + 1, len(unlisted))


def _load(view: View, facts: FileFacts, bounds: Bounds) -> tuple[Applier, list[Piece]]:
    """Read a file whose records were applied already, lightly; as ever where it holds any that were not."""
    applier = Applier(view, is_light=True)
    pieces = load_pieces(view, facts, bounds, applier)
    held = [
        vector.of(piece.lane, piece.found[0].record["seq"], piece.found[-1].record["seq"])
        for piece in pieces
        if piece.found
    ]
    if not all(vector.is_subset(spans, view.have) for spans in held):
        applier = Applier(view)
        pieces = load_pieces(view, facts, bounds, applier)
    return applier, pieces


def read_record(view: View, place: Location) -> Record | None:
    """Return the record at a place, None where its bytes do not verify any more."""
    facts = view.by_id.get(place.file)
    if facts is None:
        return None
    path = path_of(view, facts)
    try:
        if facts.folder == ARCHIVE:
            member = view.files.read_at(path, place.offset, MEMBER_BYTES_MAX)
            line = read_line(member, place.inner, place.length)
        else:
            line = view.files.read_at(path, place.offset, place.length)
        record = decode(line or b"")
    except (OSError, BadLineError):
        return None
    return record if record["seq"] == place.seq else None
