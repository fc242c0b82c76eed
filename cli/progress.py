"""A bar on stderr for what takes long, on a terminal only."""

import shutil
import sys
import time

from .output import is_terminal, say

_SILENT_SECONDS = 0.4
_STEP_SECONDS = 0.1
_WORDS = {
    "rebuild": "rebuilding the index",
    "history": "listing events",
    "import": "importing",
    "pack": "packing",
    "checkpoint": "writing a checkpoint",
    "migrate": "migrating",
    "verify": "comparing",
    "undo": "taking back",
}


class Bar:
    """Shows how far something is; says nothing about what is over in a moment."""

    def __init__(self, *, is_silent: bool = False) -> None:
        self._is_on = not is_silent and is_terminal(sys.stderr)
        self._started = self._drawn = time.monotonic()
        self._what = ""
        self._is_shown = False

    def show(self, what: str, done: int, of: int) -> None:
        """Draw the bar, if it is due."""
        now = time.monotonic()
        if what != self._what:
            self.end()
            self._what, self._started, self._drawn = what, now, 0.0
        is_last = done >= of
        if not self._is_on or now - self._started < _SILENT_SECONDS:
            return
        if now - self._drawn < _STEP_SECONDS and not (is_last and self._is_shown):
            return
        self._drawn, self._is_shown = now, True
        columns = shutil.get_terminal_size().columns - 1
        say("\r" + bar_text(_WORDS.get(what, what), done, of, now - self._started, columns) + "\x1b[K")

    def end(self) -> None:
        """Leave the line as if there had been no bar."""
        if self._is_shown:
            say("\r\x1b[K")
        self._is_shown = False


def bar_text(what: str, done: int, of: int, seconds: float, columns: int) -> str:
    """Return one state of the bar, at most so many columns wide."""
    share = min(1.0, done / of) if of > 0 else 0.0
    left = f"{seconds / share - seconds:,.0f} s left" if share > 0.02 else ""
    text = f" {share:4.0%}  {done:,} of {of:,}  {left}".rstrip()
    room = columns - len(what) - len(text) - 3
    if room < 5:
        return f"{what}{text}"[:columns]
    filled = int(room * share)
    return f"{what} [{'#' * filled}{'.' * (room - filled)}]{text}"
