"""A document of another tool is changed as little as possible (journal/upkeep/stages/splicing.py)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.format.values import is_same
from journal.upkeep.stages.splicing import spliced, style_of, written

NAMES = st.sampled_from(["id", "title", "a", "b", "größe", "steps", "tags", "x y", 'q"'])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from([0.5, 1.0, 2e22]), st.text(max_size=4))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=5)
STYLES = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 2, 4, "\t", 1]),
        "ensure_ascii": st.booleans(),
        "sort_keys": st.booleans(),
    }
)


@given(DOCUMENTS, STYLES, st.sampled_from(["", "\n", "\r\n"]))
def test_what_says_the_same_keeps_its_bytes(document, style, end):
    text = (json.dumps(document, **style) + end).encode()
    assert spliced(text, document) == text


@given(DOCUMENTS, DOCUMENTS, STYLES)
def test_what_is_written_says_what_it_should(before, after, style):
    text = (json.dumps(before, **style) + "\n").encode()
    assert is_same(json.loads(spliced(text, after)), after)


@given(st.dictionaries(NAMES, st.tuples(LEAVES, LEAVES), min_size=1), st.sampled_from([2, 4, "\t"]))
def test_a_changed_document_is_what_its_tool_would_write(fields, indent):
    before = {name: pair[0] for name, pair in fields.items()}
    after = {name: pair[1] for name, pair in fields.items()}
    text = (json.dumps(before, indent=indent, ensure_ascii=False) + "\n").encode()
    assert spliced(text, after).decode() == json.dumps(after, indent=indent, ensure_ascii=False) + "\n"


@given(DOCUMENTS, STYLES)
def test_a_new_document_follows_the_style_of_its_neighbour(document, style):
    neighbour = {"id": "n", "title": "ü", "b": [1], "a": {"k": 1}}
    text = (json.dumps(neighbour, **style) + "\n").encode()
    assert written(neighbour, style_of(text)) == text
    assert is_same(json.loads(written(document, style_of(text))), document)


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        (b'{"a": 1,"b":2}', {"a": 1, "b": 3}, b'{"a": 1,"b":3}'),
        (b'{"a":1.0,"b":[1, 2]}\n', {"a": 1.0, "b": [1, 2, 3]}, b'{"a":1.0,"b":[1, 2, 3]}\n'),
        (b'{\r\n  "b": 1\r\n}\r\n', {"b": 1, "c": "x"}, b'{\r\n  "b": 1,\r\n  "c": "x"\r\n}\r\n'),
        (b'{\n  "b": {},\n  "a": []\n}', {"a": [], "b": {"k": 1}}, b'{\n  "b": {\n    "k": 1\n  },\n  "a": []\n}'),
        (b'{\n  "t": ["x"]\n}', {"t": ["x", "y"]}, b'{\n  "t": ["x", "y"]\n}'),
        (b'{"u": "\\u00fc"}', {"u": "\u00fc\u00e4"}, b'{"u": "\\u00fc\\u00e4"}'),
        (b"\xef\xbb\xbf{}", {}, b"\xef\xbb\xbf{}"),
    ],
)
def test_the_least_is_changed(text, change, expected):
    assert spliced(text, change) == expected


def test_one_changed_field_is_one_changed_line():
    steps = [{"id": f"s{number}", "text": "do it", "done": False} for number in range(5)]
    before = {"schema_version": 3, "id": "pln_1", "title": "Ship", "steps": steps, "tags": ["a", "b"]}
    text = (json.dumps(before, indent=2) + "\n").encode()
    after = {**before, "steps": [*steps[:2], {**steps[2], "done": True}, *steps[3:]]}
    changed = spliced(text, after)
    differing = [pair for pair in zip(text.splitlines(), changed.splitlines(), strict=True) if pair[0] != pair[1]]
    assert differing == [(b'      "done": false', b'      "done": true')]
