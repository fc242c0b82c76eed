"""What the disk refuses before the truth is touched."""

import contextlib
from collections.abc import Iterator

from journal.errors import NotAppliedError


@contextlib.contextmanager
def nothing_applied() -> Iterator[None]:
    """Before the truth is touched: what the disk refuses is a mutation that did not happen."""
    try:
        yield
    except OSError as error:
        raise NotAppliedError(
            f"the disk refused: {error.strerror or error}; nothing was applied", path=error.filename
        ) from error
