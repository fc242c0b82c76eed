"""File names of the store: the only place that knows them (docs/format.md, "Names"). Pure.

Ids become file names that are readable, reversible, and distinct on file systems that fold case,
normalise Unicode or reserve names.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from journal.errors import RefusedError
from journal.format.limits import ID_BYTES_MAX, SEQ_MAX, TYPE_BYTES_MAX

LANE_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LANE_CHARACTERS = 13
SEQ_DIGITS = 12
_SEQ_DIGITS_MAX = 16
_DIGEST = 16
"""Hex digits of a sha256 in the name of a pack or a checkpoint."""
_NAME_BYTES_MAX = 180
_CUT_BYTES = 100
_CUT_MARK = "%~"
_CUT_HASH = 32
_NAMES_MAX = 8192
"""Of parsed names that are kept: a folder is listed again and again."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")
_UPPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LANE = frozenset(LANE_ALPHABET)
_HEX = frozenset("0123456789abcdef")
_DIGITS = frozenset("0123456789")
LFS_SUFFIX = ".lfs"
# Patterns are compiled when one is needed: to compile these takes longer than to read an entity.
_DEVICES = frozenset(("con", "prn", "aux", "nul", "com", "lpt"))
_RESERVED = r"(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(\.|$)"
_CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"


class SegmentName(NamedTuple):
    """What the name of a segment says."""

    first: int
    lane: str


class PackName(NamedTuple):
    """What the name of a pack says; ``digest`` begins the sha256 of its bytes."""

    first: int
    lane: str
    digest: str


class CheckpointName(NamedTuple):
    """What the name of a checkpoint says; ``digest`` begins the sha256 of its bytes."""

    head: int
    digest: str


class BlobName(NamedTuple):
    """What the path of a blob below ``blobs/`` says; ``is_lfs``: git LFS carries its bytes."""

    sha256: str
    is_lfs: bool


def segment_file(first: int, lane: str) -> str:
    """Return the file name of a lane's segment whose first seq is ``first``."""
    return f"{first:0{SEQ_DIGITS}d}-{lane}.jsonl"


@lru_cache(_NAMES_MAX)
def parse_segment_file(name: str) -> SegmentName | None:
    """Return what a segment's file name says; None if it is no such name."""
    first, _, lane = name.removesuffix(".jsonl").partition("-")
    if not name.endswith(".jsonl") or not _is_seq(first) or not is_lane(lane):
        return None
    return SegmentName(int(first), lane)


def pack_file(first: int, lane: str, data: bytes) -> str:
    """Return the file name of a pack with these bytes."""
    return f"{first:0{SEQ_DIGITS}d}-{lane}-{_digest(data)}.jsonl.gz"


@lru_cache(_NAMES_MAX)
def parse_pack_file(name: str) -> PackName | None:
    """Return what a pack's file name says; None if it is no such name."""
    first, _, rest = name.removesuffix(".jsonl.gz").partition("-")
    lane, _, digest = rest.partition("-")
    if not name.endswith(".jsonl.gz") or not _is_seq(first) or not is_lane(lane) or not _is_hex(digest, _DIGEST):
        return None
    return PackName(int(first), lane, digest)


def checkpoint_file(head: int, data: bytes) -> str:
    """Return the file name of a checkpoint with these bytes."""
    return f"{head:0{SEQ_DIGITS}d}-{_digest(data)}.jsonl.gz"


@lru_cache(_NAMES_MAX)
def parse_checkpoint_file(name: str) -> CheckpointName | None:
    """Return what a checkpoint's file name says; None if it is no such name."""
    head, _, digest = name.removesuffix(".jsonl.gz").partition("-")
    if not name.endswith(".jsonl.gz") or not _is_seq(head) or not _is_hex(digest, _DIGEST):
        return None
    return CheckpointName(int(head), digest)


@lru_cache
def is_lane(text: str) -> bool:
    """Tell whether a text is a lane id."""
    return len(text) == LANE_CHARACTERS and _LANE.issuperset(text)


def lane_from(random_bytes: bytes) -> str:
    """Return the lane id of 8 random bytes: 13 characters of base 32."""
    number = int.from_bytes(random_bytes[:8], "big")
    return "".join(LANE_ALPHABET[(number >> shift) & 31] for shift in range(60, -1, -5))


def event_id(seq: int, lane: str) -> str:
    """Return the id of an event, ``SEQ@LANE``."""
    return f"{seq}@{lane}"


def parse_event_id(text: str) -> tuple[int, str] | None:
    """Return (seq, lane) of an event id, or None; every event has one id text."""
    seq, at, lane = text.partition("@")
    if not at or not seq.isascii() or not seq.isdigit() or len(seq) > 16 or seq[0] == "0" or not is_lane(lane):
        return None
    return (int(seq), lane) if int(seq) <= SEQ_MAX else None


def check_id(text: str, *, what: str = "id") -> None:
    """Raise RefusedError for an id that is empty, too long, or has control characters."""
    _check(text, what, ID_BYTES_MAX)


def is_id(text: str) -> bool:
    """Tell whether ``check_id`` lets a text pass."""
    try:
        check_id(text)
    except RefusedError:
        return False
    return True


def check_type(text: str) -> None:
    """Raise RefusedError for a type name that cannot be used; ``$`` begins reserved ones."""
    _check(text, "type", TYPE_BYTES_MAX)
    if text.startswith("$"):
        raise RefusedError(f"type names that begin with '$' are reserved: {text!r}")
    if _CUT_MARK in encode_name(text):
        raise RefusedError(f"the type is too long for a folder's name: {text!r}")


def _check(text: str, what: str, bytes_max: int) -> None:
    if not isinstance(text, str):
        raise RefusedError(f"the {what} is not a string")
    if not text:
        named = what if what == "id" or what.startswith("name ") else f"name of the {what}"
        raise RefusedError(f"the {named} is empty")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise RefusedError(f"the {what} has a lone surrogate") from error
    if size > bytes_max:
        raise RefusedError(f"the {what} has {size:,} bytes; at most {bytes_max:,} are allowed")
    if not text.isprintable() and re.search(_CONTROL, text):
        raise RefusedError(f"the {what} has a control character: {text!r}")


def encode_name(text: str) -> str:
    """Return the file name (without extension) of an id or type.

    ``[a-z0-9._-]`` stay. Upper-case ASCII letters stay too, and the name gains ``~`` and the bitmap
    of which letters are upper-case, in hex, first letter lowest: on a disk that folds case two ids
    that differ in case still have two names. All else is %-encoded, byte by byte. What Windows
    reserves, a leading dot or dash and a trailing dot are escaped. An overlong name is cut and ends
    in a hash: then the document holds the id.
    """
    if _is_simple(text):
        return text
    parts: list[str] = []
    bitmap, letters = 0, 0
    for character in text:
        if character in _PLAIN:
            parts.append(character)
            letters += character.isalpha()
        elif character in _UPPER:
            parts.append(character)
            bitmap |= 1 << letters
            letters += 1
        else:
            parts.append("".join(f"%{byte:02x}" for byte in character.encode()))
    if parts[0] in ".-" or _is_reserved(text):
        bitmap, parts[0] = _escape_first(text[0], bitmap, parts[0])
    if parts[-1] == ".":
        parts[-1] = "%2e"
    name = "".join(parts) + (f"~{bitmap:x}" if bitmap else "")
    if len(name) > _NAME_BYTES_MAX:
        digest = _sha256(text.encode())[:_CUT_HASH]
        # Lower case before the mark: the hash alone tells such names apart.
        return f"{''.join(parts)[:_CUT_BYTES].rstrip('.').lower()}{_CUT_MARK}{digest}"
    return name


def _is_simple(text: str) -> bool:
    """Tell whether a text is its own file name, as most are."""
    is_plain = 0 < len(text) <= _NAME_BYTES_MAX and _PLAIN.issuperset(text)
    return is_plain and text[0] not in ".-" and text[-1] != "." and not _is_reserved(text)


def _is_reserved(text: str) -> bool:
    """Tell whether Windows takes a text for the name of a device."""
    return text[:3].lower() in _DEVICES and re.match(_RESERVED, text, re.IGNORECASE) is not None


def _escape_first(character: str, bitmap: int, part: str) -> tuple[int, str]:
    if len(part) > 1:
        return bitmap, part
    # An escaped letter counts no more among the letters of the bitmap.
    return (bitmap >> 1 if character.isalpha() else bitmap), f"%{ord(character):02x}"


def decode_name(name: str) -> str | None:
    """Return the id that ``encode_name`` made this name from; None for a cut or foreign name.

    On a disk that folded the case of the name the id comes back exactly all the same.
    """
    if _is_simple(name):
        return name
    body, tilde, bits = name.partition("~")
    if _CUT_MARK in name or (tilde and not re.fullmatch(r"[1-9a-f][0-9a-f]*", bits)):
        return None
    bitmap = int(bits, 16) if tilde else 0
    raw = bytearray()
    letters, at = 0, 0
    while at < len(body):
        character = body[at]
        if character == "%" and _is_hex(body[at + 1 : at + 3], 2):
            raw.append(int(body[at + 1 : at + 3], 16))
            at += 3
            continue
        if character.isascii() and character.isalpha():
            character = character.upper() if bitmap >> letters & 1 else character.lower()
            letters += 1
        elif character not in _PLAIN:
            return None
        raw += character.encode()
        at += 1
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    if not text or encode_name(text).casefold() != name.casefold():
        return None
    return text


def fanout_folder(text: str) -> str:
    """Return the folder, of 256, that an id falls into where its type has ``fanout``."""
    return _sha256(text.encode())[:2]


def blob_file(sha256: str) -> str:
    """Return the path of a blob below ``blobs/``. Raises ValueError for what is no sha256."""
    if not is_sha256(sha256):
        raise ValueError(f"not a sha256: {sha256!r}")
    return f"{sha256[:2]}/{sha256}"


def lfs_blob_file(sha256: str) -> str:
    """Return the path below ``blobs/`` of a blob that git LFS carries. Raises ValueError for what is no sha256."""
    return blob_file(sha256) + LFS_SUFFIX


def parse_blob_file(path: str) -> BlobName | None:
    """Return what the path of a blob below ``blobs/`` says; None if it is no such path."""
    fan, _, sha256 = path.removesuffix(LFS_SUFFIX).partition("/")
    return BlobName(sha256, path.endswith(LFS_SUFFIX)) if is_sha256(sha256) and fan == sha256[:2] else None


def is_sha256(value: object) -> bool:
    """Tell whether a value is a sha256 as blobs are named by."""
    return type(value) is str and _is_hex(value, 64)


def _is_hex(text: str, characters: int) -> bool:
    return len(text) == characters and _HEX.issuperset(text)


def _is_seq(text: str) -> bool:
    # One seq has one spelling, else one file could have two names.
    is_number = SEQ_DIGITS <= len(text) <= _SEQ_DIGITS_MAX and _DIGITS.issuperset(text)
    return is_number and int(text) <= SEQ_MAX and f"{int(text):0{SEQ_DIGITS}d}" == text


def _digest(data: bytes) -> str:
    return _sha256(data)[:_DIGEST]


def _sha256(data: bytes) -> str:
    # Loaded late: most commands name no file by its hash.
    import hashlib

    return hashlib.sha256(data).hexdigest()
