"""The two streams: the answer goes to stdout, talk to stderr. Colour, JSON, and what a terminal may be shown."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import IO, Any

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}

_HARMLESS = frozenset("\u200c\u200d\u3000\u00a0\u202f" + "".join(map(chr, range(0x2000, 0x200B))))
"""Blanks, and the joiners that scripts and emoji need."""


class LostAnswerError(Exception):
    """The answer could not be written to stdout, for a cause of the system's.

    ``status``: what the call ends with all the same. ``is_complete``: whether all of it was done by then.
    """

    def __init__(self, cause: OSError) -> None:
        super().__init__(f"the answer could not be written to stdout: {cause.strerror or cause}")
        self.is_unread = isinstance(cause, BrokenPipeError)
        """Whether it is lost because nobody reads any more."""
        self.status = 0
        self.is_complete = False


class Output:
    """How this call speaks."""

    def __init__(self, *, is_json: bool = False, is_quiet: bool = False, color: bool | None = None) -> None:
        self.is_json, self.is_quiet = is_json, is_quiet
        self._color = color
        self._has_text = False

    # -- answers --------------------------------------------------------------------------------

    def line(self, text: str = "") -> None:
        """Print a line of the answer. Data in it must have gone through ``shown`` before."""
        self._has_text = True
        if sys.stdout is not None:
            _answer(_write, sys.stdout, text + "\n")

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines of the answer."""
        for text in lines:
            self.line(text)

    def json(self, value: Any) -> None:
        """Print one JSON document, on one line."""
        from journal.format.values import encode_trusted

        try:
            text = encode_trusted(value)
        except TypeError:  # a path that is not UTF-8; all other texts are
            text = encode_trusted(_in_unicode(value))
        self.json_bytes(text + b"\n")

    def json_bytes(self, text: bytes) -> None:
        """Print JSON text as it is; on a terminal what could steer it is escaped, which JSON reads the same."""
        if is_terminal(sys.stdout):
            text = json_for_terminal(text.decode()).encode()
        self.raw(text)

    def raw(self, data: bytes) -> None:
        """Print bytes as they are."""
        if sys.stdout is None:
            return
        if self._has_text:  # the text waits in a layer above the bytes
            _answer(sys.stdout.flush)
            self._has_text = False
        _answer(sys.stdout.buffer.write, data)

    def done(self, text: str) -> None:
        """Print a line that says what was done, unless this is to be quiet."""
        if not self.is_quiet:
            self.line(text)

    def done_with(self, text: str) -> None:
        """Say what was done with somebody's data: escaped, and on a terminal cut to one line."""
        from .width import fit

        width = self.width()
        self.done(shown(text) if width is None else fit(shown(text), width))

    def flush(self) -> None:
        """Let a reader see what was printed so far. Raises LostAnswerError where that cannot be."""
        if sys.stdout is not None:
            _answer(sys.stdout.flush)

    # -- talk -----------------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """Say something that is no answer, unless this is to be quiet."""
        if not self.is_quiet:
            say(f"{text}\n")

    def warn(self, code: str, message: str) -> None:
        """Say what is wrong although there is an answer; with ``--json`` as an object."""
        if self.is_json:
            import json

            form = {"warning": {"code": code, "message": message}}
            say(for_stderr(json.dumps(form, ensure_ascii=False)) + "\n")
        else:
            mark = self.paint("warning:", "yellow", stream=sys.stderr)
            say(f"journal: {mark} {shown(message)}\n")

    # -- looks ----------------------------------------------------------------------------------

    def has_color(self, stream: "IO[str] | None" = None) -> bool:
        """Tell whether a stream gets colour: flags win, then NO_COLOR, then whether it is a terminal."""
        if self._color is not None:
            return self._color
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return is_terminal(stream or sys.stdout)

    def paint(self, text: str, style: str, *, stream: "IO[str] | None" = None) -> str:
        """Return the text in a style, where the stream gets colour."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if text and style and self.has_color(stream) else text

    def width(self) -> int | None:
        """Return the columns of the terminal that the answer goes to; None where it goes elsewhere."""
        if not is_terminal(sys.stdout):
            return None
        import shutil

        return max(20, shutil.get_terminal_size().columns)


def say(text: str) -> None:
    """Write to stderr. That nobody hears it changes nothing of what is done, nor how it ends."""
    if sys.stderr is None:
        return
    try:
        _write(sys.stderr, text)
        sys.stderr.flush()
    except OSError:
        return


def is_terminal(stream: "IO[str] | None") -> bool:
    """Tell whether a stream is a terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def counted(number: int, what: str) -> str:
    """Return a number and what it counts, such as "1 file" or "2,000 files"."""
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def shown(text: str) -> str:
    """Return a text with everything escaped that could steer a terminal or break a line."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _is_harmless(character) else _escape(character) for character in text)


def json_for_terminal(text: str) -> str:
    """Return the same JSON with harmful characters as JSON's own escapes; line breaks between members stay."""
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(
        character if character == "\n" or _is_harmless(character) else _json_escape(character) for character in text
    )


def for_stderr(text: str) -> str:
    """Return JSON text as stderr gets it: on a terminal what could steer it is escaped, which JSON reads the same."""
    return json_for_terminal(text) if is_terminal(sys.stderr) else text


def _in_unicode(value: Any) -> Any:
    """Return the same JSON value with a replacement character for each byte that no UTF-8 has."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, dict):
        return {_in_unicode(name): _in_unicode(item) for name, item in value.items()}
    return [_in_unicode(item) for item in value] if isinstance(value, (list, tuple)) else value


def _is_harmless(character: str) -> bool:
    # What Python calls printable has no control, no format (direction, zero width), no line separator.
    return character.isprintable() or character in _HARMLESS


def _escape(character: str) -> str:
    names = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    code = ord(character)
    return names.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{{{code:x}}}")


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def _answer(write: Callable[..., object], *given: object) -> None:
    try:
        write(*given)
    except OSError as error:
        raise LostAnswerError(error) from error


def _write(stream: IO[str], text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = getattr(stream, "encoding", None) or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
