"""What people and scripts hand in: JSON as a literal, ``@file`` or ``-``; ``F=V``."""

import sys
from typing import Any

from journal.errors import NotFoundError, RefusedError, UsageError

STDIN_BYTES_MAX = 64 * 1024 * 1024
_PIECE_BYTES = 1 << 20
_LOOK_SECONDS = 0.2


class Stdin:
    """What is there of stdin, a piece at a time, so that Ctrl-C need not wait for a whole megabyte of a slow pipe.

    It is not even waited for in one go: a signal that comes just before the system waits is seen when that returns.
    Whoever started this may have made it one that does not wait: having nothing yet is not its end.
    """

    def read(self, size: int) -> bytes:
        """Return at most so many bytes; none at the end."""
        buffer: Any = None if sys.stdin is None else sys.stdin.buffer
        raw = getattr(buffer, "raw", None)
        if raw is None or sys.platform == "win32":
            return b"" if buffer is None else bytes(buffer.read1(size))
        import select

        while True:
            found = raw.read(size) if select.select([raw], [], [], _LOOK_SECONDS)[0] else None
            if found is not None:
                return bytes(found)

    def read_all(self) -> bytes:
        """Return all of it, or one byte more than is allowed."""
        pieces: list[bytes] = []
        left = STDIN_BYTES_MAX + 1
        while left and (piece := self.read(min(left, _PIECE_BYTES))):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)


def text_of(argument: str, *, what: str = "the JSON text") -> str:
    """Return what an argument stands for: itself, the text of ``@file``, or ``-``: of stdin."""
    if argument == "-":
        return _decoded(Stdin().read_all(), "stdin")
    if argument.startswith("@"):
        try:
            with open(argument[1:], "rb") as file:
                return _decoded(file.read(STDIN_BYTES_MAX + 1), argument[1:])
        except FileNotFoundError as error:
            raise NotFoundError("there is no such file", path=argument[1:]) from error
    return argument


def json_object(argument: str, *, what: str = "the JSON text", of: str = "an entity") -> dict[str, Any]:
    """Return the JSON object that an argument stands for; ``of``: what has to be one. Raises RefusedError."""
    value = _parsed(argument, what)
    if not isinstance(value, dict):
        raise RefusedError(f"{what}: {of} is a JSON object, written {{…}}")
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
    return parse_text(text_of(argument).removeprefix("\ufeff"), what=name)  # a file may begin with it too


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
