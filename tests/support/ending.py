"""A guard for tests of what once took for ever: it ends them, and says so. It measures nothing."""

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def ends(processor_seconds: float = 30.0) -> Iterator[None]:
    """Raise AssertionError within a block that goes on and on; where there is such an alarm, in the main thread."""

    def say(*_: object) -> None:
        raise AssertionError("it does not end")

    if not hasattr(signal, "SIGVTALRM"):
        yield
        return
    before = signal.signal(signal.SIGVTALRM, say)
    signal.setitimer(signal.ITIMER_VIRTUAL, processor_seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
