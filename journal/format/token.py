"""Position tokens: a vector as one opaque, URL-safe text (docs/format.md, "Position tokens"). Pure.

``j1_`` and, in base64 without padding: for each lane in order its 65 bits in nine bytes, the number of its intervals,
and each interval as two numbers (the distance from the end of the one before, and how many ids it has beyond its
first), all numbers as LEB128; then CRC-32 of these bytes. A text has one meaning for ever; another layout is another
prefix.
"""

import base64
import binascii
import zlib
from itertools import pairwise

from journal.errors import RefusedError
from journal.format.limits import SEQ_MAX, TOKEN_CHARACTERS_MAX
from journal.format.names import LANE_ALPHABET, LANE_CHARACTERS
from journal.format.segment import Vector

_PREFIX = "j1_"
_LANE_BYTES = 9
_CRC_BYTES = 4
_NUMBER_BYTES_MAX = 8
_DIGITS = {letter: digit for digit, letter in enumerate(LANE_ALPHABET)}


def encode(vector: Vector) -> str:
    """Return the token of a set of event ids; equal sets have equal tokens.

    Raises RefusedError where it would be longer than ``TOKEN_CHARACTERS_MAX``.
    """
    body = bytearray()
    for lane in sorted(vector):
        body += _lane_bytes(lane)
        _put_number(body, len(vector[lane]))
        end = 0
        for low, high in vector[lane]:
            _put_number(body, low - end)
            _put_number(body, high - low)
            end = high
    body += zlib.crc32(body).to_bytes(_CRC_BYTES, "big")
    token = _PREFIX + base64.urlsafe_b64encode(body).rstrip(b"=").decode()
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise RefusedError(
            f"the token would have {len(token):,} characters; at most {TOKEN_CHARACTERS_MAX:,} are allowed"
        )
    return token


def decode(token: str) -> Vector:
    """Return the set of event ids that a token names. Raises RefusedError for what ``encode`` cannot have made."""
    if not isinstance(token, str):
        raise _refused("it is no text")
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise _refused("it is too long")
    if not token.startswith(_PREFIX):
        raise _refused(f"it does not begin with {_PREFIX}")
    text = token[len(_PREFIX) :]
    try:
        body = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused("it has characters that no token has, or lacks some") from error
    said, body = body[-_CRC_BYTES:], body[:-_CRC_BYTES]
    if zlib.crc32(body).to_bytes(_CRC_BYTES, "big") != said:
        raise _refused("its checksum is wrong: a part is missing or was changed")
    vector = _vector(body)
    if encode(vector) != token:
        raise _refused("it is spelled as no token is")
    return vector


def _vector(body: bytes) -> Vector:
    vector: Vector = {}
    at = 0
    while at < len(body):
        lane = _lane(body[at : at + _LANE_BYTES])
        count, at = _number(body, at + _LANE_BYTES)
        if not 1 <= count <= len(body):
            raise _refused("a lane without intervals")
        intervals: list[tuple[int, int]] = []
        end = 0
        for _ in range(count):
            gap, at = _number(body, at)
            more, at = _number(body, at)
            low, end = end + gap, end + gap + more
            intervals.append((low, end))
        is_normal = intervals[0][0] >= 1 and all(high + 1 < low for (_, high), (low, _) in pairwise(intervals))
        if not is_normal or end > SEQ_MAX or lane in vector:
            raise _refused("its intervals are none of a set of ids")
        vector[lane] = tuple(intervals)
    return vector


def _lane_bytes(lane: str) -> bytes:
    number = 0
    for letter in lane:
        number = number << 5 | _DIGITS[letter]
    return number.to_bytes(_LANE_BYTES, "big")


def _lane(data: bytes) -> str:
    number = int.from_bytes(data, "big")
    return "".join(LANE_ALPHABET[number >> 5 * place & 31] for place in range(LANE_CHARACTERS - 1, -1, -1))


def _put_number(body: bytearray, number: int) -> None:
    while number >= 0x80:
        body.append(number & 0x7F | 0x80)
        number >>= 7
    body.append(number)


def _number(body: bytes, at: int) -> tuple[int, int]:
    """Return the number at a place, and the place behind it."""
    number = 0
    for step, byte in enumerate(body[at : at + _NUMBER_BYTES_MAX]):
        number |= (byte & 0x7F) << 7 * step
        if byte < 0x80:
            return number, at + step + 1
    raise _refused("it ends too early")


def _refused(why: str) -> RefusedError:
    return RefusedError(f"not a position token: {why}", hint="give it just as it was returned or printed")
