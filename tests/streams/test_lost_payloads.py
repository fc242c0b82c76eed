"""A payload whose blob is lost costs its one event, is told, and comes once the blob is back."""

import os
import pathlib
import shutil

import pytest
from journal.cli import main

from journal import DamagedError, Fold, Journal
from journal.format import token
from tests.support.stores import new_store

LONG = "long " * 20_000
NAMES = ["A", "B", "C", "D"]
REST = ["A", "C", "D"]
LISTED = Fold("listed", [], lambda value, event: [*value, event.event])


@pytest.fixture
def store(tmp_path):
    """A store with a stream, of which the payload of B is in a blob."""
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        for name in NAMES:
            journal.append("s", name, {"text": LONG if name == "B" else name})
    return root


@pytest.fixture
def blob(store):
    return blob_of(store)


def blob_of(root) -> pathlib.Path:
    (path,) = (path for path in pathlib.Path(root, "blobs").rglob("*") if path.is_file())
    return path


def ways(journal):
    """The names of the events that each way of reading gives."""
    return {
        "read": [event.event for event in journal.read("s")],
        "last": [event.event for event in journal.read("s", last=4)],
        "all": [event.event for event in journal.read_all() if event.kind == "event"],
        "log": [event.event for event in journal.log(reverse=True) if event.kind == "event"],
        "newest": [event.event for event in journal.log(limit=9, reverse=True) if event.kind == "event"],
        "fold": journal.fold(LISTED, "s").value,
    }


def named(position):
    """How many events a token names."""
    return sum(high - low + 1 for spans in token.decode(position).values() for low, high in spans)


@pytest.mark.parametrize("way", ["read", "last", "all", "log", "newest", "fold"])
@pytest.mark.parametrize("gone", ["missing", "wrong", "link", "pipe"])
def test_it_costs_one_event_in_every_way_of_reading_and_is_told(store, blob, tmp_path, gone, way):
    if gone == "link":
        blob.symlink_to(blob.rename(tmp_path / "kept"))
    elif gone == "pipe":
        blob.unlink()
        os.mkfifo(blob)
    elif gone == "missing":
        blob.unlink()
    else:
        blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    with Journal.open(store=store) as journal:
        assert ways(journal)[way] == REST
        assert "1 event lost" in journal.damage_note()
        assert [event.position for event in journal.read("s")] == [1, 3, 4]
        assert journal.status().damage


def test_no_token_names_it_and_it_comes_once_its_blob_is_back(store, blob, tmp_path):
    kept = blob.rename(tmp_path / "kept")
    with Journal.open(store=store) as journal:
        tokens = [list(read())[-1].token for read in (lambda: journal.read("s"), journal.read_all)]
        for found in tokens:
            assert named(found) == 3
            assert list(journal.read("s", since=found)) == []
            assert list(journal.read_all(since=found)) == []
            assert journal.gaps(found).unreadable
        kept.rename(blob)
        for found in tokens:
            assert [event.event for event in journal.read("s", since=found)] == ["B"]
            assert [event.event for event in journal.read_all(since=found)] == ["B"]
            assert not journal.gaps(found).unreadable
        assert set(map(tuple, ways(journal).values())) == {tuple(NAMES)}
        assert journal.damage_note() is None
        assert not journal.status().damage


def test_a_view_and_a_fold_have_it_in_its_place_once_it_is_back(store, blob, tmp_path):
    steps = []

    def step(value, event):
        steps.append(event.event)
        return [*value, event.event]

    fold = Fold("counted", [], step)
    kept = blob.rename(tmp_path / "kept")
    with Journal.open(store=store) as journal:
        journal.append("s", "E")
        view = journal.view(fold, "s")
        state = journal.fold(fold, "s")
        assert view.read() == state.value == [*REST, "E"]
        steps.clear()
        assert view.read() == [*REST, "E"]
        journal.append("s", "F")
        assert view.read() == [*REST, "E", "F"]
        assert steps == ["F"], "what is lost is not looked for by folding all anew"
        kept.rename(blob)
        assert view.read() == [*NAMES, "E", "F"]
        assert journal.fold(fold, "s", state=state).value == [*NAMES, "E", "F"]


def test_a_view_that_met_the_loss_first_has_it_too_once_it_is_back(store, blob, tmp_path):
    kept = blob.rename(tmp_path / "kept")
    with Journal.open(store=store) as journal:
        view = journal.view(LISTED, "s")
        assert view.read() == REST
        kept.rename(blob)
        assert view.read() == NAMES
        assert view.status().lag == 0


def test_a_consumer_that_had_caught_up_has_it_delivered_once_it_is_back(store, blob, tmp_path):
    kept = blob.rename(tmp_path / "kept")
    with Journal.open(store=store) as journal, journal.subscribe("feed", on_gap=lambda gap: None) as feed:
        for wanted in (REST, []):
            taken = feed.take(9)
            feed.ack(*taken)
            assert [delivery.event.event for delivery in taken] == wanted
        assert "1 event lost" in journal.damage_note()
        kept.rename(blob)
        assert [delivery.event.event for delivery in feed.take(9)] == ["B"]


def test_where_it_was_accepted_all_is_well_and_readers_go_on(store, blob):
    blob.unlink()
    with Journal.open(store=store) as journal:
        assert not journal.doctor().ok
        assert journal.doctor(fix=True, accept_loss=True).ok
    for _ in range(2):
        with Journal.open(store=store) as journal:
            assert ways(journal)["read"] == ways(journal)["fold"] == ways(journal)["log"] == REST
            assert journal.damage_note() is None
            *_, last = journal.read("s")
            assert list(journal.read("s", since=last.token)) == []
            assert not journal.gaps(last.token).unreadable
        shutil.rmtree(pathlib.Path(store, "local"))


def test_who_asks_for_that_event_is_told(store, blob):
    with Journal.open(store=store) as journal:
        at = [event.id for event in journal.read("s")][1]
        blob.unlink()
        with pytest.raises(DamagedError, match="blob"):
            journal.show(at)


def test_it_is_found_in_a_pack_too(store, blob, tmp_path):
    with Journal.open(store=store) as journal:
        for _ in range(3):
            journal._engine.lanes.end_segment()
            journal.append("s", "E")
            journal.checkpoint()
            journal.compact()
        kept = blob.rename(tmp_path / "kept")
        assert list(pathlib.Path(store, "archive").iterdir())
        assert ways(journal)["read"] == [*REST, "E", "E", "E"]
        assert not journal.doctor().ok
        assert "1 event lost" in journal.damage_note()
        kept.rename(blob)
        assert ways(journal)["read"] == [*NAMES, "E", "E", "E"]


def test_an_entity_has_its_payload_again_without_a_repair(tmp_path):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.put("t", "big", {"text": LONG})
    blob = blob_of(root)
    kept = blob.rename(tmp_path / "kept")
    shutil.rmtree(pathlib.Path(root, "local"))
    with Journal.open(store=root) as journal:
        assert journal.get("t", "big") is None
        assert "1 event lost" in journal.damage_note()
        kept.rename(blob)
        assert journal.get("t", "big").data == {"text": LONG}
        assert journal.damage_note() is None


def test_the_command_line_prints_the_rest_and_ends_with_status_20(store, blob, monkeypatch, capsys):
    blob.unlink()
    monkeypatch.chdir(pathlib.Path(store).parent)
    assert main(["read", "s"]) == 20
    said = capsys.readouterr()
    assert [line.split()[5] for line in said.out.splitlines()] == REST
    assert "1 event lost" in said.err
