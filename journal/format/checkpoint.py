"""Checkpoints: gzipped JSONL with the state of everything they cover (docs/format.md). Pure.

A header, one line per entity sorted by type and id, a footer with the count. The file is named by the
hash of its bytes, so a line needs no checksum of its own.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeGuard

from journal.format import values
from journal.format.limits import CHECKPOINT_LINE_BYTES_MAX, DEPTH_MAX, FORMAT, SEQ_MAX
from journal.format.lines import BadLineError
from journal.format.segment import Vector, decode_vector

_READ_BYTES = 1 << 16
_LEVEL = 6
_DEPTH_MAX = DEPTH_MAX + 3
"""A state keeps a field's value up to three objects deeper than its payload did."""


class CheckpointHeader(NamedTuple):
    """The first line of a checkpoint: what it covers, and the greatest seq of that."""

    store: str
    head: int
    covers: Vector
    records: int
    streams: dict[str, int]
    redacted: list[dict[str, Any]] | None = None
    """What was taken out of events that it covers, as in a ``redaction`` note; None for nothing."""


def compress(lines: Iterable[bytes]) -> bytes:
    """Return one gzip stream of these lines, the same bytes for the same lines."""
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    parts = [deflate.compress(line) for line in lines]
    parts.append(deflate.flush())
    return b"".join(parts)


def decompress_lines(data: bytes, line_bytes_max: int = CHECKPOINT_LINE_BYTES_MAX) -> Iterator[bytes]:
    """Yield the lines of a gzip stream, never holding more than one line and one piece.

    Raises BadLineError for anything but one whole stream, and for a line beyond the bound: that is
    how a gzip bomb ends.
    """
    begun: list[bytes] = []
    size = 0
    for piece in _inflate(data):
        for at, part in enumerate(piece.split(b"\n")):
            if at:
                yield b"%b\n" % b"".join(begun)
                begun, size = [], 0
            begun.append(part)
            size += len(part)
            if size >= line_bytes_max:
                raise BadLineError(f"a line has more than {line_bytes_max:,} bytes")
    if size:
        raise BadLineError("no newline at the end")


def _inflate(data: bytes) -> Iterator[bytes]:
    inflate = zlib.decompressobj(31)
    try:
        for at in range(0, len(data), _READ_BYTES):
            feed = data[at : at + _READ_BYTES]
            while feed and not inflate.eof:
                yield inflate.decompress(feed, _READ_BYTES)
                feed = inflate.unconsumed_tail
            if inflate.unused_data or (inflate.eof and at + _READ_BYTES < len(data)):
                raise BadLineError("bytes after the end of the gzip stream")
        while not inflate.eof:
            piece = inflate.decompress(b"", _READ_BYTES)
            if not piece:
                raise BadLineError("the gzip stream ends too early")
            yield piece
    except zlib.error as error:
        raise BadLineError(f"not a gzip stream: {error}") from error


def encode_lines(header: CheckpointHeader, entities: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Yield all lines of a checkpoint; ``entities`` come sorted by type and id."""
    yield _line(
        {
            "kind": "checkpoint",
            "format": FORMAT,
            "store": header.store,
            "head": header.head,
            "covers": dict(sorted(header.covers.items())),
            "records": header.records,
            "streams": dict(sorted(header.streams.items())),
            **({} if header.redacted is None else {"redacted": header.redacted}),
        }
    )
    count = 0
    for entity in entities:
        count += 1
        yield _line(entity)
    yield _line({"kind": "end", "entities": count})


def decode_header(line: bytes) -> CheckpointHeader:
    """Return the header of a checkpoint's first line. Raises BadLineError."""
    fields = _fields(line)
    if fields.get("kind") != "checkpoint":
        raise BadLineError("the first line is not a checkpoint header")
    if fields.get("format") != FORMAT:
        raise BadLineError(f"the checkpoint has format {str(fields.get('format'))[:20]}; this version reads {FORMAT}")
    store, head, records, streams = (fields.get(name) for name in ("store", "head", "records", "streams"))
    if type(store) is not str or not _is_count(head) or not _is_count(records) or type(streams) is not dict:
        raise BadLineError("the checkpoint header lacks a field")
    if not all(_is_count(position) for position in streams.values()):
        raise BadLineError("the checkpoint header has a stream without position")
    covers = decode_vector(fields.get("covers"), below=head + 1)
    return CheckpointHeader(store, head, covers, records, streams, fields.get("redacted"))


def decode_entities(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the entity lines after the header.

    Raises BadLineError unless they are sorted, and a footer that counts right is the very last line.
    """
    rest = iter(lines)
    before = ("", "")
    for count, line in enumerate(rest):
        fields = _fields(line)
        if fields.get("kind") == "end":
            if fields.get("entities") != count:
                raise BadLineError("the footer counts other than the lines")
            if next(rest, None) is not None:
                raise BadLineError("lines after the footer")
            return
        if type(fields.get("type")) is not str or type(fields.get("id")) is not str:
            raise BadLineError("a line of a checkpoint without type or id")
        before = _following(before, (fields["type"], fields["id"]))
        yield fields
    raise BadLineError("the checkpoint has no footer")


def _following(before: tuple[str, str], entity: tuple[str, str]) -> tuple[str, str]:
    if entity <= before:
        raise BadLineError("the lines are not sorted by type and id")
    return entity


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= SEQ_MAX


def _line(fields: dict[str, Any]) -> bytes:
    return values.encode_trusted(fields) + b"\n"


def _fields(line: bytes) -> dict[str, Any]:
    try:
        fields = values.decode_bounded(line, _DEPTH_MAX)
    except ValueError as error:
        raise BadLineError(f"not JSON: {error}") from error
    if type(fields) is not dict:
        raise BadLineError("not a JSON object")
    return fields
