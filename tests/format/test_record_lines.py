"""Records and their lines: what was written comes back, and nothing else is a record."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import json_values, payloads, record_parts

from journal.errors import RefusedError
from journal.format import record, values
from journal.format.limits import DEPTH_MAX, LINE_BYTES_MAX, SEQ_MAX
from journal.format.lines import BadLineError, seal, unseal

ENTITY = {
    "kind": "entity",
    "seq": 1,
    "ts": "2026-01-01T00:00:00Z",
    "writer": "w_1-a",
    "type": "ant",
    "id": "1",
    "rev": 1,
    "action": "create",
    "set": ["x"],
    "data": {"x": 1},
}
TOMBSTONE = {
    **{name: ENTITY[name] for name in ("kind", "seq", "ts", "writer", "type", "id", "rev")},
    "action": "delete",
}
EVENT = {**{name: ENTITY[name] for name in ("seq", "ts", "writer", "rev", "data")}, "kind": "event"}
EVENT |= {"stream": "orders", "event": "placed"}
NOTE = {"kind": "note", "seq": 1, "ts": "", "writer": "", "note": "genesis", "data": {}}
REF = {"sha256": "0" * 64, "bytes": 70_000}


def sealed(text):
    """A line whose checksum is right, whatever else it holds."""
    return b'%b,"crc":"%08x"}\n' % (text, zlib.crc32(text))


def expected(parts):
    """The fields that a record's line must hold."""
    fields = {name: parts[name] for name in ("kind", "seq", "ts", "writer")}
    fields.update({name: parts[name] for name in ("actor", "summary") if parts[name] is not None})
    if parts["tx"][1] > 1:
        fields["tx"] = list(parts["tx"])
    fields.update(parts["own"])
    if parts.get("ref") is not None:
        fields["ref"] = parts["ref"]
    elif parts["payload"] is not None:
        fields["data"] = values.decode(parts["payload"])
    return fields


@given(record_parts)
def test_every_record_survives_its_line(parts):
    line = record.encode(**parts)
    fields = record.decode(line)
    crc = fields.pop("crc")
    assert fields == expected(parts)
    assert list(fields) == list(expected(parts))
    assert line.endswith(b',"crc":"%b"}\n' % crc.encode())
    assert line.count(b"\n") == 1


@given(record_parts, st.data())
def test_one_changed_byte_is_never_a_record(parts, data):
    line = bytearray(record.encode(**parts))
    line[data.draw(st.integers(0, len(line) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadLineError):
        record.decode(bytes(line))


@given(record_parts, st.data())
def test_a_part_of_a_line_is_never_a_record(parts, data):
    line = record.encode(**parts)
    with pytest.raises(BadLineError):
        record.decode(line[: data.draw(st.integers(0, len(line) - 1))])


@given(record_parts, record_parts)
def test_two_lines_glued_together_are_no_record(one, other):
    with pytest.raises(BadLineError):
        record.decode(record.encode(**one)[:-1] + record.encode(**other))


@given(st.one_of(st.binary(), st.binary().map(sealed), json_values.map(lambda value: sealed(values.encode(value)))))
def test_arbitrary_bytes_raise_only_bad_line(line):
    with pytest.raises(BadLineError):
        record.decode(line)


_hostile = st.dictionaries(
    st.sampled_from([*ENTITY, *EVENT, "tx", "ref", "unset", "key", "meta", "actor", "summary", "note"]),
    st.one_of(json_values, st.sampled_from([REF, "entity", "event", "delete", [1, 2]])),
    max_size=4,
)


@given(st.sampled_from([ENTITY, TOMBSTONE, EVENT, NOTE]), _hostile)
def test_a_record_with_foreign_fields_is_refused_or_has_the_right_types(base, changes):
    try:
        fields = record.decode(seal({**base, **changes}))
    except BadLineError:
        return
    assert type(fields["seq"]) is int
    assert 1 <= fields["seq"] <= SEQ_MAX
    assert record.is_last_of_transaction(fields) in (True, False)
    if fields["kind"] != "note":
        assert type(fields["rev"]) is int
    if fields["kind"] == "entity":
        assert type(fields["type"]) is type(fields["id"]) is type(fields["action"]) is str
        assert all(type(name) is str for name in [*fields.get("set", []), *fields.get("unset", [])])
    if fields.get("action") != "delete" or fields["kind"] != "entity":
        assert (type(fields.get("data")) is dict) != (type(fields.get("ref")) is dict)


@pytest.mark.parametrize("fields", [ENTITY, TOMBSTONE, EVENT, NOTE, {**ENTITY, "of the future": 1}])
def test_a_plain_record_is_accepted(fields):
    record.check(fields)


@pytest.mark.parametrize(
    ("base", "change"),
    [
        *[(ENTITY, {"seq": seq}) for seq in (None, 0, -1, 1.0, "1", True, SEQ_MAX + 1)],
        *[(ENTITY, {"rev": rev}) for rev in (None, 0, True, "1")],
        *[(ENTITY, {name: wrong}) for name in ("type", "id", "action") for wrong in (None, "", 1, [])],
        *[(ENTITY, {name: None}) for name in ("ts", "writer", "kind", "data")],
        *[(ENTITY, {name: wrong}) for name in ("actor", "summary") for wrong in (1, None, [])],
        *[(ENTITY, {"tx": tx}) for tx in ([], [1], [1, 2, 3], [0, 2], [3, 2], [1, "2"], [True, 2], "12", 1)],
        *[(ENTITY, {name: wrong}) for name in ("set", "unset") for wrong in (None, "x", [1], {"x": 1})],
        *[(ENTITY, {"data": data}) for data in ([], "x", 1)],
        (ENTITY, {"kind": "of the future"}),
        (ENTITY, {"kind": ["entity"]}),
        (ENTITY, {"ref": REF}),
        *[(EVENT, {"data": None, "ref": ref}) for ref in (None, [], {}, {"sha256": "0" * 64}, {**REF, "bytes": -1})],
        *[(EVENT, {"ref": {**REF, "sha256": text}}) for text in ("", "0" * 63, "G" * 64, "../" + "0" * 61, 1)],
        (EVENT, {"ref": {**REF, "bytes": 2**60}}),
        (EVENT, {"ref": {**REF, "bytes": True}}),
        *[(EVENT, {name: wrong}) for name in ("stream", "event", "key") for wrong in (None, "", 1, {})],
        (EVENT, {"meta": 1}),
        (EVENT, {"rev": 0}),
        (TOMBSTONE, {"data": {}}),
        (TOMBSTONE, {"ref": REF}),
        (TOMBSTONE, {"set": 5}),
        (NOTE, {"note": 1}),
        (NOTE, {"data": []}),
    ],
)
def test_a_record_with_a_wrong_field_is_refused(base, change):
    with pytest.raises(BadLineError):
        record.decode(seal({**base, **change}))


def test_data_beside_ref_is_refused():
    with pytest.raises(BadLineError):
        record.check({**EVENT, "ref": REF})
    record.check({**{name: EVENT[name] for name in EVENT if name != "data"}, "ref": REF})


def test_only_the_last_record_of_a_transaction_ends_it():
    assert record.is_last_of_transaction({})
    assert record.is_last_of_transaction({"tx": [3, 3]})
    assert not record.is_last_of_transaction({"tx": [2, 3]})


# Lines.


@given(payloads)
def test_every_object_survives_its_line(fields):
    fields.pop("crc", None)
    line = seal(fields) if fields else seal({"a": 1})
    assert unseal(line)["crc"] == line[-11:-3].decode()


def test_a_line_is_as_long_as_the_limit_and_no_longer():
    room = LINE_BYTES_MAX - len(seal({"x": ""}))
    assert len(seal({"x": "a" * room})) == LINE_BYTES_MAX
    with pytest.raises(RefusedError):
        seal({"x": "a" * (room + 1)})


def test_a_line_beyond_the_limit_is_no_line():
    with pytest.raises(BadLineError):
        unseal(sealed(b'{"x":"%b"' % (b"a" * LINE_BYTES_MAX)))


@pytest.mark.parametrize("depth", [DEPTH_MAX + 1, 1000, 100_000])
def test_a_hostile_line_that_nests_too_deep_is_no_line(depth):
    """Else it could be read, and never be written again."""
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        with pytest.raises(BadLineError):
            unseal(sealed(b'{"data":' + opening * depth + b"1" * (opening != b"[") + closing * depth))


def test_a_payload_of_the_greatest_depth_survives_its_line():
    payload = {}
    for _ in range(DEPTH_MAX - 1):
        payload = {"a": payload}
    line = record.encode(
        kind="note", seq=1, ts="", writer="", actor=None, summary=None, tx=(1, 1), own={"note": "n"},
        payload=values.encode_payload(payload),
    )  # fmt: skip
    assert record.decode(line)["data"] == payload


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line[:-1],
        lambda line: line + b"\n",
        lambda line: line[:-1] + b"\r\n",
        lambda line: line[:-11] + line[-11:-3].upper() + line[-3:],
        lambda line: b" " + line,
        lambda line: b"\x00" * len(line),
        lambda line: b"",
        lambda line: line[1:],
    ],
)
def test_a_line_in_other_clothes_is_no_line(change):
    line = seal({"x": 0})
    assert line[-11:-3].upper() != line[-11:-3]
    with pytest.raises(BadLineError):
        unseal(change(line))


@pytest.mark.parametrize("text", [b"[1", b"1", b"", b"null", b'{"a":NaN', b'{"a":"\xff"', b'{"a":1}{"b":2'])
def test_a_right_checksum_does_not_make_a_line(text):
    with pytest.raises(BadLineError):
        unseal(sealed(text))
