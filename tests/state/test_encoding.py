"""A state as JSON: it comes back exactly, and whatever is no state is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replicas import World, add, join_known, known, stored, text

from journal.format import values
from journal.format.lines import BadLineError
from journal.state.encoding import decode_state, encode_state
from journal.state.entity import NO_HOLES, EntityState, Holes
from journal.state.value import conflicts, value

LANE = "0000000000001"
FORM = {"rev": 1, "heads": [f"1@{LANE}"], "data": {"x": 1}, "set": {f"1@{LANE}": ["x"]}}


def test_a_value_that_the_document_shows_is_not_repeated():
    world = World()
    world.edit(0, "ant", {"x": "long", "y": 1})
    assert encode_state(world.state(0, "ant")) == {
        "rev": 1,
        "heads": [f"1@{LANE}"],
        "data": {"x": "long", "y": 1},
        "set": {f"1@{LANE}": ["x", "y"]},
    }


def test_a_loser_of_a_conflict_keeps_its_value():
    world = World()
    world.edit(0, "ant", {"x": 1})
    world.edit(1, "ant", {"x": 2})
    world.meet()
    assert encode_state(world.state(0, "ant")) == {
        "rev": 1,
        "heads": [f"1@{LANE}", "1@0000000000002"],
        "images": [{"x": 1}, {"x": 2}],
        "values": {f"1@{LANE}": {"x": 1}, "1@0000000000002": {"x": 2}},
    }


def test_holes_are_kept():
    world = World()
    world.edit(0, "ant", {"x": 1})
    world.edit(0, "ant", {"x": 2})
    damaged = {id: event for id, event in world.events.items() if id[0] == 2}
    assert encode_state(known(damaged).states["ant"])["holes"] == {
        "heads": {LANE: [[1, 1]]},
        "fields": {"x": {LANE: [[1, 1]]}},
    }


def test_the_order_of_keys_inside_a_value_is_kept():
    """The head's image spells the value in another order than the event that set it."""
    world = World()
    world.edit(0, "ant", {"x": {"p": 1, "q": 2}, "y": 0})
    world.meet()
    world.write(0, "ant", {"x": {"q": 2, "p": 1}, "y": 1})
    checkpoint = stored(known(world.replicas[0].held))
    late = world.edit(1, "ant", {"y": 2})
    assert text(add(checkpoint, [late])) == text(known(world.events))
    assert text(join_known(checkpoint, stored(known(world.replicas[1].held)))) == text(known(world.events))


def test_a_minimal_form_is_a_state():
    assert decode_state(FORM) == EntityState(1, {(1, LANE): {"x": 1}}, {"x": (((1, LANE), 1),)})


def test_the_form_of_a_state_with_holes_is_read_as_it_was_made():
    """Nobody has to write it to a file first: what a redaction leaves of a checkpoint's line is read at once."""
    missing = {LANE: ((1, 2), (4, 4))}
    state = EntityState(1, {(5, LANE): {"x": 1}}, {"x": (((5, LANE), 1),)}, Holes(missing, {"x": missing}))
    assert decode_state(encode_state(state)) == state


def test_holes_that_name_nothing_are_no_holes():
    assert decode_state({**FORM, "holes": {"heads": {}, "fields": {"x": {}}}}).holes is NO_HOLES


@pytest.mark.parametrize(
    "change",
    [
        {"rev": "1"},
        {"rev": 1.5},
        {"rev": True},
        {"rev": 0},
        {"rev": None},
        {"heads": []},
        {"heads": None},
        {"heads": [1]},
        {"heads": ["1@x"]},
        {"heads": [f"01@{LANE}"]},
        {"heads": [f"1@{LANE}", f"2@{LANE}"]},
        {"heads": [f"1@{LANE}", f"1@{LANE}"]},
        {"data": None},
        {"data": [1]},
        {"data": "x"},
        {"set": []},
        {"set": {f"1@{LANE}": "x"}},
        {"set": {f"1@{LANE}": ["missing"]}},
        {"set": {"nobody": ["x"]}},
        {"unset": {f"1@{LANE}": [1]}},
        {"unset": {f"1@{LANE}": [[]]}},
        {"unset": {f"1@{LANE}": None}},
        {"values": {f"1@{LANE}": ["x"]}},
        {"values": {"1": {"x": 1}}},
        {"holes": {}},
        {"holes": {"heads": {}, "fields": []}},
        {"holes": {"heads": {LANE: [[2, 1]]}, "fields": {}}},
        {"holes": {"heads": {}, "fields": {"x": {LANE: []}}}},
    ],
)
def test_what_is_no_state_is_refused(change):
    with pytest.raises(BadLineError):
        decode_state({**FORM, **change})


@pytest.mark.parametrize("images", [None, {}, [], [1], ["x"], [[]], [{}, {}]])
def test_images_that_are_no_documents_are_refused(images):
    with pytest.raises(BadLineError):
        decode_state({"rev": 1, "heads": [f"1@{LANE}"], "images": images})


_scalar = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.just(f"1@{LANE}"), st.sampled_from("xy"), st.text()
)
_json = st.recursive(
    _scalar,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["x", "heads", "fields", LANE, f"1@{LANE}"]), inner, max_size=3),
    ),
    max_leaves=8,
)
_form = st.dictionaries(st.sampled_from(["rev", "heads", "data", "images", "set", "unset", "values", "holes"]), _json)


@given(st.one_of(_json, _form, _form.map(lambda form: {**FORM, **form})))
def test_whatever_is_read_as_a_state_can_be_used_as_one(form):
    """A hostile checkpoint fails with BadLineError, or is a state like any other."""
    try:
        state = decode_state(form)
    except BadLineError:
        return
    value(state, {"x": "union"})
    conflicts(state, {})
    again = decode_state(values.decode(values.encode_trusted(encode_state(state))))
    assert again == state
