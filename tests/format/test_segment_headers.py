"""Segment headers: what the writer saw, in three ways, and every hostile vector refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import headers, json_values, vectors

from journal.format.limits import FORMAT, SEQ_MAX
from journal.format.lines import BadLineError, seal, unseal
from journal.format.segment import Header, Previous, decode_header, decode_vector, encode_header

LANE = "k3f9x2a7b4c5d"
OTHER = "p0q7w8e9r1t2y"
REF = {"sha256": "0" * 64, "bytes": 5}
PREVIOUS = {"segment": f"000000000001-{LANE}", "bytes": 10, "seq": 9}
ENDED = {"segment": f"000000000001-{OTHER}", "bytes": 10, "seq": 9}
HEADER = {"kind": "segment", "format": FORMAT, "store": "st_a", "lane": LANE, "first": 10, "sees": {OTHER: [[1, 9]]}}


def without_sees(**more):
    return {**{name: HEADER[name] for name in HEADER if name != "sees"}, **more}


@given(headers())
def test_every_header_survives_its_line(header):
    assert decode_header(unseal(encode_header(header))) == header


@given(headers(), st.data())
def test_one_changed_byte_is_never_a_header(header, data):
    line = bytearray(encode_header(header))
    line[data.draw(st.integers(0, len(line) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadLineError):
        decode_header(unseal(bytes(line)))


@given(
    st.dictionaries(st.sampled_from([*HEADER, "prev", "ends", "sees_added", "sees_dropped"]), json_values, max_size=3)
)
def test_a_header_with_foreign_fields_raises_only_bad_line(changes):
    try:
        header = decode_header(unseal(seal({**HEADER, "prev": PREVIOUS, **changes})))
    except BadLineError:
        return
    assert decode_header(unseal(encode_header(header))) == header


def test_the_first_header_of_a_lane_may_say_where_another_lane_ends():
    ended = Header("st_a", LANE, 10, sees={}, previous=Previous(f"000000000001-{OTHER}", 10, 9))
    fields = unseal(encode_header(ended))
    assert fields["ends"] == ENDED
    assert "prev" not in fields
    assert decode_header(fields) == ended
    assert decode_header({**HEADER, "prev": PREVIOUS, "ends": ENDED}).previous.segment == PREVIOUS["segment"]


def test_a_header_says_what_was_seen_in_three_ways():
    previous = Previous(f"000000000001-{LANE}", 10, 9)
    assert decode_header(HEADER) == Header("st_a", LANE, 10, sees={OTHER: ((1, 9),)})
    assert decode_header({**HEADER, "sees": {"ref": REF}}) == Header("st_a", LANE, 10, sees_ref=REF)
    difference = without_sees(sees_added={OTHER: [[7, 8]]}, sees_dropped={}, prev=PREVIOUS)
    assert decode_header(difference) == Header(
        "st_a", LANE, 10, added={OTHER: ((7, 8),)}, dropped={}, previous=previous
    )


def test_a_header_that_sees_nothing_says_so():
    assert decode_header(unseal(encode_header(Header("st_a", LANE, 1, sees={})))).sees == {}


@pytest.mark.parametrize(
    "fields",
    [
        {**HEADER, "kind": "entity"},
        {**HEADER, "format": FORMAT + 1},
        {**HEADER, "format": None},
        {**HEADER, "format": [[]]},
        {**HEADER, "store": None},
        {**HEADER, "lane": "../../../etc/x"},
        {**HEADER, "lane": LANE.upper()},
        {**HEADER, "lane": [LANE]},
        {**HEADER, "first": 0},
        {**HEADER, "first": True},
        {**HEADER, "first": 10.0},
        {**HEADER, "first": SEQ_MAX + 1},
        {**HEADER, "sees": []},
        {**HEADER, "sees": {"ref": None}},
        {**HEADER, "sees": {"ref": {**REF, "sha256": "../../etc"}}},
        {**HEADER, "sees": {"ref": {**REF, "bytes": -1}}},
        {**HEADER, "sees": {"ref": {"sha256": "0" * 64}}},
        without_sees(),
        without_sees(sees_added={}, sees_dropped={}),
        without_sees(sees_added={}, prev=PREVIOUS),
        without_sees(sees_added={OTHER: [[10, 10]]}, sees_dropped={}, prev=PREVIOUS),
        {**HEADER, "prev": []},
        {**HEADER, "prev": {**PREVIOUS, "bytes": -1}},
        {**HEADER, "prev": {**PREVIOUS, "seq": "9"}},
        {**HEADER, "prev": {**PREVIOUS, "seq": 10}},
        {**HEADER, "prev": {**PREVIOUS, "segment": "../../etc/passwd"}},
        {**HEADER, "prev": {**PREVIOUS, "segment": f"000000000001-{OTHER}"}},
        {**HEADER, "prev": {**PREVIOUS, "segment": f"000000000010-{LANE}"}},
        without_sees(sees_added={}, sees_dropped={}, ends=ENDED),
        {**HEADER, "ends": ENDED["segment"]},
        {**HEADER, "ends": {**ENDED, "seq": 10}},
        {**HEADER, "ends": {**ENDED, "segment": f"000000000001-{LANE}"}},
        {**HEADER, "ends": {**ENDED, "segment": f"000000000010-{OTHER}"}},
    ],
)
def test_a_header_with_a_wrong_field_is_refused(fields):
    with pytest.raises(BadLineError):
        decode_header(fields)


@pytest.mark.parametrize(
    "intervals",
    [
        None,
        [],
        {},
        "19",
        [1, 9],
        [[1]],
        [[1, 2, 3]],
        [[0, 1]],
        [[-1, 1]],
        [[2, 1]],
        [[1, 10]],
        [[1, SEQ_MAX + 1]],
        [[1.0, 2]],
        [[True, 2]],
        [["1", 2]],
        [[1, 3], [3, 4]],
        [[1, 3], [2, 4]],
        [[1, 3], [4, 5]],
        [[5, 6], [1, 2]],
        [[1, 9], [2, 3]],
        [[1, 1], [1, 1]],
    ],
)
def test_a_hostile_vector_is_refused(intervals):
    with pytest.raises(BadLineError):
        decode_vector({OTHER: intervals}, below=10)


@pytest.mark.parametrize("lane", ["", "x", "ref", OTHER[:-1], OTHER + "0", OTHER[:-1] + "i", OTHER[:-1] + "/"])
def test_a_vector_of_what_is_no_lane_is_refused(lane):
    with pytest.raises(BadLineError):
        decode_vector({lane: [[1, 2]]})


@given(vectors())
def test_every_vector_survives(vector):
    assert decode_vector({lane: [list(pair) for pair in intervals] for lane, intervals in vector.items()}) == vector


@given(json_values)
def test_any_value_is_a_vector_or_a_bad_line(value):
    for hostile in (value, {OTHER: value}, {OTHER: [value]}):
        try:
            vector = decode_vector(hostile)
        except BadLineError:
            continue
        assert all(1 <= low <= high <= SEQ_MAX for intervals in vector.values() for low, high in intervals)
