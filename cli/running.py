"""From a command line to an exit status: parse, run, and end well whatever happens."""

import contextlib
import os
import sys
from typing import Any

from .declare import COMPLETE_VARIABLE, Call
from .output import LostAnswerError, Output


def run(tokens: list[str]) -> int:
    """Parse and run a command line. Returns the exit status, and has flushed all output."""
    talk: dict[str, Any] = {"json": "--json" in tokens}
    try:
        try:
            return _parse_and_execute(tokens, talk)
        except BaseException as error:
            if isinstance(error, LostAnswerError) and error.is_unread:
                _close_quietly()
                return error.status
            if isinstance(error, MemoryError):
                error.__traceback__ = None  # what filled the memory is held by its frames
            from .failures import report

            return report(error, talk)
    except KeyboardInterrupt:
        return 130


def _parse_and_execute(tokens: list[str], talk: dict[str, Any]) -> int:
    call = _parse(tokens)
    if isinstance(call, int):
        Output().flush()
        return call
    talk |= {"json": False, "verb": call.verb, **call.settings}
    if not all(map(str.isascii, tokens)):
        from .typed import in_utf8

        call = in_utf8(call)
    return execute(call)


def execute(call: Call) -> int:
    """Run a parsed call. Errors are the caller's."""
    from .session import Session

    session = Session(call)
    try:
        with session:
            session.status = session.run(call.values) or session.status
        session.is_complete = True
        session.output.flush()
    except LostAnswerError as lost:
        lost.status, lost.is_complete = session.status, session.is_complete
        raise
    return session.status


def _parse(tokens: list[str]) -> Call | int:
    if COMPLETE_VARIABLE not in os.environ:
        from . import quick

        call = quick.parse(tokens)
        if call is not None:
            return call
    from . import application

    return application.parse(tokens)


def _close_quietly() -> None:
    """Let what is left of the answer go when nobody reads it any more: all was done as far as anyone looked."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            try:
                stream.flush()
            except BrokenPipeError:
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
