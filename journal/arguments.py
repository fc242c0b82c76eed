"""What kind of thing callers may give as an argument: one table, by the name of the argument. Pure.

A name means the same in every call of the interface, so its kind is said once, here. A class whose methods callers call
has ``@checks_arguments()``; where a name means something else in one of them, the class says so there. What is of
another kind is refused before anything is done: with RefusedError where it would name something in the store, and where
it is text that UTF-8 does not have; else with UsageError. Kinds say what a thing is. Whether it can be stored, found or
met is for those to say who do that.
"""

import functools
import inspect
import os
import reprlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from journal.errors import JournalError, RefusedError, UsageError

C = TypeVar("C", bound=type)
_WHOLE_MAX = 2**63 - 1
_SECONDS_MAX = 9e9
"""More than any system waits for."""
_SHOWN_CHARACTERS_MAX = 60


class Kind(NamedTuple):
    """What an argument has to be: in words, what tells whether a value is that, and what to give instead.

    ``is_stored``: its texts have to be such as UTF-8 has; paths do not. ``error``: what is raised else. ``typed``: what
    to give where it is typed, if there is more to say than what it is.
    """

    what: str
    holds: Callable[[Any], bool]
    hint: str
    is_stored: bool = False
    error: type[JournalError] = UsageError
    typed: str = ""


class Unfit(NamedTuple):
    """An argument that is not what it has to be: whose, its name, what was given, and what it has to be."""

    call: str
    name: str
    value: Any
    kind: Kind


def unfit(call: str, name: str, value: Any, kind: Kind) -> JournalError:
    """Return the error about an argument that is not of its kind, in words for who calls from Python.

    Who has a caller that writes otherwise, as the command line has, words it anew by ``JournalError.unfit``.
    """
    error = kind.error(f"{call}: {name} is {kind.what}, not {shown(value)}", hint=f"give {kind.hint}")
    error.unfit = Unfit(call, name, value, kind)
    return error


# -- kinds ------------------------------------------------------------------------------------------


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_group(value: Any) -> bool:
    return isinstance(value, Collection) and not isinstance(value, str | bytes | bytearray | Mapping)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_WHOLE_MAX <= value <= _WHOLE_MAX


def _is_count(value: Any) -> bool:
    return _is_whole(value) and value >= 0


def _is_some(value: Any) -> bool:
    return _is_whole(value) and value >= 1


def _is_seconds(value: Any) -> bool:
    return (_is_whole(value) or isinstance(value, float)) and abs(value) <= _SECONDS_MAX  # which no NaN is


def _is_pause(value: Any) -> bool:
    return _is_seconds(value) and value >= 0


def _is_lasting(value: Any) -> bool:
    return _is_seconds(value) and value > 0


def _is_path(value: Any) -> bool:
    if not isinstance(value, str | os.PathLike) or not isinstance(path := os.fspath(value), str):
        return False
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _is_batch(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray | Mapping)


def _is_conditions(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(name, str) for name in value)
    return _is_group(value) and all(isinstance(item, str) or _is_a(item, "Condition") for item in value)


def _is_a(value: Any, *names: str) -> bool:
    """Tell whether a value is of one of our classes; none is loaded for that."""
    return any(kind.__name__ in names and kind.__module__.startswith("journal.") for kind in type(value).__mro__)


def instance_of(*names: str) -> Kind:
    """Return the kind of an object of one of this package's classes."""
    listed = " or ".join(names)
    return Kind(f"of the class {listed}", lambda value: _is_a(value, *names), f"a {listed} of this package")


def several(kind: Kind) -> Kind:
    """Return the kind of a list of things of one kind."""
    holds, what = kind.holds, f"a list, each {kind.what}"
    return kind._replace(what=what, holds=lambda value: _is_group(value) and all(map(holds, value)))


def one_of(*words: str) -> Kind:
    """Return the kind of a text that is one of a few."""
    return Kind(f"one of {', '.join(words)}", lambda value: _is_text(value) and value in words, repr(words[0]))


def either(first: Kind, second: Kind) -> Kind:
    """Return the kind of a thing that is of one kind or of another."""
    return Kind(
        f"{first.what} or {second.what}",
        lambda value: first.holds(value) or second.holds(value),
        f"{first.hint}, or {second.hint}",
        first.is_stored or second.is_stored,
    )


ANYTHING = Kind("anything", lambda value: True, "")
TEXT = Kind("a text", _is_text, "a str", is_stored=True)
NAME = TEXT._replace(error=RefusedError)
TOKEN = NAME._replace(what="a position token, which is a text", hint="it just as it was returned or printed")
TEXTS = several(TEXT)._replace(what="a list of texts", hint="a list of str, also for a single one")
TEXT_OR_TEXTS = either(TEXT, TEXTS._replace(hint="a list of str"))
FLAG = Kind("true or false", lambda value: isinstance(value, bool), "True or False")
WHOLE = Kind("a whole number of up to 64 bits", _is_whole, "an int", typed="a number such as 3")
COUNT = WHOLE._replace(what="a whole number, 0 or more, of up to 64 bits", holds=_is_count, hint="0 or more")
SOME = WHOLE._replace(what="a whole number, 1 or more, of up to 64 bits", holds=_is_some, hint="1 or more")
POSITION = SOME._replace(what="a position, 1 or more, of up to 64 bits")
SECONDS = Kind(
    "a number of seconds", _is_seconds, "an int or a float, of at most 9e9", typed="a number such as 0.5 or 30"
)
PAUSE = SECONDS._replace(what="a number of seconds, 0 or more and at most 9e9", holds=_is_pause)
LASTING = SECONDS._replace(what="a number of seconds, above 0 and at most 9e9", holds=_is_lasting)
FUNCTION = Kind("a function", callable, "a function, or something else that can be called")
PATH = Kind("a path", _is_path, "a str or a pathlib.Path")
MAPPING = Kind("a mapping", lambda value: isinstance(value, Mapping), "a dict")
PAYLOAD = Kind("a JSON object", lambda value: isinstance(value, dict), "a dict", error=RefusedError)
ERROR = Kind("an exception", lambda value: isinstance(value, BaseException), "the exception that was caught")
TIME = either(TEXT, Kind("a time", lambda value: isinstance(value, datetime), "a datetime"))
BATCH = Kind("a list of events", _is_batch, "a list of (event, data), or of mappings with event")
CONDITIONS = Kind("conditions on fields", _is_conditions, 'a mapping {"n": 4}, or a list ["n>3", "t~=x"]')

_NAMES: dict[Kind, str] = {
    # Values and expectations are checked by those who know what they are for.
    ANYTHING: "backend blob default expect expected files seed value written",
    NAME: "action actor event events field id key name stream summary type",
    TEXT: """after at author branch message mime new old prefix pushed query reason remote revision root run sort stage
        take""",
    TOKEN: "since",
    TEXTS: "arguments fanout json streams types unset",
    TEXT_OR_TEXTS: "expect_event patterns",
    FLAG: """accept_loss as_written base64 commit compact deleted dry_run durable every_commit fix force lfs notes
        omit_null reserved reverse verify write""",
    SOME: "attempts_max",
    WHOLE: "end expect_rev rev target through to version",
    COUNT: "last limit",
    POSITION: "start",
    SECONDS: "wait_seconds",
    PAUSE: "lock_timeout_seconds retry_seconds timeout_seconds",
    LASTING: "lease_seconds poll_seconds retry_seconds_max ttl_seconds",
    FUNCTION: "change handler is_cancelled on_gap progress say share step",
    PATH: "base path repository store",
    several(PATH): "paths",
    MAPPING: "set",
    PAYLOAD: "data merge meta payload schema",
    ERROR: "error",
    TIME: "after_time before_time",
    CONDITIONS: "where",
    one_of("sync", "os"): "durability",
    one_of("eager", "lazy"): "projections",
    one_of("read", "append"): "refresh",
    instance_of("Delivery"): "deliveries delivery",
    instance_of("EntityRow"): "row",
    instance_of("Fold"): "fold",
    instance_of("FoldState"): "state",
    instance_of("Rules"): "rules",
    instance_of("Upcasters"): "other upcasters",
    several(instance_of("Put", "Delete", "Append", "Note")): "operations",
}
KINDS = {name: kind for kind, names in _NAMES.items() for name in names.split()}
"""The kind of each argument, by its name."""

_NONE_TOO = frozenset(("lock_timeout_seconds", "wait_seconds"))
"""May be None though that is not what they are where they are not given."""


# -- checking ---------------------------------------------------------------------------------------

_Checker = Callable[[Any], None]


class _Checkers(NamedTuple):
    """What checks the arguments of a method: by place (``rest`` those behind), and by name."""

    by_place: Sequence[_Checker]
    by_name: Mapping[str, _Checker]
    rest: _Checker


def checks_arguments(**own: Kind) -> Callable[[C], C]:
    """Return a class decorator: the public methods of the class refuse arguments of a wrong kind.

    ``own``: kinds that differ in this class, by the argument's name; as ``METHOD__NAME`` in one method alone.
    """

    def decorated(cls: C) -> C:
        for name, found in list(vars(cls).items()):
            method = found.__func__ if isinstance(found, classmethod) else found
            if not name.startswith("_") and inspect.isfunction(method) and not hasattr(method, "__wrapped__"):
                checked = _checked(method, own)
                setattr(cls, name, classmethod(checked) if method is not found else checked)
        return cls

    return decorated


def check(what: str, **given: Any) -> None:
    """Refuse arguments of a wrong kind; ``what`` takes them."""
    for name, value in given.items():
        _checker(what, name, KINDS[name])(value)


def _checked(method: Callable[..., Any], own: Mapping[str, Kind]) -> Callable[..., Any]:
    checkers: _Checkers | None = None

    @functools.wraps(method)
    def call(self: Any, /, *given: Any, **named: Any) -> Any:
        nonlocal checkers
        if checkers is None:  # not earlier: few of all methods are ever called
            checkers = _checkers(method, own)
        for checker, value in zip(checkers.by_place, given, strict=False):
            checker(value)
        for value in given[len(checkers.by_place) :]:
            checkers.rest(value)
        for name, value in named.items():
            checkers.by_name.get(name, _pass)(value)
        return method(self, *given, **named)

    return call


def _checkers(method: Callable[..., Any], own: Mapping[str, Kind]) -> _Checkers:
    by_name: dict[str, _Checker] = {}
    by_place: list[_Checker] = []
    rest: _Checker = _pass
    _, *parameters = inspect.signature(method).parameters.values()
    for parameter in parameters:
        name = parameter.name
        kind = own.get(f"{method.__name__}__{name}") or own.get(name) or KINDS[name]
        checker = _checker(method.__name__, name, kind, may_be_none=parameter.default is None or name in _NONE_TOO)
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = checker
            continue
        by_name[name] = checker
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            by_place.append(checker)
    return _Checkers(by_place, by_name, rest)


def _checker(method: str, name: str, kind: Kind, *, may_be_none: bool = False) -> _Checker:
    if kind is ANYTHING:
        return _pass

    def checker(value: Any) -> None:
        if (value is None and may_be_none) or (type(value) is str and kind.holds is _is_text and value.isascii()):
            return
        if not kind.holds(value):
            raise unfit(method, name, value, kind)
        if kind.is_stored and _has_halves(value):
            raise RefusedError(f"{method}: {name} has a lone surrogate: {shown(value)}", hint="UTF-8 has no such text")

    return checker


def _pass(value: Any) -> None:
    """Let anything pass."""


def _has_halves(value: Any) -> bool:
    """Tell whether a text, or one of several, has half of a character."""
    try:
        for text in (value,) if isinstance(value, str) else value if _is_group(value) else ():
            text.encode()
    except UnicodeEncodeError:
        return True
    return False


def shown(value: Any) -> str:
    """Return a value as a message shows it, whatever its class does, and however much it holds."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = _SHOWN_CHARACTERS_MAX
    try:
        text = short.repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text.encode("ascii", "backslashreplace").decode()
