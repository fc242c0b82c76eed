"""The files of a cursor: power cuts, kills half way, damage, copies, and what a hostile repository brings."""

import os
import shutil
import tempfile
from dataclasses import replace

import pytest

from journal import DamagedError, Journal, NotAppliedError, NotFoundError, RefusedError, UnsafePathError
from journal.subscriptions.encoding import Saved
from journal.subscriptions.selection import Selection
from journal.subscriptions.shelf import FileShelf
from tests.support.cuts import CutFiles
from tests.support.inodes import EXTREMES, RANDOM
from tests.support.outages import bury, restarted
from tests.support.power import every_cut
from tests.support.stores import clone, new_store

WRITTEN = [f"e{number}" for number in range(6)]


def store_with_events(folder):
    root = new_store(folder, options='durability = "sync"')
    with Journal.open(store=root) as journal:
        for id in WRITTEN:
            journal.put("plan", id, {"of": id})
    shutil.rmtree(os.path.join(root, "local", "cursors"), ignore_errors=True)


def consume(journal, note, opened):
    """Take, fail, put aside and acknowledge; note what was acknowledged, once that is so."""
    feed = journal.subscribe("feed", retry_seconds=0)
    opened += [feed]
    got = feed.take(2)
    feed.ack(*got)
    note({delivery.event.entity for delivery in got})
    (failed,) = feed.take(1)
    failed.retry(ValueError())
    (again, aside) = feed.take(2)
    again.ack()
    note({again.event.entity})
    aside.park()
    feed.replay()


def test_power_cut_at_every_call_of_a_consumer():
    """What was acknowledged never comes again; everything else does, and the cursor is whole."""
    with tempfile.TemporaryDirectory() as scratch:
        opened = []

        def operate(disk):
            journal = Journal.open(store=os.path.join(disk.root, ".journal"), files=disk)
            opened.append(journal)
            consume(journal, disk.note, [])

        calls = 0
        for number, cut in enumerate(every_cut(scratch, store_with_events, operate, whens=("during",))):
            bury(opened.pop())
            acknowledged = set().union(*cut.notes)
            policies = EXTREMES + RANDOM
            for at in range(2):
                image = cut.disk.image(policies[(number * 2 + at) % len(policies)], number)
                disk = cut.disk.reboot_into(image)
                with restarted():
                    journal = Journal.open(store=os.path.join(disk.root, ".journal"), files=disk)
                    with journal.subscribe("feed") as feed:
                        feed.replay()
                        found = []
                        for delivery in feed.catch_up():
                            found.append(delivery.event.entity)
                            delivery.ack()
                    bury(journal)
                assert not set(found) & acknowledged
                assert set(found) | acknowledged >= set(WRITTEN) - lost_in_flight(cut, found, acknowledged)
                assert len(found) == len(set(found))
            calls = cut.call
        assert calls > 20


def lost_in_flight(cut, found, acknowledged):
    """Return what the acknowledgement that was cut may have settled: at most one call's events."""
    missing = set(WRITTEN) - set(found) - acknowledged
    assert missing in (set(), {"e0", "e1"}, {"e2"})
    return missing


def test_a_disk_that_is_full_from_any_call_on_loses_nothing(tmp_path):
    call, is_complete = 0, False
    while not is_complete:
        call += 3
        root = new_store(tmp_path / str(call))
        with Journal.open(store=root) as journal:
            for id in WRITTEN:
                journal.put("plan", id, {})
        acknowledged, dead = set(), []
        files = CutFiles(call, error=lambda: OSError(28, "No space left on device"), dead=True)
        journal = Journal.open(store=root, files=files)
        try:
            consume(journal, acknowledged.update, dead)
            is_complete = True
        except NotAppliedError:
            pass
        for feed in dead:
            feed._shelf.close()  # as the system does when a process ends
        bury(journal)
        with Journal.open(store=root) as journal, journal.subscribe("feed") as feed:
            feed.replay()
            found = {delivery.event.entity for delivery in feed.take(10)}
        assert not found & acknowledged
        assert set(WRITTEN) - found - acknowledged in (set(), {"e0", "e1"}, {"e2"})
    assert call > 20


@pytest.fixture
def used(root):
    """A store whose cursor has taken one of two events."""
    with Journal.open(store=root) as journal:
        journal.put("plan", "a", {})
        journal.put("plan", "b", {})
        with journal.subscribe("feed") as feed:
            feed.take()[0].ack()
    return root


def left(root, name="feed"):
    with Journal.open(store=root) as journal, journal.subscribe(name) as feed:
        return [delivery.event.entity for delivery in feed.take(10)]


def state_of(root):
    return os.path.join(root, "local", "cursors", "feed", "state.json")


@pytest.mark.parametrize("data", [b"", b"{}", b"\0" * 300, None])
def test_a_state_that_was_changed_is_damage_and_never_a_silent_beginning(used, data):
    with open(state_of(used), "r+b") as file:
        text = file.read()
        file.seek(0)
        file.truncate()
        file.write(text.replace(b"[[1,1]]", b"[[1,2]]") if data is None else data)
    with pytest.raises(DamagedError, match="feed"):
        left(used)
    with Journal.open(store=used) as journal:
        assert isinstance(journal.cursors.list()[0], DamagedError)
        journal.cursors.drop("feed")
    assert left(used) == ["a", "b"]


def test_a_cursor_of_a_copied_work_tree_is_refused_until_somebody_adopts_it(used, tmp_path):
    copy = os.path.join(tmp_path, "copy", ".journal")
    shutil.copytree(used, copy, symlinks=True)
    with pytest.raises(RefusedError, match="not made in this work tree"):
        left(copy)
    with Journal.open(store=copy) as journal:
        journal.cursors.adopt("feed")
    assert left(copy) == ["b"]
    assert left(used) == ["b"]


def test_a_work_tree_that_was_moved_keeps_its_cursors(used, tmp_path):
    os.rename(os.path.dirname(used), tmp_path / "moved")
    assert left(str(tmp_path / "moved" / ".journal")) == ["b"]


def test_an_old_state_that_was_put_back_gives_events_again_and_loses_none(used):
    with open(state_of(used), "rb") as file:
        old = file.read()
    with Journal.open(store=used) as journal, journal.subscribe("feed") as feed:
        feed.take()[0].ack()
    with open(state_of(used), "wb") as file:
        file.write(old)
    assert left(used) == ["b"]


def test_a_cursor_that_a_repository_brings_does_not_count(used, tmp_path):
    """It could say that all is done, and events would be passed over in silence."""
    fresh = clone(used, tmp_path / "clone")
    shutil.copytree(os.path.join(used, "local", "cursors"), os.path.join(fresh, "local", "cursors"))
    with pytest.raises(RefusedError):
        left(fresh)
    assert left(fresh, "another") == ["a", "b"]


@pytest.mark.parametrize("place", ["local/cursors", "local/cursors/feed", "local/cursors/feed/consumers"])
def test_no_link_is_followed(root, tmp_path, place):
    outside = tmp_path / "outside"
    outside.mkdir()
    with Journal.open(store=root) as journal:
        journal.put("plan", "a", {})
    os.makedirs(os.path.join(root, os.path.dirname(place)), exist_ok=True)
    os.symlink(outside, os.path.join(root, place))
    with pytest.raises(UnsafePathError):
        left(root)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", ["state.json", "lock"])
def test_no_file_that_is_a_link_is_read_or_written(used, tmp_path, name):
    path = os.path.join(used, "local", "cursors", "feed", name)
    os.replace(path, tmp_path / "outside")
    before = (tmp_path / "outside").read_bytes()
    os.symlink(tmp_path / "outside", path)
    with pytest.raises((UnsafePathError, RefusedError)):
        left(used)
    assert (tmp_path / "outside").read_bytes() == before


def test_losing_the_local_folder_begins_again_where_the_caller_says(used):
    with Journal.open(store=used) as journal:
        token = journal.cursors.status("feed").token
        shutil.rmtree(os.path.join(used, "local"))
    with Journal.open(store=used) as journal, journal.subscribe("feed", since=token) as feed:
        assert [delivery.event.entity for delivery in feed.take(10)] == ["b"]


def test_a_consumer_whose_cursor_is_swept_away_says_so(used):
    with Journal.open(store=used) as journal, journal.subscribe("feed") as feed:
        (delivery,) = feed.take()
        shutil.rmtree(os.path.join(used, "local", "cursors"))
        with pytest.raises((NotFoundError, NotAppliedError)):
            delivery.ack()


def test_what_killed_consumers_left_is_removed_by_the_next_one(used):
    folder = os.path.join(used, "local", "cursors", "feed")
    with Journal.open(store=used) as journal, journal.subscribe("feed") as alive:
        for name in ("consumers/08yp5q6tyc4z3", "state.json.1f-aabbccdd.journal-tmp"):
            with open(os.path.join(folder, name), "xb"):
                pass
        with journal.subscribe("feed") as feed:
            assert len(os.listdir(os.path.join(folder, "consumers"))) == 2
            assert len(alive.take()) == 1
            assert feed.take() == []
        assert [name for name in os.listdir(folder) if name.endswith("tmp")] == []


def test_names_that_disks_do_not_like_are_names_of_cursors_all_the_same(root):
    names = ["Feed", "feed", "a/b", "..", "con", "größe"]
    with Journal.open(store=root) as journal:
        journal.put("plan", "a", {})
        for name in names:
            with journal.subscribe(name) as feed:
                feed.take()[0].ack()
        assert journal.cursors.names() == sorted(names)


def test_who_holds_the_cursor_decides_on_what_it_read_whatever_other_threads_read(used, monkeypatch):
    """A thread that reads without the lock may have read a little before, and come to its end in the middle of it."""
    with Journal.open(store=used) as journal:
        shelf = FileShelf(journal._engine.backend, used, "feed")
        group = shelf.load()
        monkeypatch.setattr(FileShelf, "_known", property(lambda _: behind, lambda *_: None), raising=False)
        behind = b"", Saved([], Selection(), replace(group, taken={}))
        assert shelf.load() == group
