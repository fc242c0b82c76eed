"""Which file shows which entity: one for each, below entities/, and back again."""

from hypothesis import assume, given
from hypothesis import strategies as st

from journal.format import values
from journal.format.reserved import KV_TYPE
from journal.projections.paths import ID_FIELD, entity_at, path_of, render

IDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=40)


TYPES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=12)


@given(TYPES, IDS, st.booleans())
def test_a_path_says_whose_it_is(type, id, fanout):
    path = path_of(type, id, fanout=fanout)
    parts = path.split("/")
    assume(type != KV_TYPE)
    assert parts[0] == "entities"
    assert len(parts) == 3 + fanout
    assert not {"", ".", ".."} & set(parts)
    assert entity_at(path) in ((type, id), (type, None))


@given(IDS, IDS)
def test_two_ids_never_share_a_path_even_where_case_is_folded(first, second):
    assume(first != second)
    for type in ("t", KV_TYPE):
        assert path_of(type, first, fanout=False).casefold() != path_of(type, second, fanout=False).casefold()


@given(IDS, st.booleans())
def test_a_key_has_a_file_of_its_own_below_kv(key, fanout):
    path = path_of(KV_TYPE, key, fanout=fanout)
    assert path.startswith("kv/")
    assert path.count("/") == 1 + fanout
    assert entity_at(path) in ((KV_TYPE, key), (KV_TYPE, None))


def test_an_id_that_is_too_long_for_a_name_stands_in_the_document():
    long = "x" * 500
    assert entity_at(path_of("t", long, fanout=False)) == ("t", None)
    assert values.decode(render(long, '{"n":1}')) == {"n": 1, ID_FIELD: long}
    assert values.decode(render("short", '{"n":1}')) == {"n": 1}


def test_what_is_no_projection_is_told():
    for path in ("entities/t", "entities/t/x", "entities/t/a/b/c.json", "segments/t/x.json", "entities/%zz/x.json"):
        assert entity_at(path) is None
    for path in ("kv", "kv/x", "kv/a/b/c.json", "entities/%24kv/x.json", ".json", "kv.json"):
        assert entity_at(path) is None
