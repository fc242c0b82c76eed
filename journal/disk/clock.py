"""What time it is: for people, and for how long something has been."""

import time
from typing import Protocol

from journal.disk.boot import boot_id


class Clock(Protocol):
    """Two times, and which run of the machine the second belongs to; seconds."""

    def now(self) -> float:
        """Return seconds since 1970, UTC. People set this clock."""
        ...

    def uptime(self) -> float:
        """Return seconds since some moment of this run of the machine, the same for all processes. Nobody sets it."""
        ...

    def boot(self) -> str:
        """Return a text that differs after a restart of the machine."""
        ...


class SystemClock:
    """The clocks of the operating system."""

    def now(self) -> float:
        """Return seconds since 1970, UTC."""
        return time.time()

    def uptime(self) -> float:
        """Return seconds since the machine was started, or so."""
        return time.monotonic()

    def boot(self) -> str:
        """Return the id of this run of the machine."""
        return boot_id()
