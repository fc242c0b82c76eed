"""The counters that racing processes share: slot 0 of a small file says go, slot 1 stop, then each writer has one."""

import mmap
import struct
import time
from collections.abc import Callable
from typing import Any

_GO, _STOP = 0, 1
SLOTS = 64
_SECONDS_MAX = 8.0
"""A race ends after so long even if nobody has finished."""


def make_board(path: str) -> None:
    """Make the file of counters."""
    with open(path, "wb") as file:
        file.write(bytes(8 * SLOTS))


class Board:
    """The shared counters."""

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8 * SLOTS)

    def get(self, slot: int) -> int:
        """Return a counter."""
        return int(struct.unpack_from("<q", self._map, 8 * slot)[0])

    def set(self, slot: int, value: int) -> None:
        """Set a counter."""
        struct.pack_into("<q", self._map, 8 * slot, value)

    def go(self) -> None:
        """Let all begin."""
        self.set(_GO, 1)

    def stop(self) -> None:
        """Let all end."""
        self.set(_STOP, 1)

    def is_stopped(self) -> bool:
        """Tell whether somebody has finished."""
        return self.get(_STOP) != 0

    def wait_to_go(self) -> None:
        """Say that this one is ready by being here, and wait for all others."""
        while not self.get(_GO):
            time.sleep(0.001)


def race(board_path: str, me: int, commits: int, act: Callable[[int], Any]) -> dict[str, float]:
    """Act in a tight loop until one of all writers has made so many commits."""
    board = Board(board_path)
    act(0)
    board.set(2 + me, 1)
    board.wait_to_go()
    longest, turn = 0.0, 0
    begun = time.perf_counter()
    while not board.is_stopped() and turn < commits and time.perf_counter() - begun < _SECONDS_MAX:
        start = time.perf_counter()
        act(turn + 1)
        longest = max(longest, time.perf_counter() - start)
        turn += 1
        board.set(2 + me, 1 + turn)
    elapsed = time.perf_counter() - begun
    board.stop()
    return {"commits": turn, "longest_ms": longest * 1e3, "seconds": elapsed}
