"""Version 4 of git's index, whose names are cut where they begin like the one before. Pure.

    entry = the fixed part as in version 2, how many bytes to drop from the name before (a variable
            number), the bytes that follow NUL; no padding

One entry can only be read after all before it, so the whole is turned into version 3, changed
there, and turned back: some 0.3 s for 100,000 entries, where version 2 and 3 take 25 ms.
"""

import struct

from journal.git.index_format import FLAG_EXTENDED, HEADER_SIZE, ID_AT, UnsupportedIndexError


def to_version_3(data: bytes, hash_length: int) -> bytes:
    """Return the same index as version 3, with a checksum of zeros. Raises UnsupportedIndexError."""
    fixed_size = ID_AT + hash_length + 2
    (count,) = struct.unpack_from(">I", data, 8)
    parts = [b"DIRC", struct.pack(">II", 3, count)]
    position, name = HEADER_SIZE, b""
    try:
        for _ in range(count):
            start, position = position, position + fixed_size
            if data[position - 2] & (FLAG_EXTENDED >> 8):
                position += 2
            head = data[start:position]
            dropped, position = _read_number(data, position)
            end = data.index(b"\0", position)
            if dropped > len(name):
                raise UnsupportedIndexError("a name of an unknown form")
            name = name[: len(name) - dropped] + data[position:end]
            position = end + 1
            parts += [head, name, bytes(8 - (len(head) + len(name)) % 8)]
    except (ValueError, IndexError) as error:
        raise UnsupportedIndexError("an entry of an unknown form") from error
    parts += [data[position : len(data) - hash_length], bytes(hash_length)]
    return b"".join(parts)


def to_version_4(data: bytes, entries_end: int, hash_length: int) -> bytes:
    """Return a well-formed index of version 2 or 3 as version 4; both without the checksum at their end."""
    fixed_size = ID_AT + hash_length + 2
    parts = [b"DIRC", struct.pack(">I", 4), data[8:HEADER_SIZE]]
    position, before = HEADER_SIZE, b""
    while position < entries_end:
        head_end = position + fixed_size
        if data[head_end - 2] & (FLAG_EXTENDED >> 8):
            head_end += 2
        name_end = data.index(b"\0", head_end)
        name = data[head_end:name_end]
        shared = _shared_length(before, name)
        parts += [data[position:head_end], _number(len(before) - shared), name[shared:], b"\0"]
        position, before = position + (name_end - position + 8 & ~7), name
    parts.append(data[entries_end:])
    return b"".join(parts)


def _shared_length(one: bytes, other: bytes) -> int:
    limit = min(len(one), len(other))
    if one[:limit] == other[:limit]:
        return limit
    # Names are sorted, so that neighbours share most: look from the longest half down.
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _read_number(data: bytes, position: int) -> tuple[int, int]:
    """Decode the number that packs use for offsets; return it and where it ends."""
    byte = data[position]
    value = byte & 127
    while byte & 128:
        position += 1
        byte = data[position]
        value = ((value + 1) << 7) | (byte & 127)
    return value, position + 1


def _number(value: int) -> bytes:
    digits = [value & 127]
    while value := value >> 7:
        value -= 1
        digits.append(128 | (value & 127))
    return bytes(reversed(digits))
