"""What killed processes left behind, and what had to give way before."""

import os
import time
from collections.abc import Iterator

from journal.disk.files import TEMPORARY_SUFFIX, Files, writer_of
from journal.disk.holder import has_ended
from journal.store.layout import LOCAL
from journal.upkeep.checks.unread import Unread
from journal.upkeep.checks.walking import walk
from journal.upkeep.findings import Finding

PARKED = "parked"
_YOUNG_SECONDS = 3600.0


def temporary_files(files: Files, root: str) -> list[str]:
    """Return the paths, relative to the store, of temporary files that nobody is writing any more, as far as it shows.

    A checkpoint is written without the lock: so one counts as in use while the process that its name tells of
    is there, and for an hour.
    """
    found = walk(files, root, skip=(f"{LOCAL}/{PARKED}",))
    ours = (path for path, stat in found if stat.kind == "file" and path.endswith(TEMPORARY_SUFFIX))
    return [path for path in ours if not _is_in_use(files, os.path.join(root, path))]


def _is_in_use(files: Files, path: str) -> bool:
    found = files.stat(path)
    if found is None:
        return True
    if time.time() - found.mtime_ns / 1e9 > _YOUNG_SECONDS:
        return False
    writer = writer_of(path)
    return writer is not None and not has_ended(writer)


def leftover_findings(files: Files, root: str, unread: Unread) -> Iterator[Finding]:
    """Yield what was left behind; none of it harms."""
    left: list[str] = []
    with unread.noted(severity="warning"):
        left = temporary_files(files, root)
    for path in left:
        message = "was left by a process that ended while it wrote; nobody reads it"
        yield Finding("leftover", "info", path, message, "journal doctor --fix puts it aside, into local/parked/")
    parked = unread.listed(f"{LOCAL}/{PARKED}", "warning")
    if parked:
        size = sum(stat.size for _, stat in parked)
        message = f"what had to give way is kept here: files {len(parked):,}, bytes {size:,}"
        yield Finding("parked", "info", f"{LOCAL}/{PARKED}", message, "look at them; nothing of the store needs them")
