"""Where the next record goes: every combination of what can be known, and the one row of the table that fits it."""

import itertools

import pytest

from journal.disk.files import FileStat
from journal.segments.choice import Choice, Facts, choose
from journal.segments.tip import Tip
from tests.support.stores import LANE_A

DURABLE = 450
TIP = Tip(f"000000000001-{LANE_A}.jsonl", 500, 7, 42, 1000)
SAME = FileStat("file", 500, 900, 1000, 42, 1)
FILES = {
    "none": None,
    "as remembered": SAME,
    "longer": SAME._replace(size=600, ctime_ns=2000),
    "shorter": SAME._replace(size=400, ctime_ns=2000),
    "shorter, all durable": SAME._replace(size=460, ctime_ns=2000),
    "touched": SAME._replace(ctime_ns=2000),
    "another inode": SAME._replace(inode=43),
    "another, longer": SAME._replace(inode=43, size=600),
    "a link": SAME._replace(kind="link"),
    "a folder": SAME._replace(kind="folder"),
}
NEW, NEXT, ON = Choice.NEW_LANE, Choice.NEXT_SEGMENT, Choice.CONTINUE

# memory (none, sound, cut), newest, file, moved -> choice; None stands for any.
ROWS = [
    ("none", None, None, None, NEW),
    (None, None, ("none", "shorter", "another inode", "another, longer", "a link", "a folder"), None, NEW),
    (None, False, ("as remembered", "longer", "shorter, all durable", "touched"), None, NEW),
    ("sound", True, ("touched",), None, NEW),
    ("sound", True, ("as remembered",), False, ON),
    ("sound", True, ("as remembered",), True, NEXT),
    ("sound", True, ("longer", "shorter, all durable"), None, NEXT),
    ("cut", True, ("as remembered", "longer", "shorter, all durable", "touched"), None, NEXT),
]
MEMORIES = {"none": None, "sound": TIP, "cut": TIP}
CASES = list(itertools.product(MEMORIES, (True, False), FILES, (True, False)))


def fits(row: tuple, case: tuple) -> bool:
    memory, newest, files, moved, _ = row
    if memory is None and case[0] == "none":
        return False
    return (
        memory in (None, case[0])
        and newest in (None, case[1])
        and (files is None or case[2] in files)
        and moved in (None, case[3])
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_combination_has_one_row_and_its_choice(case):
    rows = [row for row in ROWS if fits(row, case)]
    assert len(rows) == 1, case
    memory, is_newest, file, has_moved = case
    assert choose(Facts(MEMORIES[memory], DURABLE, memory == "cut", FILES[file], is_newest, has_moved)) is rows[0][-1]
