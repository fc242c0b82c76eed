"""Reading the records that stand at known places: one here and there, or many that stand near each other."""

import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import Generic, NamedTuple, TypeVar

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
_ALONE_BYTES = 64 * 1024
_KEPT_BYTES = 4 * 1024 * 1024
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


class _Window(NamedTuple):
    """A part of a file: from where on, and its bytes there."""

    start: int
    data: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.data)


K = TypeVar("K")
V = TypeVar("V", _Window, bytes)


class _Kept(Generic[K, V]):
    """What was read last, of several files: where branches met, one line is of this lane and the next of that."""

    def __init__(self) -> None:
        self._found: dict[K, V] = {}
        self._size = 0

    def get(self, key: K) -> V | None:
        return self._found.get(key)

    def put(self, key: K, value: V) -> V:
        """Keep something instead of the oldest."""
        self.drop(key)
        self._found[key] = value
        self._size += _size_of(value)
        while self._size > _KEPT_BYTES and len(self._found) > 1:
            self.drop(next(iter(self._found)))
        return value

    def drop(self, key: K) -> None:
        dropped = self._found.pop(key, None)
        self._size -= _size_of(dropped) if dropped is not None else 0


def _size_of(value: _Window | bytes) -> int:
    return len(value if isinstance(value, bytes) else value.data)


class RecordReader:
    """Reads records at one place after the other; what it read of a file serves those that stand near by too.

    It holds parts of files, so it is for one look at a view, not to be kept.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._windows: _Kept[int, _Window] = _Kept()
        """By file."""
        self._members: _Kept[tuple[int, int], bytes] = _Kept()
        """By pack, and where in it the member begins that has this text."""

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
            data = self._fetch(facts, 0, facts.applied).data
            if len(data) != facts.applied or checksum_on(0, data) != facts.crc:
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
            text = self._members.get((file, offset))
            if text is None:
                text = self._members.put((file, offset), self._inflate(facts, offset))
            return text[inner : inner + size]
        window = self._window(facts, offset, size)
        return window.data[offset - window.start : offset - window.start + size]

    def _window(self, facts: FileFacts, offset: int, size: int) -> _Window:
        """Return a part of a file that has so many bytes of it, if the file does.

        What stands alone is read alone; where more follows what was read before, or precedes it, it is read together.
        """
        known = self._windows.get(facts.id)
        if known is None or size >= _ALONE_BYTES:
            return known if known is not None and _has(known, offset, size) else self._fetch(facts, offset, size)
        if _has(known, offset, size):
            return known
        if 0 <= offset - known.start < len(known.data) + _WINDOW_BYTES:
            return self._fetch(facts, offset, _WINDOW_BYTES)
        if 0 < known.start - offset <= _WINDOW_BYTES:
            start = max(0, offset + size - _WINDOW_BYTES)
            return self._fetch(facts, start, offset + size - start)
        return self._fetch(facts, offset, size)

    def _fetch(self, facts: FileFacts, offset: int, size: int) -> _Window:
        self._windows.drop(facts.id)
        found = self._view.files.read_at(path_of(self._view, facts), offset, size)
        return self._windows.put(facts.id, _Window(offset, found))

    def _inflate(self, facts: FileFacts, offset: int) -> bytes:
        """Inflate a member of a pack; most are small, and the one that is asked for next stands behind it."""
        window = self._window(facts, offset, max(1, min(_MEMBER_BYTES, facts.size - offset)))
        at = offset - window.start
        text = read_member(window.data[at : at + _MEMBER_BYTES])
        if not text and len(window.data) - at >= _MEMBER_BYTES:
            text = read_member(self._fetch(facts, offset, MEMBER_BYTES_MAX).data)
        return text


def _has(window: _Window, offset: int, size: int) -> bool:
    return window.start <= offset and offset + size <= window.end


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
