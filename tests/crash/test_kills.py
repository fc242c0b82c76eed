"""Real processes write to one store and are killed at random: guarantee 1, with the real kernel."""

import os
import sys
import tempfile

import pytest

from journal import Journal
from tests.support.stores import documents, event_ids, fresh_view, meaning, new_store, projections, rendered
from tests.support.storm import Storm, check_storm

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def storm(scratch: str, *, kills: int, seconds: float, seed: int) -> dict:
    root = new_store(os.path.join(scratch, "store"), options='durability = "sync"\nroll_bytes = 16384')
    notes = os.path.join(scratch, "notes")
    os.mkdir(notes)
    raging = Storm(root, notes, 3, seed)
    try:
        raging.rage(kills, seconds, then=lambda: read_once(root, raging))
    finally:
        raging.end()
    assert raging.deaths() == []
    with Journal.open(store=root) as journal:
        counts = check_storm(journal, raging)
        event_ids(root)
        journal.reconcile()
        shown = {path: data for path, data in projections(root).items() if not path.endswith("-tmp")}
        assert shown == rendered(journal)
        with journal._engine.reading() as view:
            assert meaning(view) == meaning(fresh_view(root))
    return counts


def read_once(root: str, raging: Storm) -> None:
    """A reader in between sees at least what was acknowledged before it looked."""
    if raging.kills % 10 == 0:
        acknowledged = raging.noted("acks")
        with Journal.open(store=root) as journal:
            documents(journal)
            marks = {event.data["mark"] for event in journal.log() if event.kind == "entity"}
        assert acknowledged.keys() <= marks


@pytest.mark.parametrize("seed", [1])
def test_a_storm_of_kills_loses_nothing(seed):
    with tempfile.TemporaryDirectory() as scratch:
        counts = storm(scratch, kills=60, seconds=9, seed=seed)
    print(counts, file=sys.stderr)
    assert counts["kills"] >= 20
    assert counts["acknowledged"] > 50


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_a_long_storm_of_kills_loses_nothing(seed):
    with tempfile.TemporaryDirectory() as scratch:
        counts = storm(scratch, kills=300, seconds=90, seed=seed)
    assert counts["kills"] >= 100
