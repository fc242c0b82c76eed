"""The writer lock within one process: threads, objects, timeouts, odd lock files, interrupts."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from journal.disk.holder import describe_holder
from journal.disk.lock import StoreLock, _locker
from journal.errors import ClosedError, LockTimeoutError, NotAppliedError, UnsafePathError

fcntl = pytest.importorskip("fcntl")


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "lock")


def count_up(lock: StoreLock, counter: list[int], times: int) -> None:
    for _ in range(times):
        with lock.held(30):
            seen = counter[0]
            time.sleep(0)  # let the others in, if there is nothing to keep them out
            counter[0] = seen + 1


def run_threads(*targets) -> None:
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_that_share_a_lock_exclude_each_other(path):
    lock, counter = StoreLock(path), [0]
    run_threads(*[lambda: count_up(lock, counter, 200)] * 4)
    assert counter == [800]


def test_two_lock_objects_of_one_process_exclude_each_other(path):
    counter = [0]
    run_threads(*[lambda: count_up(StoreLock(path), counter, 100) for _ in range(4)])
    assert counter == [400]


def test_the_counting_above_does_fail_without_a_lock():
    class NoLock:
        def held(self, timeout_seconds):
            return self

        def __enter__(self):
            pass

        def __exit__(self, *_):
            pass

    counter = [0]
    run_threads(*[lambda: count_up(NoLock(), counter, 2000)] * 4)  # type: ignore[arg-type]
    assert counter[0] < 8000


def test_a_free_lock_is_taken_and_a_held_one_is_not(path):
    first, second = StoreLock(path), StoreLock(path)
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()
    second.release()


def test_a_waiter_gets_the_lock_when_it_is_released(path):
    first, second = StoreLock(path), StoreLock(path)
    first.acquire(1)
    got = []
    waiter = threading.Thread(target=lambda: (second.acquire(None), got.append(True), second.release()))
    waiter.start()
    time.sleep(0.05)
    assert got == []
    first.release()
    waiter.join(10)
    assert got == [True]


def test_a_timeout_is_waited_out_and_names_the_lock(path):
    first, second = StoreLock(path), StoreLock(path)
    with first.held(1):
        start = time.monotonic()
        with pytest.raises(LockTimeoutError, match=r"not free within 0\.2 s: held by this process") as caught:
            second.acquire(0.2)
        assert 0.2 <= time.monotonic() - start < 5
    assert caught.value.path == path
    second.acquire(0.2)
    second.release()


def test_a_timeout_on_another_thread_says_so_and_leaves_the_lock_usable(path):
    lock, errors = StoreLock(path), []

    def wait() -> None:
        try:
            lock.acquire(0.05)
        except LockTimeoutError as error:
            errors.append(error)

    with lock.held(1):
        run_threads(wait, wait)
    assert ["another thread" in str(error) for error in errors] == [True, True]
    run_threads(lambda: (lock.acquire(1), lock.release()))


def test_a_thread_that_acquires_what_it_holds_has_a_bug(path):
    lock = StoreLock(path)
    with lock.held(1):
        with pytest.raises(AssertionError):
            lock.acquire(1)
        with pytest.raises(AssertionError), lock.held(1):
            pass
        assert lock.is_held
        assert not StoreLock(path).try_acquire()


def test_releasing_what_is_not_held_is_a_bug(path):
    lock = StoreLock(path)
    with pytest.raises(AssertionError):
        lock.release()
    caught = []

    def release() -> None:
        try:
            lock.release()
        except AssertionError as error:
            caught.append(error)

    with lock.held(1):
        run_threads(release)
        assert len(caught) == 1
        assert lock.is_held


def test_an_error_inside_the_block_releases_the_lock(path):
    with pytest.raises(ZeroDivisionError), StoreLock(path).held(1):
        raise ZeroDivisionError
    assert StoreLock(path).try_acquire()


def test_who_just_released_the_lock_does_not_overtake_who_waits(path):
    """The waiter is at the turnstile; from then on the other may get in once or twice, not for ever."""
    greedy, patient = StoreLock(path), StoreLock(path)
    waits, done = threading.Event(), threading.Event()

    def wait() -> None:
        waits.set()
        with patient.held(60):
            done.set()

    waiter = threading.Thread(target=wait)
    rounds_while_waiting = 0
    greedy.acquire(1)
    waiter.start()
    waits.wait()
    time.sleep(0.1)
    while not done.is_set() and rounds_while_waiting < 3000:
        greedy.release()
        greedy.acquire(60)
        rounds_while_waiting += 1
        time.sleep(0.0005)
    greedy.release()
    waiter.join()
    assert rounds_while_waiting < 20


def queue_is_free(path: str) -> bool:
    with open(path + ".queue", "rb") as queue:
        try:
            fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_the_head_of_the_queue_makes_room_when_it_is_served_and_when_its_time_is_up(path):
    first, second = StoreLock(path), StoreLock(path)
    with first.held(1):
        assert queue_is_free(path)
        with pytest.raises(LockTimeoutError):
            second.acquire(0.01)
        assert queue_is_free(path)


def test_a_stopped_head_of_the_queue_holds_up_nobody(path):
    lock = StoreLock(path)
    with lock.held(1):
        pass
    with open(path + ".queue", "rb") as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)
        lock.acquire(0)
        lock.release()
        with lock.held(5):
            pass


def test_who_can_do_without_the_lock_goes_before_nobody_who_waits_for_it(path):
    lock = StoreLock(path)
    with lock.held(1):
        pass
    with open(path + ".queue", "rb") as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)
        assert not lock.try_acquire()
    assert lock.try_acquire()


def test_who_holds_the_lock_sees_whether_somebody_waits_for_it(path):
    first, second = StoreLock(path), StoreLock(path)
    with first.held(1):
        assert not first.is_wanted()
        waiter = threading.Thread(target=lambda: count_up(second, [0], 1))
        waiter.start()
        deadline = time.monotonic() + 10
        while not first.is_wanted():
            assert time.monotonic() < deadline
            time.sleep(0.001)
    waiter.join()
    with first.held(1):
        assert not first.is_wanted()
    assert queue_is_free(path)


def test_a_lock_file_that_is_removed_while_held_splits_nothing_for_long(path):
    """``git clean -fdx``: the holder keeps a lock on nothing; from its release on all meet at the new file."""
    first, second = StoreLock(path), StoreLock(path)
    first.acquire(1)
    os.unlink(path)
    assert second.try_acquire()
    first.release()
    assert not first.try_acquire()
    second.release()
    assert first.try_acquire()
    assert not second.try_acquire()


def test_a_lock_file_that_is_replaced_while_waited_for_is_not_trusted(path):
    first, second, third = StoreLock(path), StoreLock(path), StoreLock(path)
    first.acquire(1)
    waiter = threading.Thread(target=second.acquire, args=(10,))
    waiter.start()
    time.sleep(0.05)
    os.unlink(path)
    third.acquire(1)
    first.release()
    waiter.join(0.2)
    assert waiter.is_alive(), "it took the lock of a file that is gone"
    third.release()
    waiter.join(10)
    assert not waiter.is_alive()


def test_the_lock_file_is_never_written_to(path):
    with StoreLock(path).held(1):
        assert os.path.getsize(path) == 0
    assert sorted(os.listdir(os.path.dirname(path))) == ["lock", "lock.holder", "lock.queue"]


def test_a_link_in_the_place_of_the_lock_file_is_not_followed(path, tmp_path):
    (tmp_path / "outside").write_bytes(b"precious")
    for name, target in (("lock", "outside"), ("lock", "nowhere"), ("lock.queue", "outside")):
        os.symlink(tmp_path / target, tmp_path / name)
        lock = StoreLock(path)
        for _ in range(2):
            with pytest.raises(UnsafePathError):
                lock.acquire(1)
        os.unlink(tmp_path / name)
        with lock.held(1):
            os.unlink(path)
            os.unlink(path + ".queue")
    assert not (tmp_path / "nowhere").exists()
    assert (tmp_path / "outside").read_bytes() == b"precious"


def test_a_linked_holder_file_is_not_written_through(path, tmp_path):
    os.symlink(tmp_path / "outside", path + ".holder")
    with StoreLock(path).held(1):
        pass
    assert not (tmp_path / "outside").exists()


def test_a_folder_or_a_named_pipe_is_no_lock_file(path):
    os.mkdir(path)
    with pytest.raises(UnsafePathError):
        StoreLock(path).acquire(1)
    os.rmdir(path)
    os.mkfifo(path)
    with pytest.raises(UnsafePathError):
        StoreLock(path).acquire(1)


def test_a_named_pipe_in_the_place_of_the_holder_file_hangs_nobody(path):
    os.mkfifo(path + ".holder")
    first, second = StoreLock(path), StoreLock(path)
    with first.held(1), pytest.raises(LockTimeoutError):
        second.acquire(0)
    assert describe_holder(path, -1) == "its holder is unknown"


def test_without_its_folder_the_lock_fails_and_nothing_is_made(tmp_path):
    with pytest.raises(NotAppliedError):
        StoreLock(str(tmp_path / "gone" / "lock")).acquire(1)
    assert list(tmp_path.iterdir()) == []


def test_a_closed_lock_raises_and_closes_twice(path):
    lock = StoreLock(path)
    with lock.held(1), pytest.raises(AssertionError):
        lock.close()
    lock.close()
    lock.close()
    with pytest.raises(ClosedError):
        lock.acquire(1)
    with pytest.raises(ClosedError), lock.held(1):
        pass


def test_a_lock_that_is_closed_while_a_thread_waits_for_it_is_not_opened_again(path):
    lock, errors = StoreLock(path), []

    def wait() -> None:
        try:
            lock.acquire(10)
        except ClosedError as error:
            errors.append(error)

    waiter = threading.Thread(target=wait)
    with lock._thread_lock:
        waiter.start()
        time.sleep(0.05)
        lock.close()
    waiter.join()
    assert len(errors) == 1


def test_where_there_is_flock_it_is_the_call_that_portalocker_would_make_and_portalocker_is_not_loaded(path):
    import portalocker

    assert portalocker.portalocker.LOCKER is fcntl.flock
    code = (
        "import sys; from journal.disk.lock import StoreLock; StoreLock(sys.argv[1]).acquire(1); "
        "sys.exit('portalocker' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, path]).returncode == 0


def test_where_there_is_no_flock_portalocker_locks(path, monkeypatch):
    with StoreLock(path).held(1):
        monkeypatch.setattr("journal.disk.lock.fcntl", None)
        monkeypatch.setattr("journal.disk.turnstile.fcntl", None)
        _locker.cache_clear()
        try:
            assert not StoreLock(path).try_acquire()
            mine, other = StoreLock(path + "2"), StoreLock(path + "2")
            with mine.held(1):
                assert not other.try_acquire()
            assert other.try_acquire()
            other.release()
            mine.close()
            other.close()
        finally:
            _locker.cache_clear()


def test_a_program_that_is_started_does_not_inherit_the_lock(path):
    lock = StoreLock(path)
    lock.acquire(1)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False) as child:
        lock.release()
        lock.close()
        assert StoreLock(path).try_acquire()
        child.communicate(b"\n")


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Ctrl-C again and again, at instants that no test could choose."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def interrupted_after(seconds: float, action) -> bool:
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        action()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        return True
    return False


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_at_any_instant_leaves_no_lock_held(path):
    lock, other = StoreLock(path), StoreLock(path)
    with lock.held(1):
        pass

    def hold_often() -> None:
        while True:
            with lock.held(5):
                pass

    for number in range(1000):
        assert interrupted_after(0.0001 + number % 100 * 1e-6, hold_often)
        assert not lock.is_held
        assert other.try_acquire(), f"still held after interrupt {number}"
        other.release()


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_while_waiting_leaves_no_lock_held(path):
    holder, lock = StoreLock(path), StoreLock(path)
    holder.acquire(1)
    for number in range(30):
        assert interrupted_after(0.001 + number * 1e-4, lambda: lock.acquire(60))
        assert queue_is_free(path)
    holder.release()
    assert StoreLock(path).try_acquire()


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_while_another_thread_holds_it_leaves_that_thread_the_lock(path):
    lock, holds, go_on = StoreLock(path), threading.Event(), threading.Event()

    def hold() -> None:
        with lock.held(1):
            holds.set()
            go_on.wait()
            assert lock.is_held

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait()
    for _ in range(10):
        assert interrupted_after(0.002, lambda: lock.acquire(60))
        assert not StoreLock(path).try_acquire()
    go_on.set()
    thread.join()
    assert lock.try_acquire()
