"""Real input: a real trace is dealt out to several people's branches, which git brings together in different orders.

Each commit of the source is one person's, so that issues are changed by several of them at once. They take over from
each other halfway. At the end each order of merges has to give the same state, byte for byte.
"""

import gzip
import json
import zlib
from pathlib import Path

import pytest

from journal.upkeep.exporting import export
from tests.support.stores import projections
from tests.support.worktree import WorkTree

TRACE = Path(__file__).parents[3] / "shared" / "data" / "beads-trace-net.jsonl.gz"
PEOPLE = ("ann", "bob", "cid", "dan")
ORDERS = {
    "forwards": [("ann", "bob"), ("ann", "cid"), ("ann", "dan")],
    "backwards": [("dan", "cid"), ("dan", "bob"), ("dan", "ann")],
    "in pairs": [("ann", "bob"), ("cid", "dan"), ("cid", "ann")],
    "round and round": [("bob", "dan"), ("dan", "ann"), ("bob", "dan"), ("cid", "bob"), ("bob", "cid")],
}
"""order of merges -> (into, from) of each; the last ``into`` has everything."""


def by_commit(event):
    return PEOPLE[zlib.crc32(event["commit"].encode()) % len(PEOPLE)]


def by_author(event):
    return PEOPLE[zlib.crc32(event["author"].encode()) % len(PEOPLE)]


def source(count):
    with gzip.open(TRACE, "rt") as stream:
        return [json.loads(next(stream)) for _ in range(count)]


def bring_in(tree, events, name):
    """Import a part of the trace on the branch that is checked out, and commit it."""
    path = tree.path.parent / f"{name}.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    with tree.open(durability="os") as journal:
        assert journal.import_trace(path).events == len(events)
        journal.commit(name)


def merge(tree, into, source):
    """Merge as a person does who has no merge driver: the readable files in conflict are put right by the journal."""
    tree.git("switch", "-q", into)
    tree.git("merge", "-q", "--no-commit", source, check=False)
    conflicts = tree.git("diff", "--name-only", "--diff-filter=U").splitlines()
    assert all(path.startswith(".journal/entities/") for path in conflicts)
    with tree.open() as journal:
        journal.reconcile()
    tree.git("add", "-A")
    assert "UU" not in tree.git("status", "--porcelain")
    tree.git("commit", "-q", "--allow-empty", "-m", f"{source} into {into}")
    return len(conflicts)


def dealt(path, events, hand):
    """A repository with a branch of each person; halfway each takes over what the next one has."""
    tree = WorkTree(path)
    base = len(events) // 5
    bring_in(tree, events[:base], "base")
    for person in PEOPLE:
        tree.git("branch", person, "main")
    hands = {person: [event for event in events[base:] if hand(event) == person] for person in PEOPLE}
    for half in (0, 1):
        for person, mine in hands.items():
            tree.git("switch", "-q", person)
            middle = len(mine) // 2
            bring_in(tree, mine[middle:] if half else mine[:middle], f"{person}{half}")
        for number, person in enumerate(PEOPLE if not half else ()):
            merge(tree, person, PEOPLE[(number + 1) % len(PEOPLE)])
    return tree


def state(tree):
    """All that a checkout says."""
    with tree.open() as journal:
        return {
            "entities": b"".join(export(journal, "jsonl")),
            "deleted": [(entity.type, entity.id, entity.rev, entity.event) for entity in journal.list(deleted=True)],
            "events": [event.id for event in journal.log()],
            "conflicts": journal.conflicts(),
            "projections": projections(str(tree.store)),
        }


@pytest.mark.skipif(not TRACE.exists(), reason="the real trace is not beside this checkout")
@pytest.mark.parametrize(
    ("count", "hand"),
    [
        (1500, by_commit),
        pytest.param(66801, by_commit, marks=pytest.mark.soak),
        pytest.param(66801, by_author, marks=pytest.mark.soak),
    ],
)
def test_a_real_trace_dealt_out_and_merged_in_any_order_is_one_state(tmp_path, count, hand):
    events = source(count)
    tree = dealt(tmp_path / "work", events, hand)
    results, stops = {}, 0
    for order, merges in ORDERS.items():
        clone = WorkTree(tmp_path / order.replace(" ", "-"), clone_of=tree)
        for person in PEOPLE:
            if person != PEOPLE[-1]:  # that one is checked out
                clone.git("branch", "-q", person, f"origin/{person}")
        for into, source_branch in merges:
            stops += merge(clone, into, source_branch)
        results[order] = state(clone)
    first = results["forwards"]
    assert all(result == first for result in results.values())
    assert len(first["events"]) >= count
    assert len(first["conflicts"]) > 10
    assert stops > 10, "git should have had something to report in readable files"
    touched = {}
    for event in events:
        touched.setdefault(event["item_id"], set()).add(hand(event))
    shown = {form["id"]: form["data"] for form in map(json.loads, first["entities"].splitlines())}
    last = {event["item_id"]: event["payload"] for event in events}
    alone = [id for id, people in touched.items() if len(people) == 1]
    assert alone
    assert [shown.get(id) for id in alone] == [last[id] for id in alone]
