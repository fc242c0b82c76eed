"""Appending to this work tree's lane: choosing the segment, starting one, one durable write.

Crash argument, call by call; truth is what a scan accepts, the acknowledgement is that ``settle`` returned.

==============================  ===================================================================
killed or cut                   what is there
==============================  ===================================================================
before the write                nothing new
in the write, before the sync   a prefix of the lines: a torn line, an unfinished transaction or zeros
                                are no records; whole ones may be adopted, by a writer, who syncs first
after the sync, before the      durable but beyond the mark: whoever meets it syncs it once more
mark has moved
after that                      durable, and known to be
a new segment, before its       the name may be lost with all in it: none of it was acknowledged
folder is synced
==============================  ===================================================================

Nothing is ever cut off or written over: after anything unclean the lane moves on to a new segment, whose
header says where the valid part of the old one ends.

**The sync happens when the writer lock has been left**, where the system allows it: so the syncs of many writers fall
together. What others append meanwhile stands behind, in the same file, and their syncs cover what stands before. It
must not happen that one of them acknowledges what another's failed sync has lost, since the kernel drops what it
could not write and tells of that once. So:

- Only where every file that was open before is told (``Files.tells_failures``) is the lock left before the sync.
- Who opens a segment that is there already sees first that all of it is durable: then no failure was before, and all
  that come are told. If that does not become so within moments, the lane moves on to a new segment.
- Whoever sees a sync fail, a reader's too, cuts the segment off (``tip_file``); a writer whose own sync went well finds
  that before it acknowledges. Nobody counts or extends then what stands behind the cut.
- A segment is begun when what stands in the one before is durable, and is itself synced under the lock.
"""

import contextlib
import errno
import os
import time
from typing import Any, NamedTuple

from journal.disk.backend import Backend
from journal.disk.files import FileStat, OpenFile, write_whole
from journal.disk.folders import ensure_folder
from journal.disk.gitdir import HeadWatch
from journal.errors import NotAppliedError, OutcomeUnknownError
from journal.format import names, values
from journal.format.limits import SEES_COMPLETE_BYTES_MAX, SEES_COMPLETE_EVERY, SEES_INLINE_BYTES_MAX, SPACES_MAX
from journal.format.segment import Header, Previous, encode_header
from journal.index.bounds import is_cut_off
from journal.index.rows import FileFacts, SectionFacts
from journal.index.view import View
from journal.segments.choice import Choice, Facts, choose
from journal.segments.folders import SEGMENTS
from journal.segments.scan import scan
from journal.segments.tip import LaneMemory, Mark, Tip, decode_memory, encode_memory, is_exactly
from journal.state import vector
from journal.store.config import Config
from journal.store.home import LANE_FILE, is_lane_ours, write_note
from journal.store.layout import LOCAL
from journal.store.opening import announce, read_opening, remove_lost
from journal.store.tip_file import Standing, TipFile

_NOTHING = Mark("", 0, 0)
_NO_CUT: Mark | None = None
_DURABLE_SECONDS_MAX = 0.05
"""So long a writer that joins others waits for what they have appended to be durable."""


class Target(NamedTuple):
    """Where the next records go: ``seq`` is the first one's; ``header``, a line, is None where a segment goes on."""

    lane: str
    seq: int
    name: str
    section: SectionFacts
    header: bytes | None


class Lanes:
    """The lane of one work tree. Used only while the writer lock is held."""

    def __init__(
        self, backend: Backend, root: str, config: Config, tip_file: TipFile, watch: HeadWatch, *, syncs: bool
    ) -> None:
        self._files, self._root, self._local = backend.files, root, os.path.join(root, LOCAL)
        self._store, self._roll_bytes, self._chance = config.store, config.roll_bytes, backend.random
        self._watch, self._syncs = watch, syncs
        self._open: OpenFile | None = None
        self._memory: LaneMemory | None = None
        self.tip_file = tip_file
        self._tip: Tip | None = None
        self._mark, self._cut, self._last = _NOTHING, _NO_CUT, 0
        self._unsettled: Mark | None = None
        """What was appended and is not known to be durable yet."""

    # -- memory ---------------------------------------------------------------------------------

    def follow(self, config: Config, *, syncs: bool) -> None:
        """Go by another configuration of the same store from the next append on."""
        self._roll_bytes, self._syncs = config.roll_bytes, syncs

    def close(self) -> None:
        """Close the segment; the next append looks at everything anew."""
        if self._open is not None:
            self._open.close()
        self._open = self._memory = self._tip = None

    def _remember(self, standing: Standing | None) -> None:
        """Read the memory where another process has begun a segment, or this one has just begun."""
        tip = standing.tip if standing is not None else None
        self._mark, self._cut = (standing.mark, standing.cut) if standing is not None else (_NOTHING, None)
        self._last = tip.seq if tip is not None else 0
        if self._open is not None and self._memory is not None and self._is_open_at(tip):
            self._tip = tip
            return
        self.close()
        if tip is None or not is_lane_ours(self._files, self._local):
            return
        try:
            memory = decode_memory(self._files.read_at(os.path.join(self._local, LANE_FILE), 0, 1 << 16))
        except OSError:
            return
        if memory is not None and tip.segment == memory.segment:
            self._memory, self._tip = memory, tip

    def _is_open_at(self, tip: Tip | None) -> bool:
        """Tell whether the open file is the one that the tip names."""
        return (
            tip is not None
            and self._memory is not None
            and self._cut is None
            and (tip.segment, tip.inode) == (self._memory.segment, self._open_inode)
        )

    _open_inode = 0

    # -- choosing -------------------------------------------------------------------------------

    def target(self, view: View, standing: Standing | None) -> Target:
        """Return where the next records go; nothing is written yet. ``standing``: as it is under this lock."""
        self._remember(standing)
        tip, memory = self._tip, self._memory
        if tip is None or memory is None:
            return self._new_lane(view)
        found = _as_stat(view.facts.get((SEGMENTS, tip.segment)))
        section, is_newest = self._section(view, tip.segment)
        choice = choose(
            Facts(tip, self._mark.size, self._cut is not None, found, is_newest, self._has_moved(view, found))
        )
        if choice is Choice.NEW_LANE:
            return self._new_lane(view)
        if choice is Choice.NEXT_SEGMENT or section is None or not self._may_be_joined(tip):
            return self._next_segment(view, memory, tip, found)
        return Target(memory.lane, view.top + 1, tip.segment, section, None)

    def _may_be_joined(self, tip: Tip) -> bool:
        """Tell whether all of a segment is known to be durable, or this process has it open already."""
        deadline = time.monotonic() + _DURABLE_SECONDS_MAX
        while self._open is None and self._mark.size != tip.size:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.0002)
            standing = self.tip_file.look()
            if standing is None or standing.tip != tip:
                return False
            self._mark = standing.mark
        return True

    def _section(self, view: View, segment: str) -> tuple[SectionFacts | None, bool]:
        """Return what is known of a segment of ours, and whether it is the newest of its lane."""
        if (view.generation, segment) != self._known_for:
            named = names.parse_segment_file(segment)
            assert named is not None, segment
            section = view.section_at(named.lane, 1 << 60)
            is_newest = section is None or section.first <= named.first
            if section is not None and section.first != named.first:
                section = None
            self._known, self._known_for = (section, is_newest), (view.generation, segment)
        return self._known

    _known: tuple[SectionFacts | None, bool] = (None, False)
    _known_for: object = None

    def _has_moved(self, view: View, found: FileStat | None) -> bool:
        if self._memory is None or found is None or found.size >= self._roll_bytes:
            return True
        return self._surroundings(view, self._memory.segment) != self._memory.surroundings

    def _surroundings(self, view: View, segment: str) -> list[Any]:
        """What must not have moved for a segment to go on: git's HEAD and index, all other files of the truth."""
        if (view.generation, segment) != self._listed_for:
            others = sorted((key, facts.size) for key, facts in view.facts.items() if key != (SEGMENTS, segment))
            self._listed, self._listed_for = values.checksum(others), (view.generation, segment)
        return [self._watch.signature(), self._listed]

    _listed = 0
    _listed_for: object = None

    def _new_lane(self, view: View) -> Target:
        lane, cut = names.lane_from(self._chance(8)), self._cut
        if cut is None:
            return self._fresh(view, lane, view.top + 1, None, None, 0)
        # The lane before does not go on, and so no header of its own will say where it was cut off.
        ended = Previous(cut.segment.removesuffix(".jsonl"), cut.size, cut.seq)
        return self._fresh(view, lane, max(view.top, self._last) + 1, ended, None, 0)

    def _next_segment(self, view: View, memory: LaneMemory, tip: Tip, found: FileStat | None) -> Target:
        present, end = tip.seq, tip.size
        is_as_written = found is not None and is_exactly(tip, found)
        if not is_as_written or self._cut is not None or self._mark.size != tip.size:
            # What stands behind the mark may be zeros by now, under the same stat: a power cut leaves that.
            known = self._mark if is_as_written else _NOTHING
            path = os.path.join(self._root, SEGMENTS, tip.segment)
            try:
                text = self._files.read_at(path, known.size, end - known.size) if known.size else self._files.read(path)
            except OSError:
                return self._new_lane(view)
            rest = scan(text, after_seq=known.seq)
            present = max((section.last for section in rest.sections), default=known.seq)
            end = known.size + rest.end
        named = names.parse_segment_file(tip.segment)
        assert named is not None, tip
        last = Mark(tip.segment, end, max(present, self._mark.seq))
        if self._cut is not None and self._cut.seq < last.seq:
            last = self._cut
        # An id that stands in an abandoned tail is never given again; nor is the name of an empty segment.
        seq = max(view.top, present, named.first if last.seq < named.first else 0) + 1
        previous = Previous(tip.segment.removesuffix(".jsonl"), last.size, last.seq)
        return self._fresh(view, memory.lane, seq, previous, view.section_at(named.lane, named.first), memory.number)

    def _fresh(
        self, view: View, lane: str, seq: int, previous: Previous | None, base: SectionFacts | None, number: int
    ) -> Target:
        while self._files.stat(os.path.join(self._root, SEGMENTS, names.segment_file(seq, lane))) is not None:
            seq += 1  # a name that a power cut left taken, with nothing in it that verifies
        sees = vector.below(view.have, seq)
        header = Header(self._store, lane, seq, sees=sees, previous=previous)
        size = len(values.encode_trusted(sees))
        section = SectionFacts(lane, seq, sees, previous and previous.segment, previous.seq if previous else 0, 0)
        if size > SEES_COMPLETE_BYTES_MAX and previous and base and number < SEES_COMPLETE_EVERY - 1:
            added, dropped = vector.subtract(sees, base.sees), vector.subtract(base.sees, sees)
            if len(values.encode_trusted([added, dropped])) <= min(size, SEES_INLINE_BYTES_MAX):
                header = header._replace(sees=None, added=added, dropped=dropped)
                section = section._replace(number=number + 1)
        if header.sees is not None and size > SEES_INLINE_BYTES_MAX:
            from journal.store.blobs import write_blob

            header = header._replace(sees=None, sees_ref=write_blob(self._files, self._root, values.canonical(sees)))
        line = encode_header(header, spaces=self._chance(1)[0] & SPACES_MAX)
        return Target(lane, seq, names.segment_file(seq, lane), section, line)

    # -- appending ------------------------------------------------------------------------------

    def append(self, view: View, target: Target, text: bytes, last: int) -> FileStat:
        """Append the lines of one transaction; return the file's stat then. ``settle`` is to follow.

        Raises NotAppliedError where the write failed; where a segment is begun, what ``settle`` raises too.
        """
        data = text
        is_new = target.header is not None
        path = os.path.join(self._root, SEGMENTS, target.name)
        try:
            if target.header is not None:
                self.close()
                data = target.header + data
                announce(self._files, self._local, target.name)
                self._open = self._create(path)
            elif self._open is None:
                self._open = self._files.open_append(path, create=False)
                self._open_inode = self._open.stat().inode
            self._open.write(data)
        except OSError as error:
            self._abandon(target)
            if is_new and not isinstance(error, FileExistsError):
                # Nothing in it was ever acknowledged, and a full disk must not collect empty segments.
                with contextlib.suppress(OSError):
                    self._files.remove(path)
            raise NotAppliedError(
                f"the write failed: {error.strerror or error}; nothing was applied", path=path
            ) from error
        if is_new:
            self._sync_new(target, path)
        found = self._open.stat()
        self._open_inode = found.inode
        tip = Tip(target.name, found.size, last, found.inode, found.ctime_ns)
        mark = Mark(target.name, found.size, last)
        is_durable = is_new or not self._syncs
        self._unsettled = None if is_durable else mark
        self._note(view, target, tip, mark if is_durable else None)
        return found

    def _sync_new(self, target: Target, path: str) -> None:
        """Make a segment that was just begun durable, its name too."""
        assert self._open is not None
        try:
            if self._syncs:
                self._open.sync()
                self._files.sync_folder(os.path.dirname(path))
                if read_opening(self._files, self._local) == (target.name, True):
                    raise OSError(errno.EIO, "another process could not make it durable")
        except OSError as error:
            self.close()
            # What the new file holds is unknown, and no tip can say so: nobody is shown it. Where it is not certain
            # that it will not come back, a new lane begins, since it would be in the way of this one's next segment.
            try:
                self._files.remove(path)
                self._files.sync_folder(os.path.dirname(path))
            except OSError:
                with contextlib.suppress(OSError):
                    self._files.remove(os.path.join(self._local, LANE_FILE))
            raise self._unknown(target.name, error.strerror or str(error)) from error

    def bury(self, segment: str) -> None:
        """Remove a segment that was begun and is lost (``store.opening``); the next append begins a new lane."""
        self.close()
        remove_lost(self._files, self._root, self._local, segment)

    @property
    def is_unsettled(self) -> bool:
        """Whether something was appended that is not known to be durable."""
        return self._unsettled is not None

    @property
    def may_settle_later(self) -> bool:
        """Whether the writer lock may be left before ``settle``: the module says when."""
        return self._files.tells_failures

    def settle(self) -> None:
        """Make durable what was appended, with or without the writer lock.

        Raises OutcomeUnknownError where that failed, or another process's sync of the same bytes did.
        """
        mark, self._unsettled = self._unsettled, None
        if mark is None:
            return
        assert self._open is not None
        try:
            self._open.sync()
        except OSError as error:
            self.close()
            self.tip_file.cut_off(mark.segment)
            raise self._unknown(mark.segment, error.strerror or str(error)) from error
        counts = self.tip_file.acknowledge(mark)
        if counts is False or (counts is None and is_cut_off(self._files, os.path.join(self._root, SEGMENTS), mark)):
            raise self._unknown(mark.segment, "another process could not make durable what stands before it")

    def _unknown(self, segment: str, why: str) -> OutcomeUnknownError:
        return OutcomeUnknownError(
            f"the sync failed: {why}; whether the write survives is not known",
            path=os.path.join(self._root, SEGMENTS, segment),
            hint="look at the disk, then read the entity again before repeating the write",
        )

    def _create(self, path: str) -> OpenFile:
        # Git removes a folder with the last file that it has in it, and may check out a link in its place.
        is_there = self._files.stat(os.path.dirname(path)) is not None
        ensure_folder(self._files, self._root, SEGMENTS, durable=not is_there)
        return self._files.open_append(path, create=True)

    def _note(self, view: View, target: Target, tip: Tip, mark: Mark | None) -> None:
        """Remember the tip. What is durable already cannot fail by this: without memory a lane is started."""
        try:
            if target.header is not None:
                self._memory = LaneMemory(target.lane, target.name, [], target.section.number)
                self._memory = self._memory._replace(surroundings=self._surroundings(view, target.name))
                write_whole(
                    self._files, os.path.join(self._local, LANE_FILE), encode_memory(self._memory), durable=False
                )
                write_note(self._files, self._local)
            self.tip_file.write(tip, mark)
            self._tip = tip
        except OSError:
            self._memory = self._tip = None  # the open file stays until it is settled

    def _abandon(self, target: Target) -> None:
        """Say that the open segment is not to be continued, nor counted beyond the tip, before the lock is left."""
        tip = self._tip
        self.close()
        if tip is not None and tip.segment == target.name:
            self.tip_file.cut_off(target.name, Mark(tip.segment, tip.size, tip.seq))

    def end_segment(self) -> None:
        """Let the next append start a new segment: what is there now is final, and may be staged."""
        self._remember(self.tip_file.look())
        if self._memory is not None:
            memory = self._memory._replace(surroundings=[])
            write_whole(self._files, os.path.join(self._local, LANE_FILE), encode_memory(memory), durable=False)
            write_note(self._files, self._local)
        self.close()


def _as_stat(facts: FileFacts | None) -> FileStat | None:
    """Return the stat that a fresh view has of a segment."""
    return facts and FileStat("file", facts.size, facts.mtime_ns, facts.ctime_ns, facts.inode, 0)
