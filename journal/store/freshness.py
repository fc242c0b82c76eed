"""Telling cheaply whether anything in the folders of the truth has changed.

The cost does not depend on the number of events or entities, and, between changes, not on the number of
files: a folder whose stat is the same has the same names, and of its files only the open segment
grows in place. A folder's time stamp counts only once it is older than its clock's grain, as in git: a
change within the same tick would not show.
"""

import os
import time

from journal.disk.files import Files, FileStat
from journal.index.view import Key
from journal.segments.folders import SEGMENTS, TRUTH_FOLDERS, Listing, list_folder

_GRAIN_NS = 20_000_000
"""Clocks that stamp files tick every 16 ms at the slowest (Windows), on Linux every 10 ms."""
_COARSE_GRAIN_NS = 2_500_000_000


class _Folder:
    """What one folder was when it was listed."""

    def __init__(self, name: str, path: str) -> None:
        self.name, self.path = name, path
        self.stat: FileStat | None = None
        self.is_settled = False
        """Whether any change since would show in its stat."""
        self.listing: Listing | None = None


class Freshness:
    """Remembers the last listing of one store."""

    def __init__(self, files: Files, root: str) -> None:
        self._files, self._root = files, root
        self._folders = [_Folder(name, os.path.join(root, name)) for name in TRUTH_FOLDERS]
        self._segments = self._folders[TRUTH_FOLDERS.index(SEGMENTS)]
        self.listing: Listing = {}
        """What the last look found."""
        self._open: tuple[str | None, str] = (None, "")
        """The open segment of the last look, and its path."""

    def forget(self) -> None:
        """List everything next time, and call it other than before."""
        for folder in self._folders:
            folder.listing = None

    def look(self, open_segment: str | None) -> tuple[Listing, bool]:
        """Return the files of the truth, and whether they are others than at the last look.

        ``open_segment`` is the one file that may grow in place, which makes no other of it; its stat is always fresh.
        """
        grows = (SEGMENTS, open_segment or "")
        is_other = False
        for folder in self._folders:
            stat = self._files.stat(folder.path)
            if folder.listing is None or not folder.is_settled or stat != folder.stat:
                is_other |= self._list(folder, stat, grows)
            elif folder is self._segments and open_segment is not None:
                if self._open[0] != open_segment:
                    self._open = open_segment, os.path.join(folder.path, open_segment)
                found = self._files.stat(self._open[1])
                if found is not None:
                    folder.listing[grows] = self.listing[grows] = found
        if is_other:
            self.listing = {key: stat for folder in self._folders for key, stat in (folder.listing or {}).items()}
        return self.listing, is_other

    def _list(self, folder: _Folder, stat: FileStat | None, grows: Key) -> bool:
        """List a folder that had this stat a moment ago; tell whether it holds other files than before."""
        now = time.time_ns()
        found, _ = list_folder(self._files, self._root, folder.name)
        folder.stat = stat
        folder.is_settled = stat is None or now - stat.mtime_ns > grain_ns(stat.mtime_ns)
        if folder.listing is not None and grows in folder.listing and grows in found:
            folder.listing[grows] = self.listing[grows] = found[grows]
        is_other = found != folder.listing
        folder.listing = found
        return is_other


def grain_ns(mtime_ns: int) -> int:
    """Return how old a time stamp must be to be sure that a further change would move it."""
    # Whole seconds everywhere are the mark of a file system with a coarse clock.
    return _GRAIN_NS if mtime_ns % 1_000_000_000 else _COARSE_GRAIN_NS
