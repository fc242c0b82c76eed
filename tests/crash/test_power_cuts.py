"""Power cut at every call of every operation, and of the recovery: acknowledged is there, and nothing is half there."""

import os
import tempfile
from collections.abc import Callable, Iterator

import pytest

from journal import Journal
from tests.support.inodes import EXTREMES, RANDOM
from tests.support.outages import Run, Story, check, check_recovery, check_seen_is_durable, cuts
from tests.support.stores import new_store

FAST = "/dev/shm" if os.path.isdir("/dev/shm") else None
SMALL = 'durability = "sync"\nroll_bytes = 4096'


@pytest.fixture
def scratch() -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=FAST) as folder:
        yield folder


def empty_store(folder: str) -> None:
    new_store(folder, options=SMALL)


def store_with(*documents: tuple[str, dict]) -> Callable[[str], None]:
    def prepare(folder: str) -> None:
        root = new_store(folder, options=SMALL)
        with Journal.open(store=root) as journal:
            for id, document in documents:
                journal.put("t", id, document)

    return prepare


def several(journal: Journal) -> None:
    with journal.transaction() as tx:
        for id in "abc":
            tx.put("t", id, {"n": 2, "of": id})
        tx.delete("t", "old")


OLD = {"n": 0, "text": "x" * 600}
LARGE = {"text": "é" * 40_000}
BEFORE = {("t", "old"): OLD}
STORIES = {
    "the first put of a new store": (empty_store, Story().put("a", {"n": 1})),
    "appends": (store_with(("old", OLD)), Story(BEFORE).put("a", {"n": 1}).put("a", {"n": 2}).put("b", {})),
    "a transaction": (
        store_with(("old", OLD)),
        Story(BEFORE).then(several, old=None, **{id: {"n": 2, "of": id} for id in "abc"}).put("d", {}),
    ),
    "a roll": (
        store_with(("old", OLD)),
        Story(BEFORE).put("a", {"text": "y" * 3800}).put("b", {"text": "z" * 3800}).put("a", {"n": 3}),
    ),
    "a payload in a blob": (store_with(("old", OLD)), Story(BEFORE).put("a", LARGE).put("a", {"n": 1})),
    "delete and again": (
        store_with(("old", OLD)),
        Story(BEFORE).then(lambda journal: journal.delete("t", "old"), old=None).put("old", {"n": 5}),
    ),
    "a checkpoint": (
        store_with(("old", OLD), ("b", OLD)),
        Story({**BEFORE, ("t", "b"): OLD}).then(lambda journal: journal.checkpoint()).put("a", {"n": 1}),
    ),
    "compaction": (
        store_with(("old", OLD), ("b", {"text": "z" * 3800})),
        Story({**BEFORE, ("t", "b"): {"text": "z" * 3800}})
        .then(lambda journal: journal.checkpoint())
        .put("a", {"n": 1})
        .then(lambda journal: journal.compact())
        .then(lambda journal: journal.compact())
        .put("a", {"n": 2}),
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_power_cut_at_every_call(scratch, name):
    prepare, story = STORIES[name]
    run = Run(story)
    for cut, image in cuts(scratch, prepare, run, images_per_cut=2):
        check(cut.disk.reboot_into(image), run)
        check_seen_is_durable(cut.disk, image, run)


@pytest.mark.soak
@pytest.mark.parametrize("name", STORIES)
def test_power_cut_at_every_call_with_every_kind_of_loss(scratch, name):
    prepare, story = STORIES[name]
    run = Run(story)
    for cut, image in cuts(scratch, prepare, run, images_per_cut=None, both=True):
        check(cut.disk.reboot_into(image), run)
        check_seen_is_durable(cut.disk, image, run)
        check_recovery(cut.disk, image, run, [*EXTREMES, *RANDOM])


@pytest.mark.parametrize("name", ["the first put of a new store", "a roll", "compaction"])
def test_power_cut_at_every_call_of_the_recovery(scratch, name):
    prepare, story = STORIES[name]
    run = Run(story)
    calls = 0
    for number, (cut, image) in enumerate(cuts(scratch, prepare, run, images_per_cut=1)):
        if number % 7 == 3:
            calls += check_recovery(cut.disk, image, run, [*EXTREMES, *RANDOM])
    assert calls > 10
