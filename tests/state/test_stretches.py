"""Runs of a stream: they say what their events say, and several streams make one order."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from journal.state.stream import STRETCH_EVENTS_MAX, Placed, Stretch, in_one_order, stretches_of

LANES = ("a0000000000aa", "b0000000000bb")


@st.composite
def stories(draw):
    """Events of several streams, each in the total order, with gaps, repetitions and hidden ones."""
    number = draw(st.integers(1, 3))
    ids = [(seq, lane) for seq in range(1, draw(st.integers(1, 40))) for lane in LANES]
    streams = [[] for _ in range(number)]
    position = [0] * number
    for at in ids:
        to = draw(st.integers(0, number))
        if to == number:
            continue
        repeats = draw(st.integers(0, 9)) == 0
        position[to] += not repeats
        rev = draw(st.sampled_from([position[to], position[to] + 1]))
        is_hidden = not repeats and position[to] < 5
        streams[to].append(Placed(at, rev, None, None if repeats else position[to], is_hidden))
    return streams


def events(stretches):
    return [event for stretch in stretches for event in stretch.placed()]


@given(stories())
def test_stretches_say_what_their_events_say(streams):
    for stream in streams:
        stretches = list(stretches_of(stream))
        assert events(stretches) == stream
        assert not any(before.is_followed_by(after) for before, after in itertools.pairwise(stretches))
        for stretch in stretches:
            parts = [stretch.part(0, at) for at in range(1, stretch.length)] + [
                stretch.part(at, stretch.length) for at in range(stretch.length)
            ]
            assert all(
                events([part]) == [event for event in stretch.placed() if part.start <= event.at <= part.end]
                for part in parts
            )


@given(stories())
def test_stretches_of_several_streams_come_in_one_order(streams):
    merged = in_one_order([stretches_of(stream) for stream in streams])
    assert events(merged) == sorted(event for stream in streams for event in stream)


def test_a_stretch_never_grows_too_long():
    placed = [Placed((seq, LANES[0]), seq, None, seq, False) for seq in range(1, 3 * STRETCH_EVENTS_MAX)]
    assert [stretch.length for stretch in stretches_of(placed)] == [
        STRETCH_EVENTS_MAX,
        STRETCH_EVENTS_MAX,
        STRETCH_EVENTS_MAX - 1,
    ]
    assert not Stretch(1, LANES[0], STRETCH_EVENTS_MAX, 1, 1, False).is_followed_by(
        Stretch(257, LANES[0], 1, 257, 257, False)
    )
