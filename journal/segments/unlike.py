"""Writing what replaces a file of the truth so that no piece of its bytes is as in the file that leaves. Pure.

Git guesses renames by the pieces of up to 64 bytes that two files share. What a redaction writes anew says nearly the
same as before: of a pack most members would be the same, of a checkpoint the beginning. Git would take the one for the
other renamed, and a merge with a branch on which the old one left too, or was written anew otherwise, would stop.

So the text is deflated in blocks whose ends depend on all of it. The first ones are very short, so that all bits behind
them stand elsewhere in their bytes, and the others have codes of their own, since these follow from what is in a block.
The same text gives the same bytes.
"""

import hashlib
import zlib
from collections.abc import Iterator

from journal.format.limits import SPACES_MAX

_LEVEL = 6
_BLOCK_BYTES = 2048
"""A block has half as many to twice as many bytes of text; a shorter text has four blocks."""


def deflate_unlike(text: bytes, salt: bytes) -> bytes:
    """Return one gzip stream of a text, in blocks that depend on the salt."""
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    parts, start = [], 0
    for end in _ends(len(text), salt):
        parts += [deflate.compress(text[start:end]), deflate.flush(zlib.Z_BLOCK)]
        start = end
    return b"".join([*parts, deflate.compress(text[start:]), deflate.flush()])


def spaced_unlike(document: bytes) -> bytes:
    """Return the text of a JSON object with some spaces behind its brace: what follows stands in other pieces."""
    return b"{%*b%b" % (1 + _chance(salt_of(document), 0) % SPACES_MAX, b"", document[1:])


def salt_of(text: bytes) -> bytes:
    """Return what the blocks of a text depend on."""
    return hashlib.sha256(text).digest()


def _ends(size: int, salt: bytes) -> Iterator[int]:
    """Yield where blocks end, but for the last: one to three very short ones, then those of common length."""
    end = 0
    for number in range(1 + _chance(salt, 0) % 3):
        end += 1 + _chance(salt, 1 + number) % 4
        if end < size:
            yield end
    common, number = min(_BLOCK_BYTES, max(size // 4, 1)), 4
    while (end := end + common // 2 + 1 + _chance(salt, number) % (3 * common // 2 + 1)) < size:
        yield end
        number += 1


def _chance(salt: bytes, number: int) -> int:
    return int.from_bytes(hashlib.sha256(b"%d %b" % (number, salt)).digest()[:4], "big")
