"""What the store stands on: the lock, the file system, and the Python that runs this."""

import functools
import os
from collections.abc import Iterator

from journal.disk.files import Files
from journal.disk.holder import current_holder
from journal.disk.network import network_file_system
from journal.store.home import LOCK_FILE
from journal.store.layout import LOCAL
from journal.upkeep.findings import Finding

DISTRIBUTION = "git-journal"


def surrounding_findings(files: Files, root: str) -> Iterator[Finding]:
    """Yield what is doubtful around a store."""
    yield from _lock_findings(files, root)
    kind = network_file_system(root)
    if kind is not None:
        message = f"the store is on {kind}, where a lock may bind this machine only"
        hint = "let one machine write to this checkout, and another to a clone of its own: git brings them together"
        yield Finding("network-file-system", "warning", root, message, hint)
    for other in other_distributions():
        message = f"the distribution {other} installs an import package 'journal' too: one of the two hides the other"
        yield Finding("package-clash", "warning", None, message, "give git-journal an environment of its own")


def _lock_findings(files: Files, root: str) -> Iterator[Finding]:
    for name in (LOCK_FILE, f"{LOCK_FILE}.queue"):
        found = files.stat(os.path.join(root, LOCAL, name))
        if found is not None and found.kind != "file":
            message = "is a link or a folder; nothing can be locked by it"
            hint = "move it out of the store: the next command makes the file itself"
            yield Finding("unsafe-path", "error", f"{LOCAL}/{name}", message, hint)
            return
    holder = current_holder(os.path.join(root, LOCAL, LOCK_FILE))
    if holder is not None:
        yield Finding("lock-busy", "info", f"{LOCAL}/{LOCK_FILE}", f"the writer lock is {holder}")


@functools.cache
def other_distributions() -> tuple[str, ...]:
    """Return the other installed distributions that claim the import package ``journal``."""
    from importlib.metadata import packages_distributions

    names = packages_distributions().get("journal", [])
    return tuple(sorted({name for name in names if name.lower().replace("_", "-") != DISTRIBUTION}))
