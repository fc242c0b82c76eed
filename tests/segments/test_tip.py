"""The memory of a lane's end: what is written is read, and nothing else is taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.segments.tip import (
    MARK_BYTES,
    TIP_BYTES,
    LaneMemory,
    Mark,
    Tip,
    decode_mark,
    decode_memory,
    decode_tip,
    encode_mark,
    encode_memory,
    encode_tip,
)
from tests.support.stores import LANE_A, LANE_B

NAME = f"000000000001-{LANE_A}.jsonl"
NUMBERS = st.integers(0, 2**62)


@given(st.builds(Tip, st.just(NAME), NUMBERS, st.integers(0, 2**53 - 1), NUMBERS, NUMBERS))
def test_a_tip_is_read_as_it_was_written_and_always_as_long(tip):
    assert decode_tip(encode_tip(tip)) == tip
    assert len(encode_tip(tip)) == TIP_BYTES


@given(st.builds(Mark, st.just(NAME), NUMBERS, st.integers(0, 2**53 - 1)))
def test_a_mark_is_read_as_it_was_written_and_is_no_tip(mark):
    text = encode_mark(mark)
    assert decode_mark(text) == mark
    assert len(text) == MARK_BYTES
    assert decode_tip(text) is None
    assert decode_mark(encode_tip(Tip(NAME, 1, 1, 1, 1))) is None


def test_a_torn_overwrite_of_a_tip_is_no_tip_or_one_of_both():
    old, new = Tip(NAME, 100, 1, 7, 10), Tip(NAME, 250, 2, 7, 20)
    before, after = encode_tip(old), encode_tip(new)
    for cut in range(len(after) + 1):
        assert decode_tip(after[:cut] + before[cut:]) in (None, old, new)
        assert decode_tip(after[:cut]) in (None, new)
        assert decode_tip(after[:cut] + b"\0" * (len(after) - cut)) in (None, new)


def test_a_flipped_bit_makes_it_no_tip():
    tip = Tip(NAME, 100, 1, 7, 10)
    text = encode_tip(tip)
    for at in range(len(text)):
        assert decode_tip(text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :]) in (None, tip)


@given(st.binary(max_size=300))
def test_rubbish_is_no_tip_and_no_memory(rubbish):
    assert decode_tip(rubbish) is None
    assert decode_mark(rubbish) is None
    assert decode_memory(rubbish) is None


def test_a_memory_is_read_as_it_was_written():
    memory = LaneMemory(LANE_A, NAME, [[1, [2, 3], None], 7], 5)
    assert decode_memory(encode_memory(memory)) == memory


@pytest.mark.parametrize(
    "wrong",
    [{"lane": LANE_B}, {"lane": "x"}, {"segment": "../x"}, {"segment": 7}, {"surroundings": 7}, {"number": "1"}],
)
def test_a_memory_that_contradicts_itself_is_none(wrong):
    assert decode_memory(encode_memory(LaneMemory(LANE_A, NAME, [], 5)._replace(**wrong))) is None
