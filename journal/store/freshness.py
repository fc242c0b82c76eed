"""Telling cheaply whether anything in the folders of the truth has changed.

The cost does not depend on the number of events or entities, and, between changes, not on the number of
files: a folder whose stat is the same has the same names, and of its files only the open segment
grows in place. A folder's time stamp counts only once it is older than its clock's grain, as in git: a
change within the same tick would not show.
"""

import os
import time

from journal.disk.files import Files, FileStat
from journal.segments.folders import SEGMENTS, TRUTH_FOLDERS, Listing, list_truth

_GRAIN_NS = 50_000_000
_COARSE_GRAIN_NS = 2_500_000_000


class Freshness:
    """Remembers the last listing of one store."""

    def __init__(self, files: Files, root: str) -> None:
        self._files, self._root = files, root
        self._folders = [os.path.join(root, folder) for folder in TRUTH_FOLDERS]
        self._stats: list[FileStat | None] = []
        self._settled = False
        self._listing: Listing = {}
        self.strange: list[str] = []

    def forget(self) -> None:
        """List everything next time."""
        self._stats = []

    def look(self, open_segment: str | None) -> tuple[Listing, bool]:
        """Return the files of the truth, and whether the folders were listed anew.

        ``open_segment`` is the one file that may have grown in place; its stat is always fresh.
        """
        stats = [self._files.stat(folder) for folder in self._folders]
        if self._settled and stats == self._stats:
            if open_segment is not None:
                found = self._files.stat(os.path.join(self._folders[0], open_segment))
                if found is not None:
                    self._listing[SEGMENTS, open_segment] = found
            return self._listing, False
        now = time.time_ns()
        self._listing, self.strange = list_truth(self._files, self._root)
        self._stats = stats
        self._settled = all(stat is None or now - stat.mtime_ns > grain_ns(stat.mtime_ns) for stat in stats)
        return self._listing, True


def grain_ns(mtime_ns: int) -> int:
    """Return how old a time stamp must be to be sure that a further change would move it."""
    # Whole seconds everywhere are the mark of a file system with a coarse clock.
    return _GRAIN_NS if mtime_ns % 1_000_000_000 else _COARSE_GRAIN_NS
