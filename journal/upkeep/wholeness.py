"""What a damaged or missing file of the truth should hold: from git's copy, or from what is left of it. Pure.

Nothing is guessed: bytes are put back only where every line of them verifies, and none that verifies now is lost.
"""

import hashlib
from collections.abc import Iterator

from journal.format.lines import BadLineError, unseal
from journal.format.names import LFS_SUFFIX, parse_checkpoint_file, parse_pack_file, parse_segment_file
from journal.format.pointer import parse_pointer
from journal.segments.folders import SEGMENTS
from journal.segments.scan import scan

_MARKERS = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")


def whole_bytes(path: str, current: bytes | None, copy: bytes | None) -> bytes | None:
    """Return what a path of the truth should hold; None where that cannot be told, or it does already.

    ``current``: what stands there; ``copy``: what git has under the name.
    """
    folder, _, name = path.partition("/")
    if folder != SEGMENTS:
        return copy if copy is not None and copy != current and is_named_by(name, copy) else None
    named = parse_segment_file(name)
    if named is None:
        return None
    needed = _records(current or b"")
    for candidate in _candidates(current, copy):
        if candidate != current and _is_whole(candidate, named.first) and needed <= _records(candidate):
            return candidate
    return None


def _candidates(current: bytes | None, copy: bytes | None) -> Iterator[bytes]:
    if copy is not None:
        yield copy
        # The segment may have grown since git got it.
        yield copy + (current or b"")[len(copy) :]
    if current is not None:
        yield current.replace(b'"}\r\n', b'"}\n')
        yield b"".join(dict.fromkeys(line for line in _lines(current) if not line.startswith(_MARKERS)))


def _records(data: bytes) -> set[tuple[int, str]]:
    """Return (seq, checksum) of each line that verifies."""
    records = set()
    for line in _lines(data):
        try:
            fields = unseal(line)
        except BadLineError:
            continue
        records.add((fields.get("seq", 0), fields["crc"]))
    return records


def _is_whole(data: bytes, first: int) -> bool:
    """Tell whether all lines of a segment verify, and none is missing between them."""
    result = scan(data, after_seq=first - 1)
    if result.damage or len(result.sections) != 1 or result.sections[0].header is None:
        return False
    seqs = [found.record["seq"] for found in result.sections[0].found]
    return seqs == list(range(first, first + len(seqs)))


def is_named_by(name: str, data: bytes) -> bool:
    """Tell whether the hash in the name of a pack, checkpoint or blob is that of these bytes.

    Of a blob that git LFS carries a pointer to that hash will do: it is what git has of one.
    """
    last = name.rpartition("/")[2]
    if last.endswith(LFS_SUFFIX):
        last = last.removesuffix(LFS_SUFFIX)
        if (pointer := parse_pointer(data)) is not None:
            return pointer.sha256 == last
    sha256 = hashlib.sha256(data).hexdigest()
    named = parse_pack_file(name) or parse_checkpoint_file(name)
    return sha256.startswith(named.digest) if named is not None else last == sha256


def _lines(data: bytes) -> list[bytes]:
    parts = data.split(b"\n")
    return [*(part + b"\n" for part in parts[:-1]), *parts[-1:]]
