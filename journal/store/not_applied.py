"""What the disk refuses before the truth is touched."""

import sqlite3
from types import TracebackType

from journal.errors import NotAppliedError
from journal.index.rows import is_broken


class _NothingApplied:
    """The block of ``nothing_applied``; a class, since every write enters it three times."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if isinstance(error, OSError):
            raise NotAppliedError(
                f"the disk refused: {error.strerror or error}; nothing was applied", path=error.filename
            ) from error
        if isinstance(error, sqlite3.OperationalError) and not is_broken(error):
            hint = "the index is a cache: once the cause is mended it is made again by itself"
            raise NotAppliedError(f"the index cannot be used: {error}; nothing was applied", hint=hint) from error


_BLOCK = _NothingApplied()


def nothing_applied() -> _NothingApplied:
    """Before the truth is touched: what the disk refuses is a mutation that did not happen."""
    return _BLOCK
