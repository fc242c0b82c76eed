"""Goal: what a command line cannot mean is told with the documented status, and how to say it right."""

import pytest


@pytest.mark.parametrize("words", [("list", "--limit", "-1"), ("log", "-n", "-1"), ("kv", "list", "--limit", "-1")])
def test_a_limit_below_nothing_makes_no_sense(shell, words):
    assert "a limit is a whole number" in shell(*words, "--json", status=2).error["message"]


def test_a_bare_text_as_a_value_is_refused_with_how_to_quote_it(shell):
    refused = shell("kv", "put", "greeting", "hello", "--json", status=6)
    assert refused.error["hint"] == """a text has quotes of its own, for instance '"hello"'"""
    assert shell("kv", "put", "greeting", "[1", "--json", status=6).error["hint"] is None
