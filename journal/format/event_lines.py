"""Lines of streams' events, decoded quickly: of those that were decoded before, when they were applied. Pure.

Nothing is checked here but that a line still is what it was: types and limits were looked at then (``record.check``).
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

import msgspec

_TAIL_BYTES = len(b',"crc":"00000000"}\n')


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


def decode_lines(text: bytes, lengths: Sequence[int], *, is_whole: bool) -> Iterator[EventLine]:
    """Yield the events of lines that stand one behind the other, without those that do not match their checksums.

    ``is_whole``: all of them are known to be as they were applied, so that no checksum is looked at.
    """
    return chain.from_iterable(_decoded(text, lengths, is_whole))


def _decoded(text: bytes, lengths: Sequence[int], is_whole: bool) -> Iterator[Iterable[EventLine]]:
    start = 0
    for at in range(0, len(lengths), _TOGETHER):
        here = lengths[at : at + _TOGETHER]
        lines = text[start : start + sum(here)]
        start += len(lines)
        try:
            yield _decoder.decode_lines(lines) if is_whole else _each(lines, here)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield _each(lines, here)


def _each(text: bytes, lengths: Sequence[int]) -> Iterator[EventLine]:
    start = 0
    for length in lengths:
        line = text[start : start + length]
        start += length
        if line[-_TAIL_BYTES:] == b',"crc":"%08x"}\n' % zlib.crc32(line[:-_TAIL_BYTES]):
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                yield _decoder.decode(line)
