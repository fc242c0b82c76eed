"""Goal: a journal in memory is the same journal, and with a seed the same to the byte."""

import contextlib
import gc
import os
import threading

import pytest

from journal import ClosedError, Conflict, GitError, Journal
from journal.disk.memory import MemoryBackend, TickingClock


def everything(journal):
    """Return the bytes of every file of the store but the local ones."""
    files, found, pending = journal._engine.files, {}, [journal.root]
    while pending:
        folder = pending.pop()
        for name, stat in files.list(folder):
            path = os.path.join(folder, name)
            if stat.kind == "file":
                found[path] = files.read(path)
            elif name != "local":
                pending.append(path)
    return found


def story(journal):
    """Do some of everything."""
    for number in range(12):
        journal.put("plan", f"p{number % 4}", {"n": number}, actor="ana")
    journal.new("plan", {"title": "made"})
    journal.put("big", "b", {"text": "é" * 50_000})
    journal.kv.put("stock", 4)
    journal.kv.cas("stock", expected=4, value=3)
    journal.put("order", "o", {"invoice": journal.blobs.put(b"bytes")})
    journal.delete("plan", "p0")
    with journal.transaction() as together:
        together.put("plan", "p1", {"n": 99})
        together.kv.delete("stock")
    journal.checkpoint()
    journal.compact()
    journal.put("plan", "p2", {"n": 100})


def test_the_same_calls_make_the_same_bytes():
    one, two, other = (Journal.memory(seed=seed) for seed in (1, 1, 2))
    for journal in (one, two, other):
        story(journal)
        assert journal.doctor(verify=True).ok
    assert everything(one) == everything(two)
    assert everything(one) != everything(other)
    assert one.list() == two.list()
    assert [event.id for event in one.log()] == [event.id for event in two.log()]
    assert one.show("1").ts == "2000-01-01T00:00:00.001Z"


def test_without_a_seed_no_two_are_alike():
    one, two = Journal.memory(), Journal.memory()
    assert one.put("plan", "p", {}).event != two.put("plan", "p", {}).event
    assert one.status().store != two.status().store


def test_the_same_log_is_the_same_state_in_memory_and_on_the_disk(tmp_path):
    memory = Journal.memory()
    story(memory)
    root = tmp_path / ".journal"
    for path, data in everything(memory).items():
        target = root / os.path.relpath(path, memory.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    with Journal.open(store=root) as disk:
        assert disk.list(reserved=True) == memory.list(reserved=True)
        assert list(disk.log(reserved=True)) == list(memory.log(reserved=True))
        assert disk.doctor(verify=True).ok


def test_nothing_is_written_to_the_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Journal.memory() as journal:
        story(journal)
        journal.kv.local.put("lease", "ana", ttl_seconds=3)
        assert journal.root == os.path.join(os.sep, "journal", ".journal")
    assert os.listdir(tmp_path) == []
    assert not os.path.exists(journal.root)


def test_a_backend_outlives_its_journals():
    backend = MemoryBackend()
    with Journal.on(backend, actor="ana") as journal:
        journal.put("plan", "p", {"n": 1})
    with Journal.on(backend, projections="lazy") as journal:
        assert journal.get("plan", "p").data == {"n": 1}
        assert isinstance(journal.put("plan", "p", {}, expect_rev=0), Conflict)
    with pytest.raises(ClosedError):
        journal.get("plan", "p")


def test_what_needs_git_or_a_disk_says_so():
    with Journal.memory() as journal:
        journal.put("plan", "p", {})
        for call in (journal.commit, journal.stage, journal.sync, lambda: journal.diff("HEAD")):
            with pytest.raises(GitError, match="no file system"):
                call()
        with journal.subscribe() as consumer:
            assert len(list(consumer.catch_up())) == 1


def test_a_clock_can_be_given():
    clock = TickingClock()
    journal = Journal.on(MemoryBackend(clock=clock))
    journal.kv.local.put("lease", "ana", ttl_seconds=0.01)
    assert journal.kv.local.get("lease") == "ana"
    for _ in range(20):
        clock.now()
    assert journal.kv.local.get("lease") is None


def test_a_journal_that_is_forgotten_leaves_nothing_behind():
    journal = Journal.memory()
    journal.put("plan", "p", {})
    del journal
    gc.collect()


class LockWithoutAFile:
    """As a backend may have it that is no file system."""

    generation = 1

    def __init__(self):
        self._lock = threading.Lock()

    def acquire(self, timeout_seconds):
        self._lock.acquire()

    def try_acquire(self):
        return self._lock.acquire(blocking=False)

    def is_wanted(self):
        return False

    def release(self):
        self._lock.release()

    @contextlib.contextmanager
    def held(self, timeout_seconds):
        with self._lock:
            yield

    def close(self):
        pass


def test_a_lock_of_a_backend_need_be_no_file(monkeypatch):
    lock = LockWithoutAFile()
    monkeypatch.setattr(MemoryBackend, "lock", lambda backend, path: lock)
    journal = Journal.on(MemoryBackend())
    for number in range(3):
        journal.put("t", "x", {"n": number})
        journal.append("s", "E", {"n": number})
    assert journal.get("t", "x").rev == 3
    assert journal.stream("s").length == 3
