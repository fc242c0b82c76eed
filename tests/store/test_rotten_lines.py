"""A line that rots after it was taken in is damage: told, named by no token, and back once it is mended."""

import os
import shutil

import pytest

from journal import Fold, Journal
from journal.index.view import View
from tests.support.stores import new_store, truth

NAMES = Fold("names", [], lambda value, event: [*value, event.event])


def in_place(path, data):
    """Write a file's bytes without its stat saying so, as rot does."""
    stat = os.stat(path)
    with open(path, "r+b") as file:
        file.write(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def touched(path, data):
    with open(path, "r+b") as file:
        file.write(data)


def replaced(path, data):
    with open(f"{path}.new", "wb") as file:
        file.write(data)
    os.replace(f"{path}.new", path)


@pytest.fixture
def root(tmp_path):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        for number in range(40):
            journal.append("s", f"E{number}", {"n": number})
        journal.put("t", "x", {"n": 1})
    return root


def rot(root, change, what=b'"E1"'):
    """Change a line of the first segment; return how to mend it."""
    name, good = next((name, text) for name, text in sorted(truth(root).items()) if name.startswith("segments/"))
    path = f"{root}/{name}"
    assert what in good
    change(path, good.replace(what, what.swapcase()))
    return lambda: touched(path, good)


ALL = [f"E{number}" for number in range(40)]
REST = [name for name in ALL if name != "E1"]


def told(events):
    return [event.event for event in events if event.kind == "event"]


@pytest.mark.parametrize("is_warm", [True, False])
@pytest.mark.parametrize("change", [in_place, touched, replaced])
def test_readers_pass_over_it_tell_of_it_and_have_it_once_it_is_back(root, change, is_warm):
    with Journal.open(store=root) as journal, journal.subscribe("feed", on_gap=lambda gap: None) as feed:
        if is_warm:
            assert told(journal.read("s")) == ALL
        mend = rot(root, change)
        events = list(journal.read("s"))
        everything = list(journal.read_all())
        state, view = journal.fold(NAMES, "s"), journal.view(NAMES, "s")
        taken = feed.take(100)
        feed.ack(*taken)
        assert told(events) == told(everything) == told([delivery.event for delivery in taken]) == REST
        assert state.value == view.read() == REST
        assert [event.position for event in events] == list(range(1, 40))
        assert journal.damage_note() is not None
        assert len(journal.status().damage) == 1
        assert journal.gaps(events[-1].token).unreadable
        mend()
        assert told(journal.read("s", since=events[-1].token)) == ["E1"]
        assert told(journal.read_all(since=everything[-1].token)) == ["E1"]
        assert journal.fold(NAMES, "s", state=state).value == view.read() == ALL
        assert [delivery.event.event for delivery in feed.take(100)] == ["E1"]
        assert journal.damage_note() is None


def test_the_past_of_an_entity_is_told_without_it(root):
    with Journal.open(store=root) as journal:
        journal.put("t", "x", {"n": 2})
        assert len(journal.history("t", "x")) == 2
        mend = rot(root, in_place, b'"data":{"n":1},"crc"')
        assert [event.data for event in journal.history("t", "x")] == [{"n": 2}]
        assert journal.damage_note() is not None
        mend()
        assert len(journal.history("t", "x")) == 2


def test_a_pack_that_has_it_too_serves(root):
    with Journal.open(store=root) as journal:
        ((name, text),) = truth(root).items()
        journal.compact()
        journal.put("t", "y", {})
        assert journal.compact().packs
        with open(f"{root}/{name}", "wb") as file:
            file.write(text)  # as a merge with a branch that has not packed brings it back
        assert told(journal.read("s")) == ALL
        rot(root, in_place)
        assert told(journal.read("s")) == ALL


def test_while_another_holds_the_lock_too(root):
    with Journal.open(store=root) as journal, Journal.open(store=root) as other:
        assert told(journal.read("s")) == ALL
        rot(root, in_place)
        with other._engine.locked():
            assert told(journal.read("s")) == REST
            assert told(journal.read("s")) == REST
        assert told(journal.read("s")) == REST


def test_a_log_that_is_read_slowly_finds_what_has_moved_to_other_files_meanwhile(root, monkeypatch):
    monkeypatch.setattr("journal.facade.reading._LOG_PIECE", 8)
    with Journal.open(store=root) as journal:
        log = journal.log(reverse=True)
        found = [next(log)]
        journal.compact()
        journal.put("t", "y", {})
        assert journal.compact().packs
        shutil.rmtree(f"{root}/local")
        with Journal.open(store=root) as other:
            other.append("a", "Other")
            other.append("s", "Other")
        monkeypatch.setattr(View, "doubt", lambda view, file: pytest.fail("no file is other than it was applied"))
        assert told([*found, *log]) == ALL
