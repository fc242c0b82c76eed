"""Readers without the lock, beside real processes that write and are killed: they are shown whole rounds, and all."""

import os
import random

import pytest

from journal import Journal
from tests.support.crowd import rage, read_rounds
from tests.support.stores import new_store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def check_crowd(tmp_path, *, writers, readers, seconds, seed):
    root = new_store(tmp_path / "store", options='durability = "sync"\nroll_bytes = 16384')
    notes = tmp_path / "notes"
    notes.mkdir()
    crowd = rage(root, str(notes), writers=writers, readers=readers, seconds=seconds, seed=seed)
    assert crowd.deaths() == []
    next(read_rounds(root, [f"w{number}" for number in range(writers)], random.Random(seed)))
    with Journal.open(store=root) as journal:
        assert [found for found in journal.doctor().findings if found.severity != "info"] == []
    return crowd


def test_readers_beside_killed_writers_see_whole_rounds_and_all_that_was_seen_before(tmp_path):
    crowd = check_crowd(tmp_path, writers=2, readers=2, seconds=3, seed=1)
    assert crowd.rounds("w") > 20
    assert crowd.rounds("r") > 2


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 8))
def test_many_readers_beside_killed_writers_see_whole_rounds_for_long(tmp_path, seed):
    crowd = check_crowd(tmp_path, writers=1 + seed % 4, readers=1 + seed % 3, seconds=60, seed=seed)
    assert crowd.rounds("r") > 20
