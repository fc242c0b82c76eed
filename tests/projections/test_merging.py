"""Goal: three versions of a projection become one that a machine may have written, and nothing is invented or lost."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from journal.errors import RefusedError
from journal.format import values
from journal.projections.merging import merge_documents, merge_projections

TAGS = {"tags": "union", "votes": "max", "low": "min"}
scalars = st.sampled_from([None, True, 1, 1.0, 0, -0.0, "", "a", "b", [], {}, {"x": 1}])
items = st.one_of(scalars, st.lists(st.sampled_from(["a", "b", "c", 1]), max_size=3))
documents = st.dictionaries(st.sampled_from(["tags", "votes", "low", "x", "y", "é"]), items, max_size=5)
strategies = st.sampled_from([{}, TAGS])
BASE = {"title": "Ship", "status": "open"}


def merged(base, ours, theirs, strategies=None):
    return merge_documents(lambda: strategies or {}, base, ours, theirs)


def texts(base, ours, theirs, strategies=None):
    """Merge bytes; documents are rendered first."""
    rendered = [item if isinstance(item, bytes) else values.pretty(item) for item in (base, ours, theirs)]
    return merge_projections(lambda: strategies or {}, *rendered)


def text(item):
    return values.canonical(item)


@given(documents, documents, documents, strategies)
def test_it_does_not_matter_which_side_is_ours(base, ours, theirs, strategies):
    assert text(merged(base, ours, theirs, strategies)) == text(merged(base, theirs, ours, strategies))
    assert texts(base, ours, theirs, strategies) == texts(base, theirs, ours, strategies)


@given(documents, documents, strategies)
def test_where_one_side_alone_changed_that_is_the_result(base, changed, strategies):
    assert text(merged(base, changed, base, strategies)) == text(changed)
    assert text(merged(base, base, changed, strategies)) == text(changed)
    assert text(merged(base, changed, changed, strategies)) == text(changed)


@given(documents, documents, documents, strategies)
@example({}, {"tags": ["a"]}, {"tags": ["b", "a"]}, TAGS)
def test_no_value_is_invented_and_no_field_of_both_sides_is_lost(base, ours, theirs, strategies):
    result = merged(base, ours, theirs, strategies)
    for name, item in result.items():
        sides = [side[name] for side in (ours, theirs) if name in side]
        if strategies.get(name) == "union" and text(item) not in map(text, sides):
            assert {text(member) for member in item} == {text(member) for side in sides for member in side}
        else:
            assert text(item) in map(text, sides)
    assert ours.keys() & theirs.keys() <= result.keys() <= ours.keys() | theirs.keys()


@given(documents, documents, documents)
def test_where_both_sides_changed_fields_one_side_wins_them_all(base, ours, theirs):
    both = [
        name
        for name in ours.keys() & theirs.keys()
        if len({text(ours[name]), text(theirs[name]), text(base[name]) if name in base else b""}) == 3
    ]
    result = merged(base, ours, theirs)
    assert any(all(text(result[name]) == text(side[name]) for name in both) for side in (ours, theirs))


@given(documents, documents)
def test_of_an_older_and_a_newer_version_without_an_ancestor_one_remains(older, added):
    newer = older | added
    assert text(merged({}, older, newer)) in (text(older), text(newer))


@given(documents, documents, documents, strategies)
def test_the_result_is_a_canonical_rendering(base, ours, theirs, strategies):
    result = texts(base, ours, theirs, strategies)
    assert values.pretty(values.decode(result)) == result


def test_fields_of_both_sides_come_together_and_what_one_removed_is_gone():
    ours, theirs = {**BASE, "owner": "ana"}, {"title": "Send"}
    assert merged(BASE, ours, theirs) == {"title": "Send", "owner": "ana"}


def test_a_field_that_one_side_changed_and_the_other_removed_stays():
    assert merged(BASE, {**BASE, "status": "done"}, {"title": "Ship"}) == {**BASE, "status": "done"}


def test_both_sides_added_the_file():
    assert texts(b"", {"a": 1}, {"b": 2}) == values.pretty({"a": 1, "b": 2})


def test_a_strategy_is_asked_for_only_where_it_is_needed():
    def unasked():
        raise AssertionError("it was asked for")

    assert merge_documents(unasked, BASE, {**BASE, "a": 1}, {**BASE, "b": 2}) == {**BASE, "a": 1, "b": 2}
    assert merged({}, {"votes": 3, "low": 3}, {"votes": 12, "low": 12}, TAGS) == {"votes": 12, "low": 3}


@pytest.mark.parametrize(
    "wreck", [b"", b"\0\0\0", b'{\n<<<<<<< ours\n  "a": 1\n=======\n  "a": 2\n>>>>>>> theirs\n}\n']
)
def test_a_side_that_is_a_wreck_says_nothing(wreck):
    kept = values.pretty({"a": 5})
    assert texts(BASE, wreck, kept) == kept
    assert texts(BASE, kept, wreck) == kept
    assert texts(wreck, {"a": 1}, {"b": 1}) == values.pretty({"a": 1, "b": 1})
    assert texts(BASE, wreck, b"<<<<<<< \n") == values.pretty(BASE)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b'{\n  "a": 1,\n}\n', "line 2, column 9: there is a comma too many"),
        (b'{"a": 1,\n "a": 2}', "line 2, column 2: the key 'a' appears twice"),
        (b'{"a":\n NaN}', "line 2, column 2: NaN"),
        (b'{"a": 99999999999999999999}', "line 1, column 7: .*64 bits"),
        (b"[]", "an entity is a JSON object"),
        (b'{"a": "\xff"}', "line 1, column 8: not UTF-8"),
        (b'{"a": ' + b"[" * 2000 + b"]" * 2000 + b"}", "nested deeper"),
    ],
)
def test_a_side_that_cannot_be_read_exactly_is_refused_with_its_place(broken, why):
    for ours, theirs, name in ((broken, {"b": 1}, "ours"), ({"b": 1}, broken, "theirs"), (broken, b"", "ours")):
        with pytest.raises(RefusedError, match=f"{name}: .*{why}"):
            texts(BASE, ours, theirs)
    # What only one side touched is git's to carry along, whatever it is.
    assert texts(BASE, broken, BASE) == texts(BASE, BASE, broken) == broken
    assert texts(broken, {"a": 1}, {"b": 2}) == values.pretty({"a": 1, "b": 2})


def test_other_spacing_a_byte_order_mark_and_crlf_are_the_same_document():
    spaced = b'\xef\xbb\xbf{ "status":"open",\r\n\t"title":   "Ship", "owner": 1 }   \r\n'
    assert texts(BASE, spaced, {**BASE, "title": "Send"}) == values.pretty({**BASE, "title": "Send", "owner": 1})
