"""The writer lock between processes: that die, stop, fork, or count together."""

import os
import signal
import subprocess
import sys
import time

import pytest

from journal.disk.lock import StoreLock
from journal.errors import ClosedError, LockTimeoutError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks")

HOLD = "lock.acquire(10); print('held', flush=True); sys.stdin.read(1); lock.release(); print('free', flush=True)"
COUNT = """
for _ in range(int(sys.argv[2])):
    with lock.held(60):
        with open(path + '.count', 'r+') as file:
            seen = int(file.read())
            time.sleep(0)
            file.seek(0)
            file.write(str(seen + 1))
"""


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "lock")


def start(path: str, code: str, *arguments: str) -> subprocess.Popen[str]:
    prologue = "import sys, time; from journal.disk.lock import StoreLock; path = sys.argv[1]; lock = StoreLock(path)\n"
    command = [sys.executable, "-c", prologue + code, path, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def start_holder(path: str) -> subprocess.Popen[str]:
    holder = start(path, HOLD)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_processes_exclude_each_other(path, tmp_path):
    (tmp_path / "lock.count").write_text("0")
    counters = [start(path, COUNT, "150") for _ in range(4)]
    assert [process.communicate()[0] for process in counters] == [""] * 4
    assert (tmp_path / "lock.count").read_text() == "600"


def test_a_killed_holder_frees_the_lock(path):
    holder = start_holder(path)
    assert not StoreLock(path).try_acquire()
    end(holder)
    assert StoreLock(path).try_acquire()


def test_a_stopped_holder_is_named_when_the_time_is_up(path):
    holder = start_holder(path)
    os.kill(holder.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, holder.pid, os.WSTOPPED | os.WNOWAIT)
    lock = StoreLock(path)
    with pytest.raises(LockTimeoutError) as caught:
        lock.acquire(0.1)
    if sys.platform == "linux":
        assert f"held by pid {holder.pid} " in caught.value.message
        assert "stopped" in caught.value.message
    else:
        assert f"pid {holder.pid} " in caught.value.message
    os.kill(holder.pid, signal.SIGCONT)
    holder.communicate("x")
    lock.acquire(10)


def test_a_stopped_waiter_holds_up_nobody(path):
    lock = StoreLock(path)
    lock.acquire(1)
    waiter = start(path, HOLD)
    time.sleep(0.4)  # it waits by now, as the head of the queue; if not, the test shows less
    os.kill(waiter.pid, signal.SIGSTOP)
    lock.release()
    lock.acquire(10)
    lock.release()
    os.kill(waiter.pid, signal.SIGCONT)
    assert waiter.communicate("x")[0] == "held\nfree\n"


def test_ctrl_c_while_waiting_ends_the_wait_and_frees_the_queue(path):
    lock = StoreLock(path)
    lock.acquire(1)
    code = (
        "try:\n  print('waits', flush=True); lock.acquire(60)\n"
        "except KeyboardInterrupt:\n  print('out', flush=True); sys.stdin.read()"
    )
    waiter = start(path, code)
    assert waiter.stdout is not None
    assert waiter.stdout.readline() == "waits\n"
    time.sleep(0.15)
    os.kill(waiter.pid, signal.SIGINT)
    assert waiter.stdout.readline() == "out\n"
    lock.release()
    other = StoreLock(path)
    other.acquire(10)
    other.release()
    assert waiter.communicate("")[0] == ""


def in_fork(action) -> str:
    """Run ``action`` in a forked child; return the text that it returned, or the name of its error."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            text = action()
        except BaseException as error:
            text = type(error).__name__
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text


def test_a_forked_child_cannot_take_the_lock_of_its_parent(path):
    lock = StoreLock(path)
    with lock.held(1):
        assert in_fork(lambda: str(lock.acquire(1))) == ClosedError.__name__
        assert in_fork(lambda: str(lock.is_held)) == "False"
    assert in_fork(lambda: str(lock.try_acquire())) == ClosedError.__name__


def test_a_forked_child_cannot_release_the_lock_of_its_parent(path):
    lock = StoreLock(path)
    lock.acquire(1)
    assert in_fork(lambda: str(lock.release())) == "None"
    assert in_fork(lambda: str(lock.close())) == "None"
    assert not StoreLock(path).try_acquire()
    assert lock.is_held


def test_a_forked_child_that_leaves_the_block_does_not_release_it(path):
    lock = StoreLock(path)
    reader, writer = os.pipe()
    child = None
    with lock.held(1):
        child = os.fork()
    if child == 0:
        os.write(writer, b"left")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 4) == b"left"
    lock.acquire(1)
    child = os.fork()
    if child == 0:
        del lock
        os._exit(0)
    os.waitpid(child, 0)
    assert not StoreLock(path).try_acquire()
    os.close(reader)
    os.close(writer)


def test_a_forked_child_does_not_keep_the_lock_after_its_parent(path):
    """The holder forks and is killed; the child lives on, and the lock is free all the same."""
    code = (
        "import os\nlock.acquire(1)\n"
        "if os.fork() == 0:\n  print(os.getpid(), flush=True); time.sleep(60)\nelse:\n  time.sleep(60)"
    )
    holder = start(path, code)
    assert holder.stdout is not None
    child = int(holder.stdout.readline())
    assert not StoreLock(path).try_acquire()
    holder.kill()
    holder.wait()
    try:
        assert StoreLock(path).try_acquire()
    finally:
        os.kill(child, signal.SIGKILL)
        holder.communicate()


def test_a_fork_that_python_did_not_see_is_noticed_by_the_process_id(path, monkeypatch):
    lock = StoreLock(path)
    lock.acquire(1)
    real = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: real + 1)
    assert not lock.is_held
    with pytest.raises(ClosedError):
        lock.acquire(1)
    lock.release()


def test_a_block_that_is_left_by_a_fork_that_python_did_not_see_releases_nothing(path, monkeypatch):
    lock, real = StoreLock(path), os.getpid()
    with lock.held(1):
        monkeypatch.setattr(os, "getpid", lambda: real + 1)
    monkeypatch.undo()
    assert lock.is_held
    assert not StoreLock(path).try_acquire()
