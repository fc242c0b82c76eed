"""Which run of the machine this is: what was not synced before another one may not be what its stat says."""

import functools
import time


@functools.cache
def boot_id() -> str:
    """Return a text that differs after a restart. Where the system has no id, the moment of the start will do."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read(64).strip()
    except (OSError, UnicodeDecodeError):
        return f"{(time.time() - time.monotonic()) // 60:.0f}"
