"""What is taken out of a record, and that it comes to the same whatever the order: with the join, and with itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replicas import NOTHING, add, histories, join_known, known, stored, text

from journal.format.lines import BadLineError
from journal.state.encoding import encode_state
from journal.state.redaction import (
    MARKER,
    decode_groups,
    encode_groups,
    groups_within,
    is_applied,
    merge,
    normal,
    pointer,
    redact_payload,
    redact_record,
    redact_state,
)

_names = st.sampled_from(["a", "b", "a/b", "~", "0"])
_values = st.recursive(
    st.sampled_from([None, 1, "x", "[redacted]"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=8,
)
_payloads = st.dictionaries(_names, _values, max_size=4)
_pointers = st.lists(_names | st.integers(0, 2), max_size=3).map(lambda steps: pointer("data", *steps))
_paths = st.lists(_pointers | st.sampled_from(["/summary", "/actor", "/meta/a"]), min_size=1, max_size=4)


def record_of(payload, **more):
    return {
        "kind": "event",
        "seq": 1,
        "actor": "ann",
        "summary": "s",
        "meta": {"a": 1, "b": 2},
        **more,
        "data": payload,
    }


@given(_payloads, _paths, _paths)
def test_what_is_taken_out_twice_or_in_another_order_is_the_same(payload, first, second):
    both = redact_record(record_of(payload), [*first, *second])
    assert redact_record(redact_record(record_of(payload), first), second) == both
    assert redact_record(redact_record(record_of(payload), second), first) == both
    assert redact_record(both, first) == both
    assert is_applied(both, normal([*first, *second]))


def test_a_place_is_replaced_and_nothing_else_changes():
    record = record_of({"a": {"b/c": ["x", "y"]}, "z": 1})
    after = redact_record({**record, "crc": "00000000"}, ["/data/a/b~1c/1", "/summary", "/meta"])
    assert after["data"] == {"a": {"b/c": ["x", MARKER]}, "z": 1}
    assert (after["summary"], after["actor"], after["meta"]) == (MARKER, "ann", {"a": MARKER, "b": MARKER})
    assert after["redacted"] == ["/data/a/b~1c/1", "/meta", "/summary"]
    assert list(after) == ["kind", "seq", "actor", "summary", "meta", "redacted", "data", "crc"]
    assert record["data"] == {"a": {"b/c": ["x", "y"]}, "z": 1}


def test_all_of_a_payload_leaves_the_names_of_its_fields():
    assert redact_payload({"a": 1, "b": {"c": 2}}, ["/data"]) == {"a": MARKER, "b": MARKER}


def test_a_place_that_is_not_there_is_nothing():
    payload = {"a": [1], "b": "text"}
    assert redact_payload(payload, ["/data/a/7", "/data/a/x", "/data/b/c", "/data/zz", "/meta/a"]) == payload


def test_a_tombstone_loses_its_summary_and_stays_a_tombstone():
    after = redact_record({"kind": "entity", "action": "delete", "summary": "why", "crc": "0"}, ["/summary", "/data"])
    assert after == {
        "kind": "entity",
        "action": "delete",
        "summary": MARKER,
        "redacted": ["/data", "/summary"],
        "crc": "0",
    }


def test_pointers_within_another_are_left_out():
    assert normal(["/data/a/b", "/data/a", "/data/ab", "/data/a!"]) == ("/data/a", "/data/a!", "/data/ab")


@given(
    histories(), st.dictionaries(st.integers(0, 11), st.sampled_from(["/data/x", "/data/y", "/data", "/data/tags/0"]))
)
def test_redacting_and_joining_give_the_same_bytes_in_either_order(history, chosen):
    """Events redacted and then joined, joined and then redacted, and a checkpoint of old copies beside new ones."""
    _, events = history
    ids = sorted(events)
    redactions = {ids[at]: (path,) for at, path in chosen.items() if at < len(ids)}

    def new(event):
        image = event.change.image
        if image is None or event.id not in redactions:
            return event
        return event._replace(change=event.change._replace(image=redact_payload(image, redactions[event.id])))

    def after(here):
        return here._replace(states={key: redact_state(state, redactions) for key, state in here.states.items()})

    wanted = text(add(NOTHING, [new(events[id]) for id in ids]))
    assert text(after(known(events))) == wanted
    half = {id: events[id] for id in ids[::2]}
    rest = {id: new(events[id]) for id in ids}
    assert text(join_known(after(stored(known(half))), known(rest))) == wanted


def test_a_state_that_holds_nothing_of_it_is_the_very_state():
    from journal.state.entity import EntityState

    state = EntityState(1, {(1, "a"): {"x": 1}}, {"x": (((1, "a"), 1),)})
    assert redact_state(state, {(2, "a"): ("/data",)}) is state
    assert encode_state(redact_state(state, {(1, "a"): ("/data/x",)}))["data"] == {"x": MARKER}


LANE = "k3f9x2a7b4c5d"


@given(st.dictionaries(st.tuples(st.integers(1, 40), st.just(LANE)), _paths.filter(bool).map(normal), max_size=30))
def test_redactions_survive_their_json_however_many_notes_they_take(redactions):
    assert decode_groups(encode_groups(redactions)) == redactions
    found = {}
    for groups in groups_within(redactions, 200):
        merge(found, decode_groups(groups))
    assert found == redactions


def test_what_is_no_redaction_is_refused():
    good = {"paths": ["/data/a"], "events": [f"1@{LANE}"]}
    assert decode_groups([good]) == {(1, LANE): ("/data/a",)}
    bad = [
        None,
        [None],
        [{"paths": ["/data"]}],
        [{**good, "events": ["1"]}],
        [{**good, "paths": []}],
        *([{**good, "paths": [path]}] for path in ("data", "", "/", "/seq", "/id", "/summary/x", "x/data", 1)),
    ]
    for value in bad:
        with pytest.raises(BadLineError):
            decode_groups(value)
