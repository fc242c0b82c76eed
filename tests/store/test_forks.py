"""A child that was forked while a journal was open opens its own, and both go on as if it had been started anew."""

import os
import threading
import traceback

import pytest

from journal import Journal, JournalError
from journal.store import forking
from tests.support.stores import new_store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture
def root(tmp_path):
    return new_store(tmp_path)


def fork(work):
    """Start a child that does something; return what waits for what that returned, or for its traceback."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            told = str(work())
        except BaseException:
            told = traceback.format_exc()
        os.write(writer, told.encode())
        os._exit(0)
    os.close(writer)

    def wait():
        with open(reader, encoding="utf-8") as file:
            told = file.read()
        os.waitpid(child, 0)
        return told

    return wait


def write_own(root):
    with Journal.open(store=root) as own:
        return own.put("t", "child", {"n": 1}).rev


def is_refused(root):
    try:
        Journal.open(store=root)
    except JournalError as error:
        return "forked while another thread was at work" in str(error)
    return False


def test_the_index_that_a_child_has_open_is_not_put_away_when_its_parent_closes(root):
    (ready, is_ready), (closed, is_closed) = os.pipe(), os.pipe()

    def child():
        with Journal.open(store=root) as own:
            own.put("t", "child", {"n": 1})
            os.write(is_ready, b".")
            os.read(closed, 1)
            return os.path.exists(os.path.join(root, "local", "index.db-wal"))

    with Journal.open(store=root) as journal:
        journal.put("t", "parent", {"n": 1})
        wait = fork(child)
        os.read(ready, 1)
    os.write(is_closed, b".")
    assert wait() == "True"
    for end in (ready, is_ready, closed, is_closed):
        os.close(end)
    with Journal.open(store=root) as journal:
        assert [entity.id for entity in journal.list("t")] == ["child", "parent"]
        assert journal.doctor(verify=True).ok


def test_a_fork_waits_for_a_thread_that_is_at_work(root):
    inside, done = threading.Event(), []

    def change(data):
        inside.set()
        done.append(threading.Event().wait(0.3))
        return {"n": 2}

    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"n": 1})
        thread = threading.Thread(target=journal.mutate, args=("t", "a", change))
        thread.start()
        inside.wait()
        wait = fork(lambda: (write_own(root), len(done)))
        assert wait() == "(1, 1)"
        thread.join()
        assert journal.get("t", "a").data == {"n": 2}
        assert journal.get("t", "child").rev == 1


def test_a_child_is_refused_where_a_thread_stayed_at_work_and_its_parent_goes_on(root, monkeypatch):
    monkeypatch.setattr(forking, "_WAIT_SECONDS", 0.05)
    inside, forked = threading.Event(), threading.Event()

    def change(data):
        inside.set()
        forked.wait()
        return {"n": 2}

    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"n": 1})
        thread = threading.Thread(target=journal.mutate, args=("t", "a", change))
        thread.start()
        inside.wait()
        wait = fork(lambda: is_refused(root))
        forked.set()
        thread.join()
        assert wait() == "True"
        assert journal.get("t", "a").data == {"n": 2}
    with Journal.open(store=root) as journal:
        assert fork(lambda: write_own(root))() == "1"


def test_a_child_that_was_forked_in_the_middle_of_writing_the_index_is_refused(root):
    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"n": 1})
        with journal._engine.locked(), journal._engine.indexing.bring_forward().index.writing():
            wait = fork(lambda: is_refused(root))
        assert wait() == "True"
        assert journal.put("t", "a", {"n": 2}).rev == 2
        assert journal.doctor(verify=True).ok
