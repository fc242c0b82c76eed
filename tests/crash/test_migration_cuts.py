"""Power cut at every call of a migration and of its way back: begun again, each goes on, and nothing comes twice."""

import json
import os
import tempfile
from collections import Counter

from journal import Journal, Rules
from journal.upkeep.migrating import snapshots, undoing, writing
from tests.support.outages import Run, Story, bury, cuts, restarted
from tests.support.stores import documents, new_store

IDS = "abc"
WHOLE = {("t", id): {"id": id, "n": 1} for id in IDS}


def test_power_cut_at_every_call_of_a_migration_and_its_way_back(monkeypatch):
    monkeypatch.setattr(writing, "DOCUMENTS_AT_ONCE", 2)
    monkeypatch.setattr(snapshots, "DOCUMENTS_AT_ONCE", 2)
    monkeypatch.setattr(undoing, "ENTITIES_AT_ONCE", 2)
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "source.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(document)}\n" for document in WHOLE.values())

        def migrate(journal):
            return journal.migrate_jsonl(path, rules=Rules(type="t"))

        story = Story().then(migrate, **{id: WHOLE["t", id] for id in IDS})
        run = Run(story.then(lambda journal: journal.undo_migration(), **dict.fromkeys(IDS)))
        parts = [dict(list(WHOLE.items())[:count]) for count in (0, 2, 3)] + [{("t", "c"): WHOLE["t", "c"]}]
        seen = Counter()
        prepare = lambda folder: new_store(folder, options='durability = "sync"')  # noqa: E731
        for cut, image in cuts(scratch, prepare, run, images_per_cut=1):
            seen[run.acknowledged] += 1
            disk = cut.disk.reboot_into(image)
            with restarted():
                journal = Journal.open(store=os.path.join(disk.root, ".journal"), files=disk)
                assert documents(journal) in parts
                if not run.acknowledged:
                    assert migrate(journal).is_whole
                    assert documents(journal) == WHOLE
                    assert Counter(event.entity for event in journal.log() if event.kind == "entity") == Counter(IDS)
                if any(not one.is_undone for one in journal.migration_runs()):
                    assert not journal.undo_migration().problem_counts
                assert documents(journal) == {}
                assert Counter(event.action for event in journal.log() if event.kind == "entity") == {
                    "create": 3,
                    "delete": 3,
                }
                assert len(journal.migration_runs()) == 1
                bury(journal)
        assert min(seen[0], seen[1]) > 10
