"""Power cut at every call of a redaction: no event is lost, and the next run ends it."""

import os

from journal import Journal
from tests.support.outages import Run, Story, as_files, bury, cuts, restarted
from tests.support.stores import documents, new_store, rendered
from tests.upkeep.test_redact import SECRET, holding

LONG = "x" * 66_000


def prepare(folder: str) -> None:
    """A store with the value in a pack, a checkpoint, a blob, an old and the open segment, and a projection."""
    root = new_store(folder, options='durability = "sync"\nroll_bytes = 4096')
    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"s": SECRET, "n": 1})
        journal.put("t", "long", {"s": SECRET, "text": LONG})
        journal.checkpoint()
        journal.put("t", "b", {"n": 1, "pad": "y" * 3900})
        journal.checkpoint()
        journal.compact()
        journal.compact()
        journal.put("t", "a", {"s": SECRET, "n": 2})


BEFORE = {
    ("t", "a"): {"s": SECRET, "n": 2},
    ("t", "long"): {"s": SECRET, "text": LONG},
    ("t", "b"): {"n": 1, "pad": "y" * 3900},
}
AFTER = {
    key: {name: "[redacted]" if item == SECRET else item for name, item in data.items()} for key, data in BEFORE.items()
}


def redact(journal: Journal) -> None:
    journal.redact(value=SECRET, reason="leaked")


def test_power_cut_at_every_call_of_a_redaction(scratch):
    changed = {key[1]: data for key, data in AFTER.items() if data != BEFORE[key]}
    run = Run(Story(BEFORE).then(redact, **changed))
    count = 0
    for cut, image in cuts(scratch, prepare, run, images_per_cut=1):
        count += 1
        disk = cut.disk.reboot_into(image)
        root = os.path.join(disk.root, ".journal")
        with restarted():
            journal = Journal.open(store=root, files=disk)
            found = documents(journal)
            assert found in (BEFORE, AFTER)
            ids = [event.id for event in journal.history("t", "a")]
            assert len(ids) == 2
            if found == AFTER:
                assert all(event.data["s"] == "[redacted]" for event in journal.history("t", "a"))
            redact(journal)
            assert documents(journal) == AFTER
            assert [event.id for event in journal.history("t", "a")] == ids
            assert as_files(root) == rendered(journal)
            journal.put("t", "c", {"n": 1})
            assert [finding for finding in journal.doctor().findings if finding.severity != "info"] == []
            bury(journal)
        assert holding(root) == []
    assert count > 30
