"""The places of events: noting them file by file, and reading the record at one of them."""

from collections.abc import Callable

from journal.format.lines import BadLineError
from journal.format.record import Record, decode
from journal.index.applying import Applier
from journal.index.bounds import Bounds, limits_of, no_memory, with_limit
from journal.index.comparing import path_of
from journal.index.loading import load_pieces, no_collections
from journal.index.rows import FileFacts, Location
from journal.index.view import View
from journal.segments.folders import ARCHIVE, CHECKPOINTS
from journal.segments.pack import MEMBER_BYTES_MAX, read_member
from journal.state import vector

_KEEP_AFTER_EVENTS = 20_000
_WINDOW_BYTES = 256 * 1024


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
        # Read lightly, as its records were applied already; as ever where it holds any that were not.
        for is_light in (True, False):
            if _list_file(view, facts._replace(listed=1), bounds, keep, is_light=is_light):
                break
        if facts.applied:
            view.damage, view.overlay.damage = damage, seen
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
        if keep is not None and len(view.overlay.events) >= _KEEP_AFTER_EVENTS:
            keep()
    return True


def read_record(view: View, place: Location) -> Record | None:
    """Return the record at a place, None where its bytes do not verify any more.

    Raises FileNotFoundError where the file has left: it may have been packed, so look anew (``store.looking_back``).
    """
    return RecordReader(view).read(place)


class RecordReader:
    """Reads records at one place after the other; what it read of a file serves those that stand near by too.

    It holds one part of one file, so it is for one look at a view, not to be kept.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._held: tuple[int, int] = (0, 0)
        """Which file, and from where on."""
        self._bytes = b""
        self._member = b""
        """The text of the pack's member at ``_held``."""

    def read(self, place: Location) -> Record | None:
        """Return the record at a place, as ``read_record`` does. Raises FileNotFoundError."""
        view = self._view
        facts = view.by_id.get(place.file)
        if facts is None:
            raise FileNotFoundError(f"file {place.file} of an earlier look")
        try:
            record = decode(self._packed_line(facts, place) if facts.folder == ARCHIVE else self._line(facts, place))
        except FileNotFoundError:
            raise
        except (OSError, BadLineError):
            return None
        if record["seq"] != place.seq:
            return None
        if view.redacting is None:
            return record
        from journal.index.redacting import redacted

        return redacted(view, record, place.lane)

    def _line(self, facts: FileFacts, place: Location) -> bytes:
        file, start = self._held
        at = place.offset - start
        if file != place.file or at < 0 or at + place.length > len(self._bytes):
            # The first of a file is read alone; where more of it follow, they are read together.
            size = max(place.length, _WINDOW_BYTES) if file == place.file else place.length
            self._bytes = self._view.files.read_at(path_of(self._view, facts), place.offset, size)
            self._held, at = (place.file, place.offset), 0
        return self._bytes[at : at + place.length]

    def _packed_line(self, facts: FileFacts, place: Location) -> bytes:
        if self._held != (place.file, place.offset):
            member = self._view.files.read_at(path_of(self._view, facts), place.offset, MEMBER_BYTES_MAX)
            self._held, self._bytes = (place.file, place.offset), b""
            self._member = read_member(member)
        return self._member[place.inner : place.inner + place.length]
