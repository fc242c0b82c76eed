"""A cursor while git merges, switches and drops branches, and upkeep rolls, packs, removes and redacts."""

import threading

import pytest

from journal import GapError, Journal
from journal.subscriptions import subscription
from tests.support.stores import configure
from tests.support.worktree import WorkTree


@pytest.fixture
def tree(tmp_path):
    tree = WorkTree(tmp_path / "tree")
    configure(str(tree.store), 'roll_bytes = 4096\ndurability = "os"')
    return tree


def write(tree, *ids):
    with tree.open() as journal:
        for id in ids:
            journal.put("plan", id, {"text": id * 20})
    tree.commit_all()


def drain(tree, **options):
    with tree.open() as journal, journal.subscribe("feed", **options) as feed:
        found = []
        for delivery in feed.catch_up():
            found.append(delivery.event.entity)
            delivery.ack()
        return found


def test_late_events_of_a_merged_branch_come_once_each(tree):
    write(tree, "base")
    tree.git("switch", "-q", "-c", "side")
    write(tree, "s1", "s2")
    tree.git("switch", "-q", "main")
    write(tree, "m1", "m2", "m3")
    assert drain(tree) == ["base", "m1", "m2", "m3"]
    tree.git("merge", "-q", "side", "-m", "merge")
    assert drain(tree) == ["s1", "s2"]
    write(tree, "after")
    tree.git("merge", "-q", "side", "-m", "again")
    assert drain(tree) == ["after"]


def test_a_cursor_tells_also_of_what_a_stream_does_not_show(tree):
    """Truncated events, and of two that two branches wrote under one key both: each is an event of its own."""
    write(tree, "base")
    tree.git("branch", "side")
    for branch in ("main", "side"):
        tree.git("switch", "-q", branch)
        with tree.open() as journal:
            journal.append("order/1", "Paid", {"n": 1}, key="req-9")
            journal.append("order/1", "Sent", {"by": branch})
        tree.commit_all()
    tree.git("merge", "-q", "main", "-m", "merge")
    with tree.open() as journal, journal.subscribe("feed", streams=["order/1"]) as feed:
        journal.truncate("order/1", through=1)
        assert [event.key for event in journal.read("order/1")] == [None, None]
        told = [delivery.event for delivery in feed.catch_up()]
    assert sorted(event.key or event.event for event in told) == ["Sent", "Sent", "req-9", "req-9"]


def test_merges_in_a_row_bring_everything_once(tree):
    write(tree, "base")
    for branch in ("one", "two", "three"):
        tree.git("switch", "-q", "-c", branch, "main")
        write(tree, f"{branch}-1", f"{branch}-2")
        tree.git("switch", "-q", "main")
    found = drain(tree)
    for branch in ("two", "one", "three"):
        write(tree, f"main-{branch}")
        tree.git("merge", "-q", branch, "-m", "merge")
        found += drain(tree)
    expected = ["base", *(f"{branch}-{n}" for branch in ("one", "two", "three") for n in (1, 2))]
    assert sorted(found) == sorted(expected + [f"main-{branch}" for branch in ("one", "two", "three")])


def test_what_is_to_come_is_counted_without_the_numbers_that_a_lane_left_to_others(tree):
    write(tree, "base")
    tree.git("switch", "-q", "-c", "side")
    write(tree, *(f"s{number}" for number in range(9)))
    tree.git("switch", "-q", "main")
    write(tree, "m1", "m2")
    tree.git("merge", "-q", "side", "-m", "merge")
    write(tree, "after")
    with tree.open() as journal:
        journal.subscribe("feed").close()
        assert journal.cursors.status("feed").to_come == 13
    assert len(drain(tree)) == 13
    with tree.open() as journal:
        assert journal.cursors.status("feed").to_come == 0


def test_no_number_that_a_lane_left_to_others_is_a_gap_in_a_clone_that_does_not_know_of_it(tree, tmp_path):
    write(tree, "base")
    tree.git("switch", "-q", "-c", "side")
    write(tree, *(f"s{number}" for number in range(4)))
    tree.git("switch", "-q", "main")
    write(tree, "main")
    tree.git("merge", "-q", "side", "-m", "merge")
    write(tree, "after")
    with tree.open() as journal:
        token = next(event.token for event in journal.read_all() if event.entity == "s2")
    tree.git("switch", "-q", "-c", "behind", "HEAD~1")  # with both branches, and without the lane's next segment
    with tree.open() as journal:
        assert not journal.gaps(token).gone
        with journal.subscribe("feed", since=token) as feed:
            assert [delivery.event.entity for delivery in feed.take(9)] == ["s3"]


def test_a_cursor_survives_roll_compaction_and_the_removal_of_segments(tree):
    write(tree, *(f"e{number}" for number in range(30)))
    with tree.open() as journal, journal.subscribe("feed") as feed:
        feed.ack(*feed.take(10))
        held = feed.take(3)
        for number in range(3):
            journal.put("plan", f"later{number}", {"text": "x" * 2000})
            journal.checkpoint()
            for _ in range(2):
                journal.compact()
                journal.commit()
        assert list((tree.store / "archive").iterdir())
        held[0].ack()
    assert drain(tree) == [*(f"e{number}" for number in range(11, 30)), "later0", "later1", "later2"]
    assert drain(tree) == []


def test_a_cursor_begins_at_the_beginning_though_all_is_packed(tree):
    write(tree, *(f"e{number}" for number in range(20)))
    with tree.open() as journal:
        for _ in range(2):
            journal.checkpoint()
            journal.put("plan", "e0", {"n": 1})
            journal.compact()
            tree.commit_all()
    assert len(drain(tree)) == 21


def test_a_gap_is_told_and_events_that_return_are_not_delivered_twice(tree):
    write(tree, "base")
    tree.git("switch", "-q", "-c", "side")
    write(tree, "s1", "s2")
    assert drain(tree) == ["base", "s1", "s2"]
    tree.git("switch", "-q", "main")
    with pytest.raises(GapError, match="2 events"):
        drain(tree)
    with pytest.raises(GapError):
        drain(tree)
    with tree.open() as journal, journal.subscribe("feed") as feed:
        assert sum(high - low + 1 for ((low, high),) in feed.gaps().gone.values()) == 2
        feed.accept_gap()
        assert feed.take() == []
    write(tree, "m1")
    assert drain(tree) == ["m1"]
    tree.git("merge", "-q", "side", "-m", "merge")
    assert drain(tree) == []
    tree.git("switch", "-q", "--detach", "HEAD~1")
    tree.git("switch", "-q", "main")
    assert drain(tree) == []


def test_a_gap_is_told_once_to_who_listens_and_again_when_it_comes_again(tree):
    write(tree, "base")
    tree.git("switch", "-q", "-c", "side")
    write(tree, "s1")
    told = []
    drain(tree, on_gap=told.append)
    for _ in range(2):
        tree.git("switch", "-q", "main")
        drain(tree, on_gap=told.append)
        drain(tree, on_gap=told.append)
        tree.git("switch", "-q", "side")
        assert drain(tree, on_gap=told.append) == []
    assert len(told) == 2


def test_a_gap_may_be_accepted_by_who_is_told_of_it(tree):
    write(tree, "base")
    tree.git("switch", "-q", "-c", "side")
    write(tree, "s1")
    told, feeds = [], []

    def accept(gap):
        told.append(gap)
        feeds[0].accept_gap()

    with tree.open() as journal, journal.subscribe("feed", on_gap=accept) as feed:
        feeds.append(feed)
        feed.ack(*feed.take(5))
        tree.git("switch", "-q", "main")
        taker = threading.Thread(target=feed.take, daemon=True)
        taker.start()
        taker.join(20)
        assert not taker.is_alive()
    assert len(told) == 1


def test_events_that_left_before_they_were_handled_are_kept_for_their_return(tree):
    write(tree, "base")
    tree.git("switch", "-q", "-c", "side")
    write(tree, "s1", "s2")
    with tree.open() as journal, journal.subscribe("feed", retry_seconds=0) as feed:
        first, second, third = feed.take(3)
        first.ack()
        second.retry()
        third.park()
    tree.git("switch", "-q", "main")
    told = []
    assert drain(tree, on_gap=told.append) == []
    assert len(told) == 1
    tree.git("switch", "-q", "side")
    assert drain(tree) == ["s1"]
    with tree.open() as journal:
        assert journal.cursors.replay("feed") == 1
    assert drain(tree) == ["s2"]


def test_waiting_beside_an_event_that_left_before_it_was_handled_is_waiting(tree, monkeypatch):
    """It is due, and cannot be delivered here: that is nothing to look for again and again."""
    write(tree, "base")
    tree.git("switch", "-q", "-c", "side")
    write(tree, "s1")
    with tree.open() as journal, journal.subscribe("feed") as feed:
        feed.take()[0].ack()
        feed.take()
    tree.git("switch", "-q", "main")
    looks, survey = [], subscription.survey
    monkeypatch.setattr(subscription, "survey", lambda *given: looks.append(1) or survey(*given))
    with tree.open() as journal, journal.subscribe("feed", on_gap=lambda gaps: None) as feed:
        assert feed.take(wait_seconds=0.7) == []
        assert len(looks) < 8
        tree.git("switch", "-q", "side")
        assert [delivery.event.entity for delivery in feed.take(wait_seconds=20)] == ["s1"]


def test_a_lost_payload_of_an_event_that_is_to_be_tried_again_is_a_gap_and_holds_up_no_other(tree):
    with tree.open() as journal:
        journal.put("plan", "long", {"text": "x" * 100_000})
        with journal.subscribe("feed", retry_seconds=0, on_gap=pytest.fail) as feed:
            feed.take()[0].retry()
        write(tree, "a", "b")
        (blob,) = [path for path in (tree.store / "blobs").rglob("*") if len(path.name) == 64]
        data = blob.read_bytes()
        blob.unlink()
        told = []
        with journal.subscribe("feed", on_gap=told.append) as feed:
            assert [delivery.event.entity for delivery in feed.take(1)] == ["a"]
            assert [sum(map(len, gaps.unreadable.values())) for gaps in told] == [1]
            assert journal.cursors.status("feed").missing == 1
            assert [delivery.event.entity for delivery in feed.catch_up()] == ["b"]
            blob.write_bytes(data)
            assert [delivery.event.entity for delivery in feed.take(9)] == ["long"]


def test_damage_is_a_gap_and_the_event_comes_once_its_line_is_mended(tree):
    write(tree, "a", "b", "c")
    (segment,) = (tree.store / "segments").iterdir()
    text = segment.read_bytes()
    segment.write_bytes(text.replace(b'"id":"b"', b'"id":"X"'))
    told = []
    assert drain(tree, on_gap=told.append) == ["a", "c"]
    assert [sum(map(len, gaps.unreadable.values())) for gaps in told] == [1]
    tree.git("restore", ".journal/segments")
    assert drain(tree) == ["b"]


def test_a_damaged_line_of_an_event_that_is_to_be_tried_again_is_one_that_is_missing(tree):
    with tree.open() as journal:
        for id in "ab":
            journal.put("plan", id, {})
        with journal.subscribe("feed") as feed:
            feed.take()
        (segment,) = (tree.store / "segments").iterdir()
        segment.write_bytes(segment.read_bytes().replace(b'"id":"a"', b'"id":"X"'))
        told = []
        with journal.subscribe("feed", on_gap=told.append) as feed:
            assert [delivery.event.entity for delivery in feed.catch_up()] == ["b"]
        assert len(told) == 1
        assert journal.cursors.status("feed").missing == 1


def test_damage_that_was_accepted_is_no_gap_any_more(tree):
    with tree.open() as journal:
        for id in "abc":
            journal.put("plan", id, {})
    (segment,) = (tree.store / "segments").iterdir()
    segment.write_bytes(segment.read_bytes().replace(b'"id":"b"', b'"id":"X"'))
    with tree.open() as journal:
        journal.doctor(fix=True, accept_loss=True)
    assert drain(tree) == ["a", "c"]


def test_clones_have_cursors_of_their_own(tree, tmp_path):
    write(tree, "a")
    assert drain(tree) == ["a"]
    assert "cursors" not in tree.git("status", "--porcelain", "--ignored=no", "-uall")
    other = WorkTree(tmp_path / "other", clone_of=tree)
    assert drain(other) == ["a"]


def test_a_follower_meets_what_a_merge_brings(tree):
    write(tree, "base")
    tree.git("switch", "-q", "-c", "side")
    write(tree, "s1")
    tree.git("switch", "-q", "main")
    with tree.open() as journal:
        coming = journal.follow()
        tree.git("merge", "-q", "side", "-m", "merge")
        assert next(coming).entity == "s1"
        Journal.open(tree.path).put("plan", "m1", {})
        assert next(coming).entity == "m1"


def test_redaction_neither_loses_an_event_nor_delivers_one_again(tree):
    with tree.open() as journal:
        for id in ("a", "b", "c"):
            journal.put("plan", id, {"text": "fine", "token": f"hush-{id}"})
    tree.commit_all()
    with tree.open() as journal, journal.subscribe("feed") as feed:
        first, held = feed.take(2)
        first.ack()
        journal.redact(value="hush-b", reason="a secret")
        journal.redact(type="plan", id="c", field="token", reason="a secret")
        held.ack()
        found = {delivery.event.entity: delivery.event.data for delivery in feed.take(9)}
    assert set(found) == {"c"}
    assert "hush" not in str(found["c"])
    assert drain(tree) == ["c"], "it was not acknowledged"
    assert drain(tree, on_gap=pytest.fail) == []


def test_what_git_takes_away_and_puts_back_at_once_is_no_gap(tree):
    """As it does in the middle of a checkout."""
    write(tree, "a", "b")
    assert drain(tree) == ["a", "b"]
    (segment,) = (tree.store / "segments").iterdir()
    text = segment.read_bytes()
    segment.unlink()
    putting_back = threading.Timer(0.05, lambda: segment.write_bytes(text))
    putting_back.start()
    assert drain(tree) == []
    putting_back.join()
    assert drain(tree) == []
