"""``local/tip``: tells all processes how far the open segment is written (the tip), and how far durable (the mark).

Whoever holds the writer lock writes the tip. Each writer moves the mark on when its sync has returned, which may be
after it has left the writer lock. So the mark and the cut are read and written under a lock of their own, which is held
for nothing else.

**When a sync fails**, be it that of a writer or of a reader, nobody knows what is durable behind the mark. Whoever sees
it fail cuts the segment off at the mark. A writer that moved the mark before that has acknowledged its records, and
they count. A writer that comes to move it later finds the cut, and must not acknowledge. The header of a segment that
was begun meanwhile says where the segment before it ends, and that decides in the same way.
"""

import contextlib
import time
from typing import NamedTuple, Protocol

from journal.disk.files import Files, FileStat
from journal.disk.notes import OpenNote
from journal.segments.tip import MARK_BYTES, TIP_BYTES, Mark, Tip, decode_mark, decode_tip, encode_mark, encode_tip
from journal.store.freshness import grain_ns

_CUT_AT = TIP_BYTES + MARK_BYTES
_READS_MAX = 3
_ALONE_SECONDS_MAX = 10.0


class Standing(NamedTuple):
    """What the file says; ``mark`` is of the tip's segment, ``last_cut`` the last cut of any segment."""

    tip: Tip
    mark: Mark
    last_cut: Mark | None = None

    @property
    def cut(self) -> Mark | None:
        """Where the tip's segment was cut off; None where it is whole."""
        return self.cut_of(self.tip.segment)

    def cut_of(self, segment: str) -> Mark | None:
        """Return where a segment was cut off, as far as that is remembered: a segment behind it says it for ever."""
        return self.last_cut if self.last_cut is not None and self.last_cut.segment == segment else None


class Tips(Protocol):
    """What a reader asks of the file, and tells there."""

    def look(self) -> Standing | None:
        """Return what the file says now; None where there is none that counts."""
        ...

    def acknowledge(self, mark: Mark) -> bool | None:
        """Note that a segment is durable so far; False where it was cut off before that."""
        ...

    def cut_off(self, segment: str) -> None:
        """Note that nothing counts of a segment behind its mark."""
        ...


class RememberedTip:
    """What the file said once, for one who only looks."""

    def __init__(self, standing: Standing | None) -> None:
        self._standing = standing

    def look(self) -> Standing | None:
        """Return that."""
        return self._standing

    def acknowledge(self, mark: Mark) -> bool | None:
        """Tell nobody."""
        return True

    def cut_off(self, segment: str) -> None:
        """Tell nobody."""


class TipFile:
    """See the module. Not safe for several threads at once. A file that cannot be written says what it said."""

    def __init__(self, files: Files, path: str) -> None:
        self._files, self._path = files, path
        self._note: OpenNote | None = None
        self._stat: FileStat | None = None
        self._text = b""
        self._standing: Standing | None = None

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        if self._note is not None:
            self._note.close()
        self._note, self._stat = None, None

    def look(self) -> Standing | None:
        """Return what the file says now; None where there is none that counts."""
        found = self._files.stat(self._path)
        if found is None:
            self.close()
            return None
        if found == self._stat:
            return self._standing
        is_settled = time.time_ns() - found.mtime_ns > grain_ns(found.mtime_ns)
        for _ in range(_READS_MAX):
            standing = self._read(found.inode)
            if standing is not None or not self._text:
                self._stat = found if is_settled else None
                return standing
            # Torn: by a power cut, or because its writer is just writing it.
        return None

    def _read(self, inode: int) -> Standing | None:
        text = self._bytes(inode)
        if text != self._text or self._standing is None:
            self._text, self._standing = text, _standing(text)
        return self._standing

    def _bytes(self, inode: int) -> bytes:
        try:
            if self._note is None or self._note.inode != inode:
                self.close()
                self._note = self._files.open_note(self._path)
            return self._note.read()
        except OSError:
            pass  # a read-only disk: it is opened for reading alone
        try:
            return self._files.read_at(self._path, 0, 1024)
        except OSError:
            return b""

    def write(self, tip: Tip, mark: Mark | None = None) -> None:
        """Under the writer lock: note how far the segment was written, and, with ``mark``, that it is durable."""
        before = self._standing
        self._put(0, encode_tip(tip) + (encode_mark(mark) if mark is not None else b""))
        if before is not None and before.tip.segment == tip.segment:
            self._standing = Standing(tip, mark or before.mark, before.last_cut)  # as it would be read

    def _put(self, offset: int, text: bytes) -> None:
        """Write a part of the file, and remember the whole, to know it again when it is read."""
        self._stat, self._standing = None, None
        self._opened().write(offset, text)
        before = self._text.ljust(offset)
        self._text = before[:offset] + text + before[offset + len(text) :]

    def acknowledge(self, mark: Mark) -> bool | None:
        """Note that a segment is durable so far; False where it was cut off before that, and so this may be lost.

        None where another segment is open by now, whose header tells.
        """
        try:
            return self._acknowledge(mark)
        except OSError:
            return True  # the mark lags then, and whoever meets these bytes syncs them once more

    def _acknowledge(self, mark: Mark) -> bool | None:
        note = self._opened()
        with note.alone(_ALONE_SECONDS_MAX) as is_alone:
            if not is_alone:
                return False
            standing = self._read(note.inode)
            if standing is None:
                return None
            cut = standing.cut_of(mark.segment)
            if cut is not None and cut.size < mark.size:
                return False
            if standing.tip.segment != mark.segment:
                return None
            if standing.mark.size < mark.size:
                self._put(TIP_BYTES, encode_mark(mark))
                self._standing = Standing(standing.tip, mark, standing.last_cut)
            return True

    def cut_off(self, segment: str, at: Mark | None = None) -> None:
        """Note that nothing counts of a segment behind its mark, or behind ``at``; the segment is the tip's."""
        with contextlib.suppress(OSError):
            note = self._opened()
            with note.alone(_ALONE_SECONDS_MAX):
                standing = self._read(note.inode)
                if standing is None or standing.tip.segment != segment:
                    return
                cut = at or standing.mark
                if standing.cut is None or cut.size < standing.cut.size:
                    self._put(_CUT_AT, encode_mark(cut))

    def _opened(self) -> OpenNote:
        if self._note is None:
            self._note = self._files.open_note(self._path)
        return self._note


def _standing(text: bytes) -> Standing | None:
    tip = decode_tip(text)
    if tip is None:
        return None
    mark = decode_mark(text[TIP_BYTES:])
    is_of_tip = mark is not None and mark.segment == tip.segment
    return Standing(
        tip, mark if mark is not None and is_of_tip else Mark(tip.segment, 0, 0), decode_mark(text[_CUT_AT:])
    )
