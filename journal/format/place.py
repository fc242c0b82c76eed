"""Where in a JSON text the thing stands that JSON readers take and a store refuses. Pure; for messages only.

JSON's own errors come with their place. Keys that appear twice, NaN, numbers that would be rounded, lone surrogates and
too deep nesting are told by the reader without one; this walks the text again to find it.
"""

import json
import math
import re

from journal.format.limits import DEPTH_MAX

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
_INTEGER = re.compile(r"-?[0-9]+")
_DIGITS_MAX = 20


def first_refused(text: str) -> tuple[int, int, str] | None:
    """Return line, column (both from 1) and reason of the first thing that is refused; None where none is found."""
    found = _refused(text)
    if found is None:
        return None
    at, why = found
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), why


def _refused(text: str) -> tuple[int, str] | None:
    """Return offset and reason of the first refused word."""
    open_: list[set[str] | None] = []
    is_key = False
    for match in _TOKEN.finditer(text):
        word, at = match.group(), match.start()
        if word in "{[":
            open_.append(set() if word == "{" else None)
            if len(open_) > DEPTH_MAX:
                return at, f"nested deeper than {DEPTH_MAX}"
        elif word in "}]":
            open_ = open_[:-1]
        elif word not in ":,":
            keys = open_[-1] if open_ and is_key else None
            why = _why_refused(word, keys)
            if why is not None:
                return at, why
        is_key = word == "{" or (word == "," and bool(open_) and open_[-1] is not None)
    return None


def _why_refused(word: str, keys: set[str] | None) -> str | None:
    if word.startswith('"'):
        return _why_text_refused(word, keys)
    if _INTEGER.fullmatch(word):
        is_long = len(word) > _DIGITS_MAX or not -(2**63) <= int(word) < 2**64
        return "the integer needs more than 64 bits" if is_long else None
    if word in ("NaN", "Infinity", "-Infinity"):
        return f"{word} is not JSON"
    if word[0] in "-0123456789":
        try:
            return None if math.isfinite(float(word)) else f"{word[:_DIGITS_MAX]} is too large for a number"
        except ValueError:
            return None
    return None


def _why_text_refused(word: str, keys: set[str] | None) -> str | None:
    try:
        text = json.loads(word)
        text.encode()
    except UnicodeEncodeError:
        return "the text has a lone surrogate"
    except ValueError:
        return None
    if keys is None:
        return None
    if text in keys:
        return f"the key {text!r} appears twice in one object"
    keys.add(text)
    return None
