"""Lines of streams' events, decoded quickly: of those that were decoded before, when they were applied. Pure.

Nothing is checked here but that a line still is what it was: types and limits were looked at then (``record.check``).
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from journal.format.lines import BadLineError

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
    tx: list[int] | None = None
    key: str | None = None
    meta: dict[str, Any] | None = None
    ref: dict[str, Any] | None = None

    @property
    def kind(self) -> str:
        """The kind of record that it is."""
        return "event"


_decoder = msgspec.json.Decoder(EventLine)


def decode_whole(text: bytes) -> list[EventLine]:
    """Return the events of a text of lines that is known to be as it was applied. Raises BadLineError."""
    try:
        return _decoder.decode_lines(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadLineError(f"not a line of an event: {error}") from error


def decode_each(text: bytes, lengths: Iterable[int]) -> Iterator[EventLine | None]:
    """Yield the events of lines that stand one behind the other; None for one that does not match its checksum."""
    start = 0
    for length in lengths:
        line = text[start : start + length]
        start += length
        if line[-_TAIL_BYTES:] != b',"crc":"%08x"}\n' % zlib.crc32(line[:-_TAIL_BYTES]):
            yield None
            continue
        try:
            yield _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield None
