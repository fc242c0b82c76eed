"""Power cut at every call of every operation, and of the recovery: acknowledged is there, and nothing is half there."""

import json
import os
from collections.abc import Callable
from unittest.mock import patch

import pytest

from journal import Journal
from tests.support.inodes import EXTREMES, RANDOM, Policy
from tests.support.outages import (
    Run,
    Story,
    as_files,
    bury,
    check,
    check_recovery,
    check_seen_is_durable,
    cuts,
    restarted,
)
from tests.support.power import SimulatedDisk
from tests.support.repositories import ENVIRONMENT, Repository
from tests.support.stores import documents, event_ids, examples, new_store, rendered

SMALL = 'durability = "sync"\nroll_bytes = 4096'


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


def edited_by_hand(folder: str) -> None:
    store_with(("old", OLD), ("b", {"n": 1}))(folder)
    entities = os.path.join(folder, ".journal", "entities", "t")
    for id, text in {"old": '{"n": 5}', "new": '{ "n": 6 }'}.items():
        with open(os.path.join(entities, f"{id}.json"), "w", encoding="utf-8") as file:
            file.write(text)
    os.unlink(os.path.join(entities, "b.json"))


def hand_edits(journal: Journal) -> list[bytes]:
    """Return what a person typed, wherever it is by now: in its place, or parked."""
    folders = ["entities/t", "local/parked"]
    paths = [os.path.join(journal.root, *folder.split("/")) for folder in folders]
    files = [os.path.join(path, name) for path in paths if os.path.isdir(path) for name in os.listdir(path)]
    texts = []
    for path in files:
        with open(path, "rb") as file:
            texts.append(file.read())
    return texts


HAND_MADE = {**BEFORE, ("t", "b"): {"n": 1}}


def test_power_cut_at_every_call_of_absorb(scratch):
    """All of it is there or nothing, and what is not there stands in the files still."""
    story = Story(HAND_MADE).then(lambda journal: journal.absorb(deleted=True), old={"n": 5}, new={"n": 6}, b=None)
    run = Run(story)
    for cut, image in cuts(scratch, edited_by_hand, run, images_per_cut=examples(1, 2)):
        disk = cut.disk.reboot_into(image)
        with restarted():
            journal = Journal.open(store=os.path.join(disk.root, ".journal"), files=disk)
            found = documents(journal)
            assert found in run.possible
            if found == HAND_MADE:
                assert {b'{"n": 5}', b'{ "n": 6 }'} <= set(hand_edits(journal))
            journal.absorb()
            absorbed = {("t", "old"): {"n": 5}, ("t", "new"): {"n": 6}}
            assert {key: data for key, data in documents(journal).items() if key != ("t", "b")} == absorbed
            assert as_files(journal.root) == rendered(journal)
            bury(journal)


def test_power_cut_at_every_call_of_restore(scratch):
    """What was typed is in its place or parked, at every instant."""
    run = Run(Story(HAND_MADE).then(lambda journal: journal.restore()))
    for cut, image in cuts(scratch, edited_by_hand, run, images_per_cut=examples(1, 2)):
        disk = cut.disk.reboot_into(image)
        with restarted():
            journal = Journal.open(store=os.path.join(disk.root, ".journal"), files=disk)
            assert documents(journal) == HAND_MADE
            assert {b'{"n": 5}', b'{ "n": 6 }'} <= set(hand_edits(journal))
            journal.restore()
            journal.restore([os.path.join(journal.root, "entities", "t", "new.json")])
            assert as_files(journal.root) == rendered(journal)
            assert {b'{"n": 5}', b'{ "n": 6 }'} <= set(hand_edits(journal))
            bury(journal)


@pytest.mark.parametrize("name", STORIES)
def test_power_cut_at_every_call(scratch, name):
    prepare, story = STORIES[name]
    run = Run(story)
    for cut, image in cuts(scratch, prepare, run, images_per_cut=examples(1, 2)):
        check(cut.disk.reboot_into(image), run)
        check_seen_is_durable(cut.disk, image, run)


@pytest.mark.parametrize("tails", ["zeros", "dropped", "torn", "sectors"])
def test_projections_that_lost_their_bytes_are_written_again_by_the_next_reader(scratch, tails):
    """Name, size and time may be those of the file that was written, and the bytes not."""
    empty_store(scratch)
    disk = SimulatedDisk(scratch)
    root = os.path.join(scratch, ".journal")
    journal = Journal.open(store=root, files=disk)
    journal.put("t", "a", {"n": 1})
    journal.put("t", "b", {"text": "x" * 2000})
    again = disk.reboot(Policy(tails, "kept"), 3)
    bury(journal)
    with restarted(), Journal.open(store=root, files=again) as journal:
        journal.list()
        assert as_files(root) == rendered(journal)


def test_after_a_restart_no_stat_proves_that_a_projection_has_its_bytes(scratch):
    """A journaling file system may keep the inode of what was written last, with its times, and not its bytes."""
    empty_store(scratch)
    root = os.path.join(scratch, ".journal")
    path = os.path.join(root, "entities", "t", "a.json")
    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"n": 1})
    known = os.stat(path)
    with open(path, "r+b") as file:
        file.write(b"\0" * known.st_size)
    os.utime(path, ns=(known.st_mtime_ns, known.st_mtime_ns))
    with restarted(), Journal.open(store=root) as journal:
        journal.list()
        assert as_files(root) == rendered(journal)


def test_power_cut_at_every_call_of_making_a_store(scratch):
    """Made again after the cut, it is whole; what was acknowledged in it is there."""
    run = Run(Story().put("a", {"n": 1}), lambda disk: Journal.init(os.path.join(disk.root, ".journal"), files=disk))
    calls = 0
    for cut, image in cuts(scratch, lambda folder: None, run, images_per_cut=examples(1, 2)):
        check(cut.disk.reboot_into(image), run)
        calls = cut.call
    assert calls > 30


TRACE = [
    {"commit": commit, "ts": "2026-01-01T00:00:00Z", "author": "a", "item_type": "t", "item_id": id, **more}
    for commit, id, more in [
        ("c1", "a", {"action": "create", "payload": {"n": 1}}),
        ("c1", "b", {"action": "create", "payload": {"n": 1}}),
        ("c2", "a", {"action": "update", "payload": {"n": 2}}),
        ("c3", "b", {"action": "delete"}),
        ("c3", "c", {"action": "create", "payload": {"n": 3}}),
    ]
]


def test_power_cut_at_every_call_of_an_import(scratch):
    """Begun again it goes on: no event is lost, none comes twice, no commit of the source is half there."""
    path = os.path.join(scratch, "trace.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(line)}\n" for line in TRACE)
    first = {("t", "a"): {"n": 1}, ("t", "b"): {"n": 1}}
    second = {**first, ("t", "a"): {"n": 2}}
    whole = {("t", "a"): {"n": 2}, ("t", "c"): {"n": 3}}
    story = Story().then(lambda journal: journal.import_trace(path), a={"n": 2}, c={"n": 3})
    run = Run(story)
    for cut, image in cuts(scratch, empty_store, run, images_per_cut=examples(1, 2)):
        disk = cut.disk.reboot_into(image)
        with restarted():
            journal = Journal.open(store=os.path.join(disk.root, ".journal"), files=disk)
            assert documents(journal) in ([whole] if run.acknowledged else [{}, first, second, whole])
            journal.import_trace(path)
            assert documents(journal) == whole
            events = [event for event in journal.log() if event.kind == "entity"]
            assert len(events) == len(TRACE)
            bury(journal)


def repository_with_a_store(folder: str) -> None:
    git = Repository.new(folder)
    with open(os.path.join(folder, "code.py"), "w", encoding="utf-8") as file:
        file.write("print()\n")
    store_with(("old", OLD))(folder)
    git.commit_all()


def test_power_cut_at_every_call_of_a_commit(scratch):
    """The repository is sound, HEAD is the old commit or the new one, and the next commit works."""
    story = Story(BEFORE).put("a", {"n": 1}).then(lambda journal: journal.commit("one")).put("a", {"n": 2})
    run = Run(story)
    with patch.dict(os.environ, ENVIRONMENT):
        for cut, image in cuts(scratch, repository_with_a_store, run, images_per_cut=1):
            disk = cut.disk.reboot_into(image)
            check(disk, run)
            git = Repository(disk.root)
            git.git("fsck", "--connectivity-only", "--no-dangling")
            said = git.git("log", "--format=%s").split()
            assert said in (["one", "work"], ["work"])
            assert run.acknowledged < 2 or said[0] == "one"
            with restarted(), Journal.open(store=os.path.join(disk.root, ".journal")) as journal:
                journal.commit("two")
            assert git.git("log", "-1", "--format=%s").strip() == "two"
            assert git.git("status", "--porcelain") == ""


@pytest.mark.soak
def test_power_cut_at_every_call_of_a_compaction_that_commits(scratch):
    """No event is lost in the work tree or in HEAD, and the next compaction goes on."""

    def prepare(folder: str) -> None:
        repository_with_a_store(folder)
        with Journal.open(folder) as journal:
            journal.checkpoint()
            journal.put("t", "b", {"text": "z" * 3800})
            journal.commit("before")

    story = Story({**BEFORE, ("t", "b"): {"text": "z" * 3800}}).then(lambda journal: journal.compact(commit=True))
    run = Run(story)
    with patch.dict(os.environ, ENVIRONMENT):
        for cut, image in cuts(scratch, prepare, run, images_per_cut=1):
            disk = cut.disk.reboot_into(image)
            check(disk, run)
            git = Repository(disk.root)
            git.git("fsck", "--connectivity-only", "--no-dangling")
            root = os.path.join(disk.root, ".journal")
            held = event_ids(root)
            with restarted(), Journal.open(store=root) as journal:
                journal.compact(commit=True)
                journal.put("t", "later", {"n": 1})
                journal.compact(commit=True)
                assert journal.doctor(verify=True).ok
            assert held.items() <= event_ids(root).items()
            git.git("stash", "-q", "-u")
            assert held.items() <= event_ids(root).items()


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
