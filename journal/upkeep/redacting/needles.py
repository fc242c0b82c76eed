"""Looking for texts in bytes of any kind: plain, spelled as JSON in any of its ways, inside of gzip. Pure."""

import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from journal.format import values

_PIECE_BYTES = 1 << 20
_OF_GZIP = 31


@dataclass(frozen=True, slots=True)
class Needles:
    """Texts that are looked for, and the bytes that each may be spelled in. Empty: nothing is ever found."""

    texts: tuple[str, ...]
    forms: tuple[bytes, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Needles":
        """Make the needles of some texts."""
        chosen = tuple(sorted(set(texts)))
        return cls(chosen, tuple(sorted({form for text in chosen for form in _spellings(text)})))

    def is_in_text(self, text: str) -> bool:
        """Tell whether a string holds one of the texts."""
        return any(needle in text for needle in self.texts)

    def is_in(self, data: bytes) -> bool:
        """Tell whether bytes hold one of the texts, in any spelling."""
        return any(form in data for form in self.forms)

    def is_inside(self, data: bytes) -> bool:
        """Tell whether bytes hold one of the texts, or what they inflate to does."""
        return self.is_in_pieces((data,)) or self.is_in_pieces(inflated(data))

    def is_inside_pieces(self, pieces: Callable[[], Iterable[bytes]]) -> bool:
        """Tell of bytes that come in pieces, each time anew, what ``is_inside`` tells of bytes."""
        return self.is_in_pieces(pieces()) or self.is_in_pieces(inflated_pieces(pieces()))

    def is_in_pieces(self, pieces: Iterable[bytes]) -> bool:
        """Tell whether bytes that come in pieces hold one of the texts, also across two of them."""
        if not self.forms:
            return False
        keep = max(map(len, self.forms)) - 1
        before = b""
        for piece in pieces:
            if self.is_in(before + piece):
                return True
            before = (before + piece)[-keep:] if keep else b""
        return False


def inflated(data: bytes) -> Iterator[bytes]:
    """Yield what a chain of gzip members inflates to, piece by piece, as far as it does."""
    return inflated_pieces((data,))


def inflated_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same of a chain that comes in pieces itself."""
    inflate = zlib.decompressobj(_OF_GZIP)
    for piece in pieces:
        rest = piece
        while True:
            try:
                found = inflate.decompress(rest, _PIECE_BYTES)
            except zlib.error:
                return
            if found:
                yield found
            if inflate.eof:
                rest, inflate = inflate.unused_data, zlib.decompressobj(_OF_GZIP)
                if not rest:
                    break
            else:
                rest = inflate.unconsumed_tail
                if not rest and len(found) < _PIECE_BYTES:
                    break


def _spellings(text: str) -> set[bytes]:
    ascii_only = json.dumps(text)[1:-1]
    upper = re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), ascii_only)
    plain = {text, values.encode_trusted(text).decode()[1:-1], ascii_only, upper}
    return {form.encode() for form in (*plain, *(form.replace("/", "\\/") for form in plain)) if form}
