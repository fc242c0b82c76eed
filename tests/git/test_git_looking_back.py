"""Goal: log, history, blame and ``get --at`` say the same in every clone, however it got its events.

Three authors write on branches of their own. The branches are merged in every order, with compaction before the
merge, after it, on both sides of it, or not at all. What was in the journal of an event's writer is noted when it is
written, and is what ``get --at`` has to say of it everywhere.
"""

import itertools
import shutil

import pytest

from journal import Journal
from journal.format.names import parse_event_id
from tests.support.stores import documents, projections
from tests.support.worktree import WorkTree

LONG = "x" * 70_000
AUTHORS = ("ann", "bob", "cid")
WRITES = {
    "ann": [
        ("put", "plan", "a", {"set": {"n": 2, "same": "s"}}),
        ("put", "plan", "b", {"set": {"text": LONG + "a"}}),
        ("delete", "plan", "c", {}),
        ("put", "plan", "a", {"set": {"n": 3}}),
    ],
    "bob": [
        ("put", "plan", "a", {"set": {"n": 4, "same": "s"}, "unset": ["gone"]}),
        ("put", "plan", "c", {"set": {"n": 1}}),
        ("put", "plan", "bobs", {"data": {"by": "bob"}}),
    ],
    "cid": [
        ("put", "plan", "a", {"data": {"n": 5}}),
        ("delete", "plan", "b", {}),
        ("put", "plan", "b", {"data": {"again": True}}),
        ("put", "plan", "c", {"unset": ["n"]}),
        ("put", "plan", "c", {"set": {"last": "cid"}}),
    ],
}


class World:
    """A repository with a branch of each author, and what each event's writer had."""

    def __init__(self, path):
        self.tree = WorkTree(path)
        self.saw = {}
        base = [
            ("put", "plan", "a", {"data": {"n": 1, "gone": 1}}),
            ("put", "plan", "b", {"data": {"text": LONG}}),
            ("put", "plan", "c", {"data": {"n": 0}}),
        ]
        self.write("base", base)
        for author in AUTHORS:
            self.tree.git("switch", "-q", "-c", author, "main")
            self.write(author, WRITES[author])

    def write(self, actor, steps):
        with self.tree.open(actor=actor) as journal:
            for verb, type, id, options in steps:
                written = getattr(journal, verb)(type, id, **options)
                self.saw[written.event] = documents(journal)
        self.tree.commit_all(actor)


def merge(tree, author):
    tree.git("merge", "-q", "--no-commit", author, check=False)
    with tree.open() as journal:
        journal.reconcile()
    tree.git("add", "-A")
    if tree.git("status", "--porcelain") or "MERGE_HEAD" in {path.name for path in (tree.path / ".git").iterdir()}:
        tree.git("commit", "-q", "-m", f"merge {author}")


def compact(tree):
    """Pack what is there, and let go of the segments: two checkpoints, and git has to have the packs."""
    with tree.open() as journal:
        for number in range(2):
            journal.put("tick", "t", {"n": number}, action="tick")
            journal.checkpoint()
            journal.commit("checkpoint")
        for _ in range(2):
            journal.compact()
            journal.commit("compact")


def variants():
    orders = list(itertools.permutations(AUTHORS))
    yield from ((order, "") for order in orders)
    yield from ((order, mode) for order, mode in zip(orders, ["before", "after", "both", "both", "each"], strict=False))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world") / "work")


@pytest.fixture(scope="module")
def merged(world, tmp_path_factory):
    """A work tree for each order and way of compaction, with all events in it."""
    return merged_in_all_ways(world, tmp_path_factory.mktemp("merged"))


def merged_in_all_ways(world, top):
    trees = {}
    for order, mode in variants():
        folder = top / f"{len(trees)}"
        shutil.copytree(world.tree.path, folder)
        tree = WorkTree.__new__(WorkTree)
        tree.path = folder
        for author in AUTHORS if mode == "both" else ():
            tree.git("switch", "-q", author)
            compact(tree)
        tree.git("switch", "-q", "main")
        if mode == "before":
            compact(tree)
        for author in order:
            merge(tree, author)
            if mode == "each":
                compact(tree)
        if mode == "after":
            compact(tree)
        trees[order, mode] = tree
    return trees


def told(journal, world):
    """All that looking back says of the authors' events."""
    events = list(journal.log(type="plan"))
    keys = sorted({(event.type, event.entity) for event in events})
    with_at = {
        (key, at): (found := journal.get(*key, at=at)) and (found.data, found.rev, found.event)
        for key in keys
        for at in world.saw
    }
    return {
        "log": events,
        "history": {key: journal.history(*key) for key in keys},
        "blame": {key: journal.blame(*key) for key in keys},
        "conflicts": journal.conflicts("plan"),
        "at": with_at,
        "shown": [journal.show(event.id) for event in events],
    }


def test_packs_are_there_where_it_was_compacted(merged):
    for (_, mode), tree in merged.items():
        packs = len(list((tree.store / "archive").iterdir()))
        assert (packs > 0) is bool(mode), mode
    both = [len(list((tree.store / "archive").iterdir())) for (_, mode), tree in merged.items() if mode == "both"]
    assert min(both) > len(AUTHORS) + 1, "the same lane should be in packs of several branches"


def test_looking_back_is_the_same_everywhere(world, merged):
    answers = []
    for tree in merged.values():
        with tree.open() as journal:
            shown = {path: data for path, data in projections(str(tree.store)).items() if "/plan/" in path}
            answers.append((told(journal, world), shown))
    first = answers[0]
    assert len(first[0]["log"]) == len(world.saw)
    for variant, answer in zip(merged, answers, strict=True):
        assert answer == first, variant


def test_the_past_is_what_the_writer_of_an_event_had(world, merged):
    for variant, tree in merged.items():
        with tree.open() as journal:
            for event, known in world.saw.items():
                for key in known.keys() | {("plan", entity.id) for entity in journal.list("plan")}:
                    found = journal.get(*key, at=event)
                    assert (found.data if found else None) == known.get(key), (variant, event, key)


def test_the_log_is_the_total_order_both_ways_and_in_parts(merged):
    for tree in merged.values():
        with tree.open() as journal:
            ids = [event.id for event in journal.log()]
            assert [parse_event_id(id) for id in ids] == sorted(map(parse_event_id, ids), reverse=True)
            assert [event.id for event in journal.log(reverse=True)] == ids[::-1]
            assert [event.id for event in journal.log(limit=4)] == ids[:4]
            assert [event.id for event in journal.log(limit=4, reverse=True)] == ids[:4][::-1]
            assert [event.id for event in journal.log(actor="bob", limit=2)] == [
                event.id for event in journal.log() if event.actor == "bob"
            ][:2]


def test_a_clone_and_a_shallow_clone_say_the_same(world, merged, tmp_path):
    for number, (variant, tree) in enumerate(merged.items()):
        if variant[1] not in ("", "each") or number == 1:
            continue
        with tree.open() as journal:
            wanted = told(journal, world)
        for name, options in (("whole", []), ("shallow", ["--depth", "1"])):
            folder = tmp_path / f"{name}{number}"
            tree.git_at(None, "clone", "-q", *options, f"file://{tree.path}", str(folder))
            with Journal.open(folder) as journal:
                assert told(journal, world) == wanted
        if number > 6:
            break


def test_both_of_two_who_set_the_same_are_no_conflict_and_the_last_is_blamed(merged):
    tree = next(iter(merged.values()))
    with tree.open() as journal:
        events = {event.id: event for event in journal.history("plan", "a")}
        setters = [parse_event_id(event.id) for event in events.values() if "same" in event.set]
        conflicting = {item.field for item in journal.conflicts("plan", "a")}
        (line,) = [line for line in journal.blame("plan", "a") if line.field == "same"]
    assert len(setters) == 2
    assert "n" in conflicting
    assert "same" not in conflicting
    assert (line.value, line.event) == ("s", "{}@{}".format(*max(setters)))


def test_a_concurrent_winner_is_blamed_and_settling_moves_the_blame(merged, tmp_path):
    shutil.copytree(next(iter(merged.values())).path, tmp_path / "work")
    with Journal.open(tmp_path / "work", actor="dan") as journal:
        (conflict,) = [item for item in journal.conflicts("plan", "a") if item.field == "n"]
        blamed = {line.field: line for line in journal.blame("plan", "a")}
        assert (blamed["n"].event, blamed["n"].actor) == (conflict.winner["event"], conflict.winner["actor"])
        taken = journal.resolve("plan", "a", "n", take=conflict.losers[0]["event"])
        blamed = {line.field: line for line in journal.blame("plan", "a")}
        assert (blamed["n"].event, blamed["n"].actor) == (taken.event, "dan")
        assert journal.get("plan", "a", at=conflict.winner["event"]).data["n"] == conflict.winner["value"]


def test_an_event_that_is_not_here_is_told(world, merged):
    with next(iter(merged.values())).open() as journal:
        lane = next(iter(world.saw)).partition("@")[2]
        with pytest.raises(Exception, match="there is no event"):
            journal.get("plan", "a", at=f"999@{lane}")
