"""What people and scripts hand in: JSON as a literal, ``@file`` or ``-``; ``F=V``."""

import sys
from typing import Any

from journal.errors import NotFoundError, RefusedError, UsageError

STDIN_BYTES_MAX = 64 * 1024 * 1024


def text_of(argument: str, *, what: str = "the JSON text") -> str:
    """Return what an argument stands for: itself, the text of ``@file``, or ``-``: of stdin."""
    if argument == "-":
        raw = sys.stdin.buffer.read(STDIN_BYTES_MAX + 1) if sys.stdin is not None else b""
        return _decoded(raw, "stdin")
    if argument.startswith("@"):
        try:
            with open(argument[1:], "rb") as file:
                return _decoded(file.read(STDIN_BYTES_MAX + 1), argument[1:])
        except FileNotFoundError as error:
            raise NotFoundError("there is no such file", path=argument[1:]) from error
    return argument


def json_object(argument: str, *, what: str = "the JSON text") -> dict[str, Any]:
    """Return the JSON object that an argument stands for. Raises RefusedError."""
    value = _parsed(argument, what)
    if not isinstance(value, dict):
        raise RefusedError(f"{what}: this is to be a JSON object, written {{…}}")
    return value


def any_value(argument: str, *, what: str = "the JSON text") -> Any:
    """Return the JSON value that an argument stands for. Raises RefusedError."""
    try:
        return _parsed(argument, what)
    except RefusedError as error:
        if argument[:1].isalpha() and error.hint is None:
            error.hint = """a text has quotes of its own, for instance '"hello"'"""
        raise


def _parsed(argument: str, what: str) -> Any:
    from journal.format.values import parse_text

    name = {"-": "stdin"}.get(argument, argument[1:] if argument.startswith("@") else what)
    return parse_text(text_of(argument), what=name)


def assignments(texts: tuple[str, ...]) -> dict[str, Any]:
    """Return fields and values of ``F=V`` texts: V as JSON if it is JSON, else the text itself."""
    from journal.store.query import parse_value

    fields: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"not an assignment: {text!r}", hint="write FIELD=VALUE, for instance status=done")
        fields[name] = parse_value(value)
    return fields


def _decoded(raw: bytes, what: str) -> str:
    if len(raw) > STDIN_BYTES_MAX:
        raise RefusedError(f"{what}: more than {STDIN_BYTES_MAX:,} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError(f"{what}: not UTF-8 at byte {error.start}") from error
