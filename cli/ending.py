"""Signals that ask the process to end: what was begun ends well first, as at Ctrl-C, and then the signal has its way.

A half-written blob is removed, and an event that a consumer has is given back at once, not when its lease ends. Who
started the process sees it end by the signal, as it would have without us.
"""

import os
import signal
from types import FrameType

_asked: int | None = None


def heed() -> None:
    """From now on SIGTERM and SIGHUP end what runs by SystemExit. One that is ignored, as by nohup, stays ignored."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _raise)


def _raise(number: int, _: FrameType | None) -> None:
    global _asked  # noqa: PLW0603 - a process ends once
    _asked = number
    signal.signal(number, signal.SIG_DFL)  # a second one does not wait
    raise SystemExit(128 + number)


def end(status: int) -> None:
    """End the process: by the signal that asked for it, else with an exit status."""
    if _asked is not None:
        os.kill(os.getpid(), _asked)
    os._exit(status)
