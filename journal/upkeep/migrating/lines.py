"""JSON Lines, gzipped or not, read line by line: a snapshot a line. Memory is bounded by the longest line."""

import gzip
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO

from journal.errors import NotFoundError
from journal.upkeep.migrating.model import Document, Problem
from journal.upkeep.migrating.reading import FILE_BYTES_MAX, Rules, document_on_line

_PIECE_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"

Line = bytes | None
"""A line without its end; None: it is longer than any document."""


def check_file(path: str) -> None:
    """Raise NotFoundError where there is no file at a path."""
    if not os.path.isfile(path):
        raise NotFoundError("there is no such file", path=path)


def read_lines(path: str, rules: Rules) -> Iterator[Document | Problem]:
    """Yield what each line of a file holds; a file that ends too early or cannot be inflated is told."""
    shown = os.path.basename(path)
    try:
        with open(path, "rb") as plain:
            stream: IO[bytes] | gzip.GzipFile = plain
            if plain.read(2) == _GZIP:
                stream = gzip.GzipFile(fileobj=plain)
            plain.seek(0)
            yield from documents_on(lines_of(lambda at, size: stream.read(size)), shown, {}, rules)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        yield Problem("unreadable", shown, None, f"the compressed file is damaged: {error}")
    except OSError as error:
        yield Problem("unreadable", shown, None, f"cannot be read: {error.strerror or error}")


def documents_on(
    lines: Iterable[Line], path: str, captured: Mapping[str, str], rules: Rules
) -> Iterator[Document | Problem]:
    """Yield what each line holds; empty ones are passed over."""
    for number, line in enumerate(lines, start=1):
        if line is None:
            yield Problem("unreadable", path, number, f"a line of more than {FILE_BYTES_MAX:,} bytes")
        elif line.strip():
            yield document_on_line(line, path, number, captured, rules)


def lines_of(read: Callable[[int, int], bytes]) -> Iterator[Line]:
    """Yield the lines of what ``read(offset, size)`` gives piece by piece, without their ends."""
    parts: list[bytes] = []
    size, offset = 0, 0
    while piece := read(offset, _PIECE_BYTES):
        offset += len(piece)
        first, *more = piece.split(b"\n")
        size += len(first)
        parts.append(first)
        if size > FILE_BYTES_MAX:
            parts = []
        for line in more:
            yield None if size > FILE_BYTES_MAX else b"".join(parts)
            parts, size = [line], len(line)
    if size:
        yield None if size > FILE_BYTES_MAX else b"".join(parts)
