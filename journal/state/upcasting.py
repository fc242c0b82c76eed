"""Upcasters: functions that lift a payload from one schema version to a later one (docs/payloads.md). Pure.

A payload says its version in its field ``schema_version``, a whole number; one without has version 0. A step leads
from one version of a name (an entity's type, or a stream event's name) to a later one, and steps follow each other.
As each leads upwards, they end. Whatever goes wrong in a step is said beside the payload as it was written: a reader
never gets an exception for it.
"""

import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

from journal.arguments import checks_arguments
from journal.errors import RefusedError, UsageError
from journal.format import values
from journal.format.values import SCHEMA_VERSION
from journal.state.entity import Payload
from journal.state.value import Lifted

Upcaster = Callable[[Payload], Payload]
VERSION_MAX = 2**53 - 1
_SAID_CHARACTERS_MAX = 200


class Step(NamedTuple):
    """What leads from one version to another: the function, and where it leads."""

    function: Upcaster
    to: int


@checks_arguments()
class Upcasters:
    """Which steps there are, by name and version."""

    def __init__(self) -> None:
        self._steps: dict[str, dict[int, Step]] = {}
        self.changes = 0
        """How often something was registered."""

    def register(self, name: str, version: int, *, to: int | None = None) -> Callable[[Upcaster], Upcaster]:
        """Return a decorator that registers a function which lifts payloads of ``name`` from ``version``.

        ``name``: an entity type, or the name of a stream's events. The function returns a new object whose
        ``schema_version`` is ``to`` (without it, ``version + 1``); it must not change its argument, nor depend on
        anything else. Raises UsageError for versions that do not rise, and for a second function at one place.
        """
        target = version + 1 if to is None else to
        if any(type(number) is not int for number in (version, target)) or not 0 <= version < target <= VERSION_MAX:
            raise UsageError(f"an upcaster leads from a version to a later one, not from {version!r} to {target!r}")
        if version in self._steps.get(name, {}):
            raise UsageError(f"{name!r} has an upcaster from version {version} already")

        def take(function: Upcaster) -> Upcaster:
            if not callable(function):
                raise UsageError(f"an upcaster is a function, not {function!r}")
            self._steps.setdefault(name, {})[version] = Step(function, target)
            self.changes += 1
            return function

        return take

    def fill_from(self, other: "Upcasters") -> list[tuple[str, int]]:
        """Take the steps of another registry for the places that are free here; return those that were not."""
        taken = []
        for name, steps in other._steps.items():
            for version, step in steps.items():
                if self._steps.setdefault(name, {}).setdefault(version, step) is not step:
                    taken.append((name, version))
        return taken

    def knows(self, name: str) -> bool:
        """Tell whether any step of a name is registered."""
        return name in self._steps

    def names(self) -> Iterator[str]:
        """Yield the names that have steps."""
        yield from sorted(self._steps)

    def steps(self) -> list[list[str | int]]:
        """Return the name, the version and the target of each step, in order."""
        return [
            [name, version, step.to]
            for name, steps in sorted(self._steps.items())
            for version, step in sorted(steps.items())
        ]

    def newest(self, name: str) -> int | None:
        """Return the latest version that any step of a name leads to; None where it has none."""
        steps = self._steps.get(name)
        return None if steps is None else max(step.to for step in steps.values())

    def gap(self, name: str, version: int, target: int) -> int | None:
        """Return the version from which no step leads on towards a target; None where there is a path."""
        steps = self._steps.get(name, {})
        while version < target:
            step = steps.get(version)
            if step is None or step.to > target:
                return version
            version = step.to
        return None

    def lift(self, name: str, payload: Payload, *, target: int | None = None) -> Lifted:
        """Return a payload at ``target``, else at the newest version, or as written and why."""
        newest = self.newest(name) if target is None else target
        if newest is None:
            return Lifted(payload)
        written = version_of(payload)
        if written is None:
            return Lifted(payload, None, f"its {SCHEMA_VERSION} is no whole number")
        if written >= newest:
            return Lifted(payload)
        gap = self.gap(name, written, newest)
        if gap is not None:
            return Lifted(payload, None, f"no upcaster leads from version {gap} to {newest}")
        try:
            return Lifted(self._climb(name, payload, written, newest), written)
        except _FailedError as error:
            return Lifted(payload, None, str(error))

    def _climb(self, name: str, payload: Payload, version: int, target: int) -> Payload:
        while version < target:
            step = self._steps[name][version]
            payload = _apply(step, payload, version)
            version = step.to
        return payload


class _FailedError(Exception):
    """A step did not do what it must."""


def version_of(payload: Payload) -> int | None:
    """Return a payload's version, 0 where it says none; None where what it says is no version."""
    version = payload.get(SCHEMA_VERSION, 0)
    return version if type(version) is int and 0 <= version <= VERSION_MAX else None


def _said(error: Exception) -> str:
    """Return what an exception of a caller's function says, however it is made."""
    try:
        return f"{type(error).__name__}: {error}"[:_SAID_CHARACTERS_MAX]
    except Exception:
        return type(error).__name__


def _apply(step: Step, payload: Payload, version: int) -> Payload:
    what = f"the upcaster from version {version}"
    given = copy.deepcopy(payload)
    try:
        after = step.function(given)
    except Exception as error:
        raise _FailedError(f"{what} failed: {_said(error)}") from error
    if type(after) is not dict:
        raise _FailedError(f"{what} returned {type(after).__name__}, not an object")
    if after.get(SCHEMA_VERSION) != step.to or type(after[SCHEMA_VERSION]) is not int:
        raise _FailedError(f"{what} returned {SCHEMA_VERSION} {after.get(SCHEMA_VERSION)!r}, not {step.to}")
    if given != payload:
        raise _FailedError(f"{what} changed its argument")
    try:
        own: Payload = values.decode(values.encode_payload(after))
    except RefusedError as error:
        raise _FailedError(f"{what} returned what cannot be stored: {error.message}") from error
    return own
