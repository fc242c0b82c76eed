"""Power cut at every call of appends: a batch is there whole or not at all, and a key counts once."""

import os
import tempfile

from journal import Conflict, Fold, Journal
from tests.support.outages import Run, Story, bury, cuts, restarted
from tests.support.stores import new_store

FAST = "/dev/shm" if os.path.isdir("/dev/shm") else None
BATCH = [{"event": "B", "data": {"n": number}, "key": f"b{number}"} for number in range(3)]
COUNT = Fold("count", 0, lambda value, event: value + 1)


def prepare(folder):
    root = new_store(folder, options='durability = "sync"\nroll_bytes = 4096')
    with Journal.open(store=root) as journal:
        journal.append("s", "Start", {"n": 0})


def mixed(journal):
    with journal.transaction() as tx:
        tx.append("s", "Mixed", {"n": 1})
        tx.put("t", "a", {"n": 1})


def test_power_cut_at_every_call_of_appends():
    story = (
        Story()
        .then(lambda journal: journal.append_batch("s", BATCH, expect=1))
        .then(mixed, a={"n": 1})
        .then(lambda journal: journal.truncate("s", through=2))
        .then(lambda journal: journal.snapshot(COUNT, "s"))
        .then(lambda journal: journal.append("s", "Long", {"text": "x" * 5000}))
    )
    run = Run(story)
    with tempfile.TemporaryDirectory(dir=FAST) as scratch:
        for cut, image in cuts(scratch, prepare, run, images_per_cut=1):
            disk = cut.disk.reboot_into(image)
            with restarted():
                journal = Journal.open(store=os.path.join(disk.root, ".journal"), files=disk)
                names = [event.event for event in journal.read_all() if event.kind == "event"]
                assert names in (
                    ["Start"],
                    ["Start", "B", "B", "B"],
                    ["Start", "B", "B", "B", "Mixed"],
                    ["Start", "B", "B", "B", "Mixed", "Long"],
                )
                assert (journal.get("t", "a") is not None) == ("Mixed" in names)
                assert journal.fold(COUNT, "s").value == len(names) == journal.stream("s").length
                again = journal.append_batch("s", BATCH, expect=1)
                assert not isinstance(again, Conflict)
                assert [event.position for event in again] == [2, 3, 4]
                assert journal.stream("s").length == max(4, len(names))
                bury(journal)
