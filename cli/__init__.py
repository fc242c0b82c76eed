"""The command line: ``journal VERB …``, also as ``git journal VERB …``. See docs/cli.md.

Start-up is the latency of a command, so this loads the verb that is invoked, and click only for what the
short cut in ``quick`` leaves to it.
"""

import gc
import sys

_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit status; never raises, and never prints a bare traceback.

    Without ``arguments`` this is the whole process: it ends here. By then the journal is closed and all output
    flushed; taking the interpreter apart object by object would cost as much again as reading an entity.
    """
    if arguments is None:
        try:
            from .ending import end, heed

            gc.disable()  # loading makes many objects and no garbage; the session turns it on again
            heed()
        except KeyboardInterrupt:
            return _INTERRUPTED
        end(_run(sys.argv[1:]))
    return _run([] if arguments is None else arguments)


def _run(arguments: list[str]) -> int:
    try:
        from .running import run

        return run(arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED
