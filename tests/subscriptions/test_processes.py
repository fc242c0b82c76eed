"""Real processes consume one cursor, and are killed with SIGKILL in the middle of their work."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from journal import Journal, NotFoundError

CONSUMER = """\
import sys, time
from journal import Journal

root, log, name, pause = sys.argv[1:5]
with Journal.open(store=root) as journal, journal.subscribe("feed", poll_seconds=0.02) as feed:
    done = open(log, "ab", 0)
    for delivery in feed:
        done.write(f"{name} {delivery.event.entity} {delivery.attempt}\\n".encode())
        time.sleep(float(pause))
        delivery.ack()
        done.write(f"{name} {delivery.event.entity} acked\\n".encode())
"""


def consumer(root, log, name, pause=0.0):
    return subprocess.Popen([sys.executable, "-c", CONSUMER, root, str(log), name, str(pause)])


def lines(log):
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def end(processes):
    for process in processes:
        process.kill()
        process.wait()


def write(root, ids):
    with Journal.open(store=root) as journal:
        for id in ids:
            journal.put("plan", id, {})


def test_a_killed_consumer_is_known_to_be_dead_at_once_and_its_event_comes_again(root, tmp_path):
    log = tmp_path / "log"
    write(root, ["a", "b"])
    process = consumer(root, log, "one", pause=600)
    try:
        wait_for(lambda: lines(log))
        with Journal.open(store=root) as journal, journal.subscribe("feed") as feed:
            assert [delivery.event.entity for delivery in feed.take(5)] == ["b"], "a is with a living consumer"
    finally:
        end([process])
    with Journal.open(store=root) as journal, journal.subscribe("feed") as feed:
        got = feed.take(5)
        assert [(delivery.event.entity, delivery.attempt) for delivery in got] == [("a", 2), ("b", 2)]


FORKING = """\
import os, signal, sys, time
from journal import Journal

journal = Journal.open(store=sys.argv[1])
feed = journal.subscribe("feed")
held = feed.take()
child = os.fork()
if child == 0:
    print(os.getpid(), flush=True)  # what is done in a child that was just forked has been done
    time.sleep(600)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_of_a_killed_consumer_does_not_keep_its_events(root):
    write(root, ["a"])
    with subprocess.Popen([sys.executable, "-c", FORKING, root], stdout=subprocess.PIPE) as process:
        child = int(process.stdout.readline())
        process.wait()
        try:
            with Journal.open(store=root) as journal, journal.subscribe("feed") as feed:
                assert [delivery.event.entity for delivery in feed.take()] == ["a"]
        finally:
            os.kill(child, signal.SIGKILL)


def test_an_event_that_kills_its_consumers_is_parked_and_the_rest_goes_on(root, tmp_path):
    write(root, ["poison", "b"])
    for number in range(5):
        log = tmp_path / str(number)
        process = consumer(root, log, "one", pause=600)
        try:
            wait_for(lambda: lines(log))  # noqa: B023
        finally:
            end([process])
        assert lines(log) == [["one", "poison", str(number + 1)]]
    with Journal.open(store=root) as journal, journal.subscribe("feed") as feed:
        assert [delivery.event.entity for delivery in feed.take(5)] == ["b"]
        assert [(parked.attempts, parked.cause) for parked in feed.parked()] == [(5, None)]


def test_two_processes_share_the_work_and_lose_and_double_nothing(root, tmp_path):
    log = tmp_path / "log"
    ids = [f"e{number}" for number in range(24)]
    processes = [consumer(root, log, name, pause=0.02) for name in ("one", "two")]
    try:
        write(root, ids)
        wait_for(lambda: sum(line[2] == "acked" for line in lines(log)) == len(ids))
    finally:
        end(processes)
    acked = [line for line in lines(log) if line[2] == "acked"]
    assert sorted(line[1] for line in acked) == sorted(ids)
    assert {line[0] for line in acked} == {"one", "two"}


def storm(root, tmp_path, *, kills, events, seed):
    chance, log = random.Random(seed), tmp_path / "log"
    ids = [f"e{number}" for number in range(events)]
    processes = [consumer(root, log, f"c{number}", pause=0.01) for number in range(3)]
    try:
        write(root, ids)
        for number in range(kills):
            time.sleep(chance.uniform(0.1, 0.4))
            at = chance.randrange(3)
            os.kill(processes[at].pid, signal.SIGKILL)
            processes[at].wait()
            processes[at] = consumer(root, log, f"k{number}", pause=0.01)
        wait_for(lambda: _is_done(root))
    finally:
        end(processes)
    return ids, lines(log)


def _is_done(root):
    with Journal.open(store=root) as journal:
        try:
            status = journal.cursors.status("feed")
        except NotFoundError:
            return False  # no consumer has come so far
    return status.to_come == status.claimed == status.waiting == 0


@pytest.mark.parametrize("seed", [1])
def test_kills_lose_no_event_and_what_was_acknowledged_stays_so(root, tmp_path, seed):
    ids, said = storm(root, tmp_path, kills=6, events=60, seed=seed)
    check_storm(root, ids, said)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_many_kills_lose_no_event(root, tmp_path, seed):
    ids, said = storm(root, tmp_path, kills=60, events=1500, seed=seed)
    check_storm(root, ids, said)


def check_storm(root, ids, said):
    with Journal.open(store=root) as journal:
        parked = {journal.show(item.event).entity for item in journal.cursors.parked("feed")}
    handled = {line[1] for line in said if line[2] != "acked"}
    assert handled | parked == set(ids)
    assert max(Counter(line[1] for line in said if line[2] == "acked").values()) == 1
    for at, line in enumerate(said):
        if line[2] == "acked":
            assert all(later[1] != line[1] for later in said[at + 1 :]), "it was acknowledged, and came again"
