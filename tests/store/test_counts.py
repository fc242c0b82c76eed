"""What an operation costs in calls of the disk: the same on every machine, and the same for every size of store."""

import os
import time
from collections import Counter

import pytest

from journal import Journal
from journal.facade.values import all_events
from journal.index import database
from journal.store.batch import Put
from tests.support.faults import CountingFiles
from tests.support.stores import bring, clone, new_store

SYNC = 'durability = "sync"'
READING = {"stat"}


def filled(folder, entities: int, projections: str = "lazy") -> str:
    """Make a store of so many entities, in transactions of a thousand; nothing is printed yet."""
    root = new_store(folder, options=f'{SYNC}\nprojections = "{projections}"')
    with Journal.open(store=root, durability="os") as journal, journal._engine.deferring_projections():
        for start in range(0, entities, 1000):
            journal.write([Put(type="t", id=f"e{n}", data={"n": n}) for n in range(start, min(start + 1000, entities))])
    return root


@pytest.fixture
def counted(tmp_path):
    root = new_store(tmp_path, options=f'{SYNC}\nprojections = "lazy"')
    files = CountingFiles()
    with Journal.open(store=root, files=files) as journal:
        journal.put("t", "warm", {"n": 0})
        journal.put("t", "warm", {"n": 1})
        settle(journal)
        files.reset()
        yield journal, files


def settle(journal: Journal) -> None:
    """Wait until the time stamps of the folders are older than their clock's grain, and read."""
    time.sleep(0.1)
    journal.get("t", "warm")


def test_a_durable_write_is_one_write_and_one_sync(counted):
    journal, files = counted
    journal.put("t", "a", {"n": 1})
    assert files.syncs == 1
    assert files.calls["write"] == 1
    assert files.calls["create"] == files.calls["replace"] == 0
    assert files.opened <= 1


@pytest.mark.parametrize("size", [2, 50, 500])
def test_a_transaction_is_one_write_and_one_sync_however_many_records(counted, size):
    journal, files = counted
    with journal.transaction() as tx:
        for at in range(size):
            tx.put("t", f"x{at}", {"n": at})
    assert files.syncs == 1
    assert files.calls["write"] == 1


def test_a_transaction_looks_at_as_many_files_however_many_records(counted):
    journal, files = counted
    asked = []
    for size in (2, 200):
        files.reset()
        with journal.transaction() as tx:
            for at in range(size):
                tx.put("t", f"y{at}", {"n": size})
        asked.append(files.calls["stat"])
    assert asked[1] <= asked[0] + 5


def test_an_index_is_asked_for_the_numbers_of_many_entities_at_once(tmp_path):
    with Journal.open(store=filled(tmp_path, 1000)) as journal:
        journal.put("t", "e0", {"n": -1})
        asked = []
        index = journal._engine.indexing.view.index
        index._db.set_trace_callback(asked.append)
        with journal.transaction() as tx:
            for number in range(1000):
                tx.put("t", f"e{number}", {"n": -1})
        index._db.set_trace_callback(None)
        assert sum(text.startswith("SELECT name, id FROM entities") for text in asked) == 2
        assert len(journal.history("t", "e7")) == 2


def test_the_events_of_a_transaction_are_made_when_they_are_asked_for(counted, monkeypatch):
    made = []
    monkeypatch.setattr(
        "journal.facade.transaction.all_events", lambda *given: made.append(given) or all_events(*given)
    )
    journal, _ = counted
    with journal.transaction() as tx:
        tx.put("t", "a", {"n": 1})
        tx.append("s", "Turned")
    assert made == []
    assert [event.kind for event in tx.events] == ["entity", "event"]
    assert tx.events is tx.events
    assert len(made) == 1


def test_a_write_that_changes_nothing_writes_nothing(counted):
    journal, files = counted
    journal.put("t", "warm", {"n": 1})
    assert files.syncs == 0
    assert files.bytes_written == 0


def test_a_new_segment_is_two_syncs(counted):
    journal, files = counted
    journal._engine.lanes.end_segment()
    files.reset()
    journal.put("t", "a", {"n": 1})
    assert files.syncs == 2
    assert Counter(call for call, _ in files.history)["write"] == 1


def test_the_next_segment_is_begun_without_a_look_at_the_one_before(counted):
    journal, files = counted
    journal._engine.lanes.end_segment()
    files.reset()
    journal.put("t", "a", {"n": 1})
    assert files.calls["read"] == 0


@pytest.mark.parametrize("size", [1, 50, 500])
def test_an_append_is_one_write_and_one_sync_however_many_events(counted, size):
    journal, files = counted
    journal.append("s", "Warm")
    files.reset()
    journal.append_batch("s", [("Turned", {"n": at}) for at in range(size)])
    assert files.syncs == 1
    assert files.calls["write"] == 1
    assert files.opened <= 1


def test_an_append_asks_no_more_of_the_disk_than_a_put(counted):
    journal, files = counted
    asked = []
    for act in (lambda: journal.append("s", "Turned"), lambda: journal.put("t", "a", {"n": len(asked)})) * 2:
        files.reset()
        act()
        asked.append(len(files.history))
    assert asked[2] <= asked[3]


def test_without_durability_nothing_is_synced(tmp_path):
    root = new_store(tmp_path, options='durability = "os"')
    files = CountingFiles()
    with Journal.open(store=root, files=files) as journal:
        journal.put("t", "a", {"n": 1})
        files.reset()
        journal.put("t", "a", {"n": 2})
        journal.delete("t", "a")
    assert files.syncs == 0


def test_reads_touch_no_file_but_stats(counted):
    journal, files = counted
    journal.put("t", "a", {"n": 1})
    settle(journal)
    files.reset()
    for _ in range(10):
        journal.get("t", "a")
        journal.get("t", "none")
        journal.list("t")
    assert set(files.calls) <= READING
    assert files.opened == 0
    assert len(files.history) <= 30 * 8


def test_a_history_reads_its_events_only(counted):
    journal, files = counted
    for number in range(20):
        journal.put("t", "other", {"n": number})
    journal.put("t", "a", {"n": 1})
    journal.put("t", "a", {"n": 2})
    journal.history("t", "warm")
    files.reset()
    journal.history("t", "a")
    assert files.calls["read_at"] <= 3
    assert files.calls["read"] == 0


def operations(journal: Journal, files: CountingFiles) -> dict[str, tuple[int, int, int]]:
    """Return syncs, bytes written and calls of a few operations on an entity in the middle."""
    costs = {}
    acts = {
        "get": lambda: journal.get("t", "e500"),
        "put": lambda: journal.put("t", "e500", {"n": -1}),
        "put again": lambda: journal.put("t", "e500", {"n": -2}),
        "new": lambda: journal.put("t", "new", {"n": 1}),
        "delete": lambda: journal.delete("t", "new"),
        "list a few": lambda: journal.list("t", limit=3),
        "history": lambda: journal.history("t", "e500"),
    }
    journal.history("t", "e1")
    journal.put("t", "e1", {"n": -1})
    for name, act in acts.items():
        files.reset()
        act()
        costs[name] = (files.syncs, files.bytes_written, len(files.history))
    return costs


def test_no_cost_grows_with_the_number_of_entities(tmp_path):
    costs = []
    for number, size in enumerate((1_000, 20_000)):
        root = filled(tmp_path / str(number), size)
        files = CountingFiles()
        with Journal.open(store=root, files=files, projections="lazy") as journal:
            journal.list("t", limit=1)
            costs.append(operations(journal, files))
            journal._opened._is_closed = True  # leave the 20,000 projections unwritten
            journal._opened.indexing.drop()
    small, large = costs
    for name, (syncs, size, calls) in small.items():
        assert large[name][0] == syncs, name
        assert large[name][1] <= size * 1.5 + 1000, name
        assert large[name][2] <= calls + 12, name


def test_opening_costs_the_same_calls_for_every_size(tmp_path):
    counts = []
    for number, size in enumerate((100, 3_000)):
        root = filled(tmp_path / str(number), size)
        with Journal.open(store=root) as journal:
            journal.list("t", limit=1)
        files = CountingFiles()
        with Journal.open(store=root, files=files) as journal:
            journal.get("t", "e5")
        counts.append((len(files.history), files.opened))
    assert counts[1][0] <= counts[0][0] + 10
    assert counts[1][1] <= counts[0][1] + 3


def test_a_segment_rolls_at_its_size_and_no_line_is_split(tmp_path):
    root = new_store(tmp_path, options='durability = "os"\nroll_bytes = 4096')
    with Journal.open(store=root) as journal:
        for number in range(40):
            journal.put("t", "a", {"n": number, "text": "x" * 300})
    sizes = [os.path.getsize(os.path.join(root, "segments", name)) for name in sorted(os.listdir(f"{root}/segments"))]
    assert len(sizes) > 3
    assert all(4096 <= size < 4096 + 1000 for size in sizes[:-1])


def test_segments_that_come_cost_the_same_however_many_their_lane_has(tmp_path, monkeypatch):
    root = new_store(tmp_path, options='durability = "os"\nroll_bytes = 4096\nauto_compact = false')
    decoded, section_of = [], database.section_of

    def counting(row):
        decoded.append(row)
        return section_of(row)

    monkeypatch.setattr(database, "section_of", counting)

    def write(segments: int) -> None:
        with Journal.open(store=root) as journal:
            for number in range(segments):
                journal.put("t", "a", {"text": f"{number}" * 5_000})

    def cost_of_ten_more(name: str) -> int:
        other = clone(root, tmp_path / name)
        with Journal.open(store=other) as journal:
            journal.get("t", "a")
        write(10)
        bring(root, other)
        with Journal.open(store=other) as journal:
            decoded.clear()
            journal.get("t", "a")
        return len(decoded)

    write(5)
    few = cost_of_ten_more("few")
    write(50)
    assert cost_of_ten_more("many") <= few
