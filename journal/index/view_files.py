"""Which files of the truth a view has applied, and how far."""

from collections.abc import Set as AbstractSet
from itertools import count
from typing import Any

from journal.disk.files import FileStat
from journal.index.database import Index
from journal.index.overlay import Key, Overlay
from journal.index.rows import DamageFacts, FileFacts, is_continued, stat_facts
from journal.segments.folders import CHECKPOINTS, SEGMENTS

_GENERATIONS = count(1)


class AppliedFiles:
    """What ``View`` knows of files: the index's rows, and over them what is not in it yet."""

    index: Index
    overlay: Overlay
    damage: list[DamageFacts]

    def __init__(self) -> None:
        self.facts: dict[Key, FileFacts] = {}
        self.by_id: dict[int, FileFacts] = {}
        self._rows: dict[int, tuple[Any, ...]] = {}
        self._last_file = 0
        self.doubted: dict[Key, int] = {}
        """Files that turned out not to be as they were applied while they were read, and their numbers in the index.

        They are to be taken in anew, under other numbers.
        """
        self.read_once: dict[Key, FileFacts] = {}
        """What the doubted ones were when they were applied: what was read then is no torn end."""
        self.generation = 0
        """Another one whenever a file of the truth has come, left or changed; no two views of a process share one."""

    def reload_files(self, open_segment: str | None) -> bool:
        """Read from the index how far which file was applied; tell what ``View.reload`` tells."""
        known, rows = self._rows, {row[0]: row for row in self.index.files()}
        self._rows = rows
        moved = {id for id, row in rows.items() if known.get(id) != row} | self.overlay.files.keys()
        before = self.facts.get((SEGMENTS, open_segment or ""))
        if before is not None and moved <= {before.id} and known.keys() == rows.keys() == self.by_id.keys():
            after = FileFacts._make(rows[before.id])
            if is_continued(before, after):
                self.facts[after.folder, after.name] = self.by_id[after.id] = after
                return True
        self.by_id = {id: FileFacts._make(row) for id, row in rows.items()}
        self.facts = {(facts.folder, facts.name): facts for facts in self.by_id.values()}
        self._last_file = max(rows, default=0)
        return False

    def put_file(self, facts: FileFacts) -> None:
        """Note how far a file was applied."""
        self.overlay.files[facts.id] = facts
        self.facts[facts.folder, facts.name] = facts
        self.by_id[facts.id] = facts

    def new_file(self, folder: str, name: str, stat: FileStat) -> FileFacts:
        """Return facts for a file that is new here, nothing of it applied."""
        self._last_file += 1
        facts = FileFacts(self._last_file, folder, name, *stat_facts(stat), 0, 0, 0, 1)
        self.put_file(facts)
        self.renew()
        return facts

    def doubt(self, file: int) -> None:
        """Note that a file is not as it was applied, though its stat may say so."""
        facts = self.by_id[file]
        self.doubted[facts.folder, facts.name] = file
        self.read_once[facts.folder, facts.name] = facts

    def keep_in_mind(self, facts: FileFacts, stat: FileStat) -> None:
        """Remember how far a segment was applied whose bytes were changed in place: git puts others in its place."""
        if facts.folder == SEGMENTS and (facts.inode, facts.size) == (stat.inode, stat.size):
            self.read_once[facts.folder, facts.name] = facts

    def take_doubts_of(self, other: "AppliedFiles") -> None:
        """Doubt what a view that this one takes the place of did."""
        self.doubted, self.read_once = other.doubted, other.read_once

    def floor_of(self, facts: FileFacts) -> int:
        """Return the last seq that a file had which is read anew; 0 where git has put another in its place since."""
        before = self.read_once.get((facts.folder, facts.name))
        is_same = before is not None and (before.inode, before.size) == (facts.inode, facts.size)
        return before.last if before is not None and is_same else 0

    def renew(self) -> None:
        """Take note that files of the truth are not what they were."""
        self.generation = next(_GENERATIONS)

    def unclean(self) -> list[FileFacts]:
        """Return the files that are damaged, or end within a line; asked at every look, so kept while no file moves."""
        mark = (self.generation, len(self.damage))
        if self._unclean_for != mark:
            segments = (facts for facts in self.by_id.values() if facts.folder == SEGMENTS)
            torn = {facts.id for facts in segments if facts.applied != facts.size}
            self._unclean, self._unclean_for = torn.union(item.file for item in self.damage), mark
        return [self.by_id[file] for file in self._unclean if file in self.by_id]

    _unclean: AbstractSet[int] = frozenset()
    _unclean_for: tuple[int, int] = (-1, 0)

    def is_listed(self) -> bool:
        """Tell whether the places of all events are known; asked often, so the answer is kept while no file moves."""
        if self._listed_for != self.generation:
            if not all(facts.listed for facts in self.facts.values() if facts.folder != CHECKPOINTS):
                return False
            self._listed_for = self.generation
        return True

    _listed_for = -1
