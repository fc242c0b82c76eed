"""Changing a JSON text as little as possible: what did not change keeps its very bytes. Pure.

A document of another tool keeps its tool's spacing, order and escapes. Members whose value is the same are copied from
the text; a changed object or array is changed inside; what is new is written in the style of the text around it.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from journal.format import values
from journal.state.entity import Payload

_BOM = "\ufeff"
_SPACE = re.compile(r"[ \t\r\n]*")
_FIRST_LINE = re.compile(r"\s*[{\[]\r?\n([ \t]+)")
_COLON = re.compile(r'"(?:[^"\\]|\\.)*"(\s*:\s*)')
_ONE_LINE_COMMA = re.compile(r'["\w\]}](,[ ]*)"')
_ESCAPED = re.compile(r"\\u(?!00[0-7])[0-9a-fA-F]{4}")
_DECODER = json.JSONDecoder()


class Style(NamedTuple):
    """How a text is written. ``indent`` None: on one line. ``order``: its top-level names, as they stand."""

    indent: str | None = "  "
    colon: str = ": "
    comma: str = ","
    newline: str = "\n"
    is_ascii: bool = False
    is_sorted: bool = False
    end: str = "\n"
    order: tuple[str, ...] = ()


class _Part(NamedTuple):
    """A member of an object, or an element of an array: where it and its value begin, and where it ends."""

    name: str
    start: int
    value: int
    end: int


def style_of(text: bytes) -> Style:
    """Return how the text of a JSON object is written."""
    characters = text.decode()
    first = _FIRST_LINE.match(characters.removeprefix(_BOM))
    start = _skip(characters, characters.startswith(_BOM))
    parts, end = _members(characters, start)
    colon, comma = _COLON.search(characters), _ONE_LINE_COMMA.search(characters)
    names = tuple(part.name for part in parts)
    return Style(
        indent=first[1] if first else None,
        colon=colon[1] if colon else ": ",
        comma="," if first else (comma[1] if comma else ", "),
        newline="\r\n" if "\r\n" in characters else "\n",
        is_ascii=characters.isascii() and _ESCAPED.search(characters) is not None,
        is_sorted=len(names) > 2 and list(names) == sorted(names),
        end=characters[end:],
        order=names,
    )


def style_text(style: Style) -> str:
    """Return a style as a text that ``style_from`` reads."""
    return json.dumps(style._asdict())


def style_from(text: str) -> Style:
    """Return the style that ``style_text`` has written down."""
    fields = json.loads(text)
    return Style(**{**fields, "order": tuple(fields["order"])})


def written(data: Payload, style: Style) -> bytes:
    """Return a new text in a style: the names that it knows in their order, then the others."""
    known = [name for name in style.order if name in data]
    names = sorted(data) if style.is_sorted else [*known, *(name for name in data if name not in known)]
    return (_text({name: data[name] for name in names}, style, 0) + style.end).encode()


def spliced(text: bytes, data: Payload) -> bytes:
    """Return the text of a JSON object, changed to say ``data``; the same bytes where it says that already."""
    characters = text.decode()
    start = _skip(characters, characters.startswith(_BOM))
    _, end = _DECODER.raw_decode(characters, start)
    changed = _value(characters, start, end, data, style_of(text), 1)
    return (characters[:start] + changed + characters[end:]).encode()


def _value(text: str, start: int, end: int, new: Any, style: Style, depth: int) -> str:
    old = _DECODER.raw_decode(text, start)[0]
    if values.is_same(old, new):
        return text[start:end]
    if old and new and type(old) is dict and type(new) is dict:
        return _object(text, start, new, style, depth)
    if old and new and type(old) is list and type(new) is list:
        return _array(text, start, old, new, style, depth)
    return _text(new, style, depth - 1)


def _object(text: str, start: int, new: Payload, style: Style, depth: int) -> str:
    parts, end = _members(text, start)
    there = {part.name for part in parts}
    pieces = {
        part.name: text[part.start : part.value] + _value(text, part.value, part.end, new[part.name], style, depth + 1)
        for part in parts
        if part.name in new
    }
    order = [part.name for part in parts if part.name in new]
    is_sorted = len(parts) > 1 and [part.name for part in parts] == sorted(there)
    for name in new:
        if name not in there:
            pieces[name] = _text(name, style, 0) + style.colon + _text(new[name], style, depth)
            order.append(name)
    if is_sorted:
        order.sort()
    return _joined(text, start, end, parts, [(name, pieces[name]) for name in order], style, depth)


def _array(text: str, start: int, old: Sequence[Any], new: Sequence[Any], style: Style, depth: int) -> str:
    parts, end = _elements(text, start)
    pieces = []
    for of, item in zip(_partners(old, new), new, strict=True):
        if of is None:
            pieces.append(("", _text(item, style, depth)))
        else:
            pieces.append((parts[of].name, _value(text, parts[of].value, parts[of].end, item, style, depth + 1)))
    return _joined(text, start, end, parts, pieces, style, depth)


def _partners(old: Sequence[Any], new: Sequence[Any]) -> list[int | None]:
    """Return for each new element the old one that it is, or is taken for: what stands between equal ends, in order."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    pairs = min(len(old), len(new)) - head - tail
    middle = [head + at if at < pairs else None for at in range(len(new) - head - tail)]
    return [*range(head), *middle, *range(len(old) - tail, len(old))]


def _joined(
    text: str, start: int, end: int, parts: Sequence[_Part], pieces: Sequence[tuple[str, str]], style: Style, depth: int
) -> str:
    """Put members or elements together again, with the white space that was between those that were there."""
    before = {part.name: text[parts[at - 1].end : part.start] for at, part in enumerate(parts) if at}
    usual = text[parts[0].end : parts[1].start] if len(parts) > 1 else _between(text[start:end], style, depth)
    opening, closing = text[start : parts[0].start], text[parts[-1].end : end]
    joined = "".join((before.get(name, usual) if at else "") + piece for at, (name, piece) in enumerate(pieces))
    return opening + joined + closing


def _between(around: str, style: Style, depth: int) -> str:
    if style.indent is None:
        return style.comma
    return "," + style.newline + style.indent * depth if "\n" in around else ", "


def _common(first: Sequence[Any], second: Sequence[Any]) -> int:
    count = 0
    while count < min(len(first), len(second)) and values.is_same(first[count], second[count]):
        count += 1
    return count


def _text(value: Any, style: Style, depth: int) -> str:
    separators = (style.comma if style.indent is None else ",", style.colon)
    text = json.dumps(
        value, indent=style.indent, separators=separators, ensure_ascii=style.is_ascii, sort_keys=style.is_sorted
    )
    return text if style.indent is None else text.replace("\n", style.newline + style.indent * depth)


def _members(text: str, start: int) -> tuple[list[_Part], int]:
    parts: list[_Part] = []
    at = _skip(text, start + 1)
    while text[at] != "}":
        begin = at = _skip(text, at + 1) if text[at] == "," else at
        name, at = _DECODER.raw_decode(text, at)
        value = _skip(text, _skip(text, at) + 1)
        end = _DECODER.raw_decode(text, value)[1]
        parts.append(_Part(name, begin, value, end))
        at = _skip(text, end)
    return parts, at + 1


def _elements(text: str, start: int) -> tuple[list[_Part], int]:
    parts: list[_Part] = []
    at = _skip(text, start + 1)
    while text[at] != "]":
        at = _skip(text, at + 1) if text[at] == "," else at
        end = _DECODER.raw_decode(text, at)[1]
        parts.append(_Part(str(len(parts)), at, at, end))
        at = _skip(text, end)
    return parts, at + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
