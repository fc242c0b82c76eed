"""Reading the records that stand at known places: one here and there, or many that stand near each other."""

import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import NamedTuple

from journal.format.limits import PACK_MEMBER_BYTES
from journal.format.lines import BadLineError, are_sealed
from journal.format.record import Record, decode
from journal.index.comparing import path_of
from journal.index.rows import FileFacts, Location, checksum_on
from journal.index.spans import SPAN_EVENTS_MAX, Span
from journal.index.view import View
from journal.segments.folders import ARCHIVE
from journal.segments.pack import MEMBER_BYTES_MAX, read_member
from journal.state.stream import Stretch

_WINDOW_BYTES = 256 * 1024
_ALONE_BYTES = 32 * 1024
_MEMBER_BYTES = PACK_MEMBER_BYTES + 1024
"""A member has no more bytes in the file, unless it holds a line longer than members are."""
_MANY = 16
"""From so many lines on it pays to compare the whole file with its checksum, instead of each line."""
_WHOLE_SECONDS = 1.0
"""So long that holds, while the file's stat stays: what rots later has its chance to be found."""
_SEQS_BY_EVENT_MAX = 64
"""Where there are at most so many seqs for each event asked for, all spans between are looked at in one go."""


def read_record(view: View, place: Location) -> Record | None:
    """Return the record at a place, None where its bytes do not verify any more: then the view doubts the file.

    Raises FileNotFoundError where the file has left: it may have been packed, so look anew (``store.looking_back``).
    """
    return RecordReader(view).read(place)


class Chunk(NamedTuple):
    """The lines of a stretch's events, one behind the other. Where they do not verify there are none: see ``doubt``."""

    stretch: Stretch
    text: bytes
    lengths: Sequence[int]


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
        for seq, lane, file, offset, inner, length in places:
            try:
                record = decode(self._lines(file, offset, inner, length))
            except BadLineError:
                record = {"seq": 0}
            if record["seq"] == seq:
                yield self._redacted(record, lane)
            else:
                self._view.doubt(file)
                yield None

    def chunks(self, stretches: Sequence[Stretch]) -> Iterator[Chunk]:
        """Yield the lines of the events of stretches of a stream. Raises FileNotFoundError."""
        find = _Finder(self._view, stretches)
        for stretch in stretches:
            done = 0
            while done < stretch.length:
                span = find.span(stretch.lane, stretch.seq + done)
                if span is None:
                    done += 1
                    continue
                part = span.tail(stretch.seq + done - span.first)
                count = min(len(part.lengths), stretch.length - done)
                yield self._chunk(stretch.part(done, done + count), part.head(count))
                done += count

    def _chunk(self, stretch: Stretch, span: Span) -> Chunk:
        is_whole = stretch.length >= _MANY and self._is_whole(span.file)
        text = self._lines(span.file, span.offset, span.inner or 0, span.size)
        if not (len(text) == span.size and (is_whole or are_sealed(text, span.lengths))):
            self._view.doubt(span.file)
            return Chunk(stretch, b"", ())
        return Chunk(stretch, text, span.lengths)

    def _is_whole(self, file: int) -> bool:
        """Tell whether a file is as it was when it was applied; all of it is compared, once for a while."""
        facts = self._view.by_id.get(file)
        if facts is None or facts.folder == ARCHIVE:
            return facts is not None  # a member of a pack has a checksum of its own
        now = time.monotonic()
        known = self._view.whole.get(file)
        stat = self._view.files.stat(path_of(self._view, facts))
        if known is None or known[:2] != (stat, facts.applied) or not now - _WHOLE_SECONDS <= known[2] <= now:
            self._fetch(facts, 0, facts.applied)
            if len(self._bytes) != facts.applied or checksum_on(0, self._bytes) != facts.crc:
                return False
            self._view.whole[file] = (stat, facts.applied, now)
        return True

    def _redacted(self, record: Record, lane: str) -> Record | None:
        if self._view.redacting is None:
            return record
        from journal.index.redacting import redacted

        return redacted(self._view, record, lane)

    def _lines(self, file: int, offset: int, inner: int, size: int) -> bytes:
        """Return so many bytes of a segment's, or of a member's text. Raises OSError."""
        facts = self._view.by_id.get(file)
        if facts is None:
            raise FileNotFoundError(f"file {file} of an earlier look")
        if facts.folder == ARCHIVE:
            if self._member != (file, offset):
                self._inflate(facts, offset)
            return self._text[inner : inner + size]
        at = offset - self._start
        if file != self._file or at < 0 or at + size > len(self._bytes):
            # The first of a file is read alone; where more small ones of it follow, they are read together.
            is_alone = file != self._file or size >= _ALONE_BYTES
            self._fetch(facts, offset, size if is_alone else _WINDOW_BYTES)
            at = 0
        return self._bytes[at : at + size]

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


class _Finder:
    """Finds the span of an event of some stretches: where these lie close together, by one question for all."""

    def __init__(self, view: View, stretches: Sequence[Stretch]) -> None:
        self._view = view
        self._spans: dict[str, list[Span]] | None = None
        self._last: Span | None = None
        events = sum(stretch.length for stretch in stretches)
        low = min((stretch.seq for stretch in stretches), default=0)
        high = max((stretch.end[0] for stretch in stretches), default=0)
        if len(stretches) > 1 and high - low <= events * _SEQS_BY_EVENT_MAX:
            self._spans = {}
            for span in view.spans(low, high):
                self._spans.setdefault(span.lane, []).append(span)

    def span(self, lane: str, seq: int) -> Span | None:
        """Return a span that has an event; None where none does."""
        last = self._last
        if last is None or last.lane != lane or not last.has(seq):
            spans = self._view.spans_of(lane, seq, seq) if self._spans is None else self._spans.get(lane, [])
            stop = bisect_right(spans, seq, key=_first_of)
            before = islice(reversed(spans), len(spans) - stop, None)
            near = takewhile(lambda span: span.first > seq - SPAN_EVENTS_MAX, before)
            self._last = next((span for span in near if span.has(seq)), None)
        return self._last


def _first_of(span: Span) -> int:
    return span.first
