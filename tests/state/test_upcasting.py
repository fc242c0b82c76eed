"""Upcasters, without any store: steps that follow each other, and everything that can be wrong with one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.errors import UsageError
from journal.state.upcasting import Upcasters, version_of


def counting_up(*versions):
    """Register for each version a step that notes that it ran."""
    upcasters = Upcasters()
    for version in versions:

        @upcasters.register("plan", version)
        def step(payload, version=version):
            return {**payload, "schema_version": version + 1, "steps": [*payload.get("steps", []), version]}

    return upcasters


def test_steps_follow_each_other_up_to_the_newest_version():
    lifted = counting_up(1, 2, 3).lift("plan", {"title": "a", "schema_version": 1})
    assert lifted == ({"title": "a", "schema_version": 4, "steps": [1, 2, 3]}, 1, None)


def test_a_payload_without_a_version_has_version_0():
    assert counting_up(0).lift("plan", {"title": "a"}).data == {"title": "a", "schema_version": 1, "steps": [0]}


def test_the_newest_version_is_left_as_it_is_and_so_is_a_newer_one():
    for version in (2, 3, 99):
        written = {"schema_version": version}
        assert counting_up(0, 1).lift("plan", written) == (written, None, None)


def test_names_do_not_meet():
    assert counting_up(1).lift("note", {"schema_version": 1}) == ({"schema_version": 1}, None, None)


def test_a_step_may_leap():
    upcasters = Upcasters()
    upcasters.register("plan", 1, to=5)(lambda payload: {"schema_version": 5})
    upcasters.register("plan", 3, to=5)(lambda payload: {"schema_version": 5, "was": 3})
    assert upcasters.lift("plan", {"schema_version": 1}) == ({"schema_version": 5}, 1, None)
    assert upcasters.lift("plan", {"schema_version": 2}).error == "no upcaster leads from version 2 to 5"


def test_a_target_between_is_reached_or_told():
    assert counting_up(0, 1, 2).lift("plan", {}, target=2).data["schema_version"] == 2
    leaping = Upcasters()
    leaping.register("plan", 0, to=3)(lambda payload: {"schema_version": 3})
    assert leaping.lift("plan", {}, target=2) == ({}, None, "no upcaster leads from version 0 to 2")


def raises(payload):
    raise KeyError("title")


def speaks_badly(payload):
    class MuteError(Exception):
        def __str__(self):
            raise ValueError

    raise MuteError


def changes_deep(payload):
    payload["owner"]["name"] = "b"
    return {**payload, "schema_version": 2}


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (raises, "failed: KeyError: 'title'"),
        (speaks_badly, "failed: MuteError"),
        (lambda payload: None, "returned NoneType, not an object"),
        (lambda payload: [payload], "returned list, not an object"),
        (lambda payload: {**payload, "title": "b"}, "returned schema_version 1, not 2"),
        (lambda payload: {**payload, "schema_version": 0}, "returned schema_version 0, not 2"),
        (lambda payload: {**payload, "schema_version": 3}, "returned schema_version 3, not 2"),
        (lambda payload: {**payload, "schema_version": True}, "returned schema_version True, not 2"),
        (lambda payload: {**payload, "schema_version": 2.0}, "returned schema_version 2.0, not 2"),
        (lambda payload: {"title": "b"}, "returned schema_version None, not 2"),
        (lambda payload: payload.update(schema_version=2) or payload, "changed its argument"),
        (changes_deep, "changed its argument"),
        (lambda payload: {**payload, "schema_version": 2, "n": float("nan")}, "returned what cannot be stored"),
        (lambda payload: {**payload, "schema_version": 2, "n": {1, 2}}, "returned what cannot be stored"),
    ],
)
def test_a_step_that_does_wrong_is_told_and_the_payload_served_as_written(function, said):
    upcasters = Upcasters()
    upcasters.register("plan", 1)(function)
    written = {"schema_version": 1, "owner": {"name": "a"}}
    data, lifted_from, error = upcasters.lift("plan", written)
    assert data is written
    assert written == {"schema_version": 1, "owner": {"name": "a"}}
    assert lifted_from is None
    assert said in error


def test_a_later_step_that_fails_gives_the_payload_as_written_and_nothing_half_lifted():
    upcasters = counting_up(1)
    upcasters.register("plan", 2)(raises)
    assert upcasters.lift("plan", {"schema_version": 1}).data == {"schema_version": 1}


@pytest.mark.parametrize("version", ["2", 1.0, True, -1, None, [1], 2**60])
def test_what_is_no_version_is_told(version):
    lifted = counting_up(1).lift("plan", {"schema_version": version})
    assert lifted.error == "its schema_version is no whole number"
    assert version_of({"schema_version": version}) is None


def test_what_comes_back_shares_nothing_with_what_the_function_keeps():
    kept = {"schema_version": 2, "tags": []}
    upcasters = Upcasters()
    upcasters.register("plan", 1)(lambda payload: kept)
    upcasters.lift("plan", {"schema_version": 1}).data["tags"].append("a")
    assert kept["tags"] == []


@pytest.mark.parametrize(("version", "to"), [(1, 1), (2, 1), (-1, 1), (True, 2), ("1", 2), (1, 2.0)])
def test_versions_that_do_not_rise_are_refused_so_there_is_no_circle(version, to):
    with pytest.raises(UsageError, match=r"to a later one|a whole number"):
        Upcasters().register("plan", version, to=to)


def test_one_place_has_one_function():
    with pytest.raises(UsageError, match="already"):
        counting_up(1).register("plan", 1)
    with pytest.raises(UsageError, match="function"):
        Upcasters().register("plan", 1)(None)


def test_the_first_registry_wins_where_two_are_put_together():
    own, other = counting_up(1), Upcasters()
    other.register("plan", 1)(raises)
    other.register("plan", 2)(lambda payload: {**payload, "schema_version": 3})
    assert own.fill_from(other) == [("plan", 1)]
    assert own.lift("plan", {"schema_version": 1}).data == {"schema_version": 3, "steps": [1]}


@given(st.sets(st.integers(0, 8)), st.integers(0, 10))
def test_a_payload_is_lifted_to_the_newest_version_or_stays_as_it_is(versions, written):
    """The path is there exactly where every version from the payload's up to the newest has a step."""
    upcasters = counting_up(*versions)
    lifted = upcasters.lift("plan", {"schema_version": written})
    newest = max(versions, default=-1) + 1
    if not versions or written >= newest:
        assert lifted == ({"schema_version": written}, None, None)
    elif set(range(written, newest)) <= versions:
        assert lifted.data == {"schema_version": newest, "steps": list(range(written, newest))}
        assert lifted.lifted_from == written
    else:
        assert lifted.data == {"schema_version": written}
        assert lifted.error is not None
