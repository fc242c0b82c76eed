"""Consumers of a cursor: catching up, following, acknowledging, retrying, parking, and sharing the work."""

import gc
import os
import threading
import time

import pytest

from journal import ClosedError, Journal, NotFoundError, RefusedError, UsageError
from journal.subscriptions.encoding import decode, encode


def write(journal, *ids, type="plan"):
    for id in ids:
        journal.put(type, id, {"of": id})


def names(deliveries):
    return [delivery.event.entity for delivery in deliveries]


def drain(subscription):
    """Take and acknowledge all that is there; return the entities' ids."""
    found = []
    for delivery in subscription.catch_up():
        found.append(delivery.event.entity)
        delivery.ack()
    return found


def test_a_cursor_begins_at_the_beginning_and_goes_on_where_it_was(root, journal):
    write(journal, "a", "b")
    with journal.subscribe("feed") as feed:
        assert drain(feed) == ["a", "b"]
    write(journal, "c")
    with Journal.open(store=root) as other, other.subscribe("feed") as feed:
        assert drain(feed) == ["c"]
        assert drain(feed) == []


def test_what_was_not_acknowledged_comes_again_and_keeps_its_place_in_the_count(journal):
    write(journal, "a", "b")
    with journal.subscribe("feed") as feed:
        first = feed.take()[0]
        assert (first.event.entity, first.attempt) == ("a", 1)
    with journal.subscribe("feed") as feed:
        again = feed.take()[0]
        assert (again.event.entity, again.attempt) == ("a", 2)


def test_an_acknowledgement_may_come_in_any_order_and_twice(journal):
    write(journal, *"abcd")
    with journal.subscribe("feed") as feed:
        got = feed.take(4)
        assert names(got) == ["a", "b", "c", "d"]
        feed.ack(got[3], got[1])
        got[1].ack()
    with journal.subscribe("feed") as feed:
        assert names(feed.take(10)) == ["a", "c"]


def test_consumers_of_one_name_share_the_events(root, journal):
    write(journal, *"abcdef")
    with Journal.open(store=root) as other, journal.subscribe("feed") as one, other.subscribe("feed") as two:
        got = names(one.take(2)) + names(two.take(2)) + names(one.take(2)) + names(two.take(2))
        assert got == list("abcdef")


def test_who_finds_its_events_taken_by_another_goes_on_to_the_next(journal, monkeypatch):
    """It looked before the other took them; catching up does not end there, nor does it wait."""
    with journal.transaction() as together:
        for number in range(70):
            together.put("plan", f"e{number}", {})
    with journal.subscribe("feed") as one, journal.subscribe("feed") as other:
        tell_gap, taken = one._tell_gap, []

        def tell_late(*looked):
            taken.extend([] if taken else other.take(64))
            tell_gap(*looked)

        monkeypatch.setattr(one, "_tell_gap", tell_late)
        assert len(drain(one)) == 6
        assert len(taken) == 64


def test_what_another_takes_that_came_behind_a_look_is_no_gap(journal, monkeypatch):
    write(journal, "a")
    with journal.subscribe("feed") as one, journal.subscribe("feed") as other:
        look, taken = one._look, []

        def look_early(group):
            found = look(group)
            if len(taken) < 3:
                write(journal, f"later-{len(taken)}")
                taken.extend(other.take(10))
            return found

        monkeypatch.setattr(one, "_look", look_early)
        assert names(one.take(10)) == []
        assert names(taken) == ["a", "later-0", "later-2"]
        assert not one.gaps()


def test_cursors_of_different_names_each_get_everything(journal):
    write(journal, "a")
    with journal.subscribe("one") as one, journal.subscribe("two") as two, journal.subscribe() as nameless:
        assert drain(one) == drain(two) == drain(nameless) == ["a"]


def test_a_lease_that_ended_gives_the_event_to_another(journal, clock):
    write(journal, "a")
    with journal.subscribe("feed", lease_seconds=30) as slow, journal.subscribe("feed") as other:
        held = slow.take()[0]
        assert other.take() == []
        clock.now += 31
        again = other.take()[0]
        assert (again.event, again.attempt) == (held.event, 2)
        held.retry()
        again.ack()
        clock.now += 1000
        assert slow.take() == [] == other.take()


def test_who_lost_an_event_to_another_thread_of_its_consumer_gives_nothing_back(journal, clock):
    write(journal, "a")
    with journal.subscribe("feed", lease_seconds=60) as feed:
        first = feed.take()[0]
        clock.now += 61
        second = feed.take()[0]
        for give_back in (first.retry, first.park, lambda: feed.release(first)):
            give_back()
            assert journal.cursors.status("feed").claimed == 1
            assert feed.take() == []
        second.retry()
        assert (journal.cursors.status("feed").waiting, feed.take()) == (1, [])
        clock.now += 61
        assert feed.take()[0].attempt == 3
        first.ack()
        assert journal.cursors.status("feed").claimed == 0


def test_a_failed_event_waits_longer_each_time_and_is_parked_in_the_end(journal, clock):
    write(journal, "a", "b")
    with journal.subscribe("feed", retry_seconds=10, attempts_max=3) as feed:
        feed.take()[0].retry(ValueError("a secret"))
        assert drain(feed) == ["b"]
        for wait in (10, 20):
            clock.now += wait - 1
            assert feed.take() == []
            clock.now += 1
            delivery = feed.take()[0]
            delivery.retry(ValueError("a secret"))
        (parked,) = feed.parked()
        assert (parked.event, parked.attempts, parked.cause) == (delivery.event.id, 3, "ValueError")
        clock.now += 1000
        assert feed.take() == []
        with pytest.raises(NotFoundError):
            feed.replay("9@aaaaaaaaaaaaa")
        assert feed.replay(parked.event) == 1
        (again,) = feed.take()
        assert (again.event.id, again.attempt) == (parked.event, 1)


def test_a_clock_that_jumps_back_loses_nothing(journal, clock):
    write(journal, "a", "b")
    with journal.subscribe("feed", retry_seconds=1000) as feed, journal.subscribe("feed") as other:
        feed.take()[0].retry()
        held = feed.take()[0]
        clock.now -= 500
        assert names(other.take(5)) == ["a", "b"]
        held.ack()


def test_what_failed_comes_before_what_is_new(journal, clock):
    write(journal, "a")
    with journal.subscribe("feed", retry_seconds=0) as feed:
        feed.take()[0].retry()
        write(journal, "b")
        assert names(feed.take(1)) == ["a"]
        assert names(feed.take(1)) == ["b"]


def test_only_what_is_meant_is_delivered_and_the_rest_is_passed_over(journal):
    write(journal, "a", type="plan")
    write(journal, "b", type="note")
    write(journal, "c", type="planet")
    journal.checkpoint()
    with journal.subscribe("plans", types=["plan"]) as feed:
        assert drain(feed) == ["a"]
    with journal.subscribe("some", types=["plan*", "x"]) as feed:
        assert drain(feed) == ["a", "c"]
    with journal.subscribe("all") as feed:
        assert drain(feed) == ["a", "b", "c"]
    with journal.subscribe("notes", types=["none"], notes=True) as feed:
        assert [delivery.event.note for delivery in feed.take(9)] == ["checkpoint"]
    assert [status.to_come for status in journal.cursors.list()] == [0, 0, 0, 0]


def test_a_cursor_that_is_about_something_else_is_refused(journal):
    journal.subscribe("feed", types=["plan"]).close()
    with pytest.raises(RefusedError, match="other types"):
        journal.subscribe("feed", types=["note"])
    with journal.subscribe("feed") as feed:
        write(journal, "n", type="note")
        write(journal, "p")
        assert drain(feed) == ["p"]


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 2000, "x" * 190, 7])
def test_a_name_that_is_none_is_refused(journal, name):
    with pytest.raises(RefusedError):
        journal.subscribe(name)


def test_settings_that_make_no_sense_are_refused_before_anything_is_made(journal):
    for settings in ({"lease_seconds": 0}, {"attempts_max": 0}, {"retry_seconds": -1}, {"types": "plan"}):
        with pytest.raises(UsageError):
            journal.subscribe("feed", **settings)
    with pytest.raises(RefusedError):
        journal.subscribe("feed", since="no token")
    assert journal.cursors.names() == []
    with pytest.raises(UsageError), journal.subscribe() as feed:
        feed.take(0)


def test_a_token_resumes_without_a_durable_cursor(journal):
    write(journal, *"abc")
    with journal.subscribe() as feed:
        token = feed.take(2)[1].token
    with journal.subscribe(since=token) as feed:
        assert drain(feed) == ["c"]
    with journal.subscribe("feed", since=token) as feed:
        assert drain(feed) == ["c"]
        assert feed.position == journal.cursors.status("feed").token


def test_a_token_of_each_delivery_says_what_came_before_it(journal):
    write(journal, *"abcde")
    with journal.subscribe() as feed:
        tokens = [delivery.token for delivery in feed.take(5)]
    for at, token in enumerate(tokens):
        with journal.subscribe(since=token) as feed:
            assert names(feed.take(9)) == list("abcde")[at + 1 :]


def test_it_follows_what_another_process_writes(root, journal):
    def later():
        with Journal.open(store=root) as other:
            for id in "abc":
                time.sleep(0.05)
                write(other, id)

    writer = threading.Thread(target=later)
    with journal.subscribe("feed") as feed:
        assert feed.take() == []
        writer.start()
        found = [feed.take(wait_seconds=20)[0].event.entity for _ in range(3)]
        writer.join()
    assert found == ["a", "b", "c"]


@pytest.mark.parametrize("has_watchdog", [True, False])
def test_waiting_ends_when_something_comes_with_notification_and_without(root, journal, monkeypatch, has_watchdog):
    if not has_watchdog:
        monkeypatch.setattr("journal.subscriptions.waiting.watch_folders", lambda folders, told: None)
    with journal.subscribe("feed", poll_seconds=0.02) as feed:
        assert feed.take(wait_seconds=0.05) == []
        timer = threading.Timer(0.1, lambda: write(journal, "a"))
        timer.start()
        assert names(feed.take(wait_seconds=20)) == ["a"]
        timer.join()


def test_an_event_that_failed_wakes_a_waiting_consumer_when_it_is_due(journal):
    write(journal, "a")
    with journal.subscribe("feed", retry_seconds=0.1) as feed:
        feed.take()[0].retry()
        assert feed.take() == []
        assert feed.take(wait_seconds=20)[0].attempt == 2


def test_closing_it_ends_the_loop_of_another_thread(journal):
    feed = journal.subscribe("feed")
    found = []

    def consume():
        for delivery in feed:
            found.append(delivery.event.entity)
            delivery.ack()

    thread = threading.Thread(target=consume)
    thread.start()
    write(journal, "a")
    deadline = time.monotonic() + 20
    while not found and time.monotonic() < deadline:
        time.sleep(0.01)
    feed.close()
    thread.join(20)
    assert not thread.is_alive()
    assert found == ["a"]
    with pytest.raises(ClosedError):
        feed.take()


def test_a_consumer_that_was_forgotten_is_gone(root, journal):
    """It was never closed, and nobody has it any more: what it held is free, and no file of it stays open."""
    write(journal, "a")
    for attempt in range(1, 4):
        assert [delivery.attempt for delivery in journal.subscribe("feed").take()] == [attempt]
        gc.collect()
        assert os.listdir(f"{root}/local/cursors/feed/consumers") == []


@pytest.mark.parametrize("seconds", [0, -1])
def test_following_without_a_pause_is_refused(journal, seconds):
    with pytest.raises(UsageError, match="poll"):
        journal.follow(poll_seconds=seconds)


def test_following_gives_what_comes_from_now_on_of_any_kind(journal):
    write(journal, "before")
    coming = journal.follow()
    write(journal, "after")
    journal.checkpoint()
    assert [next(coming).entity, next(coming).note] == ["after", "checkpoint"]


def test_where_a_cursor_stands_is_told_and_dropping_it_begins_anew(root, journal, clock):
    write(journal, *"abcd")
    with journal.subscribe("feed") as feed:
        feed.take()[0].ack()
        feed.take()[0].retry()
        feed.take()[0].park()
        status = journal.cursors.status("feed")
        counts = (status.to_come, status.claimed, status.waiting, status.parked, status.missing)
        assert counts == (1, 0, 1, 1, 0)
        assert journal.cursors.list() == [status]
        assert [item.event for item in journal.cursors.parked("feed")] == [item.event for item in feed.parked()]
        assert journal.cursors.replay("feed") == 1
        journal.cursors.drop("feed")
        with pytest.raises(NotFoundError, match="no cursor"):
            feed.take()
    assert journal.cursors.names() == []
    with pytest.raises(NotFoundError):
        journal.cursors.drop("feed")
    with journal.subscribe("feed") as feed:
        assert drain(feed) == list("abcd")


def test_a_consumer_finds_its_cursor_gone_though_another_has_its_name_by_now(root, journal):
    """It would take its own kind of events from it, and pass over those that it is about."""
    write(journal, "p")
    with journal.subscribe("feed", types=["plan"]) as before:
        held = before.take()[0]
        journal.cursors.drop("feed")
        with journal.subscribe("feed", types=["order", "plan"]) as feed:
            write(journal, "o", type="order")
            for refused in (before.take, held.ack, held.retry, lambda: before.position):
                with pytest.raises(NotFoundError, match="any more"):
                    refused()
            before.close()
            assert names(feed.take(9)) == ["p", "o"]


def test_a_state_that_an_early_version_made_goes_on(root, journal):
    """It does not say who made it."""
    write(journal, "a", "b")
    with journal.subscribe("feed") as feed:
        feed.take()[0].ack()
    path = f"{root}/local/cursors/feed/state.json"
    with open(path, "rb") as file:
        saved = decode(file.read())
    with open(path, "wb") as file:
        file.write(encode(saved._replace(made=saved.made[:2])))
    with journal.subscribe("feed") as feed, journal.subscribe("feed") as other:
        assert names(feed.take()) == ["b"]
        assert other.take() == []


def test_a_state_names_ids_and_no_word_of_a_payload_or_an_error(root, journal):
    journal.put("plan", "a", {"text": "hush-payload"})
    with journal.subscribe("feed") as feed:
        feed.take()[0].retry(ValueError("hush-error"))
        with open(f"{root}/local/cursors/feed/state.json", "rb") as file:
            assert b"hush" not in file.read()


def test_an_event_may_be_acknowledged_where_the_writer_lock_is_held(journal):
    """A consumer that looks at the store holds nothing of the cursor's meanwhile, so neither waits for the other."""
    write(journal, *"ab")
    with journal.subscribe("feed") as feed, journal.subscribe("feed") as other:
        held = feed.take()[0]

        thread = threading.Thread(target=other.take)

        def change(data):
            thread.start()
            time.sleep(0.05)
            held.ack()
            return {**data, "n": 1}

        assert journal.mutate("plan", "a", change).rev == 2
        thread.join(20)
        assert journal.cursors.status("feed").claimed == 1


def test_a_journal_in_memory_has_cursors_too():
    with Journal.memory() as journal:
        write(journal, "a", "b")
        with journal.subscribe("feed") as feed:
            feed.take()[0].ack()
        with journal.subscribe("feed") as feed:
            assert drain(feed) == ["b"]
            write(journal, "c")
            assert names(feed.take(wait_seconds=20)) == ["c"]
        assert journal.cursors.names() == ["feed"]


def test_events_of_streams_are_delivered_by_the_names_of_their_streams(journal):
    journal.append("order/1", "Placed", {"n": 1})
    journal.append("mail/1", "Sent")
    write(journal, "order/1")
    journal.append_batch("order/2", [("Placed", {"n": 2}), ("Paid", {})])
    told = []
    journal.hub.on(lambda event: told.append((event.stream, event.event, event.data)), streams=["order/*"])
    journal.append("order/1", "Paid", {"n": 1}, key="k")
    journal.append("order/1", "Paid", {"n": 1}, key="k")
    with journal.subscribe("orders", streams=["order/*"]) as feed:
        got = [(delivery.event.stream, delivery.event.event) for delivery in feed.take(9)]
    assert got == [("order/1", "Placed"), ("order/2", "Placed"), ("order/2", "Paid"), ("order/1", "Paid")]
    assert told == [("order/1", "Paid", {"n": 1})]


def test_after_the_subscription_was_closed_its_deliveries_say_so_and_not_that_the_journal_is_closed(journal):
    write(journal, "a")
    with journal.subscribe("feed") as feed:
        (got,) = feed.take()
    for call in (got.ack, got.retry, got.park, lambda: feed.release(got), feed.replay):
        with pytest.raises(ClosedError, match="the subscription was closed"):
            call()


def test_nothing_of_a_journal_that_was_closed_does_anything(root):
    journal = Journal.open(store=root)
    write(journal, "a")
    with journal.subscribe("feed") as feed:
        drain(feed)
    cursors, schemas = journal.cursors, journal.schemas
    journal.close()
    calls = [
        lambda: journal.subscribe("other"),
        journal.follow,
        journal.transaction,
        journal.doctor,
        journal.stage_report,
        lambda: journal.hub,
        cursors.names,
        cursors.list,
        lambda: cursors.drop("feed"),
        lambda: cursors.adopt("feed"),
        lambda: cursors.parked("feed"),
        lambda: cursors.replay("feed"),
        schemas.list,
    ]
    for call in calls:
        with pytest.raises(ClosedError):
            call()
    with Journal.open(store=root) as again:
        assert again.cursors.names() == ["feed"]
    assert "closed" in repr(journal)
    assert journal.root == root
    journal.close()
