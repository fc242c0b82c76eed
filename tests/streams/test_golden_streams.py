"""The streams of tests/golden/format1/streams: two lanes, one key twice, one truncation. Never edited again."""

import shutil
from pathlib import Path

import pytest

from journal import Journal
from journal.format import token

GOLDEN = Path(__file__).parent.parent / "golden" / "format1" / "streams"
ANN, BOB = "k3f9x2a7b4c5d", "p0q7w8e9r1t2y"
STORE = 'format = 1\nstore = "st_5shh80dfy6h5vdmyxngytdb6zx"\n'


@pytest.fixture
def journal(tmp_path):
    root = tmp_path / ".journal"
    Journal.init(root)
    shutil.copytree(GOLDEN / "segments", root / "segments", dirs_exist_ok=True)
    (root / "journal.toml").write_text(STORE)
    with Journal.open(store=root) as journal:
        yield journal


def test_the_golden_stream_is_read_as_it_was_when_it_was_written(journal):
    assert [(event.position, event.id, event.event, event.data) for event in journal.read("orders")] == [
        (3, f"3@{ANN}", "Shipped", {"n": 3}),
        (4, f"3@{BOB}", "Asked", {"n": 4}),
    ]
    line = journal.stream("orders")
    assert (line.length, line.first, line.count, line.last_event) == (4, 3, 2, f"3@{BOB}")
    assert [event.id for event in journal.read_all()] == [
        *(f"{seq}@{lane}" for seq, lane in ((1, ANN), (2, ANN), (2, BOB), (3, ANN), (3, BOB), (4, ANN))),
    ]


def test_a_token_of_that_time_is_understood(journal):
    kept = "j1_ATG9PRKOsjCtAQEDAWBc_EOTgOheAQIBRFSQaw"
    assert token.decode(kept) == {ANN: ((1, 4),), BOB: ((2, 3),)}
    assert journal.position() == kept
    assert list(journal.read_all(since=kept)) == []


def test_the_golden_key_is_known(journal):
    assert journal.append("orders", "Paid", {"n": 2}, key="once", expect="none").id == f"2@{ANN}"
