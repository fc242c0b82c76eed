"""Appending to a stream: what is expected, batches, keys that count once."""

import shutil
import time

import pytest

from journal import Conflict, ExpectationError, Journal, RefusedError, StreamEvent, UsageError
from journal.store.batch import Put
from tests.support.faults import CountingFiles
from tests.support.stores import bring, clone, drop_file, new_store, put_file, truth


def told(events):
    return [(event.position, event.event, event.data) for event in events]


def test_an_event_comes_back_with_its_place(journal):
    event = journal.append("order/1", "Placed", {"sum": 3}, meta={"correlation": "c1"}, actor="ana", summary="First")
    assert isinstance(event, StreamEvent)
    assert (event.position, event.stream, event.event, event.data, event.rev) == (1, "order/1", "Placed", {"sum": 3}, 1)
    assert (event.kind, event.actor, event.summary, event.meta) == ("event", "ana", "First", {"correlation": "c1"})
    assert event.token == journal.position()
    (read,) = journal.read("order/1")
    assert read == event
    assert journal.show(event.id).meta == {"correlation": "c1"}
    assert journal.append("order/1", "Paid").position == 2
    assert journal.append("order/2", "Placed").position == 1


@pytest.mark.parametrize(
    ("before", "expect", "is_met"),
    [
        (0, None, True),
        (0, "any", True),
        (0, "none", True),
        (0, "exists", False),
        (0, 0, True),
        (0, 1, False),
        (2, "any", True),
        (2, "none", False),
        (2, "exists", True),
        (2, 0, False),
        (2, 1, False),
        (2, 2, True),
        (2, 3, False),
    ],
)
def test_what_is_expected(journal, before, expect, is_met):
    for number in range(before):
        journal.append("s", "E", {"n": number})
    done = journal.append("s", "E", {"n": "new"}, expect=expect)
    if is_met:
        assert done.position == before + 1
    else:
        assert done == Conflict("stream", "s", expect, before)
    assert journal.stream("s").length == before + is_met


def test_an_expectation_that_is_none_is_refused(journal):
    for wrong in (-1, "three", True, 1.0, "1"):
        with pytest.raises(UsageError, match="expected"):
            journal.append("s", "E", expect=wrong)


def test_a_batch_is_one_block_or_nothing(journal):
    events = journal.append_batch("s", [("A", {"n": 1}), ("B", {"n": 2}), {"event": "C", "meta": {"x": 1}}], expect=0)
    assert [event.position for event in events] == [1, 2, 3]
    assert [event.tx for event in events] == [(1, 3), (2, 3), (3, 3)]
    assert [event.seq for event in events] == list(range(events[0].seq, events[0].seq + 3))
    assert journal.append_batch("s", [("D", {}), ("E", {})], expect=2) == Conflict("stream", "s", 2, 3)
    with pytest.raises(RefusedError):
        journal.append_batch("s", [("D", {}), ("E", {"n": float("nan")})])
    assert told(journal.read("s")) == told(events)
    assert journal.append_batch("s", []) == journal.append_batch("s", [], expect=3) == []
    assert journal.append_batch("s", [], expect="none") == Conflict("stream", "s", "none", 3)
    with pytest.raises(RefusedError, match="own"):
        journal.append_batch("$s", [])
    assert journal.stream("s").length == 3
    with pytest.raises(UsageError, match="batch"):
        journal.append_batch("s", [{"name": "D"}])


def test_what_cannot_be_stored_is_refused_and_nothing_is_written(journal):
    for stream, event, more in (
        ("", "E", {}),
        ("s", "", {}),
        ("$own", "E", {}),
        ("a\nb", "E", {}),
        ("s", "E", {"key": ""}),
        ("s", "E", {"data": [1]}),
        ("s", "E", {"meta": 3}),
        ("s", "E", {"meta": {"x": float("inf")}}),
        ("s", "E", {"meta": {"x": "y" * 300_000}}),
        ("s" * 2000, "E", {}),
    ):
        with pytest.raises(RefusedError):
            journal.append(stream, event, **more)
    assert journal.streams() == []
    assert list(journal.read_all()) == []


def test_a_long_payload_goes_to_a_blob(journal):
    data = {"text": "x" * 100_000}
    assert journal.append("s", "E", data).data == data
    assert [event.data for event in journal.read("s")] == [data]


def test_a_key_counts_once_whatever_is_expected(journal):
    first = journal.append("s", "E", {"n": 1}, key="k", expect="none")
    for expect in ("none", "any", 7):
        again = journal.append("s", "E", {"n": 1}, key="k", expect=expect)
        assert (again.id, again.position) == (first.id, 1)
    assert journal.append("other", "E", {"n": 1}, key="k").position == 1
    other = journal.append("s", "E", {"n": 2}, key="k")
    assert isinstance(other, Conflict)
    assert other.heads == (first.id,)
    assert isinstance(journal.append("s", "F", {"n": 1}, key="k"), Conflict)
    assert journal.stream("s").length == 1


def test_the_same_event_is_told_by_what_it_says_and_not_by_its_spelling(journal):
    first = journal.append("s", "E", {"a": 1, "b": [1.5]}, key="k")
    assert journal.append("s", "E", {"b": [1.5], "a": 1}, key="k", meta={"try": 2}).id == first.id
    assert isinstance(journal.append("s", "E", {"a": True, "b": [1.5]}, key="k"), Conflict)


def test_a_key_holds_across_restart_truncation_compaction_and_the_loss_of_the_index(tmp_path):
    root = new_store(tmp_path, options='durability = "os"\nroll_bytes = 4096')
    with Journal.open(store=root) as journal:
        first = journal.append("s", "E", {"n": 1}, key="k")
        for number in range(12):
            journal.append("s", "F", {"n": number, "text": "x" * 700})
        journal.truncate("s", through=5)
        for turn in range(3):
            journal.checkpoint()
            journal.put("t", "x", {"n": turn})
            journal.compact()
        assert journal.append("s", "E", {"n": 1}, key="k").id == first.id
    shutil.rmtree(f"{root}/local")
    with Journal.open(store=root) as journal:
        assert journal.append("s", "E", {"n": 1}, key="k").id == first.id
        assert isinstance(journal.append("s", "E", {"n": 2}, key="k"), Conflict)
        assert journal.stream("s").length == 13


def test_a_key_whose_first_event_is_redacted_is_a_conflict_for_the_data_that_it_had(root, journal):
    """Nothing is left to tell by that it is the same, and writing it anew would bring back what was taken out."""
    event = {"event": "Left", "data": {"mail": "ann@example.com", "n": 1}, "key": "k"}
    (first,) = journal.append_batch("s", [event])
    journal.redact(event=first.id, reason="asked for")
    for expect in (None, "none", 1):
        told = journal.append("s", "Left", event["data"], key="k", expect=expect)
        assert (told.expected, told.actual) == ("key 'k' for Left", f"Left with redacted data in event {first.id}")
        assert told.heads == (first.id,)
    assert isinstance(journal.append_batch("s", [event]), Conflict)
    transaction = journal.transaction()
    transaction.put("t", "a", {})
    transaction.append("s", "Left", event["data"], key="k")
    with pytest.raises(ExpectationError, match="redacted"), transaction:
        pass
    assert (journal.stream("s").length, journal.get("t", "a")) == (1, None)
    with Journal.open(store=journal.root) as other:
        assert isinstance(other.append("s", "Left", event["data"], key="k"), Conflict)
    # What stands there now is the event that the key is for.
    redacted = next(journal.read("s"))
    assert journal.append("s", "Left", redacted.data, key="k").id == first.id
    # Who wrote it and its summary are not compared, so that redacting them makes no other event of it.
    second = journal.append("s", "Came", {"n": 2}, key="k2", summary="by bus")
    journal.redact(value="by bus", reason="asked for")
    assert journal.append("s", "Came", {"n": 2}, key="k2").id == second.id
    told = journal.append("s", "Came", {"n": 3}, key="k2")
    assert told.actual == f"Came with other data in event {second.id}"


def test_a_batch_is_repeated_as_a_whole_or_it_is_a_conflict(journal):
    batch = [{"event": "A", "data": {"n": 1}, "key": "a"}, {"event": "B", "data": {"n": 2}, "key": "b"}]
    first = journal.append_batch("s", batch, expect="none")
    assert journal.append_batch("s", batch, expect="none") == first
    torn = journal.append_batch("s", [*batch, {"event": "C", "key": "c"}])
    assert isinstance(torn, Conflict)
    assert torn.heads == tuple(event.id for event in first)
    assert isinstance(journal.append_batch("s", [batch[0], ("C", {})]), Conflict)
    assert isinstance(journal.append_batch("s", [{"event": "D", "key": "d"}, {"event": "D", "key": "d"}]), Conflict)
    assert journal.stream("s").length == 2


def test_keys_of_two_branches_that_meet_count_once_as_the_earlier(tmp_path):
    here = new_store(tmp_path / "here")
    with Journal.open(store=here) as journal:
        journal.append("s", "Start")
    there = clone(here, tmp_path / "there")
    with Journal.open(store=here) as mine, Journal.open(store=there) as theirs:
        theirs.append("s", "Theirs", {}, key="k")
        mine.append("s", "Before")
        mine.append("s", "Mine", {}, key="k")
        mine.append("s", "After")
        assert [event.event for event in mine.read("s")] == ["Start", "Before", "Mine", "After"]
        bring(there, here)
        bring(here, there)
        read = told(mine.read("s"))
        assert sorted(name for _, name, _ in read) == ["After", "Before", "Start", "Theirs"]
        assert [position for position, _, _ in read] == [1, 2, 3, 4]
        assert told(theirs.read("s")) == read
        assert isinstance(mine.append("s", "Mine", {}, key="k"), Conflict)
        assert mine.append("s", "Theirs", {}, key="k").event == "Theirs"
        assert mine.append("s", "New", expect=4).position == 5


def test_a_transaction_appends_beside_put_and_delete(journal):
    journal.put("plan", "old", {"n": 0})
    with journal.transaction(summary="All of it") as tx:
        tx.put("plan", "p1", {"n": 1})
        tx.append("s", "Planned", {"id": "p1"}, expect="none", key="k")
        tx.delete("plan", "old")
        tx.append("s", "Dropped", {"id": "old"}, expect=1)
    assert [event.kind for event in tx.events] == ["entity", "event", "entity", "event"]
    assert [event.tx for event in tx.events] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert told(journal.read("s")) == [(1, "Planned", {"id": "p1"}), (2, "Dropped", {"id": "old"})]
    tx = journal.transaction()
    tx.put("plan", "p2", {"n": 2})
    tx.append("s", "Never", expect=7)
    with pytest.raises(ExpectationError, match="stream 's'") as failed, tx:
        pass
    assert failed.value.conflict == Conflict("stream", "s", 7, 2)
    assert journal.get("plan", "p2") is None
    with journal.transaction() as tx:
        tx.put("plan", "p3", {"n": 3})
        tx.append("s", "Planned", {"id": "p1"}, key="k")
    assert [event.kind for event in tx.events] == ["event", "entity"]
    assert journal.stream("s").length == 2


def test_a_durable_append_is_one_write_and_one_sync_and_reads_no_file_of_the_truth(tmp_path):
    root = new_store(tmp_path, options='durability = "sync"')
    files = CountingFiles()
    with Journal.open(store=root, files=files) as journal:
        journal.append("s", "E", {"n": 0})
        for size in (1, 100):
            for number in range(size):
                journal.append("s", "E", {"n": number}, expect="exists")
            time.sleep(0.1)
            journal.append("s", "E", {"n": -1})
            files.reset()
            journal.append("s", "E", {"n": -1})
            assert files.syncs == 1
            assert files.calls["write"] == 1
            assert files.calls["read"] == files.calls["replace"] == files.calls["list"] == 0
            assert {path for call, path in files.history if call == "read_at"} <= {f"{root}/local/tip"}
            assert files.opened <= 1
        files.reset()
        journal.append_batch("s", [("E", {"n": number}) for number in range(300)])
        assert files.syncs == 1
        assert files.calls["write"] == 1


def test_what_an_append_costs_does_not_grow_with_the_stream(tmp_path):
    counts = []
    for size in (10, 5_000):
        root = new_store(tmp_path / str(size))
        files = CountingFiles()
        with Journal.open(store=root, files=files) as journal:
            journal.append_batch("s", [("E", {"n": number}) for number in range(size)])
            journal.append("s", "E", {"n": 0})
        with Journal.open(store=root, files=files) as journal:
            files.reset()
            journal.append("s", "E", {"n": 0}, expect=size + 1)
            counts.append((files.syncs, files.bytes_written, len(files.history)))
    assert counts[0][0] == counts[1][0]
    assert abs(counts[1][1] - counts[0][1]) < 400
    assert counts[1][2] <= counts[0][2] + 2


def test_an_entity_written_by_the_same_hand_is_not_held_up(journal):
    """The index may lag behind what streams gain; entities and their projections never do."""
    for number in range(5):
        journal.append("s", "E", {"n": number})
    journal.write([Put(type="t", id="a", data={"n": 1})])
    assert journal.get("t", "a").data == {"n": 1}
    assert journal.stream("s").length == 5


def test_reverting_an_append_is_refused(journal):
    event = journal.append("s", "E", {"n": 1})
    with pytest.raises(UsageError, match="what happened stays"):
        journal.revert(event.id)
    with journal.transaction() as tx:
        tx.put("t", "a", {"n": 1})
        tx.append("s", "E", {"n": 2})
    with pytest.raises(UsageError, match="what happened stays"):
        journal.revert(tx.events[0].id)
    journal.revert(tx.events[0].id, force=True)
    assert journal.get("t", "a") is None
    assert journal.stream("s").length == 2


def test_a_checkpoint_names_the_streams(journal, root):
    from journal.format.checkpoint import decode_header, decompress_lines

    journal.append_batch("s", [("E", {}), ("E", {})])
    journal.append("b", "E")
    name = journal.checkpoint()
    header = decode_header(next(decompress_lines(truth(root)[f"checkpoints/{name}"])))
    assert header.streams == {"b": 1, "s": 2}


def test_an_expectation_is_exact_where_a_redaction_is_heard_of_while_places_are_listed(journal, tmp_path):
    """A pick has brought the pack that is written anew, and neither the note nor the checkpoint that say so."""
    first = journal.append("s", "E", {"mail": "ann@example.com"})
    journal._engine.lanes.end_segment()
    (old,) = truth(journal.root)
    journal.checkpoint()
    with Journal.open(store=clone(journal.root, tmp_path / "there")) as theirs:
        theirs.redact(event=first.id, reason="asked for")
        (pack,) = (path for path in truth(theirs.root) if path.startswith("archive/"))
        put_file(journal.root, pack, truth(theirs.root)[pack])
    drop_file(journal.root, old)
    shutil.rmtree(f"{journal.root}/local")
    with Journal.open(store=journal.root) as fresh:
        assert fresh.append("s", "E", {"n": 2}, expect="none") == Conflict("stream", "s", "none", 1)
        written = fresh.append("s", "E", {"n": 2}, expect=1)
        assert (written.position, written.rev) == (2, 2)
