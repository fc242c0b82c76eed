"""The places of events: noting them file by file, and reading the record at one of them."""

from collections.abc import Callable, Iterable, Iterator

from journal.format.limits import PACK_MEMBER_BYTES
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
_MEMBER_BYTES = PACK_MEMBER_BYTES + 1024
"""A member has no more bytes in the file, unless it holds a line longer than members are."""


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
        self._file, self._start, self._bytes = 0, 0, b""
        """Which file, from where on, and its bytes there."""
        self._member: tuple[int, int] = (0, 0)
        """Which pack, and where in it the member begins that has this text."""
        self._text = b""

    def read(self, place: Location) -> Record | None:
        """Return the record at a place, as ``read_record`` does. Raises FileNotFoundError."""
        return next(self.read_each((place,)))

    def read_each(self, places: Iterable[Location]) -> Iterator[Record | None]:
        """Yield for each place its record, as ``read`` does. Raises FileNotFoundError."""
        view = self._view
        by_id, redacting = view.by_id, view.redacting
        for seq, lane, file, offset, inner, length in places:
            facts = by_id.get(file)
            if facts is None:
                raise FileNotFoundError(f"file {file} of an earlier look")
            try:
                if facts.folder == ARCHIVE:
                    if self._member != (file, offset):
                        self._inflate(facts, offset)
                    record = decode(self._text[inner : inner + length])
                else:
                    at = offset - self._start
                    if file != self._file or at < 0 or at + length > len(self._bytes):
                        # The first of a file is read alone; where more of it follow, they are read together.
                        self._fetch(facts, offset, max(length, _WINDOW_BYTES) if file == self._file else length)
                        at = 0
                    record = decode(self._bytes[at : at + length])
            except FileNotFoundError:
                raise
            except (OSError, BadLineError):
                yield None
                continue
            if record["seq"] != seq:
                yield None
            elif redacting is None:
                yield record
            else:
                from journal.index.redacting import redacted

                yield redacted(view, record, lane)

    def _fetch(self, facts: FileFacts, offset: int, size: int) -> None:
        self._file, self._bytes = 0, b""
        self._bytes = self._view.files.read_at(path_of(self._view, facts), offset, size)
        self._file, self._start = facts.id, offset

    def _inflate(self, facts: FileFacts, offset: int) -> None:
        """Inflate a member of a pack; most are small, and the one that is asked for next stands behind it."""
        self._member, at = (0, 0), offset - self._start
        if facts.id != self._file or not 0 <= at <= len(self._bytes) - _MEMBER_BYTES:
            self._fetch(facts, offset, _WINDOW_BYTES if facts.id == self._file else _MEMBER_BYTES)
            at = 0
        text = read_member(self._bytes[at : at + _MEMBER_BYTES])
        if not text and len(self._bytes) - at >= _MEMBER_BYTES:
            self._fetch(facts, offset, MEMBER_BYTES_MAX)
            text = read_member(self._bytes)
        self._member, self._text = (facts.id, offset), text
