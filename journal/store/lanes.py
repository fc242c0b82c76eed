"""Appending to this work tree's lane: choosing the segment, starting one, one durable write.

Crash argument, call by call; truth is what a scan accepts, the return is the acknowledgement.

==============================  ===================================================================
killed or cut                   what is there
==============================  ===================================================================
before the write                nothing new
in the write, before the sync   a prefix of the lines: a torn line, an unfinished transaction or zeros
                                are no records; whole ones may be adopted, by a writer, who syncs first
after the sync, before the tip  durable but beyond the remembered tip: the next writer adopts it
after the tip                   durable, remembered
a new segment, before its       the name may be lost with all in it: none of it was acknowledged
folder is synced
==============================  ===================================================================

Nothing is ever cut off or written over: after anything unclean the lane moves on to a new segment, whose
header says where the valid part of the old one ends. After a failed sync (whose pages the kernel may have
dropped while still showing them) the tip says so before the lock is left, so no process counts or
extends what stands beyond it. The sync happens under the lock: its failure is known before anyone else
can append to the same inode.
"""

import contextlib
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from journal.disk.files import Files, FileStat, OpenFile, write_whole
from journal.disk.folders import ensure_folder
from journal.disk.gitdir import HeadWatch
from journal.errors import NotAppliedError, OutcomeUnknownError
from journal.format import names, values
from journal.format.limits import SEES_COMPLETE_BYTES_MAX, SEES_COMPLETE_EVERY, SEES_INLINE_BYTES_MAX, SPACES_MAX
from journal.format.segment import Header, Previous, encode_header
from journal.index.rows import FileFacts, SectionFacts
from journal.index.view import View
from journal.segments.choice import Choice, Facts, choose
from journal.segments.folders import SEGMENTS
from journal.segments.scan import scan
from journal.segments.tip import LaneMemory, Tip, decode_memory, decode_tip, encode_memory, encode_tip, is_exactly
from journal.state import vector
from journal.store.freshness import grain_ns
from journal.store.home import LANE_FILE, OPENING_FILE, TIP_FILE, is_lane_ours, write_note

_TIP_READS_MAX = 3


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
        self,
        files: Files,
        root: str,
        local: str,
        store: str,
        watch: HeadWatch,
        chance: Callable[[int], bytes],
        *,
        roll_bytes: int,
        syncs: bool,
    ) -> None:
        self._files, self._root, self._local, self._store, self._chance = files, root, local, store, chance
        self._watch, self._roll_bytes, self._syncs = watch, roll_bytes, syncs
        self._open: OpenFile | None = None
        self._memory: LaneMemory | None = None
        self._tip: Tip | None = None
        self._tip_path = os.path.join(local, TIP_FILE)
        self._tip_file: OpenFile | None = None
        self._tip_inode = 0
        self._noted: Tip | None = None
        self._noted_bytes = b""
        self._noted_stat: FileStat | None = None

    # -- memory ---------------------------------------------------------------------------------

    def tip(self) -> Tip | None:
        """Return how far the open segment is durable, as any process of this work tree noted last."""
        found = self._files.stat(self._tip_path)
        if found is None:
            return None
        if found == self._noted_stat:
            return self._noted
        is_settled = time.time_ns() - found.mtime_ns > grain_ns(found.mtime_ns)
        for _ in range(_TIP_READS_MAX):
            data = self._read_tip(found.inode)
            tip = self._noted if data == self._noted_bytes else decode_tip(data)
            if tip is not None or not data:
                self._noted, self._noted_bytes = tip, data
                self._noted_stat = found if is_settled else None
                return tip
            # Torn: by a power cut, or because its writer is just writing it.
        return None

    def _read_tip(self, inode: int) -> bytes:
        """Return the tip's bytes, from a descriptor that is kept: it is overwritten in place, and read often."""
        try:
            if self._tip_file is None or self._tip_inode != inode:
                self._close_tip()
                self._tip_file = self._files.open_append(self._tip_path, create=False)
                self._tip_inode = inode
            return self._tip_file.read_at(0, 1024)
        except OSError:
            pass  # a read-only disk: it is opened for reading alone
        try:
            return self._files.read_at(self._tip_path, 0, 1024)
        except OSError:
            return b""

    def _close_tip(self) -> None:
        if self._tip_file is not None:
            self._tip_file.close()
        self._tip_file = None

    def close(self) -> None:
        """Close the files; the next append looks at everything anew."""
        self._close_tip()
        self._forget()

    def _forget(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = self._memory = self._tip = None

    def _remember(self) -> None:
        """Read the memory where another process has begun a segment, or this one has just begun."""
        tip = self.tip()
        if self._memory is not None and tip is not None and self._is_open_at(tip):
            self._tip = tip
            return
        self._forget()
        if tip is None or not is_lane_ours(self._files, self._local):
            return
        try:
            memory = decode_memory(self._files.read_at(os.path.join(self._local, LANE_FILE), 0, 1 << 16))
        except OSError:
            return
        if memory is not None and tip.segment == memory.segment:
            self._memory, self._tip = memory, tip

    def _is_open_at(self, tip: Tip) -> bool:
        """Tell whether the open file is the one that the tip names, as it was when the tip was noted."""
        if self._open is None or self._memory is None or tip.is_failed or tip.segment != self._memory.segment:
            return False
        found = self._open.stat()
        return is_exactly(tip, found)

    # -- choosing -------------------------------------------------------------------------------

    def target(self, view: View) -> Target:
        """Return where the next records go; nothing is written yet."""
        self._remember()
        tip, memory = self._tip, self._memory
        if tip is None or memory is None:
            return self._new_lane(view)
        found = _as_stat(view.facts.get((SEGMENTS, tip.segment)))
        section, is_newest = self._section(view, tip.segment)
        choice = choose(Facts(tip, found, is_newest, self._has_moved(view, found)))
        if choice is Choice.NEW_LANE:
            return self._new_lane(view)
        if choice is Choice.NEXT_SEGMENT or section is None:
            return self._next_segment(view, memory, tip, found)
        return Target(memory.lane, view.top + 1, tip.segment, section, None)

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
        lane = names.lane_from(self._chance(8))
        return self._fresh(view, lane, view.top + 1, None, None, 0)

    def _next_segment(self, view: View, memory: LaneMemory, tip: Tip, found: FileStat | None) -> Target:
        present, end = tip.seq, tip.size
        if found is None or tip.is_failed or not is_exactly(tip, found):
            # Only what stands behind the tip asks for a look at the file.
            try:
                whole = scan(self._files.read(os.path.join(self._root, SEGMENTS, tip.segment)))
            except OSError:
                return self._new_lane(view)
            present, end = max((section.last for section in whole.sections), default=0), whole.end
        named = names.parse_segment_file(tip.segment)
        assert named is not None, tip
        adopted = tip.seq if tip.is_failed else max(tip.seq, present)
        size = tip.size if tip.is_failed else end
        # An id that stands in an abandoned tail is never given again; nor is the name of an empty segment.
        seq = max(view.top, present, named.first if adopted < named.first else 0) + 1
        previous = Previous(tip.segment.removesuffix(".jsonl"), size, adopted)
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
        """Append the lines of one transaction and return when they are durable: the file's stat then.

        Raises NotAppliedError where the write failed, OutcomeUnknownError where the sync did.
        """
        data = text
        is_new = target.header is not None
        path = os.path.join(self._root, SEGMENTS, target.name)
        try:
            if target.header is not None:
                self._forget()
                data = target.header + data
                with contextlib.suppress(OSError):
                    self._files.overwrite(os.path.join(self._local, OPENING_FILE), target.name.encode().ljust(64))
                self._open = self._create(path)
            elif self._open is None:
                self._open = self._files.open_append(path, create=False)
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
        try:
            if self._syncs:
                self._open.sync()
                if is_new:
                    self._files.sync_folder(os.path.dirname(path))
        except OSError as error:
            self._abandon(target)
            if is_new:
                # What the new file holds is unknown, and no tip can say so: nobody is shown it, and a new lane begins.
                for unknown in (os.path.join(self._local, LANE_FILE), path):
                    with contextlib.suppress(OSError):
                        self._files.remove(unknown)
            raise OutcomeUnknownError(
                f"the sync failed: {error.strerror or error}; whether the write survives is not known",
                path=path,
                hint="look at the disk, then read the entity again before repeating the write",
            ) from error
        found = self._open.stat()
        self._note(view, target, Tip(target.name, found.size, last, found.inode, found.ctime_ns))
        return found

    def _create(self, path: str) -> OpenFile:
        # Git removes a folder with the last file that it has in it, and may check out a link in its place.
        is_there = self._files.stat(os.path.dirname(path)) is not None
        ensure_folder(self._files, self._root, SEGMENTS, durable=not is_there)
        return self._files.open_append(path, create=True)

    def _note(self, view: View, target: Target, tip: Tip) -> None:
        """Remember the tip. What is durable already cannot fail by this: without memory a lane is started."""
        try:
            if target.header is not None:
                self._memory = LaneMemory(target.lane, target.name, [], target.section.number)
                self._memory = self._memory._replace(surroundings=self._surroundings(view, target.name))
                write_whole(
                    self._files, os.path.join(self._local, LANE_FILE), encode_memory(self._memory), durable=False
                )
                write_note(self._files, self._local)
            text = encode_tip(tip)
            self._files.overwrite(self._tip_path, text)
            self._tip = tip
            self._noted, self._noted_bytes, self._noted_stat = tip, text, None
        except OSError:
            self._forget()

    def _abandon(self, target: Target) -> None:
        """Say that the open segment is not to be continued, nor counted beyond the tip, before the lock is left."""
        tip = self._tip
        self._forget()
        if tip is not None and tip.segment == target.name:
            with contextlib.suppress(OSError):
                self._files.overwrite(self._tip_path, encode_tip(tip._replace(is_failed=True)))

    def end_segment(self) -> None:
        """Let the next append start a new segment: what is there now is final, and may be staged."""
        self._remember()
        if self._memory is not None:
            memory = self._memory._replace(surroundings=[])
            write_whole(self._files, os.path.join(self._local, LANE_FILE), encode_memory(memory), durable=False)
            write_note(self._files, self._local)
        self._forget()


def _as_stat(facts: FileFacts | None) -> FileStat | None:
    """Return the stat that a fresh view has of a segment."""
    return facts and FileStat("file", facts.size, facts.mtime_ns, facts.ctime_ns, facts.inode, 0)
