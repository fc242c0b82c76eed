"""Cutting the power of a real store at every call, and what must hold when it comes back.

A story is a list of steps, each with the documents that are there after it. A run of it stops somewhere: then
what a reboot finds must be the story up to what was acknowledged, or one step more; never half a step.
"""

import contextlib
import itertools
import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from unittest.mock import patch

from journal import Journal
from journal.disk.files import TEMPORARY_SUFFIX
from journal.index.view import Key
from tests.support.inodes import EXTREMES, RANDOM, Image, Policy
from tests.support.power import Cut, PowerLoss, SimulatedDisk, every_cut
from tests.support.stores import documents, event_ids, projections, rendered

Documents = dict[Key, Any]
LOST = Policy("dropped", "dropped", "dropped")


class Step(NamedTuple):
    """What is done, and the documents that are there once it is."""

    act: Callable[[Journal], object]
    after: Documents


class Story:
    """Steps, gathered one by one from what they change."""

    def __init__(self, before: Documents | None = None) -> None:
        self.states: list[Documents] = [dict(before or {})]
        self.steps: list[Callable[[Journal], object]] = []

    def then(self, act: Callable[[Journal], object], **changes: Any) -> "Story":
        """Add a step that gives the entities of type ``t`` that are named these documents; None removes one."""
        state = dict(self.states[-1])
        for id, document in changes.items():
            state.pop(("t", id), None)
            if document is not None:
                state["t", id] = document
        self.steps.append(act)
        self.states.append(state)
        return self

    def put(self, id: str, document: dict[str, Any]) -> "Story":
        """Add a step that puts one document."""
        return self.then(lambda journal: journal.put("t", id, document), **{id: document})


class Run:
    """One telling of a story on a disk, ended by a cut or not."""

    def __init__(self, story: Story, begin: Callable[[SimulatedDisk], object] = lambda disk: None) -> None:
        self.story, self.where, self.begin = story, ".journal", begin
        self.open: list[Journal] = []
        self.acknowledged = 0
        self.attempted = 0
        self.lines: dict[str, bytes] = {}

    def __call__(self, disk: SimulatedDisk) -> None:
        self.acknowledged = self.attempted = 0
        self.lines = {}
        self.begin(disk)
        root = os.path.join(disk.root, self.where)
        journal = Journal.open(store=root, files=disk)
        self.open.append(journal)
        for step in self.story.steps:
            self.attempted += 1
            step(journal)
            self.acknowledged += 1
            self.lines = event_ids(root)

    def bury(self) -> None:
        """Let go of the dead processes' files, without a further write."""
        for journal in self.open:
            bury(journal)
        self.open.clear()

    @property
    def possible(self) -> list[Documents]:
        """The states that may be found now."""
        return self.story.states[self.acknowledged : self.attempted + 1]


_boots = itertools.count(1)


@contextlib.contextmanager
def restarted() -> Iterator[None]:
    """Let the machine be one that was started anew."""
    boot = f"boot {next(_boots)}"
    with (
        patch("journal.store.printing.boot_id", lambda: boot),
        patch("journal.git.lock_file._machine", lambda: (socket.gethostname(), boot)),
        patch("journal.git.lock_file._boot_time_ns", lambda: time.time_ns() + 1),
    ):
        yield


def bury(journal: Journal) -> None:
    """Drop a journal whose process is dead."""
    engine = journal._engine
    engine._is_closed = True
    engine.indexing.drop()
    engine.close_lane()
    with contextlib.suppress(PowerLoss):
        engine.lock.close()


def cuts(
    scratch: str, prepare: Callable[[str], None], run: Run, *, images_per_cut: int | None, both: bool = False
) -> Iterator[tuple[Cut, Image]]:
    """Go through the cuts of a run, with images that a reboot could find: all, or some, others at each cut."""
    whens = ("before", "during") if both else ("during",)
    for number, cut in enumerate(every_cut(scratch, prepare, run, whens=whens)):
        images = _images(cut, number, images_per_cut)
        run.bury()
        for image in images:
            yield cut, image


def _images(cut: Cut, number: int, images_per_cut: int | None) -> list[Image]:
    if images_per_cut is None:
        return list(cut.images(range(2)))
    policies = EXTREMES + RANDOM
    return [
        cut.disk.image(policies[(number * images_per_cut + at) % len(policies)], number) for at in range(images_per_cut)
    ]


def check(disk: SimulatedDisk, run: Run) -> Documents:
    """Reopen the store after a reboot: all that must hold. Return the documents that were found."""
    with restarted():
        return _check(disk, run)


def _check(disk: SimulatedDisk, run: Run) -> Documents:
    run.begin(disk)
    root = os.path.join(disk.root, run.where)
    journal = Journal.open(store=root, files=disk)
    try:
        found = documents(journal)
        assert found in run.possible, (found, run.possible)
        for type, id in found:
            history = journal.history(type, id)
            assert history[-1].data == found[type, id]
            assert [event.rev for event in history] == list(range(1, len(history) + 1))
        _check_lines(run.lines, event_ids(root))
        journal.put("t", "afterwards", {"number": len(found)})
        assert documents(journal) == {**found, ("t", "afterwards"): {"number": len(found)}}
        _check_lines(run.lines, event_ids(root))
        journal.reconcile()
        shown, wanted = as_files(root), rendered(journal)
        assert shown == wanted, {
            path: (shown.get(path), data) for path, data in wanted.items() if shown.get(path) != data
        }
    finally:
        bury(journal)
    return found


def _check_lines(before: dict[str, bytes], now: dict[str, bytes]) -> None:
    """Every acknowledged event is there, as it was."""
    for id, line in before.items():
        assert now.get(id) == line, id


def as_files(root: str) -> dict[str, bytes]:
    """Return the projections, without what an interrupted replacement left."""
    return {path: data for path, data in projections(root).items() if not path.endswith(TEMPORARY_SUFFIX)}


def check_seen_is_durable(disk: SimulatedDisk, image: Image, run: Run) -> None:
    """What a reader was shown after one cut is there after the next, though nobody wrote."""
    disk = disk.reboot_into(image)
    run.begin(disk)
    root = os.path.join(disk.root, run.where)
    journal = Journal.open(store=root, files=disk)
    found = documents(journal)
    again = disk.reboot(LOST)
    bury(journal)
    journal = Journal.open(store=root, files=again)
    try:
        assert documents(journal) == found
    finally:
        bury(journal)


def check_recovery(disk: SimulatedDisk, image: Image, run: Run, policies: list[Policy]) -> int:
    """Cut the power at each call of the recovery too; return how many calls it has."""
    call = 0
    while True:
        call += 1
        second = disk.reboot_into(image)
        second.cut_at(call)
        root = os.path.join(second.root, run.where)
        journal = None
        try:
            run.begin(second)
            journal = Journal.open(store=root, files=second)
            documents(journal)
            journal.put("t", "afterwards", {"number": -1})
            is_over = True
        except PowerLoss:
            is_over = False
        images = [second.image(policies[call % len(policies)], call)]
        if journal is not None:
            bury(journal)
        for again in images:
            third = second.reboot_into(again)
            run.begin(third)
            journal = Journal.open(store=root, files=third)
            try:
                found = documents(journal)
                written = found.pop(("t", "afterwards"), None)
                assert found in run.possible, (found, run.possible)
                assert written in (None, {"number": -1})
                assert written is not None or not is_over
                _check_lines(run.lines, event_ids(root))
                journal.put("t", "later", {})
                assert documents(journal)["t", "later"] == {}
                _check_lines(run.lines, event_ids(root))
            finally:
                bury(journal)
        if is_over:
            return call
