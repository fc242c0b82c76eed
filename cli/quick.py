"""A short cut for command lines that are plainly right: parsed from the declarations, without click.

Anything that is not, such as a typo, a missing value or ``--help``, gives None, and click says what it has
to say. A test holds both to the same result.
"""

from typing import Any

from . import catalogue
from .declare import FLAG, INTEGER, NUMBER, SHARED_OPTIONS, Argument, Call, Option, is_word

_Tokens = list[str]


class _UnclearError(Exception):
    """Click has to look at this."""


def parse(tokens: _Tokens) -> Call | None:
    """Return what a command line asks for; None where it is not plainly right."""
    try:
        return _parse(tokens)
    except (_UnclearError, ValueError):
        return None


def _parse(tokens: _Tokens) -> Call:
    rest = list(tokens)
    settings: dict[str, Any] = {}
    shared = _by_name(SHARED_OPTIONS)
    while rest and rest[0].startswith("-"):
        _take_option(rest, shared, settings)
    words = 2 if rest and rest[0] in catalogue.GROUPS else 1
    verb = catalogue.load(" ".join(rest[:words]))
    if verb is None:
        raise _UnclearError
    del rest[:words]
    options = _by_name(verb.all_options())
    values: dict[str, Any] = {option.key: _initial(option) for option in verb.options}
    given: list[str] = []
    while rest:
        if rest[0] == "--":
            given += rest[1:]
            break
        if not is_word(rest[0]):
            own = {name: option for name, option in options.items() if option not in verb.options}
            _take_option(rest, options, settings if _option_name(rest[0]) in own else values)
        else:
            given.append(rest.pop(0))
    return Call(verb, values | _take_words(given, verb.arguments), settings)


def _by_name(options: tuple[Option, ...]) -> dict[str, Option]:
    return {name: option for option in reversed(options) for name in option.names}


def _option_name(token: str) -> str:
    return token.partition("=")[0] if token.startswith("--") else token


def _initial(option: Option) -> Any:
    if option.many:
        return ()
    return False if option.kind == FLAG else None


def _take_option(rest: _Tokens, options: dict[str, Option], values: dict[str, Any]) -> None:
    token = rest.pop(0)
    name, equals, text = token.partition("=") if token.startswith("--") else (token, "", "")
    option = options.get(name)
    if option is None or (equals and option.kind == FLAG):
        raise _UnclearError
    if option.kind == FLAG:
        values[option.key] = True
        return
    if not equals:
        if not rest:
            raise _UnclearError
        text = rest.pop(0)
    value: Any = text
    if option.kind == INTEGER:
        value = int(text)
    elif option.kind == NUMBER:
        value = float(text)
    values[option.key] = (*values.get(option.key, ()), value) if option.many else value


def _take_words(words: list[str], arguments: tuple[Argument, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for argument in arguments:
        if argument.many:
            values[argument.name], words = tuple(words), []
            if argument.required and not values[argument.name]:
                raise _UnclearError
        elif words:
            values[argument.name] = words.pop(0)
            if argument.choices and values[argument.name] not in argument.choices:
                raise _UnclearError
        elif argument.required:
            raise _UnclearError
        else:
            values[argument.name] = None
    if words:
        raise _UnclearError
    return values
