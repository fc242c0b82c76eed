"""From a command line to an exit status: parse, run, and end well whatever happens."""

import contextlib
import os
import sys
from typing import Any

from .declare import COMPLETE_VARIABLE, Call


def run(tokens: list[str]) -> int:
    """Parse and run a command line. Returns the exit status, and has flushed all output."""
    talk: dict[str, Any] = {"json": "--json" in tokens}
    try:
        try:
            return _parse_and_execute(tokens, talk)
        except BrokenPipeError:
            return _close_quietly()
        except BaseException as error:
            from .failures import report

            return report(error, talk)
    except BrokenPipeError:
        return _close_quietly()
    except KeyboardInterrupt:
        return 130


def _parse_and_execute(tokens: list[str], talk: dict[str, Any]) -> int:
    call = _parse(tokens)
    if isinstance(call, int):
        _flush()
        return call
    talk["json"] = bool(call.settings.get("json"))
    talk.update(call.settings)
    return execute(call)


def execute(call: Call) -> int:
    """Run a parsed call. Errors are the caller's."""
    from .session import Session

    with Session(call) as session:
        status = session.run(call.values)
    _flush()
    return status or session.status


def _parse(tokens: list[str]) -> Call | int:
    if COMPLETE_VARIABLE not in os.environ:
        from . import quick

        call = quick.parse(tokens)
        if call is not None:
            return call
    from . import application

    return application.parse(tokens)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def _close_quietly() -> int:
    """End without a word when nobody reads any more: what was asked for was done as far as anyone looked."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            try:
                stream.flush()
            except BrokenPipeError:
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    return 0
