"""What the store stands on: the lock, the file system, and the Python that runs this."""

import functools
import os
from collections.abc import Iterator

from journal.disk.files import Files
from journal.disk.holder import current_holder
from journal.disk.network import network_file_system
from journal.store.home import INDEX_FILE, LOCK_FILE, MEMORY_FILES, NOTE_FILE
from journal.store.layout import LOCAL
from journal.upkeep.checks.unread import Unread
from journal.upkeep.findings import Finding

DISTRIBUTION = "git-journal"
_LOCKS = (LOCK_FILE, f"{LOCK_FILE}.queue")
_MEMORY = (*MEMORY_FILES, NOTE_FILE)
# Closing a file lets go of the locks that this process has on it.
_NOT_OPENED = (LOCK_FILE, INDEX_FILE)
_MOVE_HINT = "move it out of the store: the next command makes what it needs"


def surrounding_findings(files: Files, root: str, unread: Unread) -> Iterator[Finding]:
    """Yield what is doubtful around a store."""
    with unread.noted(LOCAL, "warning"):
        yield from _local_findings(files, root, unread)
    kind = network_file_system(root)
    if kind is not None:
        message = f"the store is on {kind}, where a lock may bind this machine only"
        hint = "let one machine write to this checkout, and another to a clone of its own: git brings them together"
        yield Finding("network-file-system", "warning", root, message, hint)
    for other in other_distributions():
        message = f"the distribution {other} installs an import package 'journal' too: one of the two hides the other"
        yield Finding("package-clash", "warning", None, message, "give git-journal an environment of its own")


def _local_findings(files: Files, root: str, unread: Unread) -> Iterator[Finding]:
    found = files.stat(os.path.join(root, LOCAL))
    if found is not None and found.kind != "folder":
        yield Finding("unsafe-path", "error", LOCAL, "is a link, or no folder; nothing can be written so", _MOVE_HINT)
        return
    for name in (*_LOCKS, *_MEMORY):
        path = f"{LOCAL}/{name}"
        found = files.stat(os.path.join(root, LOCAL, name))
        if found is not None and found.kind != "file":
            what = "nothing can be locked by it" if name in _LOCKS else "it is not followed and not read"
            yield Finding("unsafe-path", "error", path, f"is a link or a folder; {what}", _MOVE_HINT)
            if name in _LOCKS:
                return
        elif found is not None and not name.startswith(_NOT_OPENED):
            with unread.noted(path, "warning"):
                files.read_at(os.path.join(root, LOCAL, name), 0, 1)
    holder = current_holder(os.path.join(root, LOCAL, LOCK_FILE))
    if holder is not None:
        yield Finding("lock-busy", "info", f"{LOCAL}/{LOCK_FILE}", f"the writer lock is {holder}")


@functools.cache
def other_distributions() -> tuple[str, ...]:
    """Return the other installed distributions that claim the import package ``journal``."""
    from importlib.metadata import packages_distributions

    names = packages_distributions().get("journal", [])
    return tuple(sorted({name for name in names if name.lower().replace("_", "-") != DISTRIBUTION}))
