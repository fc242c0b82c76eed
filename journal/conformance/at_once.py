"""What the files and the lock of a backend have to do where several use them at once."""

import os
import threading
from collections.abc import Callable

import pytest

from journal import JournalError, LockTimeoutError, NotAppliedError
from journal.disk.backend import Backend, Lock
from journal.disk.notes import OpenNote


class AtOnceConformance:
    """The tests of a backend under several threads, and under ``another``: the same as another process has it."""

    def test_replacing_is_never_seen_half_done(self, backend: Backend, another: Backend, folder: str) -> None:
        """At every instant a reader finds the old file or the new one, whole."""
        path, other = os.path.join(folder, "a"), os.path.join(folder, "b")
        backend.files.create(path, b"0" * 1000)
        seen: list[object] = []
        is_over = threading.Event()

        def read() -> None:
            while not is_over.is_set():
                try:
                    seen.append(len(set(another.files.read(path))) == 1 and another.files.stat(path) is not None)
                except OSError as error:
                    seen.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        for number in range(50):
            backend.files.create(other, b"%d" % (number % 10) * 1000)
            backend.files.replace(other, path)
        is_over.set()
        reader.join(10)
        assert {repr(item) for item in seen} == {"True"}

    def test_of_several_who_make_a_file_one_does(self, backend: Backend, another: Backend, folder: str) -> None:
        """It has that one's bytes, and all others are refused."""
        for number in range(10):
            path = os.path.join(folder, f"a{number}")
            start = threading.Barrier(4)
            made: list[int] = []

            def make(by: int, path: str = path, start: threading.Barrier = start, made: list[int] = made) -> None:
                start.wait(10)
                try:
                    (another if by % 2 else backend).files.create(path, b"%d" % by)
                except FileExistsError:
                    return
                made.append(by)

            threads = [threading.Thread(target=make, args=(by,)) for by in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(10)
            assert [b"%d" % by for by in made] == [backend.files.read(path)]

    def test_a_note_is_overwritten_in_place_and_read_by_all(
        self, backend: Backend, another: Backend, folder: str
    ) -> None:
        """It is made where it is missing, stays the same file, and one at a time may have it alone."""
        files, path = backend.files, os.path.join(folder, "a")
        one = files.open_note(path)
        one.write(0, b"12345")
        one.write(3, b"xyz")
        other = another.files.open_note(path)
        found = files.stat(path)
        assert found is not None
        assert (other.read(), found.inode, found.size) == (b"123xyz", one.inode, 6)
        assert one.inode == other.inode
        before = files.stat(path)
        other.write(0, b"A")
        assert one.read() == b"A23xyz"
        assert files.stat(path) != before
        with one.alone(1) as is_alone:
            assert is_alone
            assert in_thread(lambda: _is_alone(other)) is False
        assert in_thread(lambda: _is_alone(other)) is True
        one.write(6, b"-" * 1018)
        assert other.read() == b"A23xyz" + b"-" * 1018
        assert isinstance(files.tells_failures, bool)
        for note in (one, other):
            note.close()
            note.close()

    def test_a_lock_keeps_out_everybody_else(self, backend: Backend, another: Backend, folder: str) -> None:
        """Another lock of the same path is another process's; another path is another lock."""
        path, inner = os.path.join(folder, "lock"), os.path.join(folder, "inner")
        backend.files.make_folder(inner)
        one, two, other = backend.lock(path), another.lock(path), backend.lock(path + "2")
        below = backend.lock(os.path.join(inner, "lock"))
        generation = one.generation
        one.acquire(None)
        assert one.generation != generation, "it was taken for the first time"
        assert backend.files.stat(path) is not None
        generation = one.generation
        assert in_thread(two.try_acquire) is False
        assert in_thread(lambda: _held(other)) is True
        assert in_thread(lambda: _held(below)) is True
        assert isinstance(in_thread(lambda: two.acquire(0.01)), LockTimeoutError)
        one.release()
        assert two.try_acquire() is True
        two.release()
        with one.held(1):
            assert in_thread(two.try_acquire) is False
            assert one.generation == generation
            assert one.is_wanted() is False, "nobody waits for it"
        assert in_thread(lambda: _held(two)) is True
        backend.files.remove(path)
        with one.held(1):
            assert one.generation != generation, "another file is at the path now"
        for lock in (one, two, other, below):
            lock.close()

    def test_a_lock_lets_go_when_its_block_ends_in_an_error(
        self, backend: Backend, another: Backend, folder: str
    ) -> None:
        """Whatever was raised."""
        path = os.path.join(folder, "lock")
        one, two = backend.lock(path), another.lock(path)
        with pytest.raises(ZeroDivisionError), one.held(1):
            raise ZeroDivisionError
        with two.held(1):
            pass

    def test_a_lock_whose_folder_is_missing_is_not_held(self, backend: Backend, folder: str) -> None:
        """Taking it fails, and passes once the folder is there."""
        inner = os.path.join(folder, "inner")
        lock = backend.lock(os.path.join(inner, "lock"))
        for _ in range(2):
            with pytest.raises((FileNotFoundError, NotAppliedError)):
                lock.acquire(1)
        backend.files.make_folder(inner)
        assert in_thread(lambda: _held(lock)) is True
        lock.close()


def _held(lock: Lock) -> bool:
    with lock.held(0.5):
        return True


def _is_alone(note: OpenNote) -> bool:
    with note.alone(0.05) as is_alone:
        return is_alone


def in_thread(call: Callable[[], object]) -> object:
    """Return what a call in another thread returns, or the error of ours that it raises."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(call())
        except JournalError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return found[0] if found else None
