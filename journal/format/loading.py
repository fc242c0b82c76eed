"""Loads orjson. Where a Ctrl-C interrupts that, orjson takes the whole process down, so it waits for the end of it."""

import signal

__all__ = ["orjson"]

if hasattr(signal, "pthread_sigmask"):
    _before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        import orjson
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, _before)
else:
    import orjson
