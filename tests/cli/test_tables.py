"""Goal: columns give way from the widest, and widths are those of a terminal."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal.cli.output import Output
from journal.cli.table import Column, print_table, shrink
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


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("columns", "is_table"), [(80, True), (40, True), (24, False)])
def test_where_a_table_has_no_room_each_row_is_lines_of_its_own(monkeypatch, columns, is_table):
    monkeypatch.setattr("sys.stdout", terminal := Terminal())
    monkeypatch.setenv("COLUMNS", str(columns))
    titles = (Column("STREAM", 8), Column("LENGTH", is_right=True), Column("LAST EVENT"))
    print_table(Output(color=False), titles, [["order/" + "4" * 30, 7, "7@k3f9x2a7b4c5d"], ["b", 1, "1@k3f9x2a7b4c5d"]])
    lines = terminal.getvalue().splitlines()
    assert all(width(line) <= columns for line in lines)
    assert (len(lines) == 3) is is_table
    if not is_table:
        assert lines[:5] == [
            "STREAM      order/44444…",
            "LENGTH      7",
            "LAST EVENT  7@k3f9x2a7b…",
            "",
            "STREAM      b",
        ]


def test_the_widest_gives_way_first():
    assert shrink([10, 50, 30], [0, 8, 8], 60) == [10, 25, 25]
