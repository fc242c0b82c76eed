"""Packs: the lines of a lane's closed segments, as a chain of gzip members. Pure.

Each member holds whole lines and inflates alone, so one event is read without the rest; a damaged
member costs only what it holds. Members inflate to a bounded size: a bomb ends as damage.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from journal.format.limits import PACK_MEMBER_BYTES, PACK_MEMBER_BYTES_MAX
from journal.format.names import parse_pack_file

_MAGIC = b"\x1f\x8b\x08\x00"
"""How a member begins: gzip, deflated, without a name or other fields that could hide one start within another."""
_FEED_BYTES_FIRST, _FEED_BYTES = 1 << 9, 1 << 14
_LEVEL = 6
NOT_AS_NAMED = "the bytes are not those that the name promises"
MEMBER_BYTES_MAX = PACK_MEMBER_BYTES_MAX + 1024
"""No member has more bytes in the file: deflate never makes a text much longer."""


class Member(NamedTuple):
    """One gzip member: its place in the file, and the lines it holds (None if it is damaged)."""

    offset: int
    length: int
    text: bytes | None


def deflate(text: bytes) -> bytes:
    """Return one gzip member of a text."""
    deflating = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    return deflating.compress(text) + deflating.flush()


def encode_pack(lines: Iterable[bytes], member: Callable[[bytes], bytes] = deflate) -> bytes:
    """Return the bytes of a pack; the same lines give the same bytes. ``member`` makes a gzip member of a text."""
    parts: list[bytes] = []
    held: list[bytes] = []
    size = 0
    for line in lines:
        if held and size + len(line) > PACK_MEMBER_BYTES:
            parts.append(member(b"".join(held)))
            held, size = [], 0
        held.append(line)
        size += len(line)
    if held:
        parts.append(member(b"".join(held)))
    return b"".join(parts)


def is_pack_whole(name: str, data: bytes) -> bool:
    """Tell whether a pack has the bytes that its name promises: one that lacks members may still read well."""
    import hashlib

    named = parse_pack_file(name)
    return named is not None and hashlib.sha256(data).hexdigest().startswith(named.digest)


def read_members(data: bytes) -> Iterator[Member]:
    """Yield the members of a pack; after a damaged one reading goes on at the next that is whole."""
    offset = 0
    while offset < len(data):
        text, length = _inflate(data, offset)
        if text is None:
            length = _next_start(data, offset + 1) - offset
        yield Member(offset, length, text)
        offset += length


def last_member(tail: bytes) -> bytes:
    """Return the text of the last member, given the file's last ``MEMBER_BYTES_MAX`` bytes; empty if damaged."""
    start = len(tail)
    while (start := tail.rfind(_MAGIC, 0, start)) >= 0:
        text, length = _inflate(tail, start)
        if text is not None and start + length == len(tail):
            return text
    return b""


def read_member(data: bytes) -> bytes:
    """Return the text of the member whose file bytes these begin with; empty if damaged."""
    return _inflate(data, 0)[0] or b""


def _inflate(data: bytes, offset: int) -> tuple[bytes | None, int]:
    """Return the text of the member that begins here, and how many bytes of the file it has; (None, 0) if damaged.

    It is fed in pieces: each look costs what the member has, and not what the file has behind it.
    """
    inflate = zlib.decompressobj(31)
    parts: list[bytes] = []
    room, at, more = PACK_MEMBER_BYTES_MAX, offset, _FEED_BYTES_FIRST
    end = min(len(data), offset + MEMBER_BYTES_MAX)
    try:
        while not inflate.eof:
            feed = inflate.unconsumed_tail
            if not feed:
                feed, at, more = data[at : min(at + more, end)], min(at + more, end), _FEED_BYTES
            # With no room left only the checksum may follow; to zlib, 0 would be no bound.
            part = inflate.decompress(feed, max(room, 1))
            room -= len(part)
            if room < 0 or not (feed or part):
                return None, 0
            parts.append(part)
    except zlib.error:
        return None, 0
    return b"".join(parts), at - offset - len(inflate.unused_data)


def _next_start(data: bytes, start: int) -> int:
    while (found := data.find(_MAGIC, start)) >= 0:
        if _inflate(data, found)[0] is not None:
            return found
        start = found + 1
    return len(data)
