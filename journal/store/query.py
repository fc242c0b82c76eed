"""Conditions on entities: ``F=V``, likewise ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``~=``. Pure.

``F.G`` reaches inside.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from journal.errors import UsageError
from journal.format import values
from journal.state.entity import Payload

_CONDITION = re.compile(r"(?P<path>[^=!<>~]+?)(?P<operator>!=|~=|<=|>=|=|<|>)(?P<value>.*)", re.DOTALL)
_MEANT = {"==": "=", "=>": ">=", "=<": "<=", "<>": "!=", "!==": "!=", ">==": ">=", "<==": "<="}
"""What other languages write, and ours: taken at its word it would compare with a text that begins so."""
_MISSING = object()


class Condition(NamedTuple):
    """One condition; ``path`` are the names of members, outermost first."""

    path: tuple[str, ...]
    operator: str
    value: Any

    def holds(self, payload: Payload) -> bool:
        """Tell whether a document meets it. A missing member is not null: it only ever meets ``!=``."""
        found = reach(payload, self.path)
        return _OPERATORS[self.operator](found, self.value)


def parse_condition(text: str) -> Condition:
    """Return the condition of its text. Raises UsageError."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise UsageError(f"not a condition: {text!r}", hint="write FIELD=VALUE, or use != < <= > >= ~=")
    said = text[found.start("operator") :]
    wrong = next((other for other in _MEANT if said.startswith(other)), None)
    if wrong is not None:
        path, rest = found["path"], said[len(wrong) :]
        hint = f'write {path}{_MEANT[wrong]}{rest}; a text that begins so stands in quotes of its own: {path}="=…"'
        raise UsageError(f"not a condition, there is no {wrong}: {text!r}", hint=hint)
    return Condition(tuple(found["path"].strip().split(".")), found["operator"], parse_value(found["value"]))


def parse_value(text: str) -> Any:
    """Return the JSON value of a text if it is one, else the text itself."""
    try:
        return values.decode(text)
    except ValueError:
        return text


def conditions_of(where: dict[str, Any] | Iterable[str | Condition] | None) -> list[Condition]:
    """Return conditions from a mapping (all must be equal), or from texts. Raises UsageError."""
    if where is None:
        return []
    if isinstance(where, dict):
        return [Condition(tuple(path.split(".")), "=", value) for path, value in where.items()]
    found = [parse_condition(item) if isinstance(item, str) else item for item in where]
    for condition in found:
        if condition.operator not in _OPERATORS:
            raise UsageError(f"there is no operator {condition.operator!r}", hint=f"one of {' '.join(_OPERATORS)}")
    return found


def reach(payload: Any, path: Iterable[str]) -> Any:
    """Return the member at a path, or a value that equals nothing where there is none.

    A member whose own name has dots in it is found too.
    """
    names = list(path)
    if type(payload) is dict and ".".join(names) in payload:
        return payload[".".join(names)]
    for name in names:
        if type(payload) is list and name.isdecimal() and len(name) < 10 and int(name) < len(payload):
            payload = payload[int(name)]
        elif type(payload) is dict and name in payload:
            payload = payload[name]
        else:
            return _MISSING
    return payload


def sort_key(path: str) -> Callable[[Payload], tuple[int, Any]]:
    """Return a key for sorting documents by a member: numbers, then texts, then the rest, then missing."""
    names = path.split(".")

    def key(payload: Payload) -> tuple[int, Any]:
        found = reach(payload, names)
        if type(found) in (int, float):
            return 0, found
        if type(found) is str:
            return 1, found
        return (3, 0) if found is _MISSING else (2, values.canonical(found))

    return key


def _equal(found: Any, value: Any) -> bool:
    return (found is not _MISSING and type(found) is not bool and type(value) is not bool and found == value) or (
        type(found) is bool and found is value
    )


def _comparable(found: Any, value: Any) -> bool:
    numbers = (int, float)
    return (type(found) in numbers and type(value) in numbers) or (type(found) is str and type(value) is str)


def _contains(found: Any, value: Any) -> bool:
    if type(found) is str:
        return str(value) in found
    if type(found) is list:
        return any(_equal(item, value) for item in found)
    return type(found) is dict and value in found


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": _equal,
    "!=": lambda found, value: not _equal(found, value),
    "<": lambda found, value: _comparable(found, value) and found < value,
    "<=": lambda found, value: _comparable(found, value) and found <= value,
    ">": lambda found, value: _comparable(found, value) and found > value,
    ">=": lambda found, value: _comparable(found, value) and found >= value,
    "~=": _contains,
}
