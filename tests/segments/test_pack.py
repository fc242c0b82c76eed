"""Packs: each line comes back, a damaged member costs what it holds, and a bomb ends early."""

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.format.limits import PACK_MEMBER_BYTES, PACK_MEMBER_BYTES_MAX
from journal.segments.pack import deflate, encode_pack, read_member, read_members

LINES = [b'{"n":%d,"text":"%b"}\n' % (n, b"%08x" % zlib.crc32(b"%d" % n) * 200) for n in range(60)]
PACK = encode_pack(LINES)


@given(st.lists(st.binary(max_size=200).map(lambda text: text.replace(b"\n", b" ") + b"\n"), max_size=50))
def test_what_is_packed_comes_back(lines):
    assert b"".join(member.text or b"" for member in read_members(encode_pack(lines))) == b"".join(lines)


def test_the_same_lines_give_the_same_bytes():
    assert encode_pack(LINES) == PACK
    assert len(list(read_members(PACK))) > 2


def test_each_line_is_read_alone():
    rest = iter(LINES)
    for member in read_members(PACK):
        assert member.text is not None
        assert len(member.text) <= PACK_MEMBER_BYTES + max(map(len, LINES))
        inner = 0
        while inner < len(member.text):
            line = next(rest)
            assert read_member(PACK[member.offset :])[inner : inner + len(line)] == line
            inner += len(line)
    assert next(rest, None) is None


def test_a_flipped_byte_costs_one_member_at_most():
    members = list(read_members(PACK))
    for at in range(0, len(PACK), 97):
        broken = PACK[:at] + bytes([PACK[at] ^ 0x41]) + PACK[at + 1 :]
        texts = [member.text for member in read_members(broken) if member.text is not None]
        lost = [member.text for member in members if member.text not in texts]
        assert len(lost) <= 1, at
        if lost:
            assert members[[m.text for m in members].index(lost[0])].offset <= at


def test_a_cut_pack_loses_its_end_only():
    members = list(read_members(PACK))
    for cut in range(0, len(PACK), 501):
        texts = [member.text for member in read_members(PACK[:cut]) if member.text is not None]
        assert texts == [member.text for member in members if member.offset + member.length <= cut]


def test_a_bomb_is_one_damaged_member():
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = deflate.compress(b"x" * (20 << 20)) + deflate.flush()
    found = list(read_members(PACK + bomb + PACK))
    assert [member.text is None for member in found].count(True) == 1
    assert b"".join(member.text or b"" for member in found) == b"".join(LINES) * 2


@given(st.binary(max_size=500))
def test_any_bytes_end(rubbish):
    assert sum(member.length for member in read_members(rubbish)) == len(rubbish)
    assert read_member(rubbish) == b"" or len(rubbish) > 20


class Counted(bytes):
    """The bytes of a file, which tell how many of them were copied out."""

    copied = 0

    def __getitem__(self, at):
        piece = super().__getitem__(at)
        Counted.copied += len(piece) if isinstance(at, slice) else 1
        return piece


NAMED = b"\x1f\x8b\x08\x08"
"""How a member with a name begins: to the next zero all may be its name, also further such starts."""


COSTLY = {
    "usual": PACK * 1000,
    "empty members": deflate(b"") * 2000,
    "starts of members": b"\x1f\x8b\x08" * 3000,
    "starts without a name": b"\x1f\x8b\x08\0" * 3000,
    "starts within names": NAMED * 3000 + b"\0" + deflate(b"x" * 10**6)[10:],
}


@pytest.mark.parametrize("data", COSTLY.values(), ids=COSTLY)
def test_reading_a_pack_costs_its_size_and_not_its_square(data, monkeypatch):
    monkeypatch.setattr(Counted, "copied", 0)
    for _ in read_members(Counted(data)):
        pass
    assert Counted.copied < 150 * len(data)


def test_a_member_of_just_the_greatest_size_is_read_and_a_longer_one_is_not():
    for more in (-1, 0, 1):
        text = random.Random(1).randbytes(PACK_MEMBER_BYTES_MAX + more)
        (member,) = read_members(deflate(text))
        assert (member.text == text) is (more <= 0)
