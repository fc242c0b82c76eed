"""A disk that is full, fails, or may not be written; a holder of the lock that is stopped; forks and threads."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from journal import Journal
from journal.errors import ClosedError, JournalError, LockTimeoutError, NotAppliedError, OutcomeUnknownError
from tests.support.faults import FaultyFiles
from tests.support.inodes import Policy
from tests.support.outages import bury, restarted
from tests.support.power import SimulatedDisk
from tests.support.stores import documents, event_ids, fresh_view, meaning, new_store, segments, truth

SYNC = 'durability = "sync"\nroll_bytes = 4096'
MUTATING = ("create", "overwrite", "write", "sync", "sync_folder", "make_folder", "replace", "remove")
ONE = {("t", "a"): {"n": 1}}


@pytest.fixture
def root(tmp_path) -> str:
    root = new_store(tmp_path, options=SYNC)
    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"n": 1})
    return root


def found_anew(root: str) -> dict:
    with Journal.open(store=root) as journal:
        found = documents(journal)
        with journal._engine.reading() as view:
            assert meaning(view) == meaning(fresh_view(root))
    event_ids(root)
    return found


# No space, and writes that fail


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("is_short", [False, True])
def test_a_write_that_fails_is_not_applied_and_the_next_one_is(root, error, is_short):
    files = FaultyFiles()
    with Journal.open(store=root, files=files) as journal:
        journal.put("t", "b", {"n": 1})
        if is_short:
            files.write_short("write", 1, error)
        else:
            files.fail("write", 1, error)
        with pytest.raises(NotAppliedError, match="nothing was applied"):
            journal.put("t", "a", {"n": 2})
        assert documents(journal) == {**ONE, ("t", "b"): {"n": 1}}
        files.mend()
        journal.put("t", "a", {"n": 3})
        assert documents(journal) == {("t", "a"): {"n": 3}, ("t", "b"): {"n": 1}}
    assert found_anew(root) == {("t", "a"): {"n": 3}, ("t", "b"): {"n": 1}}


def test_a_transaction_that_is_cut_short_is_wholly_absent(root):
    files = FaultyFiles()
    with Journal.open(store=root, files=files) as journal:
        files.write_short("write", 1, errno.ENOSPC, share=0.8)
        with pytest.raises(NotAppliedError), journal.transaction() as tx:  # noqa: PT012 - raised at its end
            for at in range(5):
                tx.put("t", f"x{at}", {"n": at})
        assert documents(journal) == ONE
    assert found_anew(root) == ONE


def test_a_full_disk_leaves_no_pile_of_empty_segments(root):
    files = FaultyFiles()
    with Journal.open(store=root, files=files) as journal:
        before = len(segments(root))
        files.fail("write", 1, errno.ENOSPC, times=None)
        for _ in range(10):
            with pytest.raises(NotAppliedError):
                journal.put("t", "a", {"n": 2})
        assert len(segments(root)) <= before + 1
        files.mend()
        journal.put("t", "a", {"n": 4})
    assert found_anew(root) == {("t", "a"): {"n": 4}}


def test_a_blob_that_cannot_be_written_applies_nothing(root):
    files = FaultyFiles()
    with Journal.open(store=root, files=files) as journal:
        files.write_short("write", 1, errno.ENOSPC)
        with pytest.raises((JournalError, OSError)):
            journal.put("t", "a", {"text": "x" * 70_000})
        files.mend()
        assert documents(journal) == ONE
        journal.put("t", "a", {"text": "x" * 70_000})
    assert found_anew(root) == {("t", "a"): {"text": "x" * 70_000}}


@pytest.mark.parametrize("call", ["create", "replace", "overwrite", "make_folder", "remove"])
def test_what_fails_after_the_sync_fails_nothing(root, call):
    """Projections and memory lag; the write is acknowledged, and found."""
    files = FaultyFiles()
    with Journal.open(store=root, files=files) as journal:
        journal.put("t", "a", {"n": 2})
        files.fail(call, 1, errno.ENOSPC, times=None)
        for number in range(3, 6):
            journal.put("t", "a", {"n": number})
            assert journal.get("t", "a").data == {"n": number}
    assert found_anew(root) == {("t", "a"): {"n": 5}}


LIMITED = """
import resource, signal, sys
from journal import Journal
from journal.errors import NotAppliedError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal.open(store=sys.argv[1], projections="lazy")
journal.put("t", "b", {"text": "x" * 1000})
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    journal.put("t", "c", {"text": "x" * 5000})
    print("applied")
except NotAppliedError as error:
    print("not applied")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_real_limit_of_the_file_size_is_a_write_that_was_not_applied(root):
    code = LIMITED.replace("resource.RLIM_INFINITY, resource.RLIM_INFINITY", "2000, 2000")
    code = code.replace("(2000, 2000))\ntry", "(2000, resource.RLIM_INFINITY))\ntry")
    ended = subprocess.run([sys.executable, "-c", code, root], capture_output=True, text=True, check=False)
    assert ended.stdout.strip() == "not applied", ended.stderr
    assert found_anew(root) == {**ONE, ("t", "b"): {"text": "x" * 1000}}


# Syncs that fail


@pytest.mark.parametrize("is_new_segment", [False, True])
def test_after_a_failed_sync_nobody_appends_to_that_file(root, is_new_segment):
    files = FaultyFiles()
    with Journal.open(store=root, files=files) as journal:
        if not is_new_segment:
            journal.put("t", "b", {"n": 1})
        elif segments(root):
            journal._engine.lanes.end_segment()
        files.fail("sync", 1)
        with pytest.raises(OutcomeUnknownError, match="not known"):
            journal.put("t", "a", {"n": 2})
        files.mend()
        poisoned = {path: os.path.getsize(path) for path in segments(root)}
        journal.put("t", "c", {"n": 3})
        with Journal.open(store=root) as other:
            other.put("t", "d", {"n": 4})
        assert {path: os.path.getsize(path) for path in poisoned} == poisoned
        assert documents(journal)["t", "a"] == {"n": 1}
    found = found_anew(root)
    assert found.pop(("t", "a")) in ({"n": 1}, {"n": 2})
    expected = {("t", "c"): {"n": 3}, ("t", "d"): {"n": 4}}
    assert found == (expected if is_new_segment else {**expected, ("t", "b"): {"n": 1}})


@pytest.mark.parametrize("is_new_segment", [False, True])
@pytest.mark.parametrize("policy", [Policy("dropped", "kept"), Policy("zeros", "kept"), Policy("kept", "kept")])
def test_what_is_acknowledged_after_a_failed_sync_survives_a_power_cut(tmp_path, policy, is_new_segment):
    """The kernel may drop the bytes of a failed sync and still show them: the disk does here."""
    root = new_store(tmp_path, options=SYNC)
    disk = SimulatedDisk(str(tmp_path))
    journal = Journal.open(store=root, files=disk)
    journal.put("t", "a", {"n": 1})
    if is_new_segment:
        journal._engine.lanes.end_segment()
    disk.fail_sync_at(1, errno.EIO)
    with pytest.raises(OutcomeUnknownError):
        journal.put("t", "a", {"n": 2})
    shown = documents(journal)["t", "a"]
    journal.put("t", "b", {"n": 3})
    assert documents(journal) == {("t", "a"): shown, ("t", "b"): {"n": 3}}
    lines = event_ids(root)
    acknowledged = [line for line in lines.values() if b'"n":2' not in line]
    again = disk.reboot(policy)
    bury(journal)
    with restarted(), Journal.open(store=root, files=again) as journal:
        found = documents(journal)
        assert found["t", "b"] == {"n": 3}
        assert found["t", "a"] == shown
        assert set(acknowledged) <= set(event_ids(root).values())
        journal.put("t", "c", {"n": 4})
        assert documents(journal) == {**found, ("t", "c"): {"n": 4}}


def test_a_folder_that_cannot_be_synced_leaves_the_outcome_unknown(tmp_path):
    root = new_store(tmp_path, options=SYNC)
    files = FaultyFiles()
    with Journal.open(store=root, files=files) as journal:
        files.fail("sync_folder", 1, times=None)
        with pytest.raises(OutcomeUnknownError):
            journal.put("t", "a", {"n": 1})
        files.mend()
        journal.put("t", "b", {"n": 2})
    assert found_anew(root)["t", "b"] == {"n": 2}


def test_an_index_that_fails_after_the_sync_fails_nothing(root, monkeypatch):
    with Journal.open(store=root) as journal:
        journal.get("t", "a")
        with monkeypatch.context() as patched:
            patched.setattr("journal.store.recording.take_in", broken)
            assert journal.put("t", "a", {"n": 2}).rev == 2
        assert journal.get("t", "a").data == {"n": 2}
        assert journal.put("t", "a", {"n": 3}).rev == 3
    assert found_anew(root) == {("t", "a"): {"n": 3}}


def test_an_index_that_has_no_room_before_a_write_is_told_as_a_write_that_did_not_happen(root, monkeypatch):
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with Journal.open(store=root) as journal:
        with monkeypatch.context() as patched:
            patched.setattr("journal.store.indexing.Index", full)
            for write in (
                lambda: journal.put("t", "a", {"n": 2}),
                lambda: journal.kv.put("k", 1),
                lambda: journal.append("s", "E"),
            ):
                with pytest.raises(NotAppliedError, match="database or disk is full; nothing was applied"):
                    write()
        assert journal.put("t", "b", {}).event.startswith("2@")
        assert found_anew(root) == {("t", "a"): {"n": 1}, ("t", "b"): {}}


def broken(*_: object) -> None:
    raise sqlite3.DatabaseError("database disk image is malformed")


# Disks that may not be written


def read_only(files: FaultyFiles) -> None:
    for call in MUTATING:
        files.fail(call, 1, errno.EROFS, times=None)


@pytest.mark.parametrize("has_local", [True, False])
def test_on_a_read_only_disk_reads_answer_and_writes_say_so(root, has_local):
    if not has_local:
        import shutil

        shutil.rmtree(os.path.join(root, "local"))
    files = FaultyFiles()
    read_only(files)
    before = truth(root)
    journal = Journal.open(store=root, files=files)
    assert documents(journal) == ONE
    assert [event.data for event in journal.history("t", "a")] == [{"n": 1}]
    assert len(list(journal.log())) == 1
    with pytest.raises(JournalError):
        journal.put("t", "a", {"n": 2})
    assert documents(journal) == ONE
    journal.close()
    assert truth(root) == before


READ_ONLY = """
import sys
from journal import Journal
from journal.errors import JournalError
journal = Journal.open(store=sys.argv[1])
print([entity.data for entity in journal.list()], len(list(journal.log())))
try:
    journal.put("t", "a", {"n": 2})
    print("applied")
except JournalError as error:
    print("refused", error.message)
journal.close()
"""


@pytest.mark.parametrize("has_local", [True, False])
def test_on_a_mount_that_is_really_read_only(root, tmp_path_factory, has_local):
    if not has_local:
        import shutil

        shutil.rmtree(os.path.join(root, "local"))
    place = tmp_path_factory.mktemp("mounted")
    mount = f"mount --bind {os.path.dirname(root)} {place} && mount -o remount,ro,bind {place}"
    probe = subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip("no right to mount here")
    command = f'{mount} && exec "$0" -c "$1" "$2"'
    said = subprocess.run(
        ["unshare", "-m", "sh", "-c", command, sys.executable, READ_ONLY, os.path.join(place, ".journal")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout.startswith("[{'n': 1}] 1\nrefused"), said.stderr


# Locks, forks, threads

HOLDER = """
import sys, time
from journal import Journal
journal = Journal.open(store=sys.argv[1])
journal.put("t", "held", {"n": 0})
with journal._engine.locked():
    journal.put("t", "a", {"n": 7})
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def stopped_holder(root) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, root], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.send_signal(signal.SIGSTOP)
    yield process.pid
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_stopped_holder_stops_writers_but_no_reader(root, stopped_holder):
    with Journal.open(store=root, lock_timeout_seconds=0.2) as journal:
        began = time.monotonic()
        assert journal.get("t", "a").data == {"n": 7}
        assert documents(journal) == {("t", "a"): {"n": 7}, ("t", "held"): {"n": 0}}
        assert len(journal.history("t", "a")) == 2
        assert time.monotonic() - began < 1
        with pytest.raises(LockTimeoutError, match=f"pid {stopped_holder}"):
            journal.put("t", "a", {"n": 8})
        assert journal.get("t", "a").data == {"n": 7}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_told_that_the_journal_is_its_parents(root):
    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"n": 2})
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            told = []
            for use in (lambda: journal.get("t", "a"), lambda: journal.put("t", "a", {}), lambda: list(journal.log())):
                try:
                    use()
                    told.append("used")
                except ClosedError:
                    told.append("closed")
                except BaseException as error:
                    told.append(repr(error))
            os.write(writer, " ".join(told).encode())
            os._exit(0)
        os.waitpid(pid, 0)
        os.close(writer)
        assert os.read(reader, 1000) == b"closed closed closed"
        os.close(reader)
        journal.put("t", "a", {"n": 3})
        assert journal.get("t", "a").data == {"n": 3}


def test_threads_share_a_journal(tmp_path):
    root = new_store(tmp_path)
    threads, each, failures = 8, 15, []

    def work(at: int) -> None:
        try:
            for number in range(each):
                journal.put("t", f"{at}", {"n": number})
                assert journal.get("t", f"{at}").data == {"n": number}
                journal.list("t", limit=2)
        except BaseException as error:
            failures.append(error)

    with Journal.open(store=root) as journal:
        crew = [threading.Thread(target=work, args=(at,)) for at in range(threads)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
        assert failures == []
        seqs = [event.seq for event in journal.log(reverse=True)]
        assert seqs == list(range(1, threads * each + 1))
    assert found_anew(root) == {("t", f"{at}"): {"n": each - 1} for at in range(threads)}


def test_a_closed_journal_says_so(root):
    journal = Journal.open(store=root)
    journal.close()
    with pytest.raises(ClosedError):
        journal.get("t", "a")
    with pytest.raises(ClosedError):
        journal.put("t", "a", {})


@pytest.mark.parametrize("call", ["create", "sync", "replace", "sync_folder", "remove"])
def test_a_compaction_that_the_disk_stops_loses_nothing_and_goes_on_later(tmp_path, call):
    root = new_store(tmp_path, options=SYNC)
    with Journal.open(store=root) as journal:
        for number in range(60):
            journal.put("t", f"e{number % 5}", {"n": number, "text": "x" * 200})
        journal.checkpoint()
        journal.put("t", "a", {"n": 1})
        wanted, events = documents(journal), event_ids(root)
    at, stopped = 0, 0
    while at in (0, stopped):
        at += 1
        files = FaultyFiles()
        with Journal.open(store=root, files=files) as journal:
            journal.list()
            files.fail(call, at, errno.ENOSPC, times=None)
            try:
                journal.compact()
            except (JournalError, OSError):
                stopped += 1
        assert found_anew(root) == wanted
        assert events.items() <= event_ids(root).items()
    assert stopped
    with Journal.open(store=root) as journal:
        journal.compact()
        assert journal.doctor(verify=True).ok
    assert found_anew(root) == wanted
    assert events.items() <= event_ids(root).items()
