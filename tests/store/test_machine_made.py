"""A readable file that a machine wrote, here or in any clone, is told from one that a person edited."""

import os
import shutil

import pytest

from journal import Journal
from tests.support.stores import clone, drop_file, new_store, projections, put_file, read_bytes, rendered, truth

PATH = "entities/plan/a.json"


@pytest.fixture
def met(tmp_path):
    """A store in which two edits of one entity met, each of another field; the file shows both."""
    types = '[types.plan]\nmerge = { tags = "union" }'
    root = new_store(tmp_path / "one", types=types)
    other = clone(root, tmp_path / "two")
    for place, fields in ((root, {"x": 1, "tags": ["a"]}), (other, {"y": 2, "tags": ["b"]})):
        with Journal.open(store=place) as journal:
            journal.put("plan", "a", fields)
    for path, data in truth(other).items():
        put_file(root, path, data)
    with Journal.open(store=root) as journal:
        journal.reconcile()
        assert sorted(journal.get("plan", "a").data["tags"]) == ["a", "b"]
    return root


def test_what_edits_that_met_once_made_is_written_over_when_one_event_has_settled_them(met):
    shutil.rmtree(os.path.join(met, "local"))
    with Journal.open(store=met) as journal:
        journal.put("plan", "a", {"z": 3})
        assert projections(met) == rendered(journal)


def test_what_an_event_says_that_only_a_checkpoint_counts_in_is_a_machines(tmp_path):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.put("plan", "a", {"x": 1})
        journal.checkpoint()
    shown = read_bytes(os.path.join(root, PATH))
    for path in [path for path in truth(root) if path.startswith("segments/")]:
        drop_file(root, path)
    with Journal.open(store=root) as journal:
        journal.delete("plan", "a")
    put_file(root, PATH, shown)
    with Journal.open(store=root) as journal:
        journal.reconcile()
        assert projections(root) == {}


def test_a_value_that_no_event_ever_assigned_is_a_persons_even_where_edits_met(met):
    edited = read_bytes(os.path.join(met, PATH)).replace(b'"x": 1', b'"x": 5')
    put_file(met, PATH, edited)
    shutil.rmtree(os.path.join(met, "local"))
    with Journal.open(store=met) as journal:
        journal.put("plan", "a", {"z": 3})
        assert projections(met) == {PATH: edited}


def test_values_of_several_events_are_a_persons_where_no_edits_ever_met(tmp_path):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.put("plan", "a", {"x": 1, "y": 1})
        journal.put("plan", "a", {"x": 2, "y": 2})
    mixed = read_bytes(os.path.join(root, PATH)).replace(b'"x": 2', b'"x": 1')
    put_file(root, PATH, mixed)
    with Journal.open(store=root) as journal:
        journal.put("plan", "a", {"x": 3, "y": 3})
        assert projections(root) == {PATH: mixed}
