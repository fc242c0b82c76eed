"""Schemas, without any store: what they find, in plain words; and hostile ones."""

import json

import pytest

pytest.importorskip("jsonschema", reason="an optional library")

from journal import RefusedError
from journal.schemas import checking
from journal.schemas.checking import Problem, Schema
from tests.support.ending import ends

PLAN = {
    "type": "object",
    "required": ["title"],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "minLength": 1},
        "status": {"enum": ["open", "done"]},
        "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}, "uniqueItems": True},
        "owner": {"$ref": "#/$defs/person"},
        "schema_version": {"const": 2},
    },
    "patternProperties": {"^x-": {"type": "integer"}},
    "$defs": {"person": {"type": "object", "properties": {"a/b": {"type": ["string", "null"]}}}},
}


def schema(form) -> Schema:
    return Schema(json.dumps(form).encode())


def problems(form, document) -> list[str]:
    return [str(item) for item in schema(form).problems(document)]


def test_what_fits_has_no_problems():
    fitting = {
        "title": "a",
        "status": "open",
        "tags": ["b", "c"],
        "owner": {"a/b": None},
        "schema_version": 2,
        "x-n": 1,
    }
    assert problems(PLAN, fitting) == []


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, ["the document: lacks 'title'"]),
        ({"title": 3}, ["/title: is a number, and must be of type string"]),
        ({"title": "a", "status": "gone"}, ['/status: is none of "open", "done"']),
        ({"title": "a", "tags": ["b", "B"]}, ["/tags/1: does not match '^[a-z]+$'"]),
        ({"title": "a", "tags": ["b", "b"]}, ["/tags: has the same member twice"]),
        ({"title": "a", "owner": {"a/b": 1}}, ["/owner/a~1b: is a number, and must be of type string or null"]),
        ({"title": "a", "schema_version": 1}, ["/schema_version: must be 2"]),
        ({"title": "a", "more": 1, "less": 2}, ["the document: has fields that are not allowed: less, more"]),
        ({"title": "a", "x-n": "1"}, ["/x-n: is a text, and must be of type integer"]),
        ({"title": ""}, ["/title: should be non-empty"]),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(document, said):
    assert problems(PLAN, document) == said


def test_one_and_one_point_zero_are_the_same_member():
    assert problems({"uniqueItems": True}, [1, 1.0]) == ["the document: has the same member twice"]
    assert problems({"uniqueItems": True}, [1, True, "1", None, [1], {"a": 1}]) == []


@pytest.mark.parametrize(
    "draft", ["draft-04/schema#", "draft-07/schema#", "draft/2019-09/schema", "draft/2020-12/schema"]
)
def test_every_draft_of_the_library_is_known(draft):
    host = "http" if draft.startswith("draft-0") else "https"
    form = {"$schema": f"{host}://json-schema.org/{draft}", "properties": {"a": {"pattern": "^a$"}}}
    assert problems(form, {"a": "b"}) == ["/a: does not match '^a$'"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "leaves the schema"),
        ({"$ref": "file:///etc/passwd"}, "leaves the schema"),
        ({"properties": {"a": {"$ref": "other.json"}}}, "/properties/a/\\$ref leaves the schema"),
        ({"allOf": [{"$dynamicRef": "//host/x"}]}, "leaves the schema"),
        ({"$schema": "https://example.com/own"}, "no draft"),
        ({"type": "strnig"}, "/type"),
        ({"required": "title"}, "/required"),
        ({"pattern": "("}, "not a regular expression"),
        ({"patternProperties": {"(a)\\1": {}}}, "no references back"),
        ({"unevaluatedProperties": False, "patternProperties": {}}, "not supported"),
        ([], "a JSON object"),
        ("text", "a JSON object"),
    ],
)
def test_what_reaches_out_or_is_no_schema_is_refused(form, said):
    with pytest.raises(RefusedError, match=said):
        schema(form)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", b" " * 300_000])
def test_what_is_no_json_or_too_much_of_it_is_refused(text):
    with pytest.raises(RefusedError):
        Schema(text)


def test_a_schema_of_very_many_parts_is_refused_before_each_is_looked_at():
    with pytest.raises(RefusedError, match=r"at most 10,000 objects and booleans, not 20,002"):
        schema({"properties": {"a": {"allOf": [True] * 19_999}}})
    assert schema({"enum": list(range(20_000))}).problems(5) == []


def doubling(depth):
    """A schema of a few lines that asks for 2^depth looks."""
    steps = {f"s{at}": {"allOf": [{"$ref": f"#/$defs/s{at + 1}"}] * 2} for at in range(depth)}
    return {"$ref": "#/$defs/s0", "$defs": {**steps, f"s{depth}": {"type": "object"}}}


def test_the_work_of_a_hostile_schema_is_bounded():
    assert problems(doubling(60), {}) == ["the document: checking it takes more work than is allowed"]
    assert schema(doubling(5)).problems({}) == []


@pytest.mark.parametrize(
    ("form", "document"),
    [
        ({"items": {"allOf": [{}] * 500}}, ["x"] * 2_000),
        ({"items": {"enum": list(range(2_000))}}, [1_999] * 2_000),
        ({"items": {"properties": {f"p{at}": {} for at in range(500)}}}, [{}] * 4_000),
        ({"contains": {"type": "integer"}, "unevaluatedItems": False}, list(range(20_000))),
        ({"additionalProperties": True, "unevaluatedProperties": False}, {f"p{at}": 1 for at in range(20_000)}),
    ],
)
def test_what_a_rule_goes_through_is_work_too(form, document):
    assert problems(form, document) == ["the document: checking it takes more work than is allowed"]


def test_choices_count_as_work(monkeypatch):
    monkeypatch.setattr(checking, "WORK_MAX", 20_000)
    form = {"items": {"enum": list(range(600))}}
    assert "more work" in str(problems(form, [599] * 2_000))
    assert problems(form, list(range(6))) == []
    assert problems({"items": {"enum": list(range(6))}}, [5] * 600) == []


def test_a_schema_of_an_old_draft_with_very_many_choices_is_made_soon():
    """Its own schema asks that choices differ; the library compares each with each where they cannot be sorted."""
    choices = [one for number in range(6_000) for one in ({"a": number}, [number])]
    form = {"$schema": "http://json-schema.org/draft-04/schema#", "enum": choices}
    with ends():
        assert problems(form, [5_999]) == []
    with pytest.raises(RefusedError, match="/enum: has the same member twice"):
        schema({**form, "enum": [1, {}, 1.0]})


def test_a_schema_that_refers_to_itself_ends():
    (said,) = problems({"$ref": "#"}, {})
    assert "without an end" in said or "more work" in said


def test_a_reference_that_leads_nowhere_is_told():
    (said,) = problems({"$ref": "#/$defs/none"}, {})
    assert "cannot be applied" in said


def test_a_hostile_pattern_ends():
    form = {"properties": {"a": {"pattern": "(a+)+$"}}}
    assert problems(form, {"a": "a" * 3000 + "!"}) == ["/a: does not match '(a+)+$'"]
    assert "more work" in str(problems(form, {"a": "a" * 1_000_000 + "!"}))


def test_a_problem_repeats_little_of_what_it_is_about():
    assert len(str(schema({"maxItems": 1}).problems(["x" * 5000] * 9)[0])) < 400
    assert len(schema({"items": {"type": "string"}}).problems([1] * 1000)) == 20


def test_nothing_reaches_for_the_network(monkeypatch):
    import socket

    def refuse(*_):
        raise AssertionError("reached out")

    monkeypatch.setattr(socket, "socket", refuse)
    form = {"$id": "http://127.0.0.1:9/base.json", "$ref": "#/$defs/a", "$defs": {"a": {"$id": "b.json", "$ref": "#"}}}
    assert all(isinstance(item, Problem) for item in schema(form).problems({}))
