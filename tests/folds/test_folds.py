"""Folds: from the seed, from a state, from a snapshot: the same, whatever arrives, leaves or is hidden."""

import contextlib
import errno
import os
import shutil
import tempfile
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journal import Fold, FoldState, Journal, JournalError, NotAppliedError, RefusedError, UsageError
from tests.support.faults import CountingFiles, FaultyFiles
from tests.support.stores import bring, clone, drop_file, examples, new_store, put_file, truth


def step(value, event):
    """Not commutative, so that an order that differs shows."""
    return [*value, f"{event.stream}:{event.event}:{event.data.get('n')}"]


LISTED = Fold("listed", [], step)
SUM = Fold("sum", 0, lambda value, event: value + event.data["n"])


@pytest.fixture
def journal(journal):
    for number in range(1, 6):
        journal.append("s", "E", {"n": number})
    return journal


def counting(calls):
    def count(value, event):
        calls.append(event.position)
        return value + event.data["n"]

    return Fold("sum", 0, count)


def test_a_fold_makes_a_value_and_says_what_it_has_folded(journal):
    state = journal.fold(SUM, "s")
    assert state.value == 15
    assert state.position == list(journal.read("s"))[-1].token
    assert journal.fold(SUM, "none").value == 0


def test_going_on_from_a_state_folds_the_tail_alone(journal):
    state = journal.fold(SUM, "s")
    journal.append("s", "E", {"n": 10})
    calls = []
    assert journal.fold(counting(calls), "s", state=state).value == 25
    assert calls == [6]
    calls.clear()
    assert journal.fold(counting(calls), "s", state=journal.fold(SUM, "s")).value == 25
    assert calls == []


def test_a_snapshot_is_where_the_next_fold_begins_also_in_another_process(journal, root):
    journal.snapshot(SUM, "s")
    journal.append("s", "E", {"n": 10})
    calls = []
    assert journal.fold(counting(calls), "s").value == 25
    assert calls == [6]
    calls.clear()
    with Journal.open(store=root) as other:
        assert other.fold(counting(calls), "s").value == 25
    assert calls == [6]
    calls.clear()
    other = counting(calls)
    assert journal.fold(Fold("sum", 0, other.step, version=2), "s").value == 25
    assert len(calls) == 6


def test_several_streams_are_folded_in_one_order(journal):
    journal.append("t", "F", {"n": 6})
    journal.append("s", "E", {"n": 7})
    said = journal.fold(LISTED, ["t", "s"]).value
    assert said == [*(f"s:E:{number}" for number in range(1, 6)), "t:F:6", "s:E:7"]
    assert journal.fold(LISTED, ["s", "t", "s"]).value == said


def test_a_truncated_beginning_still_counts(journal):
    journal.truncate("s", through=4)
    assert journal.fold(SUM, "s").value == 15


def test_a_value_that_a_step_changes_in_place_spoils_no_other(journal):
    def spoil(value, event):
        value.append(event.data["n"])
        return value

    fold = Fold("spoiled", [], spoil)
    first = journal.fold(fold, "s")
    journal.append("s", "E", {"n": 6})
    assert journal.fold(fold, "s", state=first).value == [1, 2, 3, 4, 5, 6]
    assert first.value == [1, 2, 3, 4, 5]
    assert journal.fold(fold, "s").value == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 2000, 5])
def test_a_name_that_no_fold_can_have_is_refused(name):
    with pytest.raises(RefusedError):
        Fold(name, 0, step)


def test_a_value_that_json_does_not_have_is_refused(journal):
    with pytest.raises(RefusedError):
        journal.snapshot(Fold("odd", None, lambda value, event: {1, 2}), "s")


def test_a_snapshot_that_is_broken_or_gone_costs_time_only(journal, root):
    journal.snapshot(SUM, "s")
    folder = os.path.join(root, "local", "derived", "folds")
    (path,) = (os.path.join(place, name) for place, _, names in os.walk(folder) for name in names)
    with open(path, "r+b") as file:
        file.seek(80)
        file.write(b"999")
    calls = []
    assert journal.fold(counting(calls), "s").value == 15
    assert len(calls) == 5
    shutil.rmtree(folder)
    assert journal.fold(SUM, "s").value == 15


def test_a_snapshot_for_which_there_is_no_room_is_told(journal, root):
    files = FaultyFiles()
    with Journal.open(store=root, files=files) as full:
        files.fail("create", 1, errno.ENOSPC, times=None)
        with pytest.raises(NotAppliedError, match="nothing was applied"):
            full.snapshot(SUM, "s")
        files.mend()
        assert full.snapshot(SUM, "s").value == 15


def test_few_snapshots_are_kept(journal, root):
    for number in range(6):
        journal.append("s", "E", {"n": number})
        journal.snapshot(SUM, "s")
    folder = os.path.join(root, "local", "derived", "folds")
    assert sum(len(names) for _, _, names in os.walk(folder)) == 3


def test_a_late_event_is_folded_in_its_place(tmp_path):
    here = new_store(tmp_path / "here")
    with Journal.open(store=here) as journal:
        journal.append("s", "Start", {"n": 0})
    there = clone(here, tmp_path / "there")
    with Journal.open(store=here) as mine, Journal.open(store=there) as theirs:
        old = mine.snapshot(LISTED, "s")
        theirs.append("s", "Theirs", {"n": -1})
        for number in (1, 2):
            mine.append("s", "Mine", {"n": number})
        state = mine.snapshot(LISTED, "s")
        own = set(truth(here))
        bring(there, here)
        whole = [f"s:{event.event}:{event.data['n']}" for event in mine.read("s")]
        assert len(whole) == 4
        for given_state in (None, state, old):
            assert mine.fold(LISTED, "s", state=given_state).value == whole
        # The branch goes away again: what only it brought is in no value any more.
        merged = mine.snapshot(LISTED, "s")
        for path in set(truth(here)) - own:
            drop_file(here, path)
        assert mine.fold(LISTED, "s", state=merged).value == state.value


def test_what_is_redacted_is_in_no_view_and_in_nothing_that_goes_on_from_an_earlier_state(root, journal):
    with Journal.open(store=journal.root) as other:
        views = [journal.view(LISTED, "s"), other.view(LISTED, "s")]
        first = next(journal.read("s"))
        before = journal.snapshot(LISTED, "s")
        assert [view.read() for view in views] == [before.value] * 2
        journal.redact(event=first.id, reason="leaked")
        after = ["s:E:[redacted]", *before.value[1:]]
        assert [view.read() for view in views] == [after] * 2
        assert journal.fold(LISTED, "s").value == journal.fold(LISTED, "s", state=before).value == after
        # The state names the redaction, so it is gone on from, and not folded anew for it once more.
        state, calls = views[0].state(), []
        assert not list(journal.read("s", since=state.position))
        assert journal.fold(Fold("listed", [], lambda *given: calls.append(given)), "s", state=state).value == after
        assert calls == []


def test_a_snapshot_from_before_a_redaction_that_a_merge_brings_is_not_gone_on_from_and_leaves(journal, tmp_path):
    there = clone(journal.root, tmp_path / "there")
    with Journal.open(store=there) as other:
        other.append("s", "E", {"n": "secret"})
        bring(there, journal.root)
        assert "s:E:secret" in journal.snapshot(LISTED, "s").value
        other.redact(value="secret", reason="leaked")
        bring(there, journal.root)
    assert journal.fold(LISTED, "s").value[-1] == "s:E:[redacted]"
    folder = os.path.join(journal.root, "local", "derived", "folds")
    assert [name for _, _, names in os.walk(folder) for name in names] == []


def test_a_redaction_that_comes_without_its_note_is_heeded_too(journal, tmp_path):
    """As a pick brings it: the file that was written anew, and not the one that says so."""
    (old,) = truth(journal.root)
    journal._engine.lanes.end_segment()
    there = clone(journal.root, tmp_path / "there")
    with Journal.open(store=there) as other:
        view = other.view(LISTED, "s")
        before = FoldState(view.read(), view.state().position)
        other.snapshot(LISTED, "s")
        journal.redact(event=next(journal.read("s")).id, reason="leaked")
        (pack,) = (path for path in truth(journal.root) if path.startswith("archive/"))
        put_file(there, pack, truth(journal.root)[pack])
        drop_file(there, old)
        after = ["s:E:[redacted]", *before.value[1:]]
        assert view.read() == other.fold(LISTED, "s").value == other.fold(LISTED, "s", state=before).value == after


def test_what_only_a_checkpoint_knows_is_folded_once_its_lines_are_back(root, journal):
    view = journal.view(LISTED, "s")
    whole = view.read()
    journal._engine.lanes.end_segment()
    (path,) = truth(journal.root)
    text = truth(journal.root)[path]
    journal.checkpoint()
    journal.append("s", "E", {"n": 6})
    drop_file(journal.root, path)
    assert view.read() == journal.fold(LISTED, "s").value == ["s:E:6"]
    state = journal.snapshot(LISTED, "s")
    assert journal.gaps(state.position).unreadable
    put_file(journal.root, path, text)
    assert journal.fold(LISTED, "s", state=state).value == view.read() == [*whole, "s:E:6"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("append", "append", "key", "other", "snapshot", "merge", "drop", "truncate", "redact")),
        st.integers(0, 1),
        st.integers(0, 3),
    ),
    min_size=3,
    max_size=14,
)


@settings(max_examples=examples(60, 2000))
@given(STEPS)
def test_snapshot_and_tail_are_the_full_replay_with_late_events_too(story):
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as opened:
        first = new_store(os.path.join(scratch, "0"))
        roots = [first, clone(first, os.path.join(scratch, "1"))]
        trees = [opened.enter_context(Journal.open(store=root)) for root in roots]
        states = [[], []]
        for count, (act, at, number) in enumerate(story):
            tree = trees[at]
            if act in ("append", "other"):
                tree.append("s" if act == "append" else "t", "E", {"n": count})
            elif act == "key":
                tree.append("s", "K", {"n": number}, key=f"k{number}")
            elif act == "snapshot":
                states[at].append(tree.snapshot(LISTED, ["s", "t"]))
            elif act == "merge":
                bring(roots[1 - at], roots[at])
            elif act == "truncate" and tree.stream("s").length:
                tree.truncate("s", through=1 + number % tree.stream("s").length)
            elif act == "redact" and (found := [event.id for event in tree.read_all() if event.kind == "event"]):
                tree.redact(event=found[number % len(found)], reason="leaked")
            elif act == "drop":
                files = sorted(truth(roots[at]))
                if len(files) > 1:
                    drop_file(roots[at], files[number % len(files)])
            full = whole(tree)
            assert tree.fold(LISTED, ["s", "t"]).value == full
            for state in states[at] + states[1 - at]:
                assert tree.fold(LISTED, ["s", "t"], state=state).value == full


def whole(tree):
    """Return what a full replay gives: an oracle over everything, which knows nothing of snapshots."""
    value, keys = [], set()
    for event in tree.read_all():
        if event.kind == "event" and (event.key is None or (event.stream, event.key) not in keys):
            value = step(value, event)
        if event.key is not None:
            keys.add((event.stream, event.key))
    return value


def test_a_view_is_never_stale_and_costs_what_came_since(journal, root):
    calls = []
    view = journal.view(counting(calls), "s")
    assert view.read() == 15
    assert view.read() == 15
    assert len(calls) == 5
    journal.append("s", "E", {"n": 10})
    with Journal.open(store=root) as other:
        other.append("s", "E", {"n": 100})
    assert view.read() == 125
    assert len(calls) == 7
    journal.put("t", "beside", {"n": 1})
    assert view.read() == 125
    assert len(calls) == 7


@pytest.mark.parametrize("size", [10, 3_000])
def test_reading_a_view_reads_no_event(tmp_path, size):
    files = CountingFiles()
    with Journal.open(store=new_store(tmp_path), files=files) as journal:
        journal.append_batch("s", [("E", {"n": 1})] * size)
        view = journal.view(SUM, "s")
        assert view.read() == size
        files.reset()
        for _ in range(10):
            view.read()
        assert files.calls["read"] == 0
        assert not [path for call, path in files.history if call == "read_at" and "segments" in path]


def test_a_view_says_how_it_stands(journal):
    def fails_on_seven(value, event):
        if event.data["n"] == 7:
            raise ValueError("seven")
        return value + event.data["n"]

    view = journal.view(Fold("careful", 0, fails_on_seven), "s")
    assert (view.name, view.status().lag, view.status().last_error) == ("careful", 5, None)
    view.read()
    assert view.status().lag == 0
    assert view.status().watermark == view.state().position
    journal.append("s", "E", {"n": 7})
    with pytest.raises(ValueError, match="seven"):
        view.read()
    status = view.status()
    assert (status.lag, status.last_error) == (1, "ValueError: seven")


def test_a_rebuild_tells_its_progress_while_the_old_view_serves(journal):
    journal.append_batch("s", [("E", {"n": 1})] * 2_500)
    gate, at_gate = threading.Event(), threading.Event()

    def slow(value, event):
        if at_gate.is_set():
            gate.wait(10)
        return value + event.data["n"]

    view = journal.view(Fold("slow", 0, slow), "s")
    assert view.read() == 2_515
    told = []

    def progress(done):
        told.append(done)
        at_gate.set()

    worker = threading.Thread(target=view.rebuild, args=(progress,))
    worker.start()
    assert at_gate.wait(10)
    assert view.read() == 2_515
    gate.set()
    worker.join(10)
    assert told == [1000, 2000, 2505]
    assert view.read() == 2_515


def test_what_a_caller_does_to_a_state_does_not_spoil_the_view(journal):
    view = journal.view(LISTED, "s")
    view.state().value.clear()
    view.rebuild().value.clear()
    assert len(view.read()) == 5


def test_a_peek_is_never_stale_and_copies_nothing(journal, monkeypatch):
    view = journal.view(LISTED, "s")
    copied = []
    monkeypatch.setattr("journal.folds.view.copied", lambda value: copied.append(value) or value)
    assert len(view.peek()) == 5
    assert view.peek() is view.peek()
    journal.append("s", "E", {"n": 6})
    assert len(view.peek()) == 6
    assert copied == []
    view.read()
    assert len(copied) == 1


def test_a_view_is_read_where_the_journal_is_locked_while_another_thread_folds(journal):
    folding, going_on = threading.Event(), threading.Event()

    def slow(value, event):
        folding.set()
        going_on.wait(10)
        return value + event.data["n"]

    view = journal.view(Fold("slow", 0, slow), "s")
    reader = threading.Thread(target=view.read, daemon=True)
    reader.start()
    assert folding.wait(10)
    journal.put("total", "s", {"n": 0})

    def change(data):
        going_on.set()
        return {"n": view.read()}

    writer = threading.Thread(target=journal.mutate, args=("total", "s", change), daemon=True)
    writer.start()
    for thread in (writer, reader):
        thread.join(10)
        assert not thread.is_alive()
    assert journal.get("total", "s").data == {"n": 15}


def test_a_view_refreshed_on_append_is_current_before_anybody_reads_it(root, journal):
    calls = []
    view = journal.view(counting(calls), "s", refresh="append")
    assert (calls, view.status().lag) == ([1, 2, 3, 4, 5], 0)
    journal.append("s", "E", {"n": 10})
    assert (calls[5:], view.status().lag) == ([6], 0)
    journal.append_batch("s", [("E", {"n": 1})] * 3)
    with journal.transaction() as transaction:
        transaction.put("t", "beside", {"n": 1})
        transaction.append("s", "E", {"n": 1})
    journal.append("other", "E", {"n": 1000})
    assert calls[6:] == [7, 8, 9, 10]
    assert view.read() == 29
    with Journal.open(store=journal.root) as other:
        other.append("s", "E", {"n": 100})
    assert view.status().lag == 1
    assert view.read() == 129


def test_a_view_that_cannot_be_refreshed_fails_no_append_and_says_why(journal):
    def fails_on_seven(value, event):
        if event.data["n"] == 7:
            raise ValueError("seven")
        return value + event.data["n"]

    reported = []
    journal.hub.on_error = lambda event, error: reported.append(error)
    view = journal.view(Fold("careful", 0, fails_on_seven), "s", refresh="append")
    assert journal.append("s", "E", {"n": 7}).position == 6
    assert journal.append("s", "E", {"n": 8}).position == 7
    assert (view.status().lag, view.status().last_error, view.refresh()) == (2, "ValueError: seven", False)
    with pytest.raises(ValueError, match="seven"):
        view.read()
    assert reported == []


def test_a_view_whose_value_json_does_not_have_says_so(journal):
    view = journal.view(Fold("odd", None, lambda value, event: {1, 2}), "s")
    with pytest.raises(RefusedError, match="set"):
        view.read()
    assert "set" in view.status().last_error


def test_a_view_goes_on_once_its_value_is_one_that_json_has_again(journal):
    total = Fold("total", 0, lambda value, event: value + event.data["n"])
    view = journal.view(total, "s")
    for number in (2**62, 2**62, 2**62, 2**62):
        journal.append("s", "Added", {"n": number})
    with pytest.raises(RefusedError):
        view.read()
    journal.append("s", "Added", {"n": -(2**62)})
    assert view.read() == journal.fold(total, "s").value


def test_a_view_that_nobody_has_any_more_is_refreshed_no_more(journal):
    calls = []
    view = journal.view(counting(calls), "s", refresh="append")
    del view
    journal.append("s", "E", {"n": 10})
    assert len(calls) == 5
    assert journal.hub._listeners == ()
    with pytest.raises(UsageError, match="now"):
        journal.view(SUM, "s", refresh="now")


def test_a_view_begins_with_a_snapshot(journal):
    journal.view(SUM, "s").snapshot()
    calls = []
    assert journal.view(counting(calls), "s").read() == 15
    assert calls == []


def test_a_fold_whose_events_leave_under_it_is_an_error_and_not_half_a_value(journal, root, monkeypatch):
    path = max(truth(root))

    def drop(value, event):
        if os.path.exists(os.path.join(root, path)):
            drop_file(root, path)
        return value + 1

    monkeypatch.setattr("journal.store.positions.PIECE_EVENTS", 2)
    with pytest.raises(JournalError, match="left"):
        journal.fold(Fold("dropping", 0, drop), "s")


def test_a_fold_is_of_its_moment_whatever_a_merge_does_meanwhile(tmp_path, monkeypatch):
    """An event that the merge makes a repetition of an earlier one still counts in this fold, and in no later one."""
    here = new_store(tmp_path / "here")
    with Journal.open(store=here) as journal:
        journal.append("s", "Start", {"n": 0})
    there = clone(here, tmp_path / "there")
    with Journal.open(store=here) as mine, Journal.open(store=there) as theirs:
        for number in range(1, 9):
            theirs.append("s", "E", {"n": number}, key=f"k{number}")
        mine.append("s", "Filler", {"n": 0})
        for number in range(1, 9):
            mine.append("s", "E", {"n": number}, key=f"k{number}")

        def meanwhile(value, event):
            if value == 3:
                bring(there, here)
            return value + 1

        monkeypatch.setattr("journal.store.positions.PIECE_EVENTS", 2)
        assert mine.fold(Fold("meanwhile", 0, meanwhile), "s").value == 10
        assert mine.fold(Fold("after", 0, lambda value, event: value + 1), "s").value == 10
        assert mine.stream("s").length == 10


def test_a_view_that_is_current_again_has_no_error_left(root, journal):
    """The event that its step refused has left, as by a switch of branches."""
    fold = Fold("careful", 0, lambda value, event: value + 1 // (event.data["n"] != 7))
    view = journal.view(fold, "s")
    assert view.read() == 5
    before = set(truth(root))
    journal._engine.lanes.end_segment()
    journal.append("s", "E", {"n": 7})
    with pytest.raises(ZeroDivisionError):
        view.read()
    assert view.status().last_error
    (path,) = set(truth(root)) - before
    drop_file(root, path)
    assert (view.read(), view.status().lag, view.status().last_error) == (5, 0, None)


def test_progress_is_told_at_the_end_also_of_nothing(journal):
    told = []
    journal.fold(SUM, "none", progress=told.append)
    journal.fold(SUM, "s", progress=told.append)
    assert told == [0, 5]


def lifts(journal):
    journal.upcasters.register("E", 0)(lambda data: {"n": data["n"] * 100, "schema_version": 1})


def test_an_upcaster_that_is_registered_later_lifts_what_a_view_and_a_snapshot_had_folded(journal, root):
    view = journal.view(SUM, "s")
    assert (view.read(), journal.snapshot(SUM, "s").value) == (15, 15)
    lifts(journal)
    assert view.read() == journal.fold(SUM, "s").value == 1500
    journal.append("s", "E", {"n": 6})
    assert view.read() == journal.snapshot(SUM, "s").value == 2100
    with Journal.open(store=root) as other:
        assert other.fold(SUM, "s").value == 21, "it knows no upcaster"
        lifts(other)
        calls = []
        assert other.fold(counting(calls), "s").value == 2100
        assert calls == [], "the snapshot that was made with it"
