"""Goal: columns give way from the widest, and widths are those of a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal.cli.table import shrink
from journal.cli.width import fit, pad, width


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0), ("a\u200db", 2)])
def test_widths_are_those_of_a_terminal(text, columns):
    assert width(text) == columns


@given(st.text(), st.integers(0, 20))
def test_what_is_fitted_fits_and_begins_as_it_was(text, columns):
    fitted = fit(text, columns)
    assert width(fitted) <= columns
    assert fitted == text or text.startswith(fitted.removesuffix("…"))
    assert width(pad(fitted, columns)) == columns


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 12)), min_size=1, max_size=8), st.integers(1, 200))
def test_columns_shrink_no_further_than_they_may(columns, room):
    widths, least = [size for size, _ in columns], [size for _, size in columns]
    result = shrink(widths, least, room)
    for before, after, low in zip(widths, result, least, strict=True):
        assert min(before, low or before, 3 if low else before) <= after <= before
    assert sum(result) <= room or all(after <= 3 or not low for after, low in zip(result, least, strict=True))


def test_the_widest_gives_way_first():
    assert shrink([10, 50, 30], [0, 8, 8], 60) == [10, 25, 25]
