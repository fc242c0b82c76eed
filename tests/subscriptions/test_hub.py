"""Handlers in this process: after the write is durable, outside of every lock, in the order of the commits."""

import logging
import threading

import pytest

from journal import ClosedError, ExpectationError, Journal, UsageError
from tests.support.stores import new_store


def test_a_handler_is_called_for_what_is_written_with_the_event_as_the_log_has_it(journal):
    told = []
    journal.hub.on(told.append)
    journal.put("plan", "a", {"n": 1}, actor="ana")
    journal.put("plan", "a", {"n": 1})
    journal.delete("plan", "a")
    assert told == list(journal.log(reverse=True))
    assert [event.action for event in told] == ["create", "delete"]


def test_a_handler_finds_the_event_durable_and_every_lock_free(journal, root):
    found = []

    def handler(event):
        elsewhere = threading.Thread(target=lambda: found.append(journal.show(event.id).data))
        elsewhere.start()
        elsewhere.join(10)
        with Journal.open(store=root, lock_timeout_seconds=5) as other:
            found.append(other.put("seen", event.entity, {"by": "other"}).rev)

    journal.hub.on(handler, types=["plan"])
    journal.put("plan", "a", {"n": 1})
    assert found == [{"n": 1}, 1]


def test_a_handler_is_not_called_while_an_outer_block_holds_the_lock(journal):
    told = []
    journal.hub.on(lambda event: told.append(journal._engine.is_locked))
    with journal._engine.locked():
        journal.put("plan", "a", {"n": 1})
        assert told == []
    assert told == [False]


def test_what_a_handler_does_to_its_event_is_seen_by_nobody_else(journal):
    told = []

    def change(event):
        event.data["n"] = event.meta["by"] = "changed"

    journal.hub.on(change)
    journal.hub.on(lambda event: told.append((event.data, event.meta)))
    written = journal.append("s", "E", {"n": 1}, meta={"by": "bus"})
    assert told == [({"n": 1}, {"by": "bus"})] == [(written.data, written.meta)]


def test_an_error_of_a_handler_fails_no_write_and_is_reported(journal, caplog):
    told, errors = [], []

    def broken(event):
        raise ValueError("no")

    journal.hub.on(broken)
    journal.hub.on(told.append)
    with caplog.at_level(logging.ERROR, "journal.hub"):
        assert journal.put("plan", "a", {"n": 1}).rev == 1
    assert len(told) == 1
    assert "a handler failed" in caplog.text
    journal.hub.on_error = lambda event, error: errors.append((event.entity, str(error)))
    journal.put("plan", "b", {"n": 1})
    assert errors == [("b", "no")]


def test_a_write_whose_handler_closes_the_journal_was_written_and_says_so(root):
    """So it is where another thread closes it while handlers are called."""
    writes = {
        "put": lambda journal: journal.put("plan", "a", {"n": 1}),
        "delete": lambda journal: journal.delete("plan", "a"),
        "append": lambda journal: journal.append("s", "E", {}),
        "kv": lambda journal: journal.kv.put("k", 1),
        "revert": lambda journal: journal.revert("2"),
    }
    for write in writes.values():
        journal = Journal.open(store=root)
        journal.hub.on(lambda event, journal=journal: journal.close(), types=["*"], streams=["*"])
        assert write(journal)
        with pytest.raises(ClosedError):
            journal.list()


def test_a_handler_that_has_to_be_awaited_is_refused(journal):
    """Nobody would await it, and it would never run."""

    async def handler(event):
        raise AssertionError(event)

    with pytest.raises(UsageError, match="awaited"):
        journal.hub.on(handler)


def test_what_was_not_written_is_not_told(journal):
    told = []
    journal.hub.on(told.append)
    transaction = journal.transaction()
    transaction.put("plan", "a", {"n": 1})
    transaction.put("plan", "b", {"n": 1}, expect_rev=7)
    with pytest.raises(ExpectationError):
        transaction.__exit__(None, None, None)
    assert told == []


def test_handlers_are_for_types_and_streams_and_can_be_taken_off(journal):
    told = []
    off = journal.hub.on(lambda event: told.append(event.entity), types=["pl*"])
    for type in ("plan", "note", "plot"):
        journal.put(type, type, {})
    off()
    journal.put("plan", "later", {})
    assert told == ["plan", "plot"]


def test_a_handler_that_writes_is_told_of_that_afterwards(journal):
    order = []

    def handler(event):
        order.append(("begin", event.entity))
        if event.entity == "a":
            journal.put("plan", "b", {})
        order.append(("end", event.entity))

    journal.hub.on(handler)
    journal.put("plan", "a", {})
    assert order == [("begin", "a"), ("end", "a"), ("begin", "b"), ("end", "b")]


def test_threads_are_told_of_in_the_order_of_the_commits(journal):
    told = []
    journal.hub.on(lambda event: told.append(event.seq))

    def write(name):
        for number in range(15):
            journal.put("plan", f"{name}{number}", {"n": number})

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert told == list(range(1, 61))


def test_several_hubs_in_threads_do_not_hold_each_other_up(tmp_path):
    root = new_store(tmp_path)
    told = {}

    def work(name):
        with Journal.open(store=root) as journal:
            told[name] = []
            journal.hub.on(lambda event: told[name].append(event.entity))
            for number in range(10):
                journal.put("plan", f"{name}{number}", {})

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert told == {name: [f"{name}{number}" for number in range(10)] for name in "abc"}


def test_what_an_interrupted_handler_left_is_told_next(journal):
    told = []

    def handler(event):
        if event.entity == "a":
            raise KeyboardInterrupt
        told.append(event.entity)

    journal.hub.on(handler)
    transaction = journal.transaction()
    for id in "abc":
        transaction.put("plan", id, {})
    with pytest.raises(KeyboardInterrupt):
        transaction.__exit__(None, None, None)
    journal.list()
    assert told == ["b", "c"]
