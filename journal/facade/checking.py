"""Arguments that every reading call checks the same way. Pure."""

from typing import Any

from journal.errors import UsageError


def check_limit(limit: Any) -> None:
    """Raise UsageError unless it is None or a number of things, 0 or more."""
    if limit is not None and (type(limit) is not int or limit < 0):
        raise UsageError(f"a limit is a whole number, 0 or more, not {limit!r}")


def check_positions(start: Any, end: Any, last: Any) -> None:
    """Raise UsageError unless these can be a stream's positions, and a number of its events."""
    ends = (start, *(() if end is None else (end,)))
    if (
        any(type(item) is not int for item in ends)
        or start < 1
        or not (last is None or (type(last) is int and last >= 0))
    ):
        raise UsageError("positions begin with 1, and a number of events is not negative")
