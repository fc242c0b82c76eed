"""What becomes of one projection: every combination of what is wanted, what is found and who wrote it."""

import hashlib
import itertools

import pytest

from journal.disk.files import FileStat
from journal.index.rows import PrintedFacts
from journal.projections.plan import Step, decide, is_wreck

WANTED = b'{\n  "n": 2\n}\n'
OTHER = b'{\n  "n": 1\n}\n'
STAT = FileStat("file", len(OTHER), 5, 5, 42, 1)


def digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def printed(text: bytes) -> PrintedFacts:
    return PrintedFacts(digest(text), STAT.size, STAT.mtime_ns, STAT.inode)


def step(wanted, found, *, memory=None, text=OTHER, by_machine=False) -> Step:
    return decide(wanted, found, memory, digest, lambda: text, lambda _: by_machine)


ROWS = [
    # wanted, found, text, memory, written by a machine -> step
    (WANTED, None, None, None, False, Step.WRITE),
    (WANTED, None, None, printed(WANTED), False, Step.WRITE),
    (WANTED, STAT, WANTED, None, False, Step.ADOPT),
    (WANTED, STAT, OTHER, None, True, Step.WRITE),
    (WANTED, STAT._replace(inode=7), OTHER, printed(OTHER), False, Step.WRITE),
    (WANTED, STAT, OTHER, None, False, Step.EDITED),
    (WANTED, STAT._replace(inode=7), OTHER, printed(WANTED), False, Step.EDITED),
    (None, None, None, None, False, Step.FORGET),
    (None, STAT, OTHER, None, True, Step.REMOVE),
    (None, STAT, OTHER, None, False, Step.EDITED),
    (None, STAT._replace(mtime_ns=9), OTHER, printed(OTHER), False, Step.REMOVE),
    (None, STAT._replace(mtime_ns=9), WANTED, printed(OTHER), False, Step.EDITED),
]


@pytest.mark.parametrize("row", ROWS)
def test_the_table(row):
    wanted, found, text, memory, by_machine, expected = row
    assert step(wanted, found, memory=memory, text=text, by_machine=by_machine) is expected


def test_a_file_that_is_as_it_was_printed_is_not_read():
    def unread(*_: object) -> bytes:
        raise AssertionError("it was read")

    assert decide(WANTED, STAT, printed(WANTED), digest, unread, unread) is Step.KEEP
    assert decide(WANTED, STAT, printed(OTHER), digest, unread, unread) is Step.WRITE
    assert decide(None, STAT, printed(OTHER), digest, unread, unread) is Step.REMOVE


@pytest.mark.parametrize(
    ("kind", "wanted", "memory"),
    list(itertools.product(["link", "folder", "other"], [WANTED, None], [None, printed(OTHER)])),
)
def test_what_is_no_file_is_never_touched(kind, wanted, memory):
    assert step(wanted, STAT._replace(kind=kind), memory=memory, by_machine=True) is Step.STRANGE


@pytest.mark.parametrize("cut", range(len(WANTED)))
def test_what_a_power_cut_left_of_what_is_wanted_is_written_again(cut):
    assert step(WANTED, STAT, text=WANTED[:cut]) is Step.WRITE
    assert step(WANTED, STAT, text=WANTED[:cut] + b"\0" * (len(WANTED) - cut)) is Step.WRITE


@pytest.mark.parametrize(
    "text", [b"", b"\0", b"\0" * 512, WANTED[:5] + b"\0", b"<<<<<<< HEAD\n{}\n=======\n>>>>>>> x\n"]
)
def test_wrecks(text):
    assert is_wreck(text)
    assert step(None, STAT, text=text) is Step.REMOVE


@pytest.mark.parametrize("text", [b"{", b"{}", b"{\n", b'{"a": "<<<<<<<"}', b"<<<<<<<\n", b" "])
def test_what_a_person_may_have_meant_is_no_wreck(text):
    assert not is_wreck(text)
