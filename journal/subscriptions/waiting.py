"""Waiting for something to come: told by the file system where it tells, and looking from time to time either way."""

import os
import threading
from collections.abc import Sequence

from journal.disk.watching import FolderWatch, watch_folders

POLL_SECONDS = 0.3
"""How often to look where the file system tells nothing."""
NET_SECONDS = 2.0
"""How often to look where it does: other consumers' deaths, and what a watch has missed, are found then."""


class Waiting:
    """Folders to wait for. Nothing is watched before the first wait."""

    def __init__(self, root: str, folders: Sequence[str], poll_seconds: float | None) -> None:
        self._folders = [os.path.join(root, folder) for folder in folders]
        self._poll_seconds = POLL_SECONDS if poll_seconds is None else poll_seconds
        self._condition = threading.Condition()
        self._watch: FolderWatch | None = None
        self._has_begun = self._is_closed = False
        self.heard = 0
        """Grows when something may have changed: look at it, then at the store, then wait."""

    def wait(self, heard: int, *most: float | None) -> None:
        """Return once something may have changed since ``heard``, or after the least of some seconds.

        The first call returns at once: what changed before the watch began was not told.
        """
        if not self._has_begun:
            self._begin()
            return
        pause = min((seconds for seconds in most if seconds is not None), default=NET_SECONDS)
        pause = min(pause, self._poll_seconds if self._watch is None else NET_SECONDS)
        with self._condition:
            self._condition.wait_for(lambda: self.heard != heard or self._is_closed, pause)

    def wake(self) -> None:
        """Let those who wait look now."""
        with self._condition:
            self.heard += 1
            self._condition.notify_all()

    def close(self) -> None:
        """Wake whoever waits, and stop watching."""
        with self._condition:
            self._is_closed = True
            watch, self._watch = self._watch, None
            self._condition.notify_all()
        if watch is not None:
            watch.close()

    def _begin(self) -> None:
        watch = watch_folders(self._folders, self.wake)
        with self._condition:
            if not self._is_closed and not self._has_begun:
                self._watch, self._has_begun, watch = watch, True, None
        if watch is not None:
            watch.close()
