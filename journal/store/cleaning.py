"""Taking out of what is derived what was redacted since: the index is written anew, and the rest of it leaves.

In an index, pages that are free may still hold it. Crash argument: the index says that it is unclean in the transaction
that takes a redaction in, and that it is clean after it was written anew.
"""

import contextlib
import sqlite3

from journal.disk.files import Files
from journal.index.database import MEMORY
from journal.index.flushing import UNCLEAN
from journal.index.view import View
from journal.store.home import clear_derived


def clean(view: View, files: Files, local: str, *, patience_seconds: float = 0.0) -> None:
    """Under the lock: write the index anew, where it says that this is due.

    Where somebody reads it, or a file cannot be removed, it stays due, and whoever comes next does it.
    """
    if view.index.path == MEMORY or view.is_overtaken() or not view.index.meta(UNCLEAN):
        return
    from journal.index.inspection import write_anew

    with contextlib.suppress(OSError, sqlite3.OperationalError):
        clear_derived(files, local)
        try:
            write_anew(view.index.path, patience_seconds=patience_seconds)
        finally:
            view.settle_version()  # that was this process, also where it came only half way
        with view.index.writing():
            view.index.set_meta(UNCLEAN, False)
