"""Which files of the truth a view has applied, and how far."""

from itertools import count
from typing import Any

from journal.disk.files import FileStat
from journal.index.database import Index
from journal.index.overlay import Key, Overlay
from journal.index.rows import FileFacts, is_continued, stat_facts
from journal.segments.folders import CHECKPOINTS, SEGMENTS

_GENERATIONS = count(1)


class AppliedFiles:
    """What ``View`` knows of files: the index's rows, and over them what is not in it yet."""

    index: Index
    overlay: Overlay

    def __init__(self) -> None:
        self.facts: dict[Key, FileFacts] = {}
        self.by_id: dict[int, FileFacts] = {}
        self._rows: dict[int, tuple[Any, ...]] = {}
        self._last_file = 0
        self.doubted: set[Key] = set()
        """Files that turned out not to be as they were applied while they were read; they are to be taken in anew."""
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
        self.doubted.add((facts.folder, facts.name))

    def renew(self) -> None:
        """Take note that files of the truth are not what they were."""
        self.generation = next(_GENERATIONS)

    def is_listed(self) -> bool:
        """Tell whether the places of all events are known; asked often, so the answer is kept while no file moves."""
        if self._listed_for != self.generation:
            if not all(facts.listed for facts in self.facts.values() if facts.folder != CHECKPOINTS):
                return False
            self._listed_for = self.generation
        return True

    _listed_for = -1
