"""What a cursor costs, in calls of the file system: a few stats when idle, and else as much as there is to do."""

import time
from collections import Counter

import pytest

from journal import Journal
from journal.subscriptions.encoding import decode
from tests.support.faults import CountingFiles
from tests.support.stores import new_store


@pytest.fixture
def files():
    return CountingFiles()


def store_of(folder, events):
    root = new_store(folder)
    with Journal.open(store=root, projections="lazy") as journal:
        for start in range(0, events, 100):
            with journal.transaction() as transaction:
                for number in range(start, min(events, start + 100)):
                    transaction.put("plan", f"e{number}", {})
    return root


def costs(folder, files, events):
    """Return what it costs to find nothing, and to take and acknowledge one new event, after so many."""
    with Journal.open(store=store_of(folder, events), files=files) as journal, journal.subscribe("feed") as feed:
        while got := feed.take(500):
            feed.ack(*got)
        time.sleep(0.1)  # until the folders' time stamps are older than their clock's grain
        feed.take()
        files.reset()
        feed.take()
        idle = Counter(files.calls)
        journal.put("plan", "new", {})
        files.reset()
        (delivery,) = feed.take()
        delivery.ack()
        return idle, Counter(files.calls)


def test_an_idle_cursor_costs_a_few_stats_and_nothing_else(tmp_path, files):
    idle, _ = costs(tmp_path, files, 10)
    assert set(idle) == {"stat"}
    assert idle["stat"] <= 8


def test_the_cost_of_an_event_does_not_grow_with_those_before_it(tmp_path, files):
    _, few = costs(tmp_path / "few", files, 20)
    _, many = costs(tmp_path / "many", files, 1500)
    changing = ("replace", "create", "sync")
    assert [many[call] for call in changing] == [few[call] for call in changing]
    assert many.total() <= few.total() + 12
    assert few["replace"] == 2, "one for the claim, one for the acknowledgement"


def test_acknowledging_many_costs_what_one_does(tmp_path, files):
    with Journal.open(store=store_of(tmp_path, 50), files=files) as journal, journal.subscribe("feed") as feed:
        got = feed.take(50)
        files.reset()
        feed.ack(*got)
        assert files.calls["replace"] == 1


def test_what_is_passed_over_is_written_down_in_pieces_and_not_one_by_one(tmp_path, files):
    with Journal.open(store=store_of(tmp_path, 1500), files=files) as journal:
        files.reset()
        with journal.subscribe("feed", types=["other"]) as feed:
            assert feed.take() == []
        assert files.calls["replace"] <= 4


def test_a_state_that_nobody_else_has_changed_is_not_decoded_again(tmp_path, monkeypatch):
    """However much is parked in it."""
    with Journal.open(store=store_of(tmp_path, 30)) as journal, journal.subscribe("feed") as feed:
        for delivery in feed.take(20):
            delivery.park()
        calls = []
        monkeypatch.setattr("journal.subscriptions.shelf.decode", lambda data: calls.append(data) or decode(data))
        for _ in range(5):
            feed.take()[0].ack()
        assert calls == []
        with journal.subscribe("feed") as other:
            other.take()[0].ack()
        assert len(feed.take(9)) == 4
        assert len(calls) <= 3
