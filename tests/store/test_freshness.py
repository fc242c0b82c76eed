"""Whether the files of the truth are others than those that were looked at last (journal/store/freshness.py)."""

import os
import time

import pytest

from journal import Journal
from journal.disk.files import OsFiles
from journal.store.freshness import Freshness
from tests.support.faults import CountingFiles
from tests.support.stores import bring, clone, drop_file, put_file, segments, truth


@pytest.fixture
def filled(root):
    with Journal.open(store=root) as journal:
        journal.put("plan", "a", {"n": 1})
    return root


def settle(freshness, name=None):
    """Look until the time stamps of the folders are old enough to tell of every change."""
    freshness.look(name)
    time.sleep(0.06)
    freshness.look(name)


def name_of(root):
    return os.path.basename(segments(root)[-1])


def _lists(files):
    return sum(call == "list" for call, _ in files.history)


def test_the_first_look_and_the_one_after_forgetting_are_other_even_in_an_empty_store(root):
    freshness = Freshness(OsFiles(), root)
    assert freshness.look(None) == ({}, True)
    assert freshness.look(None) == ({}, False)
    freshness.forget()
    assert freshness.look(None) == ({}, True)


def test_between_changes_no_folder_is_listed_and_a_change_lists_its_folder_alone(filled):
    files = CountingFiles(OsFiles())
    freshness = Freshness(files, filled)
    settle(freshness)
    files.reset()
    assert freshness.look(name_of(filled))[1] is False
    assert _lists(files) == 0
    put_file(filled, "segments/000000000009-0000000000000.jsonl", b"")
    listing, is_other = freshness.look(name_of(filled))
    assert (is_other, _lists(files), len(listing)) == (True, 1, 2)


def test_what_grows_is_no_other_file_and_its_stat_is_fresh(filled):
    freshness = Freshness(OsFiles(), filled)
    name = name_of(filled)
    freshness.look(name)
    for is_settled in (False, True):
        if is_settled:
            settle(freshness, name)
        before = freshness.look(name)[0]["segments", name].size
        with open(segments(filled)[-1], "ab") as file:
            file.write(b"x")
        listing, is_other = freshness.look(name)
        assert (listing["segments", name].size, is_other) == (before + 1, False)


def test_a_file_that_came_and_one_that_left_are_other(filled):
    freshness = Freshness(OsFiles(), filled)
    freshness.look(None)
    path = "segments/000000000009-0000000000000.jsonl"
    put_file(filled, path, b"")
    assert freshness.look(None)[1] is True
    drop_file(filled, path)
    assert freshness.look(None)[1] is True
    assert freshness.look(None)[1] is False


def test_an_index_that_is_opened_again_is_compared_with_all_files(filled, tmp_path):
    """Also where they were looked at before, by a view that has gone since and never came to the index file."""
    there = clone(filled, tmp_path / "there")
    with Journal.open(store=there) as other:
        other.put("plan", "b", {"n": 2})
    with Journal.open(store=filled, projections="lazy") as journal:
        assert journal.get("plan", "b") is None
        bring(there, filled)
        assert len(truth(filled)) == 2
        engine = journal._engine
        with engine.locked():
            engine.indexing.bring_forward()
            time.sleep(0.06)
            engine.indexing.bring_forward()
            engine.indexing.drop()
        assert journal.get("plan", "b").data == {"n": 2}


def test_a_view_that_is_opened_again_is_not_taken_for_the_one_before(filled):
    """What was found out about one, as which segment of a lane is the newest, need not hold for the other."""
    with Journal.open(store=filled) as journal:
        seen = set()
        for _ in range(3):
            journal.put("plan", "a", {"n": len(seen)})
            seen.add(journal._engine.indexing.view.generation)
            journal._engine.indexing.drop()
        assert len(seen) == 3
