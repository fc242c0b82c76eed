"""However records are spread over files, causes come before what saw them."""

from itertools import zip_longest

from hypothesis import given
from hypothesis import strategies as st

from journal.index.replay import Piece, Source, in_causal_order
from journal.segments.scan import Found
from tests.support.stores import LANE_A, LANE_B, LANE_C

LANES = (LANE_A, LANE_B, LANE_C)


@st.composite
def split_histories(draw):
    """Lanes cut into pieces at random, the pieces spread over files at random."""
    files: list[list[Piece]] = [[] for _ in range(draw(st.integers(1, 4)))]
    for lane in LANES:
        seq = 0
        for _ in range(draw(st.integers(0, 3))):
            first = seq + draw(st.integers(1, 4))
            seq = first + draw(st.integers(0, 5))
            found = [Found(0, 1, {"seq": at}) for at in range(first, seq + 1)]
            number = draw(st.integers(0, len(files) - 1))
            files[number].append(Piece(lane, first, number, None, found[: draw(st.integers(0, len(found)))]))
    return [pieces for pieces in files if pieces]


def following_each_other(pieces: list[Piece]):
    for piece, after in zip_longest(pieces, pieces[1:]):
        yield piece._replace(following=after and after.start)


@given(split_histories())
def test_each_piece_is_opened_when_all_before_it_was_yielded_and_each_record_comes_once(files):
    everything = sorted(
        (item.record["seq"], piece.lane) for pieces in files for piece in pieces for item in piece.found
    )
    yielded: list[tuple[int, str]] = []
    opened: list[tuple[int, str]] = []

    def open_piece(piece: Piece) -> None:
        opened.append((piece.first, piece.lane))
        assert {at for at in everything if at[0] < piece.start} <= set(yielded)

    sources = [
        Source(pieces[0].start, pieces[0].lane, following_each_other(pieces))
        for pieces in (sorted(pieces, key=lambda piece: piece.start) for pieces in files)
    ]
    for piece, found in in_causal_order(sources, open_piece):
        assert (piece.first, piece.lane) in opened
        for item in found:
            yielded.append((item.record["seq"], piece.lane))
    assert sorted(yielded) == everything
    for lane in LANES:
        seqs = [seq for seq, other in yielded if other == lane]
        assert seqs == sorted(seqs)


def test_a_file_is_read_only_when_its_turn_comes():
    loaded: list[str] = []

    def load(lane: str, first: int):
        loaded.append(lane)
        yield Piece(lane, first, 0, None, [Found(0, 1, {"seq": first})])

    sources = [Source(1, LANE_A, load(LANE_A, 1)), Source(100, LANE_B, load(LANE_B, 100))]
    steps = in_causal_order(sources, lambda piece: None)
    next(steps)
    assert loaded == [LANE_A]
    assert [piece.lane for piece, _ in steps] == [LANE_B]


def test_a_piece_is_read_only_when_its_turn_comes():
    read: list[int] = []

    def pack():
        for first, following in ((1, 10), (10, 20), (20, None)):
            read.append(first)
            yield Piece(LANE_A, first, 0, None, [Found(0, 1, {"seq": first})], following)

    other = Piece(LANE_B, 5, 1, None, [Found(0, 1, {"seq": 5})])
    at_each: list[tuple[int, list[int]]] = []
    sources = [Source(1, LANE_A, pack()), Source(5, LANE_B, iter([other]))]
    for _, found in in_causal_order(sources, lambda piece: None):
        at_each.append((found[0].record["seq"], list(read)))
    assert at_each == [(1, [1]), (5, [1]), (10, [1, 10]), (20, [1, 10, 20])]
