"""Reading and subscribing with asyncio: nothing blocks the event loop, and cancelling leaves nothing behind."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from journal import AsyncJournal, ClosedError, Journal
from tests.support.stores import new_store


@pytest.fixture
def root(tmp_path):
    return new_store(tmp_path)


def write(root, *ids):
    with Journal.open(store=root) as journal:
        for id in ids:
            journal.put("plan", id, {"of": id})


def run(coroutine):
    """Run to the end; no thread of ours may be left."""
    before = set(threading.enumerate())
    result = asyncio.run(coroutine)
    assert [thread for thread in set(threading.enumerate()) - before if "journal" in thread.name] == []
    return result


def test_what_a_journal_reads_it_reads_too(root):
    write(root, *(f"e{number}" for number in range(250)))

    async def read():
        async with await AsyncJournal.open(store=root) as journal:
            same = journal.journal
            assert await journal.get("plan", "e1") == same.get("plan", "e1")
            assert await journal.list("plan", where={"of": "e7"}) == same.list("plan", where={"of": "e7"})
            assert await journal.history("plan", "e1") == same.history("plan", "e1")
            assert [event.id async for event in journal.log()] == [event.id for event in same.log()]
            same.append("order/1", "Placed", {"n": 1})
            assert [event async for event in journal.read("order/1")] == list(same.read("order/1"))
            assert await journal.streams() == same.streams() == [await journal.stream("order/1")]
            token = (await journal.show("5")).id
            assert token.startswith("5@")
            assert [event.seq async for event in journal.read_all(since=await journal.position())] == []
            return [event.seq async for event in journal.read_all()]

    assert run(read()) == list(range(1, 252))


def test_events_are_delivered_and_acknowledged(root):
    write(root, "a", "b", "c")

    async def consume():
        async with await AsyncJournal.open(store=root) as journal, await journal.subscribe("feed") as feed:
            found = []
            async for delivery in feed.catch_up():
                found.append((delivery.event.entity, delivery.attempt))
                await (delivery.park(ValueError()) if delivery.event.entity == "b" else delivery.ack())
            assert [parked.cause for parked in await feed.parked()] == ["ValueError"]
            assert await feed.replay() == 1
            (again,) = await feed.take(5)
            await feed.release(again)
            (again,) = await feed.take(5)
            assert again.attempt == 1
            await feed.ack(again)
            assert await feed.position() == await journal.position()
            return [*found, again.event.entity]

    assert run(consume()) == [("a", 1), ("b", 1), ("c", 1), "b"]
    with Journal.open(store=root) as journal:
        assert journal.cursors.status("feed").token == journal.position()


def test_the_loop_goes_on_while_a_subscription_waits(root):
    async def consume():
        async with await AsyncJournal.open(store=root) as journal, await journal.subscribe("feed") as feed:
            taking = asyncio.ensure_future(feed.take(wait_seconds=None))
            await asyncio.sleep(0.1)
            assert not taking.done()
            await asyncio.to_thread(write, root, "a")
            return [delivery.event.entity for delivery in await asyncio.wait_for(taking, 30)]

    assert run(consume()) == ["a"]


def test_cancelling_a_wait_ends_its_thread_and_the_next_take_works(root):
    async def consume():
        async with await AsyncJournal.open(store=root) as journal, await journal.subscribe("feed") as feed:
            for _ in range(3):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(feed.take(wait_seconds=None), 0.05)
            await asyncio.to_thread(write, root, "a")
            return [(delivery.event.entity, delivery.attempt) for delivery in await feed.take()]

    assert run(consume()) == [("a", 1)]


def test_one_task_that_waits_keeps_no_other_waiting_on_the_same_subscription(root):
    async def run():
        async with await AsyncJournal.open(store=root) as journal, await journal.subscribe("feed") as feed:
            await drain(feed)
            first = asyncio.create_task(feed.take(wait_seconds=None))
            await asyncio.sleep(0.1)
            assert await asyncio.wait_for(feed.take(wait_seconds=0.05), 5) == []
            second = asyncio.create_task(feed.take(wait_seconds=None))
            await asyncio.sleep(0.1)
            second.cancel()
            assert await asyncio.wait([second], timeout=5) == ({second}, set())
            await asyncio.to_thread(journal.journal.append, "s", "Late", {"n": 9})
            (found,) = await asyncio.wait_for(first, 5)
            assert found.event.data == {"n": 9}

    asyncio.run(run())


async def drain(feed):
    async for delivery in feed.catch_up():
        await delivery.ack()


def test_a_take_that_is_cancelled_while_it_claims_gives_the_event_back(root, monkeypatch):
    write(root, "a")

    async def consume():
        async with await AsyncJournal.open(store=root) as journal, await journal.subscribe("feed") as feed:
            inner, begun = feed._subscription, threading.Event()
            take_now = inner._take_now

            def slow(limit):
                found = take_now(limit)
                begun.set()
                threading.Event().wait(0.2)  # it has claimed, and nobody knows yet
                return found

            monkeypatch.setattr(inner, "_take_now", slow)
            taking = asyncio.ensure_future(feed.take())
            await asyncio.to_thread(begun.wait)
            taking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await taking
            return journal.journal.cursors.status("feed")

    status = run(consume())
    assert (status.claimed, status.waiting) == (0, 1)
    with Journal.open(store=root) as journal, journal.subscribe("feed") as feed:
        assert [delivery.attempt for delivery in feed.take()] == [1], "it does not count as an attempt"


def test_a_task_that_is_cancelled_in_its_loop_leaves_nothing_claimed(root):
    write(root, "a", "b")

    async def work(seen):
        async with await AsyncJournal.open(store=root) as journal, await journal.subscribe("feed") as feed:
            async for delivery in feed:
                seen.append(delivery.event.entity)
                if len(seen) == 1:
                    await delivery.ack()
                else:
                    await asyncio.sleep(600)

    async def main():
        seen = []
        task = asyncio.ensure_future(work(seen))
        while len(seen) < 2:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return seen

    assert run(main()) == ["a", "b"]
    with Journal.open(store=root) as journal:
        assert journal.cursors.status("feed").claimed == 0
        with journal.subscribe("feed") as feed:
            assert [delivery.event.entity for delivery in feed.take(5)] == ["b"]


def test_closing_a_subscription_ends_what_waits_for_it(root):
    async def main():
        async with await AsyncJournal.open(store=root) as journal:
            feed = await journal.subscribe("feed")
            taking = asyncio.ensure_future(feed.take(wait_seconds=None))
            await asyncio.sleep(0.05)
            await feed.close()
            with pytest.raises(ClosedError):
                await taking

    run(main())


def test_closing_a_subscription_ends_the_loop_of_another_task_and_refuses_what_comes_after(root):
    write(root, "a")

    async def main():
        async with await AsyncJournal.open(store=root) as journal:
            feed, seen = await journal.subscribe("feed"), []

            async def work():
                async for delivery in feed:
                    await delivery.ack()
                    seen.append(delivery.event.entity)  # what is closed before this could not be acknowledged

            task = asyncio.ensure_future(work())
            while not seen:
                await asyncio.sleep(0.01)
            await feed.close()
            await asyncio.wait_for(task, 20)
            with pytest.raises(ClosedError):
                await feed.take()
            return seen

    assert run(main()) == ["a"]


def test_a_close_that_is_cancelled_too_gives_back_what_was_held_though_all_threads_of_the_loop_are_busy(root):
    write(root, "a", "b")

    async def work(journal, has_begun):
        async with await journal.subscribe("feed") as feed:
            async for _ in feed:
                has_begun.set()
                await asyncio.sleep(600)

    async def main():
        is_over, has_begun, loop = threading.Event(), asyncio.Event(), asyncio.get_running_loop()
        async with await AsyncJournal.open(store=root) as journal:
            task = asyncio.ensure_future(work(journal, has_begun))
            await has_begun.wait()
            pool = ThreadPoolExecutor(1)
            loop.set_default_executor(pool)
            pool.submit(is_over.wait)
            task.cancel()
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(asyncio.shield(task), 20)
            is_over.set()
            return journal.journal.cursors.status("feed").claimed, os.listdir(f"{root}/local/cursors/feed/consumers")

    assert run(main()) == (0, [])


def test_subscribing_that_is_cancelled_leaves_no_consumer(root, monkeypatch):
    subscribe, begun = Journal.subscribe, threading.Event()

    def slow(*given, **named):
        begun.set()
        time.sleep(0.1)
        return subscribe(*given, **named)

    async def main():
        async with await AsyncJournal.open(store=root) as journal:
            monkeypatch.setattr(Journal, "subscribe", slow)
            task = asyncio.ensure_future(journal.subscribe("feed"))
            await asyncio.to_thread(begun.wait)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return os.listdir(f"{root}/local/cursors/feed/consumers")

    assert run(main()) == []


def test_a_take_that_is_cancelled_while_another_task_closes_says_nothing_on_stderr(root, caplog, monkeypatch):
    write(root, "a")

    async def main():
        async with await AsyncJournal.open(store=root) as journal:
            feed = await journal.subscribe("feed")
            inner, begun = feed._subscription, threading.Event()
            take_now = inner._take_now

            def slow(limit):
                found = take_now(limit)
                begun.set()
                time.sleep(0.1)
                return found

            monkeypatch.setattr(inner, "_take_now", slow)
            taking = asyncio.ensure_future(feed.take())
            await asyncio.to_thread(begun.wait)
            closing = asyncio.ensure_future(feed.close())
            await asyncio.sleep(0.02)
            taking.cancel()
            await asyncio.wait([taking, closing])
            assert taking.cancelled()
            await closing
            gc.collect()
            return journal.journal.cursors.status("feed").claimed

    assert run(main()) == 0
    assert caplog.records == []


STOPPED = """
import asyncio, sys
from journal import AsyncJournal
from journal.subscriptions import waiting

waiting.NET_SECONDS = 0.1

async def main():
    feed = await (await AsyncJournal.open(store=sys.argv[1])).subscribe("feed")
    asyncio.get_running_loop().call_later(0.2, asyncio.get_running_loop().stop)
    await feed.take(wait_seconds=None)

asyncio.set_event_loop(loop := asyncio.new_event_loop())
task = loop.create_task(main())
loop.run_forever()
print("stopped")
"""


def test_a_process_whose_loop_was_stopped_ends_though_a_task_waits_for_events(root):
    found = subprocess.run([sys.executable, "-c", STOPPED, root], capture_output=True, text=True, timeout=60)
    assert (found.returncode, found.stdout) == (0, "stopped\n")


def test_a_task_goes_on_waiting_where_its_loop_stood_still(root, monkeypatch):
    monkeypatch.setattr("journal.subscriptions.waiting.NET_SECONDS", 0.05)

    async def begin():
        journal = await AsyncJournal.open(store=root)
        feed = await journal.subscribe("feed")
        task = asyncio.ensure_future(feed.take(wait_seconds=None))
        await asyncio.sleep(0.1)
        return journal, feed, task

    async def end(journal, feed, task):
        await asyncio.sleep(0.1)
        write(root, "a")
        async with journal, feed:
            return [delivery.event.entity for delivery in await asyncio.wait_for(task, 20)]

    with asyncio.Runner() as runner:
        begun = runner.run(begin())
        time.sleep(0.3)
        assert runner.run(end(*begun)) == ["a"]
