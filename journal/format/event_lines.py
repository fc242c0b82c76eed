"""Lines of streams' events, decoded quickly: of those that were decoded before, when they were applied. Pure.

Nothing is checked here: types and limits were looked at then (``record.check``), and whoever read a line has seen that
it is still the same (``index.records``).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec

from journal.errors import DamagedError


class EventLine(msgspec.Struct, gc=False):
    """What a line says, under the names that it has there; ``data`` is None where a blob has it (``ref``)."""

    seq: int
    ts: str
    writer: str
    stream: str
    rev: int
    event: str
    data: dict[str, Any] | None = None
    actor: str | None = None
    summary: str | None = None
    tx: tuple[int, int] | None = None
    key: str | None = None
    meta: dict[str, Any] | None = None
    ref: dict[str, Any] | None = None

    @property
    def kind(self) -> str:
        """The kind of record that it is."""
        return "event"


_decoder = msgspec.json.Decoder(EventLine)
_TOGETHER = 64
"""So many lines are decoded at a time: what comes of them is used while it is in the processor's cache."""


def decode_lines(text: bytes, lengths: Sequence[int]) -> Iterator[EventLine]:
    """Yield the events of lines that stand one behind the other and match their checksums.

    Raises DamagedError, on the way, for what is no event.
    """
    return chain.from_iterable(_decoded(text, lengths))


def _decoded(text: bytes, lengths: Sequence[int]) -> Iterator[Iterable[EventLine]]:
    start = 0
    for at in range(0, len(lengths), _TOGETHER):
        size = sum(lengths[at : at + _TOGETHER])
        try:
            yield _decoder.decode_lines(text[start : start + size])
        except msgspec.DecodeError as error:
            raise DamagedError(
                f"the lines of a stream's events are not what they were when they were taken in: {error}",
                hint="journal doctor tells what is damaged",
            ) from error
        start += size
