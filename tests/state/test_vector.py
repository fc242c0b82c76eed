"""Vectors behave as the sets of event ids that they stand for."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from journal.format.segment import decode_vector
from journal.state import vector
from tests.support.ending import ends

LANES = ["0000000000001", "0000000000002", "0000000000003"]
TOP = 12

ids = st.sets(st.tuples(st.integers(1, TOP), st.sampled_from(LANES)))


def of_set(ids):
    """The vector of a set of ids, made the slow way."""
    made = vector.EMPTY
    for seq, lane in ids:
        made = vector.union(made, vector.of(lane, seq, seq))
    return made


def to_set(made):
    return {(seq, lane) for lane, intervals in made.items() for low, high in intervals for seq in range(low, high + 1)}


def is_normal(made):
    """Whether the same set has no other vector: what makes equal sets equal bytes."""
    return (
        all(
            intervals and all(high + 1 < low for (_, high), (low, _) in itertools.pairwise(intervals))
            for intervals in made.values()
        )
        and decode_vector({lane: [list(pair) for pair in intervals] for lane, intervals in made.items()}) == made
    )


@given(ids)
def test_a_vector_is_its_set(some):
    made = of_set(some)
    assert to_set(made) == some
    assert is_normal(made)


@given(ids, ids)
def test_without_its_ends_a_lane_ends_with_an_id_that_is_not_in_the_other(some, other):
    made = vector.without_ends(of_set(some), of_set(other))
    kept = {(seq, lane) for seq, lane in some if any((last, lane) in some - other for last in range(seq, TOP + 1))}
    assert to_set(made) == kept
    assert is_normal(made)


@given(ids)
def test_contains_tells_every_member_and_no_other(some):
    made = of_set(some)
    everything = {(seq, lane) for seq in range(TOP + 2) for lane in [*LANES, "0000000000009"]}
    assert {id for id in everything if vector.contains(made, *id)} == some


@given(ids, ids)
def test_union_intersect_and_subtract_are_those_of_sets(some, other):
    one, two = of_set(some), of_set(other)
    for made, expected in (
        (vector.union(one, two), some | other),
        (vector.intersect(one, two), some & other),
        (vector.subtract(one, two), some - other),
    ):
        assert to_set(made) == expected
        assert made == of_set(expected)
        assert is_normal(made)
    assert vector.is_subset(one, two) == (some <= other)


@given(ids, st.integers(0, TOP + 1))
def test_below_keeps_the_lesser_seqs(some, seq):
    made = vector.below(of_set(some), seq)
    assert made == of_set({id for id in some if id[0] < seq})
    assert is_normal(made)


@given(ids)
def test_highest_is_the_greatest_seq(some):
    assert vector.highest(of_set(some)) == max((seq for seq, _ in some), default=0)


@given(ids, ids)
def test_no_function_changes_a_vector_that_it_was_given(some, other):
    one, two = of_set(some), of_set(other)
    vector.union(one, two), vector.subtract(one, two), vector.intersect(one, two), vector.below(one, 3)
    assert (one, two) == (of_set(some), of_set(other))


def test_an_interval_that_ends_before_it_begins_is_empty():
    assert vector.of(LANES[0], 5, 4) == vector.EMPTY
    assert vector.of(LANES[0], 5, 5) == {LANES[0]: ((5, 5),)}


def test_adjacent_intervals_become_one():
    assert vector.union(vector.of(LANES[0], 1, 3), vector.of(LANES[0], 4, 6)) == vector.of(LANES[0], 1, 6)


def test_contains_is_right_at_the_largest_seq():
    top = 2**53 - 1
    made = vector.union(vector.of(LANES[0], 1, 1), vector.of(LANES[0], top, top))
    assert vector.contains(made, top, LANES[0])
    assert not vector.contains(made, top - 1, LANES[0])


def test_very_many_intervals_cost_their_number_and_not_its_square():
    """A header, or a checkpoint, of a stranger's may name as many as its bytes hold."""

    count = 100_000
    first = {LANES[0]: tuple((4 * n + 1, 4 * n + 1) for n in range(count))}
    second = {LANES[0]: tuple((4 * n + 3, 4 * n + 3) for n in range(count))}
    with ends():
        assert vector.subtract(first, second) == first
        assert vector.count(vector.union(first, second)) == 2 * count
        assert vector.intersect(first, first) == first
        assert vector.without_ends(first, first) == {}
