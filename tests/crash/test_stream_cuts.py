"""Power cut at every call of what streams and keys do: acknowledged is there, a block is whole or not there at all."""

import os
import tempfile
from collections.abc import Callable
from typing import Any

import pytest

from journal import Journal
from tests.support.outages import Run, Story, bury, check_seen_is_durable, cuts, restarted
from tests.support.stores import new_store

LONG = "x" * 3800


def prepare(folder: str) -> None:
    root = new_store(folder, options='durability = "sync"\nroll_bytes = 4096')
    with Journal.open(store=root) as journal:
        journal.append("s", "First", {"n": 0}, key="k0")
        journal.append("s", "Second", {"n": 1})
        journal.kv.put("k", 1)


def together(journal: Journal) -> None:
    with journal.transaction() as tx:
        tx.append("s", "Told", {"n": 5})
        tx.append("other", "Told", {"n": 6})
        tx.kv.put("k", 2)
        tx.kv.put("k2", LONG)


BATCH = [{"event": "Part", "data": {"n": n}, "key": f"b{n}"} for n in range(3)]
Steps = list[Callable[[Journal], Any]]
STORIES: dict[str, Steps] = {
    "appends": [
        lambda journal: journal.append("s", "Third", {"n": 2}, expect=2),
        lambda journal: journal.append("s", "Once", {"text": LONG}, key="k1"),
        lambda journal: journal.append("s", "Once", {"n": 4}, key="k2"),
    ],
    "a batch with keys": [
        lambda journal: journal.append_batch("s", BATCH),
        lambda journal: journal.append_batch("s", [("Part", {"text": LONG}), ("Part", {})]),
    ],
    "truncation": [
        lambda journal: journal.truncate("s", through=1),
        lambda journal: journal.append("s", "Third", {"n": 2}),
        lambda journal: journal.truncate("s", through=3),
    ],
    "keys and values": [
        lambda journal: journal.kv.put("k", [LONG]),
        lambda journal: journal.kv.cas("k", expected=[LONG], value={"n": 1}),
        lambda journal: journal.kv.create("k2", None),
        lambda journal: journal.kv.delete("k"),
    ],
    "a transaction of all": [together, lambda journal: journal.append("s", "After", {})],
}


def seen(journal: Journal) -> Any:
    """Return all that a reader of streams and keys is given, but for ids."""
    streams = {
        line.name: (
            (line.length, line.first, line.count),
            [(event.position, event.event, event.data, event.key) for event in journal.read(line.name)],
        )
        for line in journal.streams()
    }
    return streams, journal.kv.list()


def states_of(steps: Steps) -> list[Any]:
    """Return what is seen before, and after each step, of a store whose power stays on."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        with Journal.open(store=os.path.join(folder, ".journal")) as journal:
            states = [seen(journal)]
            for step in steps:
                step(journal)
                states.append(seen(journal))
    return states


@pytest.mark.parametrize("name", STORIES)
def test_power_cut_at_every_call(scratch, name):
    steps, states = STORIES[name], states_of(STORIES[name])
    story = Story()
    for step in steps:
        story.then(step)
    run = Run(story)
    for cut, image in cuts(scratch, prepare, run, images_per_cut=1):
        disk = cut.disk.reboot_into(image)
        with restarted():
            journal = Journal.open(store=os.path.join(disk.root, ".journal"), files=disk)
            found = seen(journal)
            assert found in states[run.acknowledged : run.attempted + 1]
            ids = [event.id for event in journal.read_all()]
            journal.append("s", "Afterwards", {})
            assert [event.id for event in journal.read_all()][:-1] == ids
            bury(journal)
            with Journal.open(store=os.path.join(disk.root, ".journal"), files=disk) as journal:
                assert journal.doctor(verify=True).ok
        check_seen_is_durable(cut.disk, image, run)


@pytest.mark.parametrize(
    "again",
    [
        lambda journal: [journal.append("s", "Once", {"text": LONG}, key="k1")],
        lambda journal: journal.append_batch("s", BATCH),
    ],
    ids=["an append", "a batch"],
)
def test_what_has_a_key_is_there_once_when_it_is_repeated_after_a_power_cut(scratch, again):
    run = Run(Story().then(again))
    for cut, image in cuts(scratch, prepare, run, images_per_cut=1):
        disk = cut.disk.reboot_into(image)
        with restarted():
            journal = Journal.open(store=os.path.join(disk.root, ".journal"), files=disk)
            done = again(journal)
            assert [event.id for event in again(journal)] == [event.id for event in done]
            assert [event.id for event in journal.read("s", 3)] == [event.id for event in done]
            bury(journal)
