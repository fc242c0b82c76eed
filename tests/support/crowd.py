"""Processes that write whole rounds to one store and are killed, and others that read beside them without the lock.

A writer's round is one transaction: two entities, a key and three events say the same number, one greater each time.
So whoever looks, at whatever moment, can tell whether he was shown a part of a round, or less than was acknowledged.
"""

import os
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator

from journal import Fold, Journal

EVENTS = 3
RECORDS = EVENTS + 3
COUNTED = Fold("counted", 0, lambda value, event: value + 1)


def write_rounds(root: str, name: str, chance: random.Random) -> Iterator[None]:
    """Write for ever. A round that was under way when the writer before was killed is there, or is not."""
    journal = Journal.open(store=root, projections=chance.choice(["eager", "lazy"]))
    while True:
        number = journal.kv.get(name, 0) + 1
        text = "x" * chance.choice([0, 30, 900])
        with journal.transaction() as together:
            together.put("pair", f"{name}-a", {"n": number, "text": text})
            for _ in range(EVENTS):
                together.append(name, "Round", {"n": number, "text": text})
            together.kv.put(name, number)
            together.put("pair", f"{name}-b", {"n": number, "text": text})
        if chance.random() < 0.02:
            chance.choice([journal.checkpoint, journal.compact, journal.reconcile])()
        if chance.random() < 0.03:
            journal.close()
            journal = Journal.open(store=root)
        yield


def read_rounds(root: str, names: list[str], chance: random.Random) -> Iterator[None]:
    """Look for ever. Raises AssertionError for what no reader may be shown."""
    journal = Journal.open(store=root)
    token, taken, seen = None, Counter[str](), Counter[str]()
    while True:
        name = chance.choice(names)
        pairs = {shown.id: shown.data["n"] for shown in journal.list("pair", limit=None)}
        assert all(pairs[f"{own}-a"] == pairs.get(f"{own}-b") for own in names if f"{own}-a" in pairs), pairs
        seen[name] = check_grows(seen[name], pairs.get(f"{name}-a", 0))
        told = [(event.position, event.data["n"]) for event in journal.read(name)]
        assert told == [(at + 1, at // EVENTS + 1) for at in range(len(told))], told[-20:]
        assert len(told) % EVENTS == 0, len(told)
        seen[name] = check_grows(seen[name], len(told) // EVENTS)
        seen[name] = check_grows(seen[name], journal.kv.list().get(name, 0))
        assert journal.conflicts() == []
        counted = journal.fold(COUNTED, name).value
        seen[name] = check_grows(seen[name], counted // EVENTS)
        assert counted % EVENTS == 0, counted
        for event in journal.read_all(since=token):
            token = event.token
            if event.kind == "event":
                assert event.data["n"] == taken[event.stream] // EVENTS + 1, (event, taken)
                taken[event.stream] += 1
            assert event.kind == "note" or (event.tx or (0, 0))[1] == RECORDS, event
        assert all(count % EVENTS == 0 for count in taken.values()), taken
        assert taken[name] // EVENTS >= seen[name], (taken, seen)
        assert journal.status().damage == ()
        if chance.random() < 0.2:
            journal.close()
            journal = Journal.open(store=root)
        yield


def check_grows(before: int, now: int) -> int:
    """Return what is seen now, which is never less than was seen before."""
    assert now >= before, (before, now)
    return now


class Crowd:
    """Forked processes that do one thing again and again. What ended them, and how often they did it, is in files."""

    def __init__(self, notes: str) -> None:
        self._notes, self._alive = notes, dict[int, str]()

    def start(self, name: str, rounds: Callable[[random.Random], Iterator[None]], seed: object) -> None:
        """Let a process do its rounds."""
        pid = os.fork()
        if pid:
            self._alive[pid] = name
            return
        try:
            with open(f"{self._notes}/{name}.rounds", "ab", 0) as done:
                for _ in rounds(random.Random(repr(seed))):
                    done.write(b".")
        except BaseException:
            with open(f"{self._notes}/{name}.died", "w", encoding="utf-8") as file:
                file.write(traceback.format_exc())
        finally:
            os._exit(1)

    def kill(self, name: str) -> None:
        """Kill a process."""
        pid = next(pid for pid, own in self._alive.items() if own == name)
        del self._alive[pid]
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def end(self) -> None:
        """Kill all of them."""
        for name in list(self._alive.values()):
            self.kill(name)

    def deaths(self) -> list[str]:
        """Return what ended processes that were not killed."""
        return [self._read(name) for name in sorted(os.listdir(self._notes)) if name.endswith(".died")]

    def rounds(self, prefix: str) -> int:
        """Return how many rounds the processes whose names begin so have done."""
        names = [name for name in os.listdir(self._notes) if name.startswith(prefix) and name.endswith(".rounds")]
        return sum(len(self._read(name)) for name in names)

    def _read(self, name: str) -> str:
        with open(f"{self._notes}/{name}", encoding="utf-8") as file:
            return file.read()


def rage(root: str, notes: str, *, writers: int, readers: int, seconds: float, seed: int) -> Crowd:
    """Let writers write and be killed, and readers read beside them, for so long or until one of them fails."""
    chance, crowd = random.Random(seed), Crowd(notes)
    names = [f"w{number}" for number in range(writers)]
    try:
        for name in names:
            crowd.start(name, lambda own, name=name: write_rounds(root, name, own), (seed, name))
        for number in range(readers):
            crowd.start(f"r{number}", lambda own: read_rounds(root, names, own), (seed, number))
        until = time.monotonic() + seconds
        kills = 0
        while time.monotonic() < until and not crowd.deaths():
            time.sleep(chance.uniform(0.02, 0.3))
            name = chance.choice(names)
            crowd.kill(name)
            kills += 1
            crowd.start(name, lambda own, name=name: write_rounds(root, name, own), (seed, name, kills))
    finally:
        crowd.end()
    return crowd
