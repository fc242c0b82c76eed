"""What of a store cannot be read: each is a finding of its own, and whoever looks goes on without it.

Nothing is concluded from what was not seen: a file that cannot be read is neither missing nor damaged, costs no event
that anybody could accept as lost, and is not touched by a repair.
"""

import contextlib
import errno
import os
from collections.abc import Iterator

from journal.disk.files import FileStat, ReadFiles
from journal.disk.folders import full_path
from journal.errors import JournalError, UnsafePathError
from journal.segments.folders import TRUTH_FOLDERS, Listing, list_folder
from journal.store.blobs import BLOBS
from journal.upkeep.checks.unreadable import path_of, reason_of
from journal.upkeep.findings import LINK_HINT, Finding, Severity

_LEFT_ALONE = "until then it is left as it is"
_RIGHTS_HINT = f"give whoever runs this the right to read it; {_LEFT_ALONE}"
_DISK_HINT = (
    "copy the store to another disk while that can be read, and move this out of the store there: "
    f"what git has of it can be put back; {_LEFT_ALONE}"
)
_TRUTH = {*TRUTH_FOLDERS, BLOBS}
_RIGHTS = (errno.EACCES, errno.EPERM)


class Unread:
    """What could not be read in one look at a store; paths are relative to it.

    ``is_blind``: some of the truth, so that what is derived from it cannot be compared.
    """

    def __init__(self, files: ReadFiles, root: str) -> None:
        self._files, self._root = files, root
        self._found: dict[str, Finding] = {}
        self._hidden: set[str] = set()
        self.is_blind = False

    @property
    def findings(self) -> list[Finding]:
        """One for each thing that could not be read; and one that says what was not looked at for that."""
        found = [self._found[path] for path in sorted(self._found)]
        if self.is_blind:
            message = "not all of the truth can be read, so index, projections and the state were not compared"
            hint = "run it again when it can be read"
            found.append(Finding("not-compared", "info", None, message, hint))
        return found

    @contextlib.contextmanager
    def noted(self, path: str = "", severity: Severity = "error") -> Iterator[None]:
        """Take note of what cannot be read within; ``path`` counts where the error names none.

        FileNotFoundError is the caller's: what was listed a moment ago has left.
        """
        try:
            yield
        except FileNotFoundError:
            raise
        except (UnsafePathError, OSError) as error:
            self._note(error, path, severity)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file; None, and a note, where it cannot be read. Raises FileNotFoundError."""
        with self.noted(path):
            return self._files.read(full_path(self._root, path))
        return None

    def listed(self, path: str, severity: Severity = "error") -> list[tuple[str, FileStat]]:
        """Return what stands in a folder; nothing, and a note, where that cannot be told."""
        with self.noted(path, severity):
            return self._files.list(full_path(self._root, path))
        return []

    def list_truth(self) -> tuple[Listing, list[str]]:
        """Return the files of the truth that can be listed, and what has no business in their folders."""
        listing: Listing = {}
        strange: list[str] = []
        for folder in TRUTH_FOLDERS:
            with self.noted(folder):
                found, others = list_folder(self._files, self._root, folder)
                listing |= found
                strange += others
        return listing, strange

    def hides(self, path: str) -> bool:
        """Tell whether a path could not be read, or a folder that it is in."""
        names = path.split("/")
        return any("/".join(names[:count]) in self._hidden for count in range(1, len(names) + 1))

    def _note(self, error: UnsafePathError | OSError, path: str, severity: Severity) -> None:
        place = self._inner(path_of(error)) or path
        self._hidden.update((place, path or place))
        if {place.partition("/")[0], path.partition("/")[0]} & _TRUTH:
            self.is_blind = True
        if place in self._found:
            return
        if isinstance(error, JournalError):
            self._found[place] = Finding("unsafe-path", severity, place or None, error.message, LINK_HINT)
            return
        hint = _RIGHTS_HINT if error.errno in _RIGHTS else _DISK_HINT
        self._found[place] = Finding("unreadable", severity, place or None, f"cannot be read: {reason_of(error)}", hint)

    def _inner(self, path: str | None) -> str:
        if path is None:
            return ""
        inner = os.path.relpath(path, self._root).replace(os.sep, "/")
        return path if inner.startswith("../") else inner
