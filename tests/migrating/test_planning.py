"""What a document of a source does to the entity that is here: the table, and what always holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.upkeep.migrating.planning import NEVER, decide, differing

A, B, C = {"x": 1}, {"x": 2}, {"x": 3}


@pytest.mark.parametrize(
    ("document", "now", "before", "word"),
    [
        (A, A, NEVER, "same"),
        (A, A, B, "same"),
        (None, None, A, "same"),
        (A, None, NEVER, "create"),
        (A, B, NEVER, "overlap"),
        (None, A, NEVER, "overlap"),
        (A, B, A, "kept"),
        (A, None, A, "kept"),
        (A, B, B, "update"),
        (A, None, None, "create"),
        (None, A, A, "delete"),
        (A, B, C, "overlap"),
        (A, None, B, "overlap"),
        (None, A, B, "overlap"),
        (A, B, None, "overlap"),
        ({"x": 1.0}, {"x": 1}, {"x": 1}, "update"),
        ({"x": True}, {"x": 1}, {"x": 1}, "update"),
    ],
)
def test_each_row_of_the_table(document, now, before, word):
    found = decide(document, now, before, force=False)
    assert found.word == word
    forced = decide(document, now, before, force=True)
    assert forced.word == (
        word
        if word != "overlap"
        else {(True, True): "update", (False, True): "delete"}.get((document is not None, now is not None), "create")
    )


def test_changes_of_both_sides_in_different_fields_come_together():
    found = decide({"x": 1, "y": 5}, {"x": 7, "y": 1, "new": 3}, {"x": 1, "y": 1, "old": 2}, force=False)
    assert (found.word, found.set, found.unset) == ("update", {"y": 5}, ("old",))


def test_an_overlap_names_the_fields():
    assert decide({"x": 1, "y": 1}, {"x": 2, "y": 1}, {"x": 3, "y": 3}, force=False).overlaps == ("x",)


documents = st.none() | st.dictionaries(st.sampled_from("abc"), st.sampled_from([0, 1, 1.0, True, "1", None, [1]]))


def applied(found, now):
    if found.word in ("same", "kept", "overlap"):
        return now
    if found.word == "delete":
        return None
    after = dict(found.data) if found.data is not None else {**now, **found.set}
    return {name: item for name, item in after.items() if name not in found.unset}


def is_same(first, second):
    if first is None or second is None:
        return first is second
    return not differing(first, second)


@given(documents, documents, st.just(NEVER) | documents)
def test_nothing_that_only_one_side_changed_is_lost(document, now, before):
    """Goal: what changed here stays, what changed in the source comes in, and what overlaps stays as it is."""
    found = decide(document, now, before, force=False)
    after = applied(found, now)
    if found.word == "overlap":
        return
    if before is NEVER or is_same(now, before):
        assert is_same(after, document)
    elif is_same(document, before):
        assert is_same(after, now)
    elif after is not None and now is not None and before is not None:
        for name in differing(now, before):
            assert (name in after, after.get(name)) == (name in now, now.get(name))
        for name in differing(document, before):
            assert (name in after, after.get(name)) == (name in document, document.get(name))


@given(documents, documents, st.just(NEVER) | documents)
def test_a_forced_source_wins_and_a_second_run_finds_nothing(document, now, before):
    after = applied(decide(document, now, before, force=True), now)
    if before is NEVER or not is_same(document, before):
        fields = differing(document or {}, after or {})
        assert document is None or all(before is not NEVER and name in (now or {}) for name in fields)
    assert decide(document, document, document, force=False).word == "same"
