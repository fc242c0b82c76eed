"""The ``set`` and ``unset`` of an edit: exactly what turns the one document into the other."""

from hypothesis import given
from hypothesis import strategies as st
from replicas import World

from journal.format import values
from journal.state.delta import difference, named
from journal.state.entity import ABSENT

_json = st.one_of(st.sampled_from([1, 1.0, True, None, "a", [], [1], [1.0], {"p": 1}, {"p": True}]), st.integers(-9, 9))
_documents = st.dictionaries(st.sampled_from("vwxyz"), _json)


@given(_documents, _documents)
def test_a_difference_is_just_enough(before, after):
    changed, unset = difference(before, after, None)
    made = {name: item for name, item in before.items() if name not in unset}
    made.update({name: after[name] for name in changed})
    assert values.canonical(made) == values.canonical(after)
    assert set(unset) == before.keys() - after.keys()
    assert all(
        name not in before or values.canonical(before[name]) != values.canonical(after[name]) for name in changed
    )


@given(_documents)
def test_equal_documents_differ_in_nothing(document):
    again = dict(reversed([*document.items()]))
    assert difference(document, again, None) == ([], [])


def test_numbers_that_only_python_thinks_equal_differ():
    assert difference({"x": 1, "y": 1, "z": 0.0}, {"x": 1.0, "y": True, "z": -0.0}, None) == (["x", "y", "z"], [])


def test_the_order_of_keys_is_no_difference():
    assert difference({"x": {"p": 1, "q": 2}}, {"x": {"q": 2, "p": 1}}, None) == ([], [])


def test_creation_sets_all_fields():
    assert difference(None, {"y": 1, "x": 2}, None) == (["x", "y"], [])


def test_re_creation_unsets_what_the_deleted_entity_had():
    world = World()
    world.write(0, "ant", {"x": 1, "y": 1, "z": 1})
    world.write(0, "ant", {"x": 1, "y": 1})
    world.delete(0, "ant")
    state = world.state(0, "ant")
    assert state.fields["z"][0][1] is ABSENT
    assert difference(None, {"x": 2}, state) == (["x"], ["y"])


def test_a_named_field_counts_even_if_it_did_not_change():
    assert named(["x"], ["y"], ([], [])) == (["x"], ["y"])
    assert named(["x"], [], (["z"], ["y"])) == (["x", "z"], ["y"])


def test_a_field_that_is_named_both_ways_is_unset():
    assert named(["x"], ["x"], (["x"], [])) == ([], ["x"])
