"""Processes that write to one store for ever, and are killed: what they meant to write, and what was acknowledged.

Both go to files outside the store, a line each with one write, so that a kill never tears one.
"""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from journal import Journal

KEYS_PER_WRITER = 4


def write_for_ever(root: str, notes: str, name: str, seed: int) -> None:
    """Write until killed. Each write has a number of its own, in the documents too."""
    rng = random.Random(seed)
    number = 0
    with (
        open(f"{notes}/{name}-{seed}.intents", "ab", 0) as intents,
        open(f"{notes}/{name}-{seed}.acks", "ab", 0) as acks,
    ):
        journal = Journal.open(store=root, projections=rng.choice(["eager", "lazy"]))
        while True:
            number += 1
            mark = f"{name}-{seed}-{number}"
            keys = rng.sample([f"{name}-{at}" for at in range(KEYS_PER_WRITER)] + ["shared"], rng.choice([1, 1, 1, 3]))
            note = json.dumps([mark, keys]).encode() + b"\n"
            intents.write(note)
            _write_one(journal, mark, keys, "x" * rng.choice([0, 10, 900]))
            acks.write(note)
            if rng.random() < 0.02:
                rng.choice([journal.checkpoint, journal.compact, journal.reconcile])()
            if rng.random() < 0.05:
                journal.close()
                journal = Journal.open(store=root)


def _write_one(journal: Journal, mark: str, keys: list[str], text: str) -> None:
    if len(keys) == 1:
        journal.put("t", keys[0], {"mark": mark, "text": text})
        return
    with journal.transaction() as tx:
        for key in keys:
            tx.put("t", key, {"mark": mark, "text": text})


class Storm:
    """Forks writers, and kills one after the other."""

    def __init__(self, root: str, notes: str, writers: int, seed: int) -> None:
        self.root, self.notes, self.rng = root, notes, random.Random(seed)
        self.kills = self.starts = 0
        self.alive: dict[int, str] = {}
        for at in range(writers):
            self._start(f"w{at}")

    def _start(self, name: str) -> None:
        self.starts += 1
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                write_for_ever(self.root, self.notes, name, self.starts)
            except BaseException as error:
                with open(f"{self.notes}/{name}-{self.starts}.died", "w", encoding="utf-8") as file:
                    file.write(repr(error))
            finally:
                os._exit(status)
        self.alive[pid] = name

    def rage(self, kills: int, seconds: float, then: Callable[[], object] = lambda: None) -> None:
        """Kill so many, or for so long; ``then`` is called after each kill."""
        until = time.monotonic() + seconds
        while self.kills < kills and time.monotonic() < until:
            time.sleep(self.rng.uniform(0.01, 0.12))
            pid = self.rng.choice(list(self.alive))
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            self.kills += 1
            name = self.alive.pop(pid)
            then()
            self._start(name)

    def end(self) -> None:
        """Kill all that are left."""
        for pid in self.alive:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self.alive.clear()

    def noted(self, kind: str) -> dict[str, list[str]]:
        """Return the keys of each write, by its mark."""
        found: dict[str, list[str]] = {}
        for name in os.listdir(self.notes):
            if name.endswith(f".{kind}"):
                with open(f"{self.notes}/{name}", encoding="utf-8") as file:
                    found.update(dict(map(json.loads, file)))
        return found

    def deaths(self) -> list[str]:
        """Return what ended a writer that was not killed."""
        found = []
        for name in os.listdir(self.notes):
            if name.endswith(".died"):
                with open(f"{self.notes}/{name}", encoding="utf-8") as file:
                    found.append(file.read())
        return found


def check_storm(journal: Journal, storm: Storm) -> dict[str, Any]:
    """Acknowledged is found, nothing twice, nothing half, nothing that nobody meant; return the counts."""
    intents, acks = storm.noted("intents"), storm.noted("acks")
    written: Counter[tuple[str, str]] = Counter()
    for event in journal.log():
        if event.kind == "entity":
            written[event.data["mark"], event.entity] += 1
    doubled = [at for at, count in written.items() if count > 1]
    assert not doubled, doubled
    marks: dict[str, set[str]] = {}
    for mark, key in written:
        marks.setdefault(mark, set()).add(key)
    for mark, keys in marks.items():
        assert keys == set(intents[mark]), (mark, keys, intents[mark])
    lost = [mark for mark in acks if mark not in marks]
    assert not lost, lost
    return {"acknowledged": len(acks), "found": len(marks), "kills": storm.kills}
