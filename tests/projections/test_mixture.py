"""Goal: what a merge makes of known versions is told, and what somebody typed is not taken for it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from journal.format import values
from journal.projections.merging import merge_documents
from journal.projections.mixture import is_mixture

items = st.recursive(
    st.sampled_from([None, True, 1, 1.0, "a", "b", "c"]),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("kl"), inner, max_size=2)),
    max_leaves=6,
)
documents = st.dictionaries(st.sampled_from(["tags", "x", "y", "z"]), items, max_size=4)
strategies = st.sampled_from([{}, {"tags": "union", "x": "max"}])
BASE = {"title": "Ship", "owner": {"name": "ana", "mail": "m"}, "rows": [1, {"k": 1}, 3]}


@given(documents, documents, documents, strategies)
def test_what_the_driver_makes_is_a_mixture(base, ours, theirs, strategies):
    merged = merge_documents(lambda: strategies, base, ours, theirs)
    assert is_mixture(merged, [base, ours, theirs])


@given(st.lists(documents, min_size=1, max_size=3), st.integers(0, 9))
def test_each_version_is_a_mixture_and_stays_one_beside_others(versions, at):
    assert is_mixture(versions[at % len(versions)], versions)


@given(documents, documents, st.sampled_from(["tags", "x", "y", "z"]))
@example({"x": [1]}, {"x": [1, 2]}, "x")
def test_a_value_that_nobody_wrote_is_none(one, other, name):
    versions = [one, other]
    assert not is_mixture({**one, name: "typed"}, versions)
    assert not is_mixture({**one, name: ["typed"]}, versions)
    assert not is_mixture({**one, name: {"k": "typed"}}, versions)
    assert not is_mixture({**one, "typed": None}, versions)


@given(documents, documents)
def test_what_all_versions_have_cannot_be_lacking(one, other):
    for name in one.keys() & other.keys():
        assert not is_mixture({key: item for key, item in one.items() if key != name}, [one, other])


OURS = {**BASE, "owner": {"name": "eve", "mail": "m"}, "rows": [0, 1, {"k": 1}, 3]}
THEIRS = {**BASE, "owner": {"name": "ana", "mail": "n"}, "rows": [1, {"k": 2}, 3, 4]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({**BASE, "owner": {"name": "eve", "mail": "n"}}, True),
        ({**BASE, "rows": [0, 1, {"k": 2}, 3, 4]}, True),
        ({**BASE, "rows": [0, 1, {"k": 3}, 3, 4]}, False),
        ({**BASE, "rows": [0, 1, {"k": 2}, 4]}, False),
        ({**BASE, "owner": {"name": "eve"}}, False),
        ({**BASE, "owner": "eve"}, False),
        ({**BASE, "owner": {"name": "eve", "mail": "n", "more": 1}}, False),
        ({**BASE, "title": ["Ship"]}, False),
    ],
)
def test_members_and_elements_may_come_from_either_side(document, expected):
    assert is_mixture(document, [BASE, OURS, THEIRS]) is expected


def test_a_document_that_takes_too_long_is_a_persons():
    rows = [{"n": n} for n in range(3000)]
    versions = [{"rows": rows}, {"rows": [{"n": -n} for n in range(3000)]}]
    mixed = {"rows": [{"n": n, "m": 1} for n in range(3000)]}
    assert not is_mixture(mixed, versions)
    assert values.canonical(mixed)
