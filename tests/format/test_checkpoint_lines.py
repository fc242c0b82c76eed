"""Checkpoints: they come back whole, or are refused; never half, never without bound."""

import gzip
import itertools
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from material import json_values, payloads, seqs, texts, vectors

from journal.format import values
from journal.format.checkpoint import (
    CheckpointHeader,
    compress,
    decode_entities,
    decode_header,
    decompress_lines,
    encode_lines,
)
from journal.format.limits import DEPTH_MAX, SEQ_MAX
from journal.format.lines import BadLineError
from journal.state.vector import highest

LANE = "k3f9x2a7b4c5d"
HEADER = CheckpointHeader("st_a", 9, {LANE: ((1, 9),)}, 4, {"orders": 2})
ENTITIES = [{"type": "ant", "id": "1", "data": {"x": 1}}, {"type": "ant", "id": "2"}, {"type": "bee", "id": "1"}]


@st.composite
def headers(draw):
    covers = draw(vectors())
    head = draw(st.integers(highest(covers), SEQ_MAX))
    return CheckpointHeader("st_a", head, covers, draw(seqs), draw(st.dictionaries(texts, seqs, max_size=3)))


@st.composite
def entities(draw):
    names = sorted(draw(st.sets(st.tuples(texts.filter(bool), texts), max_size=5)))
    return [{"type": type, "id": id, **draw(_state)} for type, id in names]


_state = st.fixed_dictionaries({"rev": seqs, "data": payloads})


def read(data, **bounds):
    """Read a checkpoint to its end, as a reader does."""
    lines = decompress_lines(data, **bounds)
    first = next(lines, None)
    if first is None:
        raise BadLineError("empty")
    return decode_header(first), list(decode_entities(lines))


def made(header=HEADER, entities=ENTITIES):
    return compress(encode_lines(header, entities))


def squeezed(*lines):
    return compress([line if isinstance(line, bytes) else values.encode_trusted(line) + b"\n" for line in lines])


@given(headers(), entities())
def test_every_checkpoint_comes_back(header, entities):
    assert read(made(header, entities)) == (header, entities)


@given(headers(), entities())
def test_equal_checkpoints_have_equal_bytes(header, entities):
    shuffled = header._replace(covers=dict(reversed([*header.covers.items()])))
    assert made(header, entities) == made(shuffled, entities)


def test_a_checkpoint_is_plain_gzip():
    assert gzip.decompress(made()).count(b"\n") == 5


def test_a_checkpoint_cut_at_any_byte_is_refused():
    data = made()
    for size in range(len(data)):
        with pytest.raises(BadLineError):
            read(data[:size])


def test_a_checkpoint_cut_at_any_line_is_refused():
    lines = list(encode_lines(HEADER, ENTITIES))
    for left in range(len(lines)):
        for kept in itertools.combinations(lines, left):
            with pytest.raises(BadLineError):
                read(compress(kept))


def test_a_checkpoint_with_one_changed_byte_is_never_wrong_data():
    """Bits of the gzip header may change without harm; the name's hash tells those."""
    data = made()
    for at in range(len(data)):
        for flip in (1, 0x80, 0xFF):
            changed = bytearray(data)
            changed[at] ^= flip
            try:
                found = read(bytes(changed))
            except BadLineError:
                continue
            assert found == (HEADER, ENTITIES)


@given(st.binary())
def test_arbitrary_bytes_raise_only_bad_line(data):
    with pytest.raises(BadLineError):
        read(data)
    with pytest.raises(BadLineError):
        read(compress([data]))


@given(st.lists(st.one_of(json_values, st.sampled_from(ENTITIES), st.just({"kind": "end", "entities": 1})), max_size=4))
def test_foreign_lines_raise_only_bad_line(lines):
    try:
        _, found = read(squeezed(*list(encode_lines(HEADER, []))[:1], *lines))
    except BadLineError:
        return
    assert found == lines[:-1]


@pytest.mark.parametrize("extra", [b"\x00", b"\n", b"x" * 100_000, made()])
def test_bytes_after_the_end_are_refused(extra):
    with pytest.raises(BadLineError, match="after the end"):
        read(made() + extra)


@pytest.mark.parametrize("extra", [b"\n", b"{}\n", b'{"kind":"end","entities":3}\n', b"{"])
def test_lines_after_the_footer_are_refused(extra):
    with pytest.raises(BadLineError):
        read(compress([*encode_lines(HEADER, ENTITIES), extra]))


@pytest.mark.parametrize("count", [0, 2, 4, None, "3", 3.5])
def test_a_footer_that_counts_wrong_is_refused(count):
    lines = list(encode_lines(HEADER, ENTITIES))
    with pytest.raises(BadLineError, match="footer"):
        read(squeezed(*lines[:-1], {"kind": "end", "entities": count}))


@pytest.mark.parametrize(
    "wrong",
    [
        [ENTITIES[1], ENTITIES[0]],
        [ENTITIES[0], ENTITIES[0]],
        [{"type": "ant"}],
        [{"id": "1"}],
        [{"type": 1, "id": "1"}],
        [{"type": "ant", "id": []}],
    ],
)
def test_entities_out_of_order_or_without_name_are_refused(wrong):
    with pytest.raises(BadLineError):
        read(made(entities=wrong))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "segment"},
        {"format": 2},
        {"format": None},
        {"store": 1},
        {"head": "9"},
        {"head": -1},
        {"head": SEQ_MAX + 1},
        {"head": 8},
        {"records": -1},
        {"records": True},
        {"streams": []},
        {"streams": {"orders": "2"}},
        {"streams": {"orders": -1}},
        {"covers": None},
        {"covers": {LANE: [[1, 10]]}},
        {"covers": {LANE: [[2, 1]]}},
        {"covers": {"x": [[1, 1]]}},
    ],
)
def test_a_header_with_a_wrong_field_is_refused(change):
    fields = values.decode(next(encode_lines(HEADER, [])))
    with pytest.raises(BadLineError):
        decode_header(values.encode_trusted({**fields, **change}))


@pytest.mark.parametrize("line", [b"", b"\n", b"[]\n", b"null\n", b"{\n", b"[" * 1000 + b"]" * 1000, b"\xff\n"])
def test_a_first_line_that_is_no_object_is_refused(line):
    with pytest.raises(BadLineError):
        decode_header(line)


def test_a_line_that_nests_too_deep_is_refused():
    depth = DEPTH_MAX + 4
    deep = b'{"type":"ant","id":"1","data":' + b"[" * depth + b"]" * depth + b"}\n"
    with pytest.raises(BadLineError, match="nested"):
        read(squeezed(*list(encode_lines(HEADER, []))[:1], deep, {"kind": "end", "entities": 1}))


# Size.


def test_lines_of_any_length_come_back():
    lines = [b"x" * size + b"\n" for size in (0, 1, 65_535, 65_536, 65_537, 1_000_000)]
    for order in (lines, lines[::-1]):
        assert list(decompress_lines(compress(order))) == order


@pytest.mark.parametrize(("size", "is_accepted"), [(999, True), (1000, False), (200_000, False)])
def test_a_line_beyond_the_bound_is_refused(size, is_accepted):
    data = compress([b"x\n", b"y" * size + b"\n", b"z\n"])
    if is_accepted:
        assert len(list(decompress_lines(data, line_bytes_max=1000))) == 3
        return
    with pytest.raises(BadLineError, match="more than"):
        list(decompress_lines(data, line_bytes_max=1000))


def test_a_gzip_bomb_ends_at_the_bound_of_a_line():
    """256 MiB of one line, in 256 KiB: no reader holds more than the bound."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(deflate.compress(b"x" * (1 << 20)) for _ in range(256)) + deflate.flush()
    tracemalloc.start()
    try:
        with pytest.raises(BadLineError, match="more than"):
            list(decompress_lines(bomb, line_bytes_max=1 << 20))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_a_bomb_of_many_lines_is_read_one_by_one():
    """A reader that stops at the first bad line has read no more."""
    bomb = compress([b"\n" * (32 << 20)])
    lines = decompress_lines(bomb)
    tracemalloc.start()
    try:
        with pytest.raises(BadLineError):
            list(decode_entities(lines))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


def test_a_long_line_of_many_pieces_comes_back():
    """32 MiB in pieces of 64 KiB take time in proportion to their size."""
    line = b"x" * (32 << 20) + b"\n"
    assert list(decompress_lines(compress([line]))) == [line]
