"""Lines of streams' events that are decoded quickly say what they say when they are decoded with care."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import names, payloads, texts

from journal.errors import DamagedError, RefusedError
from journal.format import record, values
from journal.format.event_lines import decode_lines
from journal.format.limits import LINE_BYTES_MAX
from journal.format.lines import are_sealed, seal


def line(seq: int, data: dict[str, Any], **more: Any) -> bytes:
    own = {"stream": more.pop("stream", "s"), "rev": seq, "event": more.pop("event", "E")}
    own.update({name: more[name] for name in ("key", "meta") if name in more})
    return record.encode(
        kind="event",
        seq=seq,
        ts="now",
        writer="w",
        actor=more.get("actor"),
        summary=more.get("summary"),
        tx=more.get("tx", (1, 1)),
        own=own,
        payload=values.encode_payload(data),
        spaces=more.get("spaces", 0),
    )


MORE = st.fixed_dictionaries(
    {},
    optional={
        "stream": names,
        "event": names,
        "key": names,
        "meta": payloads,
        "actor": texts,
        "summary": texts,
        "tx": st.sampled_from([(1, 2), (2, 2)]),
        "spaces": st.integers(0, 63),
    },
)


def said(found: Any) -> dict[str, Any]:
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    fields["tx"] = found.tx and list(found.tx)
    return {"kind": "event"} | {name: item for name, item in fields.items() if item is not None}


@given(st.lists(st.tuples(payloads, MORE), min_size=1, max_size=5))
def test_both_ways_of_decoding_say_the_same(items):
    lines = [line(seq, data, **more) for seq, (data, more) in enumerate(items, start=7)]
    wanted = [{name: item for name, item in record.decode(text).items() if name != "crc"} for text in lines]
    text, lengths = b"".join(lines), list(map(len, lines))
    told = [said(item) for item in decode_lines(text, lengths)]
    assert told == wanted
    assert values.canonical(told) == values.canonical(wanted)  # and no 1 is 1.0


@given(st.data())
def test_lines_are_sealed_until_a_byte_of_them_changes_or_is_missing(data):
    lines = [line(seq, {"n": seq, "text": "x" * 20}) for seq in (1, 2, 3)]
    text, lengths = bytearray(b"".join(lines)), list(map(len, lines))
    assert are_sealed(bytes(text), lengths)
    size = data.draw(st.integers(0, len(text) - 1))
    assert not are_sealed(bytes(text[:size]), lengths)
    text[size] ^= data.draw(st.integers(1, 255))
    assert not are_sealed(bytes(text), lengths)


def test_what_is_no_event_is_told():
    note = seal({"kind": "note", "seq": 1, "ts": "", "writer": "", "note": "n", "data": {}})
    around = [line(seq, {"n": seq}) for seq in range(1, 200)]
    for other in (note, b"\xff\n", b"{\n"):
        lines = [*around[:100], other, *around[100:]]
        with pytest.raises(DamagedError, match="not what they were"):
            list(decode_lines(b"".join(lines), list(map(len, lines))))


def test_a_payload_in_a_blob_is_left_where_it_is():
    ref = {"sha256": "0" * 64, "bytes": 7}
    text = seal({"kind": "event", "seq": 1, "ts": "", "writer": "", "stream": "s", "rev": 1, "event": "E", "ref": ref})
    (found,) = decode_lines(text, [len(text)])
    assert (found.data, found.ref) == (None, ref)


BLOCKS = st.lists(
    st.tuples(names, payloads, st.one_of(st.none(), names), st.one_of(st.none(), payloads)), min_size=1, max_size=6
)


@given(
    BLOCKS,
    st.fixed_dictionaries(
        {
            "seq": st.integers(1, 2**40),
            "ts": texts,
            "writer": texts,
            "actor": st.one_of(st.none(), texts),
            "summary": st.one_of(st.none(), texts),
            "stream": names,
            "rev": st.integers(1, 2**40),
        }
    ),
    st.data(),
)
def test_events_that_are_encoded_together_are_spelled_as_each_of_them_alone(block, common, data):
    size = len(block)
    number, of = data.draw(st.sampled_from([(1, size), (3, size + 5)]))
    spaces = data.draw(st.lists(st.integers(0, 63), min_size=size, max_size=size))
    refs = {at: {"sha256": "0" * 64, "bytes": at} for at in data.draw(st.sets(st.integers(0, size - 1)))}
    names_, data_, keys, metas = zip(*block, strict=True)
    stored = [values.encode_payload(item) for item in data_]
    shown = (None if all(item is None for item in column) else column for column in (keys, metas))
    events = record.EventTexts(names_, stored, *shown, refs)
    wanted = []
    for at, (name, _, key, meta) in enumerate(block):
        own = {"stream": common["stream"], "rev": common["rev"] + at, "event": name}
        own.update({what: item for what, item in (("key", key), ("meta", meta)) if item is not None})
        said = {what: common[what] for what in ("ts", "writer", "actor", "summary")}
        wanted.append(
            record.encode(
                kind="event",
                seq=common["seq"] + at,
                **said,
                tx=(number + at, of),
                own=own,
                payload=stored[at],
                ref=refs.get(at),
                spaces=spaces[at],
            )
        )
    assert record.encode_events(events, **common, tx=(number, of), spaces=spaces) == wanted


def test_a_line_that_is_too_long_with_its_spaces_has_none():
    def encoded(size: int) -> list[bytes]:
        events = record.EventTexts(["E"], [b"{}"], None, [{"m": "x" * size}])
        common = {"ts": "", "writer": "", "actor": None, "summary": None, "stream": "s"}
        return record.encode_events(events, seq=1, tx=(1, 1), rev=1, spaces=[63], **common)

    room = LINE_BYTES_MAX - len(encoded(0)[0]) + 63
    assert [len(encoded(room)[0]), len(encoded(room - 62)[0])] == [LINE_BYTES_MAX, LINE_BYTES_MAX - 62]
    assert len(encoded(room - 63)[0]) == LINE_BYTES_MAX
    with pytest.raises(RefusedError, match="a line has at most"):
        encoded(room + 1)
