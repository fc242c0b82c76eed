"""Being told by the file system that something in a folder has changed, where it can tell and watchdog is installed.

What is told is a hint and nothing more: it can come late, twice, or not at all (a folder that git removed and made
again is not watched any more). Whoever waits also looks from time to time.
"""

import contextlib
import functools
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from journal.disk.network import network_file_system

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

_CHANGING = frozenset(("created", "modified", "moved", "deleted"))  # not "opened" and "closed": readers do that
_JOIN_SECONDS = 1.0


class FolderWatch:
    """A watch on folders, until it is closed."""

    def __init__(self, observer: "BaseObserver") -> None:
        self._observer, self._pid = observer, os.getpid()

    def close(self) -> None:
        """Stop watching; its thread ends. In a forked child nothing happens: the system has one watch for both."""
        if self._pid != os.getpid():
            return
        with contextlib.suppress(OSError, RuntimeError):
            self._observer.stop()
            self._observer.join(_JOIN_SECONDS)


def watch_folders(folders: Sequence[str], told: Callable[[], object]) -> FolderWatch | None:
    """Call ``told``, in another thread, whenever a file in one of the folders is made, written, moved or removed.

    None where that cannot be had: watchdog is not installed, a folder is missing, on a network file system (which tells
    nothing of what other machines do), or the system has no watch left.
    """
    try:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer
    except ImportError:
        return None
    _keep_quiet()

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.event_type in _CHANGING:
                told()

    if any(network_file_system(folder) is not None for folder in folders):
        return None
    observer = Observer()
    try:
        for folder in folders:
            observer.schedule(Handler(), folder, recursive=False)
        observer.start()
    except (OSError, RuntimeError):
        FolderWatch(observer).close()
        return None
    return FolderWatch(observer)


@functools.cache
def _keep_quiet() -> None:
    """Keep watchdog off the terminal: its threads call their own end an error. Who collects logs still gets that."""
    import logging

    logging.getLogger("watchdog").addHandler(logging.NullHandler())
