"""Patterns of schemas: they find what Python's own matcher finds, in work that is bounded."""

import re
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.schemas import pattern as matching
from journal.schemas.pattern import STATES_MAX, BadPatternError, Pattern

ATOMS = st.sampled_from(
    ["a", "b", "1", "-", ".", r"\d", r"\w", r"\s", r"\S", "[ab]", "[^a]", "[a-c1]", r"[\d-]", r"\b", "^"]
)
PATTERNS = st.recursive(
    ATOMS | st.just("$").map(lambda _: r"\Z"),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


class Work:
    def __init__(self):
        self.done = 0

    def __call__(self, steps):
        self.done += steps


@given(PATTERNS, st.text("ab1- c\n", max_size=8))
def test_a_pattern_finds_what_python_finds(pattern, text):
    assert Pattern(pattern).is_in(text, Work()) is (re.search(pattern, text, re.ASCII) is not None)


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        ("^[a-z0-9]+(-[a-z0-9]+)*$", "one-two-3", True),
        ("^[a-z0-9]+(-[a-z0-9]+)*$", "one--two", False),
        ("^a$", "a\n", False),
        ("a.c", "a\nc", False),
        (r"^\d+$", "١٢", False),
        (r"^\w+$", "größe", False),
        ("^größe$", "größe", True),
        ("", "", True),
        ("^(?:)*$", "", True),
        (r"^\S+@\S+\.\S+$", "ana@example.com", True),
    ],
)
def test_texts_are_matched_as_schemas_have_it(pattern, text, is_found):
    assert Pattern(pattern).is_in(text, Work()) is is_found


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*)*$", "a*a*a*a*a*b", "(a?){40}a{40}$"])
def test_a_pattern_that_keeps_others_for_years_is_done_in_bounded_work(pattern):
    work, text = Work(), "a" * 2000 + "!"
    Pattern(pattern).is_in(text, work)
    assert work.done <= (len(text) + 1) * 400


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1",
        "(?=a)",
        "(?!a)b",
        "(?<=a)b",
        "(?i)a",
        "(?i:a)",
        "(?>a*)",
        "a*+",
        "[",
        "(",
        r"\p{L}",
        "a{5000}",
        "((((a{30}){30}){30}){30})",
        "a" * 1001,
        "(" * 900 + ")" * 900,
        "(" * 330 + "a" + ")*" * 330,
    ],
)
def test_what_cannot_be_run_so_is_refused(pattern):
    with pytest.raises(BadPatternError):
        Pattern(pattern)


def test_the_size_of_a_pattern_is_bounded_before_it_is_made():
    with pytest.raises(BadPatternError, match="too long"):
        Pattern("(a{40}){40}" * 90)
    assert len(Pattern("(a{40}){40}")._states) <= STATES_MAX


def test_a_class_costs_no_more_the_more_it_names(monkeypatch):
    compared = []
    monkeypatch.setattr(matching, "bisect_right", lambda *given: compared.append(given) or bisect_right(*given))
    letters = "".join(f"{chr(at)}-{chr(at + 1)}" for at in range(0x4E00, 0x4E00 + 4 * 300, 4))
    assert Pattern(f"^[{letters}]*$").is_in("一丁丄" * 100, Work())
    assert not Pattern(f"^[{letters}]*$").is_in("丂", Work())
    assert Pattern(f"^[^{letters}]*$").is_in("丂", Work())
    assert len(compared) <= 310


CLASS_ITEMS = st.sampled_from(["a", "0-9", "a-c", "b-z", r"\s", r"\D", r"\-", "^"])


@given(st.text("ab1- c\n^z", max_size=8), st.lists(CLASS_ITEMS))
def test_a_class_finds_what_python_finds(text, items):
    pattern = f"[{''.join(items)}x]"
    assert Pattern(pattern).is_in(text, Work()) is (re.search(pattern, text, re.ASCII) is not None)


@pytest.mark.parametrize(
    "pattern",
    ["(?:){4000000000}", "(?:(?:(?:(?:){999}){999}){999}){999}", "(?:a{0}){4000000000}b", "(?:(?:){60000}){60000}"],
)
def test_what_is_nothing_is_repeated_once(pattern):
    assert Pattern(pattern).is_in("ab", Work())
    assert len(Pattern(pattern)._states) <= 2
