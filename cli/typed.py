"""What was typed: its texts are UTF-8, and what does not fit is named as it was written.

A path may be of other bytes, as the system has it. All else is stored, or compared with what is.
"""

import os
from typing import TYPE_CHECKING, Any

from journal.errors import RefusedError

from .declare import INPUT, PATH, SHARED_OPTIONS, Argument, Call, Option, Verb

if TYPE_CHECKING:
    from journal.arguments import Unfit

_SHOWN_CHARACTERS_MAX = 60


def in_utf8(call: Call) -> Call:
    """Return a call with its texts in UTF-8, whatever this locale makes of bytes. Raises RefusedError."""
    own = {_key(item): item for item in _items(call.verb)}
    values = {key: _checked(value, own[key]) for key, value in call.values.items()}
    shared = {option.key: option for option in SHARED_OPTIONS}
    settings = {key: _checked(value, shared[key]) for key, value in call.settings.items()}
    return Call(call.verb, values, settings)


def text_in_utf8(text: str, name: str) -> str:
    """Return a text in UTF-8; ``name`` is where it was written. Raises RefusedError where its bytes are no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        pass
    else:
        return text
    raw = os.fsencode(text)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        shown = raw.decode("utf-8", "backslashreplace")[:_SHOWN_CHARACTERS_MAX]
        raise RefusedError(f"{name} is not UTF-8: {shown}", hint="only paths may have other bytes") from error


def typed_name(verb: Verb, name: str) -> str:
    """Return what an argument of the library's is on the command line, as it is written there."""
    key = verb.names.get(name, name.removesuffix("_seconds"))
    for item in _items(verb):
        if _key(item) == key:
            return item.word
    return name


def in_typed_words(verb: Verb, unfit: "Unfit") -> tuple[str, str | None]:
    """Return the message and the hint of what is said about an argument, in words for who typed it."""
    from journal.arguments import shown

    kind, value = unfit.kind, unfit.value
    given = ", ".join(map(shown, value)) if isinstance(value, tuple | list) else shown(value)
    message = f"{typed_name(verb, unfit.name)} is {kind.what}, not {given}"
    return message, f"give {kind.typed}" if kind.typed else None


def _items(verb: Verb) -> list[Argument | Option]:
    """Return all that may be typed behind a verb; no two have one key."""
    items: list[Argument | Option] = [*verb.arguments]
    items += verb.all_options()
    return items


def _key(item: Argument | Option) -> str:
    return item.name if isinstance(item, Argument) else item.key


def _checked(value: Any, item: Argument | Option) -> Any:
    if isinstance(value, tuple):
        return tuple(_checked(part, item) for part in value)
    if not isinstance(value, str) or item.kind == PATH or (item.kind == INPUT and value.startswith("@")):
        return value
    return text_in_utf8(value, item.word)
