"""The turnstile: one waiter after the other, in the order in which they came (journal/disk/turnstile.py)."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from journal.disk.lock import open_lock_file
from journal.disk.turnstile import Turnstile

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is none on Windows")


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "queue")


def turnstile(path):
    return Turnstile(path, open_lock_file)


def waits_in_the_kernel(path: str, count: int) -> None:
    """Return once so many threads wait at a turnstile."""
    inode = f":{os.stat(path).st_ino} "
    for _ in range(2000):
        with open("/proc/locks", encoding="ascii") as lines:
            if sum("->" in line and inode in line for line in lines) >= count:
                return
        time.sleep(0.001)
    raise AssertionError(f"there are not {count} who wait")


def comes_in(waiter) -> bool:
    """Tell whether it gets in; a wait that it gave up may still be about to end."""
    for _ in range(2000):
        if waiter.enter(1):
            return True
        time.sleep(0.001)
    return False


def threads() -> int:
    return len(os.listdir("/proc/self/task"))


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")


def test_one_is_inside_at_a_time_and_leaving_lets_the_next_one_in(path):
    first, second = turnstile(path), turnstile(path)
    assert first.enter(0)
    assert not second.enter(0)
    first.leave()
    assert second.enter(0)
    assert not first.enter(0.01)
    second.leave()
    assert comes_in(first)
    assert not second.enter(0)
    first.leave()
    assert second.enter(0)


def test_leaving_and_forgetting_are_harmless_where_nobody_is_inside(path):
    one = turnstile(path)
    for act in (one.leave, one.forget, one.leave):
        act()
    assert one.enter(0)
    one.leave()
    one.leave()
    assert turnstile(path).enter(0)


@needs_proc
def test_who_waits_is_served_in_the_order_of_coming(path):
    inside, came, served = turnstile(path), [turnstile(path) for _ in range(8)], []
    assert inside.enter(0)

    def wait(number: int) -> None:
        assert came[number].enter(30)
        served.append(number)
        came[number].leave()

    waiting = [threading.Thread(target=wait, args=(number,)) for number in range(8)]
    for number, thread in enumerate(waiting, start=1):
        thread.start()
        waits_in_the_kernel(path, number)
    inside.leave()
    for thread in waiting:
        thread.join()
    assert served == list(range(8))


@needs_proc
def test_nobody_who_need_not_wait_has_a_thread(path):
    one, before = turnstile(path), threads()
    for _ in range(10):
        assert one.enter(1)
        one.leave()
        assert threads() <= before, "one more; fewer where a thread of another test has just ended"


@needs_proc
def test_who_gives_up_leaves_no_thread_and_no_file_once_the_turn_has_come(path):
    inside, waiter = turnstile(path), turnstile(path)
    assert inside.enter(0)
    before = threads(), descriptors()
    assert not waiter.enter(0.01)
    waits_in_the_kernel(path, 1)
    inside.leave()
    for _ in range(2000):
        if threads() <= before[0] and descriptors() <= before[1]:  # one of an earlier test may end meanwhile
            break
        time.sleep(0.001)
    assert threads() <= before[0]
    assert descriptors() <= before[1]
    assert waiter.enter(1)


@needs_proc
def test_while_one_wait_is_stuck_no_other_is_begun(path):
    inside, waiter = turnstile(path), turnstile(path)
    assert inside.enter(0)
    assert not waiter.enter(0.01)
    before, begun = threads(), time.monotonic()
    for _ in range(20):
        assert not waiter.enter(5)
    assert time.monotonic() - begun < 4
    assert threads() <= before
    inside.leave()


@needs_proc
def test_a_forked_child_that_lives_on_keeps_nobody_out(path):
    inside, waiter = turnstile(path), turnstile(path)
    assert inside.enter(0)
    assert not waiter.enter(0.01)  # the thread's descriptor is inherited
    child = os.fork()
    if child == 0:
        time.sleep(30)
        os._exit(0)
    try:
        inside.leave()
        assert comes_in(turnstile(path))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_where_threads_have_run_out_who_would_wait_passes_without(path, monkeypatch):
    def none_left(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("journal.disk.turnstile.start_new_thread", none_left)
    inside, waiter = turnstile(path), turnstile(path)
    assert inside.enter(0)
    assert not waiter.enter(5)
    waiter.leave()
    assert not turnstile(path).enter(0)
    inside.leave()
    assert waiter.enter(0)


def test_a_process_ends_at_once_while_its_wait_is_stuck(path):
    inside = turnstile(path)
    assert inside.enter(0)
    code = (
        "import sys; from journal.disk.lock import open_lock_file; from journal.disk.turnstile import Turnstile\n"
        "print(Turnstile(sys.argv[1], open_lock_file).enter(0.01))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_ctrl_c_at_any_instant_of_a_wait_leaves_the_turnstile_to_others(path):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    inside, waiter, other = turnstile(path), turnstile(path), turnstile(path)
    try:
        for number in range(300):
            assert inside.enter(5)
            leaving = threading.Timer(number % 7 * 1e-4, inside.leave)
            leaving.start()
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0001 + number % 100 * 1e-5)
                while True:
                    waiter.enter(5)
                    waiter.leave()
            except KeyboardInterrupt:
                signal.setitimer(signal.ITIMER_REAL, 0)
            waiter.leave()
            leaving.join()
            assert other.enter(5), f"somebody is inside after interrupt {number}"
            other.leave()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
