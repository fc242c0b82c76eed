"""A schema, and what of a document does not fit it: the library's rules, in bounded work, reaching out for nothing.

What is refused of a schema: references that leave it, patterns that cannot be run in bounded time, and what is no
schema by the rules of its own draft. ``format`` is not checked: the drafts leave it to the reader.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from journal.errors import RefusedError
from journal.format import values
from journal.format.limits import DEPTH_MAX
from journal.schemas.pattern import BadPatternError, Pattern

SCHEMA_BYTES_MAX = 262_144
PARTS_MAX = 10_000
"""A schema has so many objects and booleans: each may be a schema of its own, and is looked at by the draft's rules."""
WORK_MAX = 1_000_000
"""So many steps a document is checked for; then it counts as one that does not fit."""
_RULE_WORK, _REFERENCE_WORK = 5, 50
"""What a rule takes, in steps of a pattern."""
_COMPARING = ("unevaluatedItems", "unevaluatedProperties")
"""Rules that look for each member of a document among all."""
_PAIRS = 100
"""So many such looks are a step."""
_ALL_TRIED = ("allOf", "anyOf", "oneOf")
PROBLEMS_MAX = 20

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_SAID_CHARACTERS_MAX = 200
_KINDS = {dict: "an object", list: "an array", str: "a text", bool: "a boolean", int: "a number", float: "a number"}


class Problem(NamedTuple):
    """What does not fit: where in the document (a JSON pointer, empty for all of it), and why."""

    pointer: str
    why: str

    def __str__(self) -> str:
        return f"{self.pointer or 'the document'}: {self.why}"


class MissingLibraryError(Exception):
    """The library that checks schemas is not installed."""


class _TooMuchError(Exception):
    """The work is more than a document is worth."""


class Schema:
    """A JSON Schema, ready to check documents. Raises RefusedError for a text that is none, MissingLibraryError."""

    def __init__(self, text: bytes) -> None:
        self.form = _form(text)
        self._patterns: dict[str, Pattern] = {}
        _look_through(self.form, self._patterns)
        self._checker = _checker(self.form, self._matches, self._spend)
        self._work = 0
        self._lock = threading.Lock()

    def problems(self, document: Any) -> list[Problem]:
        """Return what of a document does not fit, the first few of it."""
        from itertools import islice

        with self._lock:
            self._work = 0
            try:
                found = list(islice(self._checker.iter_errors(document), PROBLEMS_MAX))
            except _TooMuchError:
                return [Problem("", "checking it takes more work than is allowed")]
            except RecursionError:
                return [Problem("", "the schema refers to itself without an end")]
            except Exception as error:  # a schema is anybody's: whatever the library trips over is told
                return [Problem("", f"the schema cannot be applied: {type(error).__name__}: {error}"[:300])]
        return sorted(Problem(_pointer(error.absolute_path), _why(error)) for error in found)

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > WORK_MAX:
            raise _TooMuchError

    def _matches(self, pattern: str, text: str) -> bool:
        return self._patterns[pattern].is_in(text, self._spend)


def _form(text: bytes) -> Any:
    if len(text) > SCHEMA_BYTES_MAX:
        raise RefusedError(f"a schema has at most {SCHEMA_BYTES_MAX:,} bytes, not {len(text):,}")
    try:
        form = values.decode_bounded(text, DEPTH_MAX)
    except ValueError as error:
        raise RefusedError(f"not JSON: {error}") from error
    if type(form) is not dict:
        raise RefusedError("a schema is a JSON object")
    if (parts := _parts_of(form)) > PARTS_MAX:
        raise RefusedError(f"a schema has at most {PARTS_MAX:,} objects and booleans, not {parts:,}")
    return form


def _parts_of(form: Any) -> int:
    parts, rest = 0, [form]
    while rest:
        item = rest.pop()
        parts += type(item) in (dict, bool)
        rest.extend(item.values() if type(item) is dict else item if type(item) is list else ())
    return parts


def _look_through(form: Any, patterns: dict[str, Pattern], pointer: str = "") -> None:
    """Refuse what leaves the schema or cannot be run, and keep the patterns that are in it."""
    if type(form) is dict:
        _refuse_references(form, pointer)
        _take_patterns(form, patterns, pointer)
    members = form.items() if type(form) is dict else enumerate(form) if type(form) is list else ()
    for name, item in members:
        _look_through(item, patterns, f"{pointer}/{name}")


def _refuse_references(form: dict[str, Any], pointer: str) -> None:
    for name in _REFERENCES:
        target = form.get(name)
        if type(target) is str and not target.startswith("#"):
            raise RefusedError(f"{pointer}/{name} leaves the schema: {target[:100]!r}; only # is followed")


def _take_patterns(form: dict[str, Any], patterns: dict[str, Pattern], pointer: str) -> None:
    below = form.get("patternProperties")
    if below is not None and "unevaluatedProperties" in form:
        raise RefusedError(f"{pointer}: unevaluatedProperties beside patternProperties is not supported")
    for text in [form.get("pattern"), *(below if type(below) is dict else ())]:
        if type(text) is str and text not in patterns:
            try:
                patterns[text] = Pattern(text)
            except BadPatternError as error:
                raise RefusedError(f"{pointer}: the pattern {text[:60]!r}: {error}") from error


def _checker(form: Any, matches: Callable[[str, str], bool], spend: Callable[[int], None]) -> Any:
    """Return the library's checker for a schema's draft, its rules counted and those on patterns our own."""
    try:
        from jsonschema import validators
        from referencing import Registry
    except ImportError as error:
        raise MissingLibraryError from error
    asked = form.get("$schema")
    draft = validators.validator_for(form, default=None) if asked is not None else validators.Draft202012Validator
    if draft is None:
        raise RefusedError(f"/$schema: no draft of that name is known: {str(asked)[:100]!r}")
    rules = _OwnRules(matches).by_name()
    _refuse_no_schema(draft, form, rules["uniqueItems"])
    own = {**draft.VALIDATORS, **rules}
    counted = {name: _counted(name, rule, spend) for name, rule in own.items() if name in draft.VALIDATORS}
    return validators.extend(draft, counted)(form, registry=Registry())


def _refuse_no_schema(draft: Any, form: Any, unique_items: Any) -> None:
    """Refuse what the draft's own schema does not take; older ones ask that the members of some lists differ."""
    from jsonschema import validators

    usual = validators.validator_for(draft.META_SCHEMA, default=draft)
    checker = validators.extend(usual, {"uniqueItems": unique_items})
    try:
        for error in checker(draft.META_SCHEMA, format_checker=usual.FORMAT_CHECKER).iter_errors(form):
            raise RefusedError(f"{_pointer(error.absolute_path) or 'the schema'}: {error.message[:300]}")
    except RecursionError as error:
        raise RefusedError("the schema is nested too deep") from error


def _counted(name: str, rule: Any, spend: Callable[[int], None]) -> Any:
    """``spend`` hears of what a rule goes through: the document's members, and its own; with some, each with each."""
    work = _REFERENCE_WORK if name in _REFERENCES else _RULE_WORK

    def apply(checker: Any, value: Any, document: Any, schema: Any) -> Iterator[Any]:
        members = len(document) if isinstance(document, dict | list) else 0
        own = len(value) if isinstance(value, dict | list) else 0
        if name in _ALL_TRIED:
            own *= _RULE_WORK
        spend(work + members + own + (members**2 // _PAIRS if name in _COMPARING else 0))
        yield from rule(checker, value, document, schema) or ()

    return apply


class _OwnRules:
    """The rules that the library would check in unbounded time: those on patterns, and that members differ."""

    def __init__(self, matches: Callable[[str, str], bool]) -> None:
        from jsonschema import ValidationError

        self._matches, self._error = matches, ValidationError

    def by_name(self) -> dict[str, Any]:
        return {
            "pattern": self._pattern,
            "patternProperties": self._pattern_properties,
            "additionalProperties": self._additional_properties,
            "uniqueItems": self._unique_items,
        }

    def _pattern(self, checker: Any, value: str, document: Any, schema: Any) -> Iterator[Any]:
        if checker.is_type(document, "string") and not self._matches(value, document):
            yield self._error(f"does not match {value!r}")

    def _pattern_properties(self, checker: Any, value: dict[str, Any], document: Any, schema: Any) -> Iterator[Any]:
        for text, below in value.items() if checker.is_type(document, "object") else ():
            for name, item in document.items():
                if self._matches(text, name):
                    yield from checker.descend(item, below, path=name, schema_path=text)

    def _additional_properties(self, checker: Any, value: Any, document: Any, schema: Any) -> Iterator[Any]:
        if not checker.is_type(document, "object"):
            return
        known, texts = schema.get("properties", {}), schema.get("patternProperties", {})
        extra = [
            name for name in document if name not in known and not any(self._matches(text, name) for text in texts)
        ]
        if isinstance(value, dict):
            for name in extra:
                yield from checker.descend(document[name], value, path=name)
        elif not value and extra:
            yield self._error(f"has fields that are not allowed: {', '.join(sorted(extra))}")

    def _unique_items(self, checker: Any, value: Any, document: Any, schema: Any) -> Iterator[Any]:
        is_asked = value and checker.is_type(document, "array")
        if is_asked and len({values.canonical(_plain(item)) for item in document}) < len(document):
            yield self._error("has the same member twice")


def _plain(item: Any) -> Any:
    """Return a value in which 1.0 is 1, as the drafts have it."""
    if type(item) is float and item.is_integer():
        return int(item) if abs(item) < 2**53 else item
    if type(item) is list:
        return [_plain(member) for member in item]
    return {name: _plain(member) for name, member in item.items()} if type(item) is dict else item


def _pointer(path: Any) -> str:
    """Return the JSON pointer (RFC 6901) of a place in a document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _why(error: Any) -> str:
    """Return why something does not fit, in plain words and without repeating the document."""
    rule, value, found = error.validator, error.validator_value, error.instance
    if rule == "type":
        wanted = value if isinstance(value, str) else " or ".join(map(str, value))
        said = f"is {_KINDS.get(type(found), 'null')}, and must be of type {wanted}"
    elif rule == "enum":
        said = f"is none of {', '.join(values.canonical(item).decode() for item in value)}"
    elif rule == "const":
        said = f"must be {values.canonical(value).decode()}"
    elif rule == "required":
        said = f"lacks {', '.join(repr(name) for name in value if name not in found)}"
    elif rule == "dependentRequired":
        said = error.message
    else:
        said = error.message.removeprefix(repr(found)).strip()
    return said if len(said) <= _SAID_CHARACTERS_MAX else f"{said[:_SAID_CHARACTERS_MAX]}…"
