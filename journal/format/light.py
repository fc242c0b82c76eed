r"""Reading a record without its payload: what a rebuild asks of a million lines, of which few payloads are kept. Pure.

A *light* record has the fields that state and places need, and under ``TEXT`` the payload's own bytes, not decoded
(None for a tombstone). Checksum, UTF-8 and the types of all other fields are verified as ever. Only a line that is
spelled just as ``record.encode`` does it is read so; for any other None comes back, and ``record.decode`` is to look.
"""

import re
import zlib
from functools import lru_cache

from journal.format import values
from journal.format.limits import DEPTH_MAX, LINE_BYTES_MAX, SEQ_MAX
from journal.format.lines import BadLineError
from journal.format.record import DELETE, Record

TEXT = "text"
_DELETE = DELETE.encode()
_NO_NAMES: list[str] = []
_STRING = rb'"[^"\\\x00-\x1f]*"'
_FILLED = rb'"([^"\\\x00-\x1f]+)"'
_NUMBER = rb"([1-9][0-9]{0,15})"
_TAIL_BYTES = len(b',"crc":"00000000"}\n')
_LINE = re.compile(
    rb'\{"kind":"entity", *"seq":' + _NUMBER + rb',"ts":' + _STRING + rb',"writer":' + _STRING
    + rb'(?:,"actor":' + _STRING + rb')?(?:,"summary":' + _STRING + rb")?"
    + rb'(?:,"tx":\[' + _NUMBER + rb"," + _NUMBER + rb"\])?"
    + rb',"type":' + _FILLED + rb',"id":' + _FILLED + rb',"rev":' + _NUMBER + rb',"action":' + _FILLED
    + rb'(?:,"set":\[([^\]]*)\](?:,"unset":\[([^\]]*)\])?,"data":(?=\{)|(?=,"crc":"[0-9a-f]{8}"\}\n\Z))'
)  # fmt: skip


def decode_lightly(line: bytes) -> Record | None:
    """Return the light record of a line, or None: then it is no record, or an unusual one."""
    found = _LINE.match(line)
    if found is None or len(line) > LINE_BYTES_MAX or not _is_sealed(line):
        return None
    seq, number, size, type_, id_, rev, action, set_names, unset_names = found.groups()
    if (set_names is None) is not (action == _DELETE) or int(seq) > SEQ_MAX or int(rev) > SEQ_MAX:
        return None
    record: Record = {
        "kind": "entity",
        "seq": int(seq),
        "type": type_.decode(),
        "id": id_.decode(),
        "rev": int(rev),
        "action": action.decode(),
        TEXT: None,
    }
    if number is not None:
        record["tx"] = [int(number), int(size)]
        if int(number) > int(size):
            return None
    if set_names is not None:
        record[TEXT] = line[found.end() : -_TAIL_BYTES]
        record["set"] = names = _names(set_names)
        record["unset"] = gone = _names(unset_names) if unset_names else _NO_NAMES
        if names is None or gone is None:
            return None
    return record


def payload_of(text: bytes) -> dict[str, object]:
    """Return the payload of a light record. Raises BadLineError where it is no JSON object after all."""
    try:
        payload = values.decode_bounded(text, DEPTH_MAX)
    except ValueError as error:
        raise BadLineError(f"the payload is not JSON: {error}") from error
    if type(payload) is not dict:
        raise BadLineError("the payload is not a JSON object")
    return payload


def _is_sealed(line: bytes) -> bool:
    if b',"crc":"%08x"}\n' % zlib.crc32(line[:-_TAIL_BYTES]) != line[-_TAIL_BYTES:]:
        return False
    try:
        return line.isascii() or bool(line.decode())
    except UnicodeDecodeError:
        return False


@lru_cache(maxsize=4096)
def _names(text: bytes) -> list[str] | None:
    """Return the names in the inside of a JSON list; None unless all are strings. Shared: not to be changed."""
    try:
        names = values.decode(b"[%b]" % text)
    except ValueError:
        return None
    return names if all(type(name) is str for name in names) else None
