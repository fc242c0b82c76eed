"""Position tokens: what is encoded comes back, and nothing else is taken."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.errors import RefusedError
from journal.format import limits, token
from journal.format.names import LANE_ALPHABET, LANE_CHARACTERS
from journal.state import vector

LANES = st.text(LANE_ALPHABET, min_size=LANE_CHARACTERS, max_size=LANE_CHARACTERS)
INTERVALS = st.lists(st.tuples(st.integers(1, limits.SEQ_MAX), st.integers(0, 2**30)), min_size=1, max_size=8)


@st.composite
def vectors(draw):
    found = vector.EMPTY
    for lane, intervals in draw(st.dictionaries(LANES, INTERVALS, max_size=5)).items():
        for low, more in intervals:
            found = vector.union(found, vector.of(lane, low, min(low + more, limits.SEQ_MAX)))
    return found


@given(vectors())
def test_a_token_says_what_was_put_into_it(ids):
    text = token.encode(ids)
    assert token.decode(text) == ids
    assert re.fullmatch(r"j1_[A-Za-z0-9_-]*", text)


def test_equal_sets_have_equal_tokens():
    one, other = {"b" * 13: ((1, 5),), "a" * 13: ((2, 2),)}, {"a" * 13: ((2, 2),), "b" * 13: ((1, 5),)}
    assert token.encode(one) == token.encode(other)


def test_a_token_has_one_spelling_for_ever():
    assert token.encode({}) == "j1_AAAAAA"
    ids = {"k3f9x2a7b4c5d": ((1, 6), (9, 400)), "p0q7w8e9r1t2y": ((7, 7),)}
    assert token.encode(ids) == "j1_ATG9PRKOsjCtAgEFA4cDAWBc_EOTgOheAQcAmXtSbw"


def test_a_token_grows_with_the_lanes_and_not_with_the_events():
    ids = {f"{number:0>13}".replace("i", "j"): ((1, 900_000),) for number in range(50)}
    assert len(token.encode(ids)) < 50 * 20


@given(vectors(), st.data())
def test_a_garbled_token_is_refused(ids, data):
    text = token.encode(ids)
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("ABCabc019-_ é%"))
    for wrong in (text[:at] + letter + text[at + 1 :], text[:at], text + "A"):
        if wrong != text:
            with pytest.raises(RefusedError, match="not a position token"):
                token.decode(wrong)


@given(st.binary(max_size=200))
def test_made_up_bytes_under_a_right_checksum_are_a_set_or_refused(body):
    """Whoever makes a token by hand gets an error, never another reading of the same ids."""
    import base64
    import zlib

    sealed = body + zlib.crc32(body).to_bytes(4, "big")
    text = "j1_" + base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
    try:
        ids = token.decode(text)
    except RefusedError:
        return
    assert token.encode(ids) == text


def test_a_token_beyond_the_bound_is_refused_before_it_is_decoded():
    with pytest.raises(RefusedError, match="too long"):
        token.decode("j1_" + "A" * limits.TOKEN_CHARACTERS_MAX)
    with pytest.raises(RefusedError, match="characters"):
        token.encode({f"{number:013d}": ((1, 2),) for number in range(100_000)})
