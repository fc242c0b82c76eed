"""Spans of lines: where each event stands, in the total order, each once, whichever way it is asked for."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from journal.index.rows import Location
from journal.index.schema import TABLES
from journal.index.span_table import NOTES, SpanTable
from journal.index.spans import SPAN_EVENTS_MAX, Span, in_total_order

LANES = ("a0000000000aa", "b0000000000bb", "c0000000000cc")


@st.composite
def spans(draw):
    """Spans of several lanes, which may overlap, and hold the same event in several files."""
    found = []
    for file in range(1, draw(st.integers(1, 8)) + 1):
        lane = draw(st.sampled_from(LANES))
        seq, offset = draw(st.integers(1, 30)), draw(st.integers(0, 9))
        for _ in range(draw(st.integers(1, 4))):
            inner = draw(st.sampled_from([None, 0, 7]))
            lengths = draw(st.lists(st.integers(1, 99), min_size=1, max_size=6))
            found.append(Span(seq, lane, file, offset, inner, lengths))
            seq += len(lengths) + draw(st.integers(0, 3))
            offset += sum(lengths) + draw(st.integers(0, 3))
    return found


def by_event(places):
    return [(place.seq, place.lane) for place in places]


@given(spans())
def test_places_come_in_the_total_order_each_event_once(found):
    wanted = sorted({(place.seq, place.lane) for span in found for place in span.places()})
    assert by_event(in_total_order(sorted(found, key=lambda span: span.first))) == wanted
    backwards = sorted(found, key=lambda span: span.first, reverse=True)
    assert by_event(in_total_order(backwards, newest_first=True)) == wanted[::-1]


@given(spans())
def test_a_span_says_the_same_of_one_line_and_of_all(found):
    for span in found:
        places = list(span.places())
        assert places == [span.place(seq) for seq in range(span.first, span.last + 1)]
        assert places == list(span.places(newest_first=True))[::-1]
        assert all(span.tail(at).place(place.seq) == place for at in range(len(places)) for place in places[at:])


def table():
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.executescript(TABLES)
    return database, SpanTable(database)


@given(st.lists(st.integers(1, SPAN_EVENTS_MAX), min_size=1, max_size=6))
def test_lines_that_are_added_piece_by_piece_are_found_where_they_stand(sizes):
    database, known = table()
    seq, offset = 5, 100
    for number in (1, 2, 3):
        database.execute("INSERT INTO entities VALUES(?, 't', ?, 1, 1, '', 0, NULL, '{}', 0, 0)", (number, str(number)))
    for size in sizes:
        owners = [(seq + at) % 5 - 1 for at in range(size)]
        known.add(Span(seq, LANES[0], 1, offset, None, [10] * size), owners)
        seq, offset = seq + size, offset + 10 * size
    places = [Location(at, LANES[0], 1, 100 + 10 * (at - 5), 0, 10) for at in range(5, seq)]
    assert list(in_total_order(known.between(0, 1 << 40))) == places
    assert [span.place(at) for at in range(5, seq) for span in known.of_lane(LANES[0], at, at)] == places
    for owner in (NOTES, 1, 2, 3):
        assert sorted(known.owned(owner)) == [place for place in places if place.seq % 5 - 1 == owner]
    assert sorted(known.owners(LANES[0], 7, seq)) == [(at, at % 5 - 1) for at in range(7, seq)]
    assert database.execute("SELECT count(*) FROM spans").fetchone() == (-(-sum(sizes) // SPAN_EVENTS_MAX),)


def test_another_file_does_not_make_a_span_grow():
    database, known = table()
    known.add(Span(1, LANES[0], 1, 0, None, [10]), [NOTES])
    known.add(Span(2, LANES[0], 2, 10, None, [10]), [NOTES])
    known.add(Span(2, LANES[0], 1, 20, None, [10]), [NOTES])
    assert database.execute("SELECT count(*) FROM spans").fetchone() == (3,)
    known.forget_file(1)
    assert [place.file for place in in_total_order(known.between(0, 9))] == [2]
