"""Power cut at every call of bringing a brainclaw store in, and of each step of its stages."""

import json
import os
from collections.abc import Callable

import pytest

from journal import Journal
from tests.support import brainclaw
from tests.support.outages import Run, Story, bury, cuts, restarted
from tests.support.power import SimulatedDisk
from tests.support.stores import documents, examples, new_store

BROKEN = b'{"id": "pln_bad", '


def base_of(folder: str) -> str:
    return os.path.join(folder, ".brainclaw")


def small_store(folder: str) -> None:
    new_store(folder, options='durability = "sync"')
    base = base_of(folder)
    brainclaw.put_segment(base, brainclaw.history(base)[1:3])
    brainclaw.put(base, "plans/pln_1.json", brainclaw.plan(1, status="done", title="changed"), indent=4)
    brainclaw.put(base, "traps/trp_1.json", {"schema_version": 1, "id": "trp_1"})
    brainclaw.put_bytes(base, "plans/pln_bad.json", BROKEN)
    brainclaw.put_bytes(base, "events.jsonl", b'{"action": "create"}\n')


def at(stage: str) -> Callable[[str], None]:
    """Return what prepares a store at a stage, in which the old tool has changed, added and removed something."""

    def prepare(folder: str) -> None:
        small_store(folder)
        base = base_of(folder)
        with Journal.open(store=os.path.join(folder, ".journal"), actor="me") as journal:
            journal.migrate_brainclaw(base)
            for step in ("dual", "primary")[: ("off", "dual", "primary").index(stage)]:
                journal.change_stage(step)
            journal.put("plan", "pln_2", brainclaw.plan(2))
        brainclaw.put(base, "plans/pln_1.json", brainclaw.plan(1, status="done", title="by the old tool"), indent=4)
        brainclaw.put(base, "plans/pln_8.json", brainclaw.plan(8), end="")

    return prepare


def outcome(journal: Journal, folder: str) -> object:
    """Return where things ended: entities, documents, log, stage, and how many events there are of each kind."""
    files = brainclaw.contents(base_of(folder))
    kinds = sorted((event.type or "", event.entity or "", event.action or event.note or "") for event in journal.log())
    return documents(journal), files, kinds, journal.stage_report().stage


STEPS: dict[str, tuple[Callable[[str], None], Callable[[Journal, str], object]]] = {
    "brainclaw": (small_store, lambda journal, base: journal.migrate_brainclaw(base)),
    "off to dual": (at("off"), lambda journal, _: journal.change_stage("dual")),
    "dual again": (at("dual"), lambda journal, _: journal.change_stage("dual")),
    "dual to off": (at("dual"), lambda journal, _: journal.change_stage("off")),
    "primary again": (at("primary"), lambda journal, _: journal.change_stage("primary")),
    "primary to off": (at("primary"), lambda journal, _: journal.change_stage("off")),
}


class Operation(Run):
    """One step on a disk, by a process that may die in it."""

    def __init__(self, step: Callable[[Journal, str], object]) -> None:
        super().__init__(Story())
        self.step = step

    def __call__(self, disk: SimulatedDisk) -> None:
        journal = Journal.open(store=os.path.join(disk.root, ".journal"), files=disk, actor="me")
        self.open.append(journal)
        self.step(journal, base_of(disk.root))


BACK = ("dual to off", "primary to off")
"""Steps that do nothing which another one does not do too."""


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.soak] * (name in BACK)) for name in STEPS])
def test_power_cut_at_every_call_of_a_step(scratch, name):
    """Run again after the cut, it ends in the same place; and until then no byte of the old tool's was lost."""
    prepare, step = STEPS[name]
    expected = _expected(scratch, prepare, step)
    for cut, image in cuts(scratch, prepare, Operation(step), images_per_cut=1):
        disk = cut.disk.reboot_into(image)
        with restarted():
            journal = Journal.open(store=os.path.join(disk.root, ".journal"), files=disk, actor="me")
            _nothing_lost(journal, disk.root, name)
            step(journal, base_of(disk.root))
            assert outcome(journal, disk.root) == expected, (name, cut.call, cut.disk.history[-1:])
            bury(journal)


def _expected(scratch: str, prepare: Callable[[str], None], step: Callable[[Journal, str], object]) -> object:
    folder = os.path.join(scratch, "undisturbed")
    os.makedirs(folder)
    prepare(folder)
    with Journal.open(store=os.path.join(folder, ".journal"), actor="me") as journal:
        step(journal, base_of(folder))
        return outcome(journal, folder)


def _nothing_lost(journal: Journal, folder: str, name: str) -> None:
    """What the old tool wrote is in its place, in an event, or parked; every document is whole."""
    files = brainclaw.contents(base_of(folder))
    for path, text in files.items():
        if path.endswith(".json") and text != BROKEN and not path.startswith("events/"):
            json.loads(text)
    assert files["plans/pln_bad.json"] == BROKEN
    if name == "brainclaw":
        return
    parked = os.path.join(journal.root, "local", "parked")
    kept = [files.get("plans/pln_1.json", b"")]
    for place in os.listdir(parked) if os.path.isdir(parked) else []:
        with open(os.path.join(parked, place), "rb") as file:
            kept.append(file.read())
    kept.extend(json.dumps(event.data).encode() for event in journal.history("plan", "pln_1"))
    assert any(b"by the old tool" in text for text in kept)


def in_dual(folder: str) -> None:
    small_store(folder)
    with Journal.open(store=os.path.join(folder, ".journal"), actor="me") as journal:
        journal.migrate_brainclaw(base_of(folder))
        journal.change_stage("dual")


def changes(journal: Journal, base: str) -> None:
    journal.put("plan", "pln_1", set={"title": "by the journal"})
    journal.put("plan", "pln_2", brainclaw.plan(2))
    journal.delete("trap", "trp_1")


def test_power_cut_at_every_call_of_changes_in_dual(scratch):
    """Whoever opens the journal next writes what lags; no document is torn, and none says what no event said."""
    for cut, image in cuts(scratch, in_dual, Operation(changes), images_per_cut=examples(1, 2)):
        disk = cut.disk.reboot_into(image)
        with restarted():
            journal = Journal.open(store=os.path.join(disk.root, ".journal"), files=disk, actor="me")
            journal.list()
            report = journal.stage_report()
            assert not report.standings, (cut.call, cut.disk.history[-1:], report.standings)
            assert report.counts["same"] == len(journal.list())
            assert brainclaw.contents(base_of(disk.root))["plans/pln_bad.json"] == BROKEN
            bury(journal)
