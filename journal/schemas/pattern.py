"""Regular expressions whose work is bounded: a pattern is run as an automaton, all its ways at once. Pure.

Python's own matcher goes back and tries again, so a hostile pattern of twenty characters can keep it for years. Here
the work is at most the length of the text times that of the pattern, and it is counted. So there are no references back
to a group and no looking around. Texts are matched as ECMA 262 has it: classes are of ASCII, ``$`` is the very end.
"""

import importlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any, NamedTuple

PATTERN_CHARACTERS_MAX = 1000
STATES_MAX = 2000

Spend = Callable[[int], None]
"""Told how much work is done; it raises where that is too much."""

_CHARACTER, _SPLIT, _PLACE, _FOUND = range(4)
_SPACES = frozenset(" \t\n\r\f\v\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff") | frozenset(
    map(chr, range(0x2000, 0x200B))
)
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_DIGITS = frozenset("0123456789")
_CLASSES: dict[str, Callable[[str], bool]] = {
    "CATEGORY_DIGIT": _DIGITS.__contains__,
    "CATEGORY_NOT_DIGIT": lambda letter: letter not in _DIGITS,
    "CATEGORY_SPACE": _SPACES.__contains__,
    "CATEGORY_NOT_SPACE": lambda letter: letter not in _SPACES,
    "CATEGORY_WORD": _WORD.__contains__,
    "CATEGORY_NOT_WORD": lambda letter: letter not in _WORD,
}


class BadPatternError(ValueError):
    """A text that is no regular expression, or none that is run here."""


class _State(NamedTuple):
    kind: int
    test: Any = None
    """What a character must be, or which place this must be."""
    targets: tuple[int, ...] = ()


class Pattern:
    """A regular expression. Raises BadPatternError."""

    def __init__(self, text: str) -> None:
        self._states: list[_State] = []
        try:
            self._emit_all(_parsed(text))
        except RecursionError as error:
            raise BadPatternError("the pattern is nested too deep") from error
        self._add(_State(_FOUND))

    def is_in(self, text: str, spend: Spend) -> bool:
        """Tell whether any part of a text matches."""
        waiting: list[int] = []
        for position in range(len(text) + 1):
            ready = self._reach([0, *waiting], text, position, spend)
            if ready is None:
                return True
            if position < len(text):
                waiting = [at + 1 for at in ready if self._states[at].test(text[position])]
        return False

    def _reach(self, begin: list[int], text: str, position: int, spend: Spend) -> list[int] | None:
        """Return the states that wait for a character; None where the pattern is found."""
        seen: set[int] = set()
        ready: list[int] = []
        while begin:
            at = begin.pop()
            if at in seen:
                continue
            seen.add(at)
            state = self._states[at]
            if state.kind == _FOUND:
                return None
            if state.kind == _CHARACTER:
                ready.append(at)
            elif state.kind == _SPLIT:
                begin.extend(state.targets)
            elif _is_place(state.test, text, position):
                begin.append(at + 1)
        spend(len(seen))
        return ready

    # -- from the syntax tree to states -------------------------------------------------------------

    def _add(self, state: _State) -> int:
        if len(self._states) >= STATES_MAX:
            raise BadPatternError("the pattern is too long")
        self._states.append(state)
        return len(self._states) - 1

    def _emit_all(self, items: Iterable[tuple[Any, Any]]) -> None:
        for kind, what in items:
            self._emit(str(kind), what)

    def _emit(self, kind: str, what: Any) -> None:
        if kind == "BRANCH":
            self._branch(what[1])
        elif kind in ("MAX_REPEAT", "MIN_REPEAT"):
            self._repeat(*what)
        elif kind == "SUBPATTERN" and not what[1] and not what[2]:
            self._emit_all(what[3])
        elif kind == "AT" and str(what) in _PLACES:
            self._add(_State(_PLACE, str(what)))
        else:
            self._add(_State(_CHARACTER, _test_of(kind, what)))

    def _branch(self, branches: list[Any]) -> None:
        ends = []
        for branch in branches[:-1]:
            split = self._add(_State(_SPLIT))
            self._emit_all(branch)
            ends.append(self._add(_State(_SPLIT)))
            self._states[split] = _State(_SPLIT, None, (split + 1, len(self._states)))
        self._emit_all(branches[-1])
        for end in ends:
            self._states[end] = _State(_SPLIT, None, (len(self._states),))

    def _repeat(self, low: int, high: int, body: Any) -> None:
        for _ in range(low):
            before = len(self._states)
            self._emit_all(body)
            if len(self._states) == before:
                break  # of nothing there is no more, however often
        if high >= _ENDLESS:
            split = self._add(_State(_SPLIT))
            self._emit_all(body)
            self._add(_State(_SPLIT, None, (split,)))
            self._states[split] = _State(_SPLIT, None, (split + 1, len(self._states)))
            return
        splits = []
        for _ in range(high - low):
            splits.append(self._add(_State(_SPLIT)))
            self._emit_all(body)
        for split in splits:
            self._states[split] = _State(_SPLIT, None, (split + 1, len(self._states)))


_ENDLESS = 2**32 - 1
_PLACES = ("AT_BEGINNING", "AT_BEGINNING_STRING", "AT_END", "AT_END_STRING", "AT_BOUNDARY", "AT_NON_BOUNDARY")


def _parsed(text: str) -> Any:
    if len(text) > PATTERN_CHARACTERS_MAX:
        raise BadPatternError(f"the pattern has {len(text):,} characters; at most {PATTERN_CHARACTERS_MAX:,} are run")
    parser = importlib.import_module("re._parser")  # what `re` itself parses with
    try:
        tree = parser.parse(text, re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadPatternError(f"not a regular expression: {error}") from error
    if tree.state.flags & ~(re.ASCII | re.UNICODE):
        raise BadPatternError("flags inside of a pattern are not run here")
    return tree


def _is_place(name: str, text: str, position: int) -> bool:
    if name.startswith("AT_BEGINNING"):
        return position == 0
    if name.startswith("AT_END"):
        return position == len(text)
    before = position > 0 and text[position - 1] in _WORD
    after = position < len(text) and text[position] in _WORD
    return (before != after) is (name == "AT_BOUNDARY")


def _any_of(items: list[tuple[str, Any]]) -> Callable[[str], bool]:
    """Return what tells whether a character is in a class, at a cost that does not grow with what the class names."""
    letters = frozenset(chr(item) for kind, item in items if kind == "LITERAL")
    ranges = sorted((chr(item[0]), chr(item[1])) for kind, item in items if kind == "RANGE")
    lows = [low for low, _ in ranges]
    highs = list(accumulate((high for _, high in ranges), max))
    tests = [_test_of(*item) for item in dict.fromkeys(items) if item[0] not in ("LITERAL", "RANGE")]

    def is_any(letter: str) -> bool:
        below = bisect_right(lows, letter)
        return letter in letters or (below > 0 and letter <= highs[below - 1]) or any(test(letter) for test in tests)

    return is_any


def _test_of(kind: str, what: Any) -> Callable[[str], bool]:
    """Return what tells whether a character is the one that is asked for."""
    if kind == "LITERAL":
        return chr(what).__eq__
    if kind == "NOT_LITERAL":
        return chr(what).__ne__
    if kind == "ANY":
        return lambda letter: letter not in "\n\r\u2028\u2029"
    if kind == "CATEGORY" and str(what) in _CLASSES:
        return _CLASSES[str(what)]
    if kind == "IN":
        is_not = str(what[0][0]) == "NEGATE"
        is_any = _any_of([(str(name), item) for name, item in what[is_not:]])
        return lambda letter: is_any(letter) is not is_not
    raise BadPatternError(f"{kind.lower().replace('_', ' ')} is not run here: no references back, no looking around")
