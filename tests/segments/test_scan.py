"""What the bytes of a segment mean, whatever happened to them: the decision table of docs/format.md, "Reading"."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.format.record import encode
from journal.format.segment import Header, Previous, encode_header
from journal.segments.scan import Scan, scan
from tests.support.stores import LANE_A, LANE_B

HEADER = encode_header(Header("st_x", LANE_A, 1, sees={}))


def line(seq: int, tx: tuple[int, int] = (1, 1), text: str = "") -> bytes:
    own = {"type": "t", "id": f"e{seq}", "rev": 1, "action": "create", "set": ["n"]}
    payload = b'{"n":"%b"}' % text.encode()
    stamp = "2026-01-01T00:00:00.000Z"
    return encode(
        kind="entity", seq=seq, ts=stamp, writer="w_1-0", actor=None, summary=None, tx=tx, own=own, payload=payload
    )


def segment(*sizes: int) -> tuple[bytes, list[int], list[int]]:
    """Return a segment of transactions of these sizes, where each ends (bytes), and each one's last seq."""
    data, seq, ends, lasts = HEADER, 1, [], []
    for size in sizes:
        for number in range(1, size + 1):
            data += line(seq, (number, size), "x" * (seq % 3))
            seq += 1
        ends.append(len(data))
        lasts.append(seq - 1)
    return data, ends, lasts


def seqs(result: Scan) -> list[int]:
    return sorted(found.record["seq"] for section in result.sections for found in section.found)


SIZES = (1, 3, 1, 2)
DATA, ENDS, LASTS = segment(*SIZES)


def test_a_whole_segment_is_all_its_records():
    result = scan(DATA)
    assert seqs(result) == list(range(1, 8))
    assert (result.end, result.is_torn, result.damage) == (len(DATA), False, [])
    assert result.sections[0].header == Header("st_x", LANE_A, 1, sees={})


@pytest.mark.parametrize("filler", [b"", b"\0" * 50, b"\0" * 5000, b"\xff", b"{", b"\n", b"\0\n\0\n"])
def test_cut_anywhere_only_whole_transactions_are_left_and_nothing_is_damage(filler):
    for cut in range(len(HEADER), len(DATA)):
        data = DATA[:cut] + filler
        result = scan(data)
        whole = max((last for end, last in zip(ENDS, LASTS, strict=True) if data.startswith(DATA[:end])), default=0)
        assert seqs(result) == list(range(1, whole + 1)), cut
        assert result.damage == [], cut
        assert DATA.startswith(data[: result.end])
        assert result.is_torn == (len(data) > result.end)


def test_cut_within_its_header_a_segment_is_empty():
    for cut in range(len(HEADER)):
        result = scan(DATA[:cut])
        assert seqs(result) == []
        assert result.damage == []
        assert result.end == 0


def test_cut_below_the_floor_is_damage_and_never_silent():
    """What the tip remembers was acknowledged: a shorter file has lost it."""
    floor = LASTS[-2]
    for cut in range(len(HEADER), len(DATA)):
        result = scan(DATA[:cut], floor_seq=floor)
        last = max(seqs(result), default=0)
        assert last >= max((end for end in LASTS if ENDS[LASTS.index(end)] <= cut), default=0)
        lost = {seq for item in result.damage for seq in range(item.low, item.high + 1)}
        assert lost == set(range(last + 1, floor + 1)), cut


@pytest.mark.parametrize("bit", [0, 3, 7])
def test_one_flipped_bit_costs_at_most_one_event_and_says_so(bit):
    """Below the floor every record that is not returned is reported."""
    floor = LASTS[-1]
    for at in range(len(HEADER), len(DATA)):
        broken = bytearray(DATA)
        broken[at] ^= 1 << bit
        result = scan(bytes(broken), floor_seq=floor)
        found = set(seqs(result))
        missing = set(range(1, floor + 1)) - found
        assert len(missing) <= (2 if DATA[at : at + 1] == b"\n" else 1), at
        reported = {seq for item in result.damage for seq in range(item.low, item.high + 1)}
        assert missing <= reported, at


def test_a_flipped_bit_in_the_header_costs_no_event():
    for at in range(len(HEADER)):
        broken = bytearray(DATA)
        broken[at] ^= 1
        result = scan(bytes(broken), floor_seq=LASTS[-1])
        assert set(range(2, 8)) <= set(seqs(result)), at
        assert result.damage, at


def test_what_the_next_header_cuts_off_is_nothing():
    for limit in range(8):
        result = scan(DATA, limit_seq=limit)
        assert seqs(result) == list(range(1, limit + 1))
        assert result.damage == []
        assert not result.is_torn


def test_what_the_next_header_names_and_is_not_there_is_damage():
    result = scan(DATA[: ENDS[0]], limit_seq=4)
    assert seqs(result) == [1]
    assert [(item.low, item.high) for item in result.damage] == [(2, 4)]


@given(st.integers(0, len(DATA)), st.integers(0, len(DATA)))
def test_a_union_merge_of_two_versions_is_the_longer_one(first, second):
    """Git's union driver leaves the lines of both; a torn one is the beginning of a whole one."""
    short, long = sorted((first, second))
    torn = DATA[:short].rpartition(b"\n")[2]
    whole = DATA[:long]
    united = whole + (torn + b"\n" if torn else b"") + DATA[len(HEADER) : short]
    lone, both = scan(whole), scan(united)
    if not torn or DATA[:long].count(torn) > 1 or torn in whole:
        assert set(seqs(lone)) <= set(seqs(both))
    assert [item for item in both.damage if item.high >= item.low] == []


def test_segments_of_two_lanes_in_one_file_keep_their_events_apart():
    """Git takes one for the other renamed where they say much the same, and unites them."""
    other = DATA.replace(HEADER, encode_header(Header("st_x", LANE_B, 1, sees={})))
    for data in (DATA + other, other + DATA):
        result = scan(data)
        found = {section.header.lane: [item.record["seq"] for item in section.found] for section in result.sections}
        assert found == {LANE_A: list(range(1, 8)), LANE_B: list(range(1, 8))}
        assert result.damage == []


def test_a_line_twice_is_one_event():
    assert seqs(scan(DATA + line(1) + DATA[ENDS[0] : ENDS[1]])) == list(range(1, 8))


@pytest.mark.parametrize("marker", [b"<<<<<<< ours\n", b"=======\n", b">>>>>>> theirs\n"])
def test_a_conflict_marker_is_damage_that_is_called_by_its_name(marker):
    result = scan(DATA[: ENDS[1]] + marker + DATA[ENDS[1] :])
    assert seqs(result) == list(range(1, 8))
    assert [item.reason for item in result.damage] == ["a merge conflict marker"]


def test_line_separators_of_python_split_no_line():
    data = HEADER + line(1, text="a\u2028b\u0085c\x7f") + line(2)
    assert seqs(scan(data)) == [1, 2]


def test_a_carriage_return_before_the_newline_is_another_line():
    """core.autocrlf without our attributes: told, not guessed."""
    assert seqs(scan(DATA.replace(b"\n", b"\r\n"))) == []


@given(st.binary(max_size=300))
def test_any_bytes_are_something(rubbish):
    result = scan(rubbish)
    assert result.end <= len(rubbish)
    assert seqs(scan(DATA + rubbish))[:7] == list(range(1, 8))


def test_a_part_is_scanned_as_the_whole_is():
    for end, last in zip(ENDS, LASTS, strict=True):
        part = scan(DATA[end:], after_seq=last)
        assert seqs(part) == list(range(last + 1, 8))
        assert part.damage == []
        assert part.end == len(DATA) - end


def test_a_header_with_a_previous_segment_round_trips():
    header = Header("st_x", LANE_A, 9, sees={LANE_A: ((1, 7),)}, previous=Previous(f"000000000001-{LANE_A}", 70, 7))
    assert scan(encode_header(header) + line(9)).sections[0].header == header


def test_a_record_that_no_checksum_vouches_for_is_none():
    whole = line(2)
    body = whole[: -len(',"crc":"00000000"}\n')]
    forged = b'%b,"crc":"%08x"}\n' % (body, zlib.crc32(body) ^ 1)
    assert seqs(scan(HEADER + line(1) + forged + line(3))) == [1, 3]
