"""Who brings projections up to date in passing keeps nobody waiting for that (journal/store/settling.py)."""

import contextlib

import pytest

from journal import Journal
from journal.disk.lock import StoreLock
from journal.store import printing

fcntl = pytest.importorskip("fcntl")

COUNT = 3 * printing._PRINTED_MIN


@pytest.fixture
def root(tmp_path):
    Journal.init(tmp_path)
    return tmp_path


def put_many(journal):
    for number in range(COUNT):
        journal.put("plan", f"p{number:03}", {"number": number})


def shown(root):
    return len(list((root / ".journal" / "entities" / "plan").glob("*.json")))


def test_who_closes_writes_a_few_projections_and_lets_who_waits_go_first(root, monkeypatch):
    with contextlib.ExitStack() as stack:
        queue = stack.enter_context(open(root / ".journal" / "local" / "lock.queue", "ab"))

        def somebody_comes(self):
            fcntl.flock(queue, fcntl.LOCK_EX)
            return True

        monkeypatch.setattr(StoreLock, "is_wanted", somebody_comes)
        journal = Journal.open(root, projections="lazy")
        put_many(journal)
        journal.close()
        assert shown(root) == printing._PRINTED_MIN
    monkeypatch.undo()
    with Journal.open(root) as journal:
        assert len(journal.list("plan", limit=COUNT)) == COUNT
    assert shown(root) == COUNT


def test_who_was_wanted_for_an_instant_only_goes_on_until_all_projections_are_written(root, monkeypatch):
    monkeypatch.setattr(StoreLock, "is_wanted", lambda self: True)
    with Journal.open(root, projections="lazy") as journal:
        put_many(journal)
    assert shown(root) == COUNT


def test_projections_that_cannot_be_written_are_not_tried_for_ever(root, monkeypatch):
    tries = []

    def fail(*_):
        tries.append(1)
        raise OSError("the disk is full")

    with Journal.open(root, projections="lazy") as journal:
        put_many(journal)
        monkeypatch.setattr(printing.Printing, "print", fail)
    assert 1 <= len(tries) <= 2
    monkeypatch.undo()
    with Journal.open(root) as journal:
        assert len(journal.list("plan", limit=COUNT)) == COUNT
    assert shown(root) == COUNT
