r"""One line of the truth: JSON, a checksum, a newline (docs/format.md, "Lines"). Pure.

``{…,"crc":"xxxxxxxx"}\n`` where the eight hex digits are CRC-32 over the bytes before ``,"crc":``.
The checksum is checked on bytes, so no canonical form of JSON is needed.
"""

import zlib
from collections.abc import Sequence
from typing import Any

from journal.errors import RefusedError
from journal.format import values
from journal.format.limits import DEPTH_MAX, LINE_BYTES_MAX

_TAIL_BYTES = len(b',"crc":"00000000"}\n')


class BadLineError(ValueError):
    """These bytes are not a line that ``seal`` can have made."""


def seal(fields: dict[str, Any], *, spaces: int = 0) -> bytes:
    """Return the line of these fields, with so many spaces after the first. Raises RefusedError where it is too long.

    Git compares files by pieces of 64 bytes of a line. Spaces by chance shift all that follows, so that two segments
    do not resemble each other to it only because an entity's events do (docs/format.md, "Lines").
    """
    head = values.encode_trusted(fields)[:-1]
    if spaces and len(head) + spaces + _TAIL_BYTES <= LINE_BYTES_MAX:
        start = head.index(b",") + 1
        head = b"%b%*b%b" % (head[:start], spaces, b"", head[start:])
    line = b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head))
    if len(line) > LINE_BYTES_MAX:
        raise too_long(len(line))
    return line


def too_long(size: int) -> RefusedError:
    """Return the error for a line of so many bytes."""
    return RefusedError(f"the record would have {size:,} bytes; a line has at most {LINE_BYTES_MAX:,}")


def are_sealed(text: bytes, lengths: Sequence[int]) -> bool:
    """Tell whether lines that stand one behind the other match their checksums."""
    start = 0
    for length in lengths:
        line = text[start : start + length]
        start += length
        if line[-_TAIL_BYTES:] != b',"crc":"%08x"}\n' % zlib.crc32(line[:-_TAIL_BYTES]):
            return False
    return True


def unseal(line: bytes) -> dict[str, Any]:
    """Return the fields of a line, ``crc`` included. Raises BadLineError."""
    if len(line) > LINE_BYTES_MAX:
        raise BadLineError("the line is too long")
    if line[-_TAIL_BYTES:-11] != b',"crc":"' or line[-3:] != b'"}\n':
        raise BadLineError("no checksum at the end of the line")
    if b"%08x" % zlib.crc32(line[:-_TAIL_BYTES]) != line[-11:-3]:
        raise BadLineError("the line does not match its checksum")
    try:
        fields = values.decode_bounded(line, DEPTH_MAX + 1)
    except ValueError as error:
        raise BadLineError(f"the line is not JSON: {error}") from error
    if type(fields) is not dict:
        raise BadLineError("the line is not a JSON object")
    return fields
