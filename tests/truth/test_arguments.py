"""Goal: whatever is of another kind than a call of the interface says is refused before anything is done.

The calls and what they take are read from the annotations, which mypy checks, and not from the table of kinds that does
the refusing. So a method or an argument that is new is tested here without a word.
"""

import asyncio
import inspect
import math
import pkgutil
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib import import_module
from types import NoneType, UnionType

import pytest

import journal as package
from journal import AsyncJournal, AsyncSubscription, Fold, Journal, RefusedError, UsageError
from journal.arguments import KINDS

NUMBERS = [5, -1, 1.5, math.nan, math.inf, 10**400, True]
VALUES = [*NUMBERS, None, "x", "\ud800", b"x", [5], ["x"], {"a": 1}, object(), len]
GOOD = {
    "change": dict,
    "data": {"n": 1},
    "event": "E",
    "events": [("E", {})],
    "expected": 1,
    "fold": Fold("f", 0, lambda value, event: value),
    "handler": print,
    "name": "n",
    "operations": [],
    "payload": {},
    "reason": "why",
    "schema": {},
    "streams": "s",
    "through": 1,
    "value": 1,
    "version": 0,
}
NAMES = {}
for found in pkgutil.walk_packages(package.__path__, "journal."):
    if not found.name.startswith(("journal.cli", "journal.hooks", "journal.conformance")):
        NAMES.update({name: item for name, item in vars(import_module(found.name)).items() if name[0] != "_"})
OWN = "backend", "files", "is_cancelled", "shelf", "written"
"""What only this package makes, or who writes a backend."""


class Made:
    """One of each object that has calls of the interface."""

    def __init__(self):
        self.journal = Journal.memory(seed=1)
        self.journal.append("s", "E", {"n": 1})
        self.journal.put("t", "a", {"n": 1})
        self.transaction = self.journal.transaction()
        self.view = self.journal.view(GOOD["fold"], "s")
        self.subscription = self.journal.subscribe("c")
        (self.delivery,) = self.subscription.take()
        self.asynchronous = AsyncJournal(self.journal)
        self.asynchronous_feed = AsyncSubscription(self.subscription)
        (self.asynchronous_delivery,) = asyncio.run(self.asynchronous_feed.take())

    def objects(self):
        journal = self.journal
        yield from (journal, journal.kv, journal.kv.local, journal.blobs, journal.schemas, journal.hub, journal.cursors)
        yield from (journal.upcasters, self.transaction, self.transaction.kv, self.view)
        yield from (self.subscription, self.delivery)
        yield from (self.asynchronous, self.asynchronous_feed, self.asynchronous_delivery)


MADE = Made()


def calls():
    """Yield (a name, what is called) for each call of the interface that takes an argument."""
    for item in MADE.objects():
        for name, method in inspect.getmembers(item, callable):
            if name[0] != "_" and hasattr(type(item), name) and inspect.signature(method).parameters:
                yield f"{type(item).__name__}.{name}", method
    yield "Fold", Fold


CALLS = dict(calls())


@pytest.mark.parametrize("name", CALLS)
def test_what_is_of_another_kind_is_refused_before_anything_is_done(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call = CALLS[name]
    before = MADE.journal.position()
    passed = [
        f"{parameter.name}={value!r:.40}: {told}"
        for parameter in inspect.signature(call).parameters.values()
        if parameter.name not in OWN
        for value in VALUES
        if not fits(value, hint_of(call, parameter)) and (told := how_it_ends(call, parameter, value)) is not None
    ]
    assert passed == []
    assert MADE.journal.position() == before
    assert list(tmp_path.iterdir()) == []


def how_it_ends(call, parameter, value):
    """Return what is wrong with how a call ends; None where it is refused, with a hint."""
    given, named = [], {}
    for other in inspect.signature(call).parameters.values():
        is_asked = other.name == parameter.name
        if not is_asked and (other.default is not other.empty or other.kind is other.VAR_POSITIONAL):
            continue
        item = value if is_asked else GOOD.get(other.name, other.name)
        if other.kind is other.KEYWORD_ONLY:
            named[other.name] = item
        else:
            given.append(item)
    try:
        finish(call(*given, **named))
    except (UsageError, RefusedError) as error:
        return None if error.hint else f"no hint: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "taken"


def finish(answer):
    """Wait for what is awaited; what is iterated was refused before."""
    if inspect.isawaitable(answer):
        asyncio.run(waited(answer))
    elif hasattr(answer, "__anext__"):
        asyncio.run(waited(anext(answer)))


async def waited(awaitable):
    return await awaitable


def hint_of(call, parameter):
    inner = inspect.unwrap(call)
    names = {**NAMES, **getattr(inner, "__globals__", {})}
    return resolved(parameter.annotation, names)


def resolved(hint, names):
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    return resolved(eval(hint, names), names) if isinstance(hint, str) else hint


def fits(value, hint):
    """Tell whether a value is what an annotation says, and can be stored where that is text or a number."""
    kind, inner = typing.get_origin(hint), typing.get_args(hint)
    if kind in (typing.Union, UnionType):
        return any(fits(value, one) for one in inner)
    if hint is typing.Any or isinstance(hint, typing.TypeVar):
        return True
    if hint in (None, NoneType):
        return value is None
    if kind is typing.Literal:
        return value in inner
    if kind is Callable:
        return callable(value)
    if kind in (Sequence, Collection, Iterable, list):
        return isinstance(value, list | tuple) and all(fits(item, resolved(inner[0], NAMES)) for item in value)
    if kind in (Mapping, dict):
        return isinstance(value, dict)
    if hint is str:
        return isinstance(value, str) and value.isascii()
    if hint is int:
        return type(value) is int and abs(value) < 2**63
    if hint is float:
        return (type(value) is int and abs(value) < 2**63) or (type(value) is float and math.isfinite(value))
    return isinstance(value, kind or hint)


def test_a_kind_is_of_an_argument_that_there_is():
    used = {name for call in CALLS.values() for name in inspect.signature(call).parameters}
    used |= {name for call in (Journal.init, Journal.open, Journal.on) for name in inspect.signature(call).parameters}
    assert sorted(KINDS.keys() - used) == []
