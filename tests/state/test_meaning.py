"""What entities show after edits that met, or did not: one small story a test."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replicas import NOTHING, World, add, join_known, known, stored, text

from journal.state.entity import ABSENT, Change, EntityState, Past, fold, normal
from journal.state.value import STRATEGIES, FieldConflict, conflicts, settle, value

LANES = [f"{n:0>13}" for n in range(10)]


@pytest.fixture
def world():
    """Two replicas that share one entity with the fields x and y."""
    world = World()
    world.write(0, "ant", {"x": 1, "y": 1})
    world.meet()
    return world


def state_of(world):
    """The state after everyone met."""
    world.meet()
    return world.state(0, "ant")


# Concurrent edits.


def test_concurrent_edits_of_different_fields_both_survive(world):
    world.edit(0, "ant", {"x": 2})
    world.edit(1, "ant", {"y": 2})
    state = state_of(world)
    assert value(state, {}) == {"x": 2, "y": 2}
    assert conflicts(state, {}) == []


def test_of_concurrent_edits_of_one_field_the_later_in_the_total_order_shows_and_the_other_is_listed(world):
    world.edit(0, "ant", {"y": 3})
    loser = world.edit(1, "ant", {"x": 2})
    winner = world.edit(0, "ant", {"x": 3})
    state = state_of(world)
    assert winner.id > loser.id
    assert value(state, {}) == {"x": 3, "y": 3}
    assert conflicts(state, {}) == [FieldConflict("x", winner.id, 3, ((loser.id, 2),))]


def test_of_concurrent_edits_with_equal_seq_the_greater_lane_shows(world):
    first, second = world.edit(0, "ant", {"x": 2}), world.edit(1, "ant", {"x": 3})
    assert first.id[0] == second.id[0]
    assert value(state_of(world), {})["x"] == max([(first.id, 2), (second.id, 3)])[1]


def test_fields_that_no_head_holds_stand_in_the_same_order_whatever_came_first():
    """A tombstone superseded the events that assigned them; beside a put that it did not see they show again."""
    world = World()
    world.edit(0, "ant", {"x": 1})
    world.edit(0, "ant", {"y": 2})
    world.delete(0, "ant")
    world.write(1, "ant", {"tags": ["a"]})
    events = {**world.replicas[0].held, **world.replicas[1].held}
    orders = itertools.permutations(events.values())
    shown = {tuple(value(add(NOTHING, order).states["ant"], {})) for order in orders}
    assert shown == {("tags", "x", "y")}


def test_concurrent_edits_to_equal_values_are_no_conflict(world):
    world.edit(0, "ant", {"x": {"p": 1, "q": 2}})
    world.edit(1, "ant", {"x": {"q": 2, "p": 1}})
    assert conflicts(state_of(world), {}) == []


def test_one_and_one_point_nought_are_different_values(world):
    world.edit(0, "ant", {"x": 2})
    world.edit(1, "ant", {"x": 2.0})
    assert [conflict.field for conflict in conflicts(state_of(world), {})] == ["x"]


def test_a_field_set_beside_the_same_field_unset_is_a_conflict(world):
    unset = world.write(0, "ant", {"y": 1})
    kept = world.edit(1, "ant", {"x": 2})
    state = state_of(world)
    assert conflicts(state, {}) == [FieldConflict("x", kept.id, 2, ((unset.id, ABSENT),))]
    assert value(state, {}) == {"x": 2, "y": 1}


def test_a_field_that_the_later_event_unset_is_gone(world):
    world.edit(0, "ant", {"x": 2})
    world.edit(1, "ant", {"y": 2})
    world.write(1, "ant", {"y": 2})
    assert value(state_of(world), {}) == {"y": 2}


def test_a_conflict_outlives_an_edit_of_another_field(world):
    world.edit(0, "ant", {"x": 2})
    world.edit(1, "ant", {"x": 3})
    world.meet()
    world.edit(0, "ant", {"y": 2})
    state = state_of(world)
    assert len(state.heads) == 1
    assert [conflict.field for conflict in conflicts(state, {})] == ["x"]


@pytest.mark.parametrize("chosen", [2, 3, 4])
def test_an_event_that_saw_both_and_sets_the_field_settles_it(world, chosen):
    world.edit(0, "ant", {"x": 2})
    world.edit(1, "ant", {"x": 3})
    world.meet()
    world.edit(0, "ant", {"x": chosen})
    state = state_of(world)
    assert conflicts(state, {}) == []
    assert value(state, {}) == {"x": chosen, "y": 1}


def test_an_event_that_saw_one_side_alone_settles_nothing(world):
    world.edit(0, "ant", {"x": 2})
    world.edit(1, "ant", {"x": 3})
    world.edit(1, "ant", {"x": 4})
    assert [conflict.field for conflict in conflicts(state_of(world), {})] == ["x"]


def test_two_that_settle_a_conflict_apart_make_a_new_one(world):
    world.edit(0, "ant", {"x": 2})
    world.edit(1, "ant", {"x": 3})
    world.meet()
    first, second = world.edit(0, "ant", {"x": 2}), world.edit(1, "ant", {"x": 3})
    (conflict,) = conflicts(state_of(world), {})
    assert {conflict.winner, conflict.losers[0][0]} == {first.id, second.id}


# Deletion.


def test_a_deleted_entity_shows_nothing(world):
    world.delete(0, "ant")
    state = state_of(world)
    assert state.is_deleted
    assert value(state, {}) is None
    assert conflicts(state, {}) == []


def test_an_update_beside_a_delete_wins_and_is_listed(world):
    dead = world.delete(0, "ant")
    live = world.edit(1, "ant", {"x": 2})
    state = state_of(world)
    assert not state.is_deleted
    assert value(state, {}) == {"x": 2, "y": 1}
    image = {"x": 2, "y": 1}
    assert conflicts(state, {}) == [FieldConflict(None, live.id, image, ((dead.id, ABSENT),))]


def test_an_update_beside_a_delete_of_a_later_seq_wins_too(world):
    world.edit(0, "bee", {"x": 1})
    world.delete(0, "ant")
    world.edit(1, "ant", {"x": 2})
    assert value(state_of(world), {}) == {"x": 2, "y": 1}


def test_two_deletes_apart_are_one_delete(world):
    world.delete(0, "ant")
    world.delete(1, "ant")
    state = state_of(world)
    assert len(state.heads) == 2
    assert state.is_deleted
    assert value(state, {}) is None
    assert conflicts(state, {}) == []


def test_a_delete_that_saw_both_ends_the_conflict(world):
    world.delete(0, "ant")
    world.edit(1, "ant", {"x": 2})
    world.meet()
    world.delete(0, "ant")
    state = state_of(world)
    assert value(state, {}) is None
    assert conflicts(state, {}) == []


def test_rev_goes_on_across_delete_and_re_creation(world):
    world.delete(0, "ant")
    world.write(0, "ant", {"x": 5})
    assert state_of(world).rev == 3


def test_re_creation_drops_the_old_fields(world):
    world.delete(0, "ant")
    event = world.write(0, "ant", {"z": 1})
    assert list(event.change.unset) == ["x", "y"]
    assert value(state_of(world), {}) == {"z": 1}


def test_a_field_that_re_creation_dropped_stays_dropped_beside_an_older_image_that_has_it(world):
    world.delete(0, "ant")
    world.write(0, "ant", {"z": 1})
    world.edit(1, "ant", {"y": 2})
    state = state_of(world)
    assert len(state.heads) == 2
    assert value(state, {}) == {"z": 1}
    assert [conflict.field for conflict in conflicts(state, {})] == ["y"]


# Missing history.


def test_a_lost_event_costs_no_more_than_itself(world):
    """The image of a later event still shows what the lost one set."""
    world.edit(0, "ant", {"z": 7})
    world.edit(0, "ant", {"x": 2})
    held = dict(world.replicas[0].held)
    del held[sorted(held)[1]]
    assert value(known(held).states["ant"], {}) == {"x": 2, "y": 1, "z": 7}


def test_a_field_that_nobody_here_assigned_comes_from_the_greatest_head_that_has_it(world):
    world.edit(0, "ant", {"z": 7})
    world.meet()
    world.edit(0, "ant", {"x": 2})
    world.edit(1, "ant", {"y": 2})
    events = dict(world.events)
    del events[sorted(events)[1]]
    assert value(known(events).states["ant"], {}) == {"x": 2, "y": 2, "z": 7}


def test_an_event_out_of_a_hole_is_superseded_on_arrival(world):
    late = world.edit(0, "ant", {"x": 2})
    last = world.edit(0, "ant", {"x": 3})
    events = [event for event in world.events.values() if event is not late]
    state = add(add(NOTHING, events), [late]).states["ant"]
    assert list(state.heads) == [last.id]
    assert state.fields["x"] == ((last.id, 3),)


def test_an_event_whose_line_was_lost_inside_a_segment_is_superseded_when_it_comes_back():
    """The hole is in no ``sees``: the segment's own earlier lines count as seen."""
    world = World()
    first, second = world.edit(0, "ant", {"x": 1}), world.edit(0, "ant", {"x": 2})
    assert first.past is second.past
    damaged = stored(add(NOTHING, [second]))
    assert text(join_known(damaged, add(NOTHING, [first]))) == text(known(world.events))
    assert text(add(damaged, [first])) == text(known(world.events))


def test_a_hole_stays_when_a_successor_missed_it_as_well(world):
    lost = world.edit(0, "ant", {"x": 2})
    world.edit(0, "ant", {"x": 3})
    world.drop(0, 0b10)
    last = world.edit(0, "ant", {"x": 4})
    assert lost.id not in last.saw
    here = known(world.replicas[0].held)
    assert list(add(here, [lost]).states["ant"].heads) == [last.id]


def test_a_dropped_edit_that_comes_back_is_not_forgotten_for_a_successor_that_did_not_see_it(world):
    """One head, and beside it an assignment that the head's writer did not hold: both stay."""
    other = world.edit(1, "ant", {"x": 2})
    world.take(0, 1)
    middle = world.edit(0, "ant", {"y": 2})
    world.drop(0, 0b10)
    last = world.edit(0, "ant", {"x": 3})
    assert other.id in middle.saw
    assert other.id not in last.saw
    world.bring_back(0)
    state = world.state(0, "ant")
    assert list(state.heads) == [last.id]
    assert state.fields["x"] == ((other.id, 2), (last.id, 3))


def test_the_winner_of_a_conflict_is_what_shows():
    """One head, whose image shows what its writer held; a greater assignment came back later."""
    world = World()
    world.edit(0, "ant", {"y": 0})
    world.meet()
    mine = world.edit(0, "ant", {"x": 1})
    world.edit(1, "bee", {})
    other = world.edit(1, "ant", {"x": 2})
    world.take(2, 1)
    world.edit(2, "ant", {"y": 1})
    world.take(0, 2)
    world.drop(0, 1 << sorted(world.replicas[0].held).index(other.id))
    last = world.edit(0, "ant", {"y": 2})
    world.bring_back(0)
    state = world.state(0, "ant")
    assert list(state.heads) == [last.id]
    assert value(state, {}) == {"x": 1, "y": 2}
    assert conflicts(state, {}) == [FieldConflict("x", mine.id, 1, ((other.id, 2),))]


# Merge strategies.

_json = st.one_of(st.integers(-3, 3), st.floats(-3, 3), st.sampled_from([1, 1.0, "a", "b", None, True, []]))
_assignments = st.lists(
    st.one_of(_json, st.lists(_json, max_size=3), st.just(ABSENT)), min_size=1, max_size=len(LANES)
).map(lambda items: tuple(((1, lane), item) for lane, item in zip(LANES, items, strict=False)))


def shuffled(values):
    """The same values, assigned by other events."""
    return st.permutations(values).map(
        lambda items: tuple(((1, lane), v) for lane, v in zip(LANES, items, strict=False))
    )


@given(st.lists(st.one_of(st.integers(-3, 3), st.floats(-3, 3)), min_size=2, max_size=5), st.data())
def test_max_and_min_do_not_depend_on_who_wrote_what(numbers, data):
    for strategy, pick in (("max", max), ("min", min)):
        one, other = (settle(data.draw(shuffled(numbers)), strategy) for _ in range(2))
        assert repr(one) == repr(other)
        assert one == pick(numbers)


@given(st.lists(st.lists(st.sampled_from(["a", "b", 1, 1.0, True]), max_size=3), min_size=2, max_size=4), st.data())
def test_union_has_each_member_once_whoever_wrote_it(arrays, data):
    for strategy in [settle(data.draw(shuffled(arrays)), "union") for _ in range(2)]:
        assert sorted(map(repr, strategy)) == sorted({repr(member) for array in arrays for member in array})


@given(_assignments, st.sampled_from([*STRATEGIES, "of-the-future"]))
def test_what_cannot_be_combined_falls_back_to_the_last(assignments, strategy):
    settled = settle(assignments, strategy)
    present = [item for _, item in assignments if item is not ABSENT]
    kinds = {type(item) for item in present}
    combines = (strategy == "union" and kinds == {list}) or (
        strategy in ("max", "min") and bool(kinds) and (kinds <= {int, float} or kinds == {str})
    )
    if not combines or strategy == "lww":
        assert settled is assignments[-1][1]


def test_max_takes_the_greatest_and_is_no_conflict(world):
    world.edit(0, "ant", {"x": 9})
    world.edit(1, "ant", {"x": 3})
    state = state_of(world)
    assert value(state, {"x": "max"})["x"] == 9
    assert conflicts(state, {"x": "max"}) == []


def test_union_beside_unset_keeps_the_members(world):
    world.edit(0, "ant", {"x": ["a"]})
    world.meet()
    world.write(0, "ant", {"y": 1})
    world.edit(1, "ant", {"x": ["a", "b"]})
    assert value(state_of(world), {"x": "union"})["x"] == ["a", "b"]


@pytest.mark.parametrize("strategy", ["union", "max", "of-the-future"])
def test_values_that_a_strategy_cannot_combine_are_a_conflict(world, strategy):
    """The loser would be lost without a word."""
    world.edit(0, "ant", {"x": ["a"]})
    world.edit(1, "ant", {"x": "b"})
    assert [conflict.field for conflict in conflicts(state_of(world), {"x": strategy})] == ["x"]


# The functions themselves.


def test_no_function_changes_a_state_that_it_was_given(world):
    world.edit(0, "ant", {"x": 2})
    world.edit(1, "ant", {"x": 3})
    events = [world.events[id] for id in sorted(world.events)]
    before = add(NOTHING, events[:2])
    frozen = text(before)
    add(before, events[2:])
    join_known(before, known(world.events))
    normal(before.states["ant"], before.has)
    assert text(before) == frozen


def test_fold_takes_events_in_any_order():
    lane = LANES[1]
    past = Past(lane, 1, {})
    changes = [(Change((seq, lane), seq, {"x": seq}, ["x"], []), past) for seq in (1, 2, 3)]
    for order in itertools.permutations(changes):
        states = []
        for at, (change, _) in enumerate(order):
            missing = {lane: tuple((seq, seq) for seq in (1, 2, 3) if seq not in {c.id[0] for c, _ in order[:at]})}
            states.append((change, Past(lane, 1, {}, missing)))
        assert fold(states) == EntityState(3, {(3, lane): {"x": 3}}, {"x": (((3, lane), 3),)})


def test_fold_of_nothing_is_nothing():
    assert fold([]) is None
