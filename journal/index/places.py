"""Noting where events stand, file by file."""

from collections.abc import Callable

from journal.index.applying import Applier
from journal.index.bounds import Bounds, limits_of, no_memory, with_limit
from journal.index.comparing import has_prefix
from journal.index.loading import load_pieces, no_collections
from journal.index.rows import FileFacts
from journal.index.view import View
from journal.segments.folders import CHECKPOINTS, SEGMENTS
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
        if facts.folder == SEGMENTS and facts.applied and not has_prefix(view, facts, facts.size):
            view.doubt(facts.id)
            continue
        damage, seen = list(view.damage), list(view.overlay.damage)
        # Read lightly, as its records were applied already; as ever where it holds any that were not.
        for is_light in (True, False):
            if _list_file(view, facts._replace(listed=1), bounds, keep, is_light=is_light):
                break
        if facts.applied or not facts.size:  # it was read before
            view.damage, view.overlay.damage = damage, seen
            if view.by_id[facts.id].crc != facts.crc:
                view.doubt(facts.id)
        if progress is not None:
            progress(number + 1, len(unlisted))


def _list_file(
    view: View, facts: FileFacts, bounds: Bounds, keep: Callable[[], None] | None, *, is_light: bool
) -> bool:
    """Note the places of a file's events; False where that was to be done lightly and cannot."""
    applier = Applier(view, is_light=is_light)
    for piece in load_pieces(view, facts, bounds, applier):
        seqs = [item.record["seq"] for item in piece.found[:: max(1, len(piece.found) - 1)]]
        if is_light and seqs and not vector.is_subset(vector.of(piece.lane, seqs[0], seqs[-1]), view.have):
            return False
        applier.opened(piece)
        if piece.found:
            applier.apply(piece, piece.found)
        if keep is not None and view.overlay.count >= _KEEP_AFTER_EVENTS:
            keep()
    return True
