"""JSON values: what may be stored comes back as it was; all else is refused, with the place."""

import dataclasses
import datetime
import decimal
import enum
import json
import re
import uuid

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import json_values, payloads

from journal.errors import RefusedError
from journal.format import values
from journal.format.limits import BLOB_BYTES_MAX, DEPTH_MAX


class Text(str):
    __slots__ = ()


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int = 0


CIRCLE = []
CIRCLE.append(CIRCLE)


def nested(depth, inner=()):
    value = list(inner)
    for _ in range(depth - 1):
        value = [value]
    return value


@given(json_values)
def test_every_json_value_comes_back(value):
    again = values.decode(values.encode(value))
    assert again == value
    assert json.dumps(again) == json.dumps(value)


@given(payloads)
def test_every_payload_comes_back(payload):
    assert values.decode(values.encode_payload(payload)) == payload


@given(payloads)
def test_the_order_of_keys_is_kept_in_the_stored_text_and_not_in_the_others(payload):
    backwards = dict(reversed([*payload.items()]))
    assert list(values.decode(values.encode(backwards))) == list(backwards)
    assert values.canonical(backwards) == values.canonical(payload)
    assert values.pretty(backwards) == values.pretty(payload)


REFUSED = [
    (float("nan"), "nan"),
    (float("inf"), "inf"),
    (float("-inf"), "inf"),
    (2**64, "64 bits"),
    (-(2**63) - 1, "64 bits"),
    ("\ud800", "lone surrogate"),
    ({"\udfff": 1}, "lone surrogate"),
    ({1: 2}, "not a string"),
    ({None: 2}, "not a string"),
    ({Text("a"): 2}, "not a string"),
    ((1, 2), "tuple"),
    ({1, 2}, "set"),
    (b"bytes", "bytes"),
    (Text("a"), "Text"),
    (Colour.RED, "Colour"),
    (Point(), "Point"),
    (decimal.Decimal(1), "Decimal"),
    (uuid.UUID(int=0), "UUID"),
    (datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), "datetime"),
    (datetime.date(2026, 1, 1), "date"),
    (orjson.Fragment(b"1"), "Fragment"),
    (orjson.Fragment(b"1,\n"), "Fragment"),
    (object(), "object"),
    (CIRCLE, "nested deeper"),
]


@pytest.mark.parametrize(("value", "why"), REFUSED)
def test_what_json_cannot_carry_is_refused_with_its_place(value, why):
    with pytest.raises(RefusedError, match=why):
        values.encode(value)
    with pytest.raises(RefusedError, match=rf"a\[1\]\.b.*{why}"):
        values.encode({"a": [None, {"b": value}]})


@pytest.mark.parametrize("value", [None, -(2**63), 2**64 - 1, 1e308, 5e-324, -0.0, "", "\x00\u2028\U0001f600", [], {}])
def test_what_json_can_carry_is_accepted_at_its_limits(value):
    again = values.decode(values.encode({"a": value}))["a"]
    assert repr(again) == repr(value)


@pytest.mark.parametrize("inner", [[], [1], [None], [{}]])
def test_a_value_nests_as_deep_as_the_limit_and_no_deeper(inner):
    room = DEPTH_MAX - (inner == [{}])
    assert values.decode(values.encode(nested(room, inner))) == nested(room, inner)
    for depth in (room + 1, 300, 5000):
        with pytest.raises(RefusedError, match="nested deeper"):
            values.encode(nested(depth, inner))


def test_a_wide_value_is_not_a_deep_one():
    wide = {"a": [[{}] for _ in range(10 * DEPTH_MAX)]}
    assert values.decode(values.encode(wide)) == wide


@pytest.mark.parametrize(("value", "kind"), [([], "an array"), (None, "null"), (1, "a number"), (True, "a boolean")])
def test_a_payload_that_is_no_object_is_refused(value, kind):
    with pytest.raises(RefusedError, match=kind):
        values.encode_payload(value)


def test_a_payload_that_is_too_long_for_a_blob_is_refused():
    with pytest.raises(RefusedError, match="at most"):
        values.encode_payload({"a": "x" * BLOB_BYTES_MAX})


@given(st.one_of(st.binary(), json_values.map(lambda value: json.dumps(value).encode())))
def test_a_text_of_the_store_is_a_bounded_value_or_a_value_error(text):
    try:
        value = values.decode_bounded(text, 2)
    except ValueError:
        return
    values.canonical(value)
    assert not any(type(inner) in (list, dict) for outer in _members(value) for inner in _members(outer))


def _members(value):
    return list(value.values()) if type(value) is dict else value if type(value) is list else []


# The three texts.


def test_canonical_tells_apart_what_python_does_not():
    assert len({values.canonical(value) for value in (1, 1.0, True, "1", [1])}) == 5
    assert values.canonical(0.0) != values.canonical(-0.0)


def test_pretty_is_sorted_indented_and_ends_in_a_newline():
    assert values.pretty({"b": [1], "a": {}}) == b'{\n  "a": {},\n  "b": [\n    1\n  ]\n}\n'


@given(json_values)
def test_equal_values_have_equal_checksums(value):
    assert values.checksum(value) == values.checksum(values.decode(values.encode(value)))


def test_a_fragment_is_copied_as_it_is():
    assert values.encode_trusted({"a": values.fragment(b'{"b": 1}')}) == b'{"a":{"b": 1}}'


# Text that people write.


@given(json_values)
def test_every_json_text_is_read(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=3)):
        assert values.parse_text(text) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1,\n  "b" 2}', "line 2, column 7"),
        ('{\n\n"a": }', "line 3, column 6"),
        ("", "line 1, column 1"),
        ('{"a": [1,\n]}', "line 1, column 9: there is a comma too many"),
        ('{"a": 1 , }', "line 1, column 9: there is a comma too many"),
        ('{"a": ,}', "line 1, column 7: a value is missing"),
        ("{} {}", "line 1, column 4"),
        ("\ufeff{}", "line 1, column 1"),
        ('{"a": 1,\n "a": 2}', "line 2, column 2: the key 'a' appears twice"),
        ('{"x": {"k": 1,\n"b": "{,",\n  "\\u006b": 1}}', "line 3, column 3: the key 'k' appears twice"),
        ('{"a": ["a", {"a": "a"}],\n"b": {}, "a": 2}', "line 2, column 10: the key 'a' appears twice"),
        ("NaN", "line 1, column 1: NaN is not JSON"),
        ('{"NaN":\n -Infinity}', "line 2, column 2: -Infinity is not JSON"),
        ("[1.5e3, 1e999]", "line 1, column 9: 1e999 is too large"),
        ("[-9223372036854775808,\n18446744073709551616]", "line 2, column 1: .*64 bits"),
        ("1" * 5000, "line 1, column 1: .*64 bits"),
        ('["é", "\\ud800"]', "line 1, column 7: .*lone surrogate"),
        ('{"\\udc00": 1}', "line 1, column 2: .*lone surrogate"),
        ("[" * 5000 + "]" * 5000, "nested deeper"),
        ("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1), f"line 1, column {DEPTH_MAX + 1}: nested deeper"),
        ('"tab\there"', "control character"),
    ],
)
def test_a_text_that_would_not_come_back_is_refused_with_the_reason(text, why):
    with pytest.raises(RefusedError, match=why):
        values.parse_text(text, what="the argument")


def test_the_message_says_which_text_it_was():
    with pytest.raises(RefusedError, match=r"^plan\.json: line 1"):
        values.parse_text("{", what="plan.json")


@given(st.text())
def test_any_text_is_a_value_or_is_refused(text):
    try:
        value = values.parse_text(text)
    except RefusedError:
        return
    assert values.decode(values.encode(value)) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1\n "b": 2}', "line 2, column 2: a comma or a closing bracket is missing before this"),
        (
            '{"a":\n"x\n"}',
            "line 2, column 3: a line break or control character in a string: is its closing quote missing?",
        ),
        ('{"a": "x}', "line 1, column 7: this string has no closing quote"),
        ('{"a" 1}', "line 1, column 6: a colon is missing before this"),
        ("{} {}", "line 1, column 4: the document ended before this"),
        ("", "line 1, column 1: a value is missing"),
    ],
)
def test_what_is_wrong_in_a_text_is_told_with_its_place_in_plain_words(text, said):
    with pytest.raises(RefusedError, match=re.escape(f"the JSON text: {said}")):
        values.parse_text(text)


@given(st.lists(payloads, max_size=12))
def test_several_payloads_are_encoded_as_each_alone(several):
    texts = values.encode_payloads(several)
    assert [values.decode(text) for text in texts] == several
    assert [json.dumps(values.decode(text)) for text in texts] == [json.dumps(payload) for payload in several]
    assert not any(b"\n" in text for text in texts)


@pytest.mark.parametrize(("value", "why"), REFUSED)
@pytest.mark.parametrize("wrap", [lambda value: {"a": value}, lambda value: {"a": [1, {"b": value}]}])
def test_among_several_payloads_the_same_is_refused(value, why, wrap):
    several = [{"n": number} for number in range(9)]
    with pytest.raises(RefusedError, match=why):
        values.encode_payloads([*several, wrap(value)])
    with pytest.raises(RefusedError, match="a payload is a JSON object"):
        values.encode_payloads([*several, [1]])


def test_several_payloads_nest_as_deep_as_one_and_no_deeper():
    for inner in ((), (1,)):
        deep = [{"a": nested(DEPTH_MAX - 1, inner)}] * 9
        assert [values.decode(text) for text in values.encode_payloads(deep)] == deep
        with pytest.raises(RefusedError, match="nested deeper"):
            values.encode_payloads([{"a": nested(DEPTH_MAX, inner)}] * 9)


@pytest.mark.parametrize(("first", "second"), [(1, 1.0), (1, True), (0.0, -0.0), ({"a": 1}, {"a": 1.0}), ([], {})])
def test_values_are_the_same_where_their_json_is(first, second):
    assert values.is_same(first, first)
    assert not values.is_same(first, second)
    assert values.differ_in({"x": first}, {"x": second}, "x")


def test_documents_differ_in_a_member_that_only_one_has_and_not_in_one_that_neither_has():
    assert values.differ_in({"a": None}, {}, "a")
    assert values.differ_in({}, {"a": None}, "a")
    assert not values.differ_in({}, {}, "a")
    assert not values.differ_in({"a": {"b": 1, "c": 2}}, {"a": {"c": 2, "b": 1}}, "a")
