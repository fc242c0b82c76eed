"""From the bytes of a file to documents: a JSON object, a member of one that holds many, JSON Lines. Pure.

What is no entity is told with its place, as a ``Problem``, and never changed or left out in silence.
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from journal.errors import RefusedError
from journal.format import names, values
from journal.format.limits import BLOB_BYTES_MAX
from journal.projections.paths import ID_FIELD
from journal.state.entity import Payload
from journal.store.query import reach
from journal.upkeep.migrating.model import Document, Problem

FILE_BYTES_MAX = 4 * BLOB_BYTES_MAX
"""A longer file is not read as one document; JSON Lines are read line by line, of at most so many bytes each."""
DEFAULT_ID_FIELD = "id"
LINES_ENDINGS = (".jsonl", ".ndjson")
_MARKERS = re.compile(rb"^(<{7}|={7}|>{7}|\|{7})(\s|$)", re.MULTILINE)
_PLACE = re.compile(r"line (\d+), column (\d+): (.*)", re.DOTALL)
_WHAT = "document"


class Rules(NamedTuple):
    """How documents become entities.

    ``type``, or the field ``type_field`` holds it, or ``{type}`` in the pattern. ``id_field``: else ``{id}``, else the
    field ``id``. ``each``: the member of a file that holds the entities, a list, or an object by id. ``only`` and
    ``without``: which fields are brought in.
    """

    type: str | None = None
    type_field: str | None = None
    id_field: str | None = None
    each: str | None = None
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def is_collection(self, path: str) -> bool:
        """Tell whether a file holds many entities."""
        return self.each is not None or path.endswith(LINES_ENDINGS)


class UnreadableError(ValueError):
    """A text that is no JSON; ``line`` counts from 1."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def parse(text: bytes) -> Any:
    """Return the JSON value of a text, read strictly; a byte order mark is harmless. Raises UnreadableError."""
    if len(text) > FILE_BYTES_MAX:
        raise UnreadableError(f"{len(text):,} bytes are too long for a document", None)
    try:
        return values.parse_text(text.removeprefix(codecs.BOM_UTF8).decode(), what=_WHAT)
    except UnicodeDecodeError as error:
        raise UnreadableError("not UTF-8", text.count(b"\n", 0, error.start) + 1) from error
    except RefusedError as error:
        marker = _MARKERS.search(text)
        if marker is not None:
            line = text.count(b"\n", 0, marker.start()) + 1
            raise UnreadableError("conflict markers: a merge was not finished", line) from error
        found = _PLACE.search(error.message.removeprefix(f"{_WHAT}: "))
        if found is None:
            raise UnreadableError(error.message.removeprefix(f"{_WHAT}: "), None) from error
        raise UnreadableError(f"column {found[2]}: {found[3]}", int(found[1])) from error


def documents_in(text: bytes, path: str, captured: Mapping[str, str], rules: Rules) -> Iterator[Document | Problem]:
    """Yield the entities of a whole file, or what is the matter with it."""
    try:
        value = parse(text)
    except UnreadableError as error:
        yield Problem("unreadable", path, error.line, str(error))
        return
    if rules.each is None:
        yield entity(value, path, None, len(text), captured, rules)
        return
    holder = reach(value, rules.each.split(".")) if rules.each else value
    size = len(text)
    if type(holder) is list:
        for item in holder:
            yield entity(item, path, None, size // len(holder), captured, rules, is_one_of_many=True)
    elif type(holder) is dict:
        for name, item in holder.items():
            yield entity(item, path, None, size // len(holder), {**captured, "id": name}, rules)
    else:
        yield Problem("no-entity", path, None, f"there is no list or object {rules.each!r} in it")


def document_on_line(
    text: bytes, path: str, line: int, captured: Mapping[str, str], rules: Rules
) -> Document | Problem:
    """Return the entity on a line of JSON Lines, or what is the matter with it."""
    try:
        value = parse(text)
    except UnreadableError as error:
        return Problem("unreadable", path, line, str(error))
    return entity(value, path, line, len(text), captured, rules, is_one_of_many=True)


def entity(
    value: Any,
    path: str,
    line: int | None,
    size: int,
    captured: Mapping[str, str],
    rules: Rules,
    *,
    is_one_of_many: bool = False,
) -> Document | Problem:
    """Return the entity that a JSON value stands for. ``captured``: what the names in the pattern stand for."""
    try:
        if type(value) is not dict:
            raise RefusedError("an entity is a JSON object, written {…}")
        given = None if is_one_of_many else captured.get("id")
        id = _text_in(value, rules.id_field or DEFAULT_ID_FIELD) if rules.id_field or given is None else given
        type_ = rules.type or (_text_in(value, rules.type_field) if rules.type_field else captured.get("type", ""))
        names.check_type(type_)
        names.check_id(id)
        data = _chosen({**value, **_extra(captured, value)}, rules)
        if ID_FIELD in data:
            raise RefusedError(f"the field {ID_FIELD!r} is reserved")
        if size > BLOB_BYTES_MAX:
            values.encode_payload(data)
    except RefusedError as error:
        return Problem("no-entity", path, line, error.message)
    return Document((type_, id), data, path, line, size)


def _text_in(value: Payload, field: str) -> str:
    if field not in value:
        raise RefusedError(f"the field {field!r} is missing")
    found = value[field]
    if type(found) is int:
        return str(found)
    if type(found) is not str:
        raise RefusedError(f"the field {field!r} is no text and no whole number")
    return found


def _extra(captured: Mapping[str, str], value: Payload) -> dict[str, str]:
    return {name: text for name, text in captured.items() if name not in ("id", "type") and name not in value}


def _chosen(value: Payload, rules: Rules) -> Payload:
    if rules.only:
        return {name: item for name, item in value.items() if name in rules.only}
    return {name: item for name, item in value.items() if name not in rules.without}
