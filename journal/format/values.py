"""JSON values: what may be stored, and their three texts (stored, canonical, pretty).

orjson is fast and lenient; this module adds the refusals of docs/format.md, "Limits". Pure.
"""

import math
import zlib
from collections.abc import Sequence
from itertools import chain
from typing import Any

from journal.errors import RefusedError
from journal.format.limits import BLOB_BYTES_MAX, DEPTH_MAX
from journal.format.loading import orjson

_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
_CONTAINERS = {dict, list}
_PLAIN = {*_CONTAINERS, str, int, float, bool, type(None)}
_MANY = 8
_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE

Payload = dict[str, Any]

SCHEMA_VERSION = "schema_version"
"""The field in which a payload says its version, if its callers gave it one (docs/payloads.md)."""


def encode(value: Any) -> bytes:
    """Return the stored text of a JSON value.

    Raises RefusedError for what JSON cannot carry exactly: NaN and infinities, integers beyond 64
    bits, lone surrogates, keys that are not strings, other Python types, and too deep nesting.
    """
    return _stored(value)[0]


def _stored(value: Any) -> tuple[bytes, Any]:
    """Return the stored text of a value, and the value that it gives."""
    try:
        text = orjson.dumps(value, option=_STRICT)
        # orjson changes some values without a word: NaN to null, tuples to arrays, UUIDs to strings.
        back = orjson.loads(text)
        survives = back == value
    except (TypeError, ValueError, RecursionError) as error:
        raise RefusedError(_why_refused(value, "") or f"not a JSON value: {error}") from error
    if not survives or _is_deep(text, value, DEPTH_MAX):
        raise RefusedError(_why_refused(value, "") or "the value would not come back as it is")
    return text, back


def encode_payload(payload: Any) -> bytes:
    """Return the stored text of an entity's or event's payload; it must be a JSON object."""
    return stored_payload(payload)[0]


def stored_payload(payload: Any) -> tuple[bytes, Payload]:
    """Return the same, and the payload that is stored: not the caller's object, which may change."""
    if not isinstance(payload, dict):
        raise RefusedError(f"a payload is a JSON object, not {_name_of(payload)}")
    text, back = _stored(payload)
    if len(text) > BLOB_BYTES_MAX:
        raise RefusedError(f"the payload has {len(text):,} bytes; at most {BLOB_BYTES_MAX:,} can be stored")
    return text, back


def encode_payloads(payloads: Sequence[Any]) -> list[bytes]:
    """Return the same of several, which are looked at together, so that each costs less."""
    if len(payloads) >= _MANY and set(map(type, payloads)) == {dict} and _are_plain([*payloads]):
        import msgspec

        try:
            orjson.dumps(payloads)
            texts = msgspec.json.Encoder().encode_lines(payloads).split(b"\n")[:-1]
        except (TypeError, ValueError):
            texts = []  # the one that is to blame is told below
        if texts and max(map(len, texts)) <= BLOB_BYTES_MAX:
            return texts
    return [encode_payload(payload) for payload in payloads]


def _are_plain(values: list[Any]) -> bool:
    """Tell whether values are of JSON's very types, without NaN and infinities, and do not nest too deep.

    Keys and the size of integers are not looked at: orjson refuses what is wrong with them.
    """
    for depth in range(DEPTH_MAX + 1):
        kinds = set(map(type, values))
        if not kinds <= _PLAIN or (float in kinds and not all(map(math.isfinite, _of(float, values)))):
            return False
        if kinds.isdisjoint(_CONTAINERS):
            return True
        if depth == DEPTH_MAX:
            return False
        members = map(dict.values, _of(dict, values)) if dict in kinds else ()
        values = [*chain.from_iterable(members), *chain.from_iterable(_of(list, values))]
    return False


def _of(kind: type, values: list[Any]) -> list[Any]:
    return [value for value in values if type(value) is kind]


def decode(text: bytes | str) -> Any:
    """Return the value of a JSON text. Raises ValueError (orjson.JSONDecodeError)."""
    return orjson.loads(text)


def decode_bounded(text: bytes, depth_max: int) -> Any:
    """Return the value of a text of the store. Raises ValueError, also where it nests deeper.

    A hostile text could else be read and never written again, or exhaust the stack of what walks it.
    """
    value = orjson.loads(text)
    if _is_deep(text, value, depth_max):
        raise ValueError(f"nested deeper than {depth_max}")
    return value


def canonical(value: Any) -> bytes:
    """Return compact JSON with sorted keys: equal values have equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def is_same(first: Any, second: Any) -> bool:
    """Tell whether two values are the same JSON: 1, 1.0 and true are three, though Python takes them for equal."""
    return bool(first == second) and canonical(first) == canonical(second)


def differ_in(first: dict[str, Any], second: dict[str, Any], name: str) -> bool:
    """Tell whether two JSON objects differ in the member of a name, which one of them, or both, may lack."""
    if name in first and name in second:
        return not is_same(first[name], second[name])
    return name in first or name in second


def pretty(value: Any) -> bytes:
    """Return JSON for people: sorted keys, two spaces, one final newline."""
    return orjson.dumps(value, option=_PRETTY)


def checksum(value: Any) -> int:
    """Return a short checksum of a JSON value, to tell whether it changed; not against an adversary."""
    return zlib.crc32(orjson.dumps(value))


def fragment(text: bytes) -> orjson.Fragment:
    """Return something that ``encode_trusted`` copies as it is."""
    return orjson.Fragment(text)


def encode_trusted(value: Any) -> bytes:
    """Return compact JSON of a value that this package built itself."""
    return orjson.dumps(value)


_IN_PLAIN_WORDS = {
    "Expecting value": "a value is missing",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing before this",
    "Expecting ':' delimiter": "a colon is missing before this",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing",
    "Extra data": "the document ended before this",
    "Invalid control character at": "a line break or control character in a string: is its closing quote missing?",
    "Unterminated string starting at": "this string has no closing quote",
}
"""What Python's reader says, and what we say."""


def _in_plain_words(text: str, position: int, said: str) -> str:
    """Return what is wrong and where; the same on every Python, of which only newer ones point at a comma too many."""
    before = text[: position + 1 if said.startswith("Illegal trailing comma") else position].rstrip()
    why = _IN_PLAIN_WORDS.get(said, said[:1].lower() + said[1:])
    if before.endswith(",") and text[len(before) :].lstrip()[:1] in ("}", "]"):
        position, why = len(before) - 1, "there is a comma too many"
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    return f"line {line}, column {column}: {why}"


def parse_text(text: str, *, what: str = "the JSON text") -> Any:
    """Return the value of a JSON text that a person or a script wrote.

    Stricter than ``decode``: raises RefusedError also for duplicate keys, NaN, and integers that JSON
    readers would round. What is wrong is told with its line and column.
    """
    import json

    def no_duplicates(pairs: list[tuple[str, Any]]) -> Payload:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise RefusedError("a key appears twice in one object")
        return members

    def no_constant(word: str) -> Any:
        raise RefusedError(f"{word} is not JSON")

    try:
        value = json.loads(text, object_pairs_hook=no_duplicates, parse_constant=no_constant)
        encode(value)
    except json.JSONDecodeError as error:
        raise RefusedError(f"{what}: {_in_plain_words(error.doc, error.pos, error.msg)}") from error
    except (RefusedError, RecursionError, ValueError) as error:
        from journal.format.place import first_refused

        found = first_refused(text)
        where = f"line {found[0]}, column {found[1]}: {found[2]}" if found is not None else str(error)
        raise RefusedError(f"{what}: {where}") from error
    return value


def _is_deep(text: bytes, value: Any, depth_max: int) -> bool:
    # Most texts have too few brackets to be deep, and are not walked.
    if text.count(b"{") + text.count(b"[") <= depth_max:
        return False
    level, depth = [value], 0
    while level := [item for item in level if type(item) is dict or type(item) is list]:
        depth += 1
        if depth > depth_max:
            return True
        level = [member for item in level for member in (item.values() if type(item) is dict else item)]
    return False


def _name_of(value: Any) -> str:
    names = {
        type(None): "null",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "an array",
    }
    return names.get(type(value), f"a Python {type(value).__name__}")


def _why_refused(value: Any, where: str, depth: int = 1) -> str | None:
    """Return why a value cannot be stored and at which place, or None."""
    if type(value) is not dict and type(value) is not list:
        why = _why_scalar_refused(value)
        return why and f"{where or 'the value'}: {why}"
    if depth > DEPTH_MAX:
        return f"{where[:80]}…: nested deeper than {DEPTH_MAX}"
    if type(value) is dict:
        return _why_members_refused(value, where, depth)
    found = (_why_refused(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value))
    return next((why for why in found if why), None)


def _why_scalar_refused(value: Any) -> str | None:
    if value is None or type(value) is bool:
        return None
    if type(value) is int:
        return None if -(2**63) <= value < 2**64 else "the integer needs more than 64 bits"
    if type(value) is float:
        return None if math.isfinite(value) else f"{value} is not a JSON number"
    if type(value) is str:
        return None if _is_unicode(value) else "the text has a lone surrogate"
    return f"a Python {type(value).__name__} is not a JSON value"


def _why_members_refused(members: dict[Any, Any], where: str, depth: int) -> str | None:
    for key, item in members.items():
        if type(key) is not str:
            return f"{where or 'the value'}: the key {key!r} is not a string"
        if not _is_unicode(key):
            return f"{where or 'the value'}: a key has a lone surrogate"
        why = _why_refused(item, f"{where}.{key}" if where else key, depth + 1)
        if why:
            return why
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
