"""Doctor holds the streams of the index against the files."""

import os
import sqlite3

import pytest

from journal import Journal
from tests.support.stores import new_store


@pytest.mark.parametrize(
    "lie",
    [
        "UPDATE stretches SET position = position + 1",
        "UPDATE stretches SET hidden = 1",
        "UPDATE stream_keys SET key = 'other'",
        "UPDATE streams SET last = last + 1",
        "DELETE FROM stretches",
    ],
)
def test_a_stream_that_the_index_has_wrong_is_found_and_mended(tmp_path, lie):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        for number in range(3):
            journal.append("s", "E", {"n": number}, key=f"k{number}")
        assert journal.doctor(verify=True).ok
    database = sqlite3.connect(os.path.join(root, "local", "index.db"))
    with database:
        database.execute(lie)
    database.close()
    with Journal.open(store=root) as journal:
        report = journal.doctor(verify=True)
        assert [finding.code for finding in report.findings] == ["state-differs"]
        journal.doctor(verify=True, fix=True)
        assert journal.doctor(verify=True).ok
        assert [event.position for event in journal.read("s")] == [1, 2, 3]
