"""Two branches that each redact something in the same files meet without a conflict, whatever git guesses."""

import random

import pytest

from tests.support.stores import configure
from tests.support.worktree import WorkTree

SIDES = ("left", "right")


@pytest.fixture
def tree(tmp_path):
    """A pack of many members, checkpoints of few entities and of many, and a payload in a blob."""
    chance = random.Random(1)
    tree = WorkTree(tmp_path / "work")
    configure(str(tree.store), 'durability = "os"\nroll_bytes = 65536\nauto_compact = false')
    tree.commit_all("made")
    with tree.open() as journal:
        journal.append_batch(
            "s", [("E", {"n": number, "text": f"{chance.getrandbits(800):x}"}) for number in range(600)]
        )
        journal.append_batch("s", [("L", {"side": side, "mail": f"{side}@example.com"}) for side in SIDES])
        long = {side: f"{side}-secret" for side in SIDES} | {"text": f"{chance.getrandbits(500_000):x}"}
        journal.append("long", "E", long)
        for side in SIDES:
            journal.put("user", side, {"name": f"{side}-name", "n": 1})
        journal.commit("filled")
        for turn in range(3):
            journal.checkpoint()
            journal.compact(commit=True)
            journal.put("turn", "t", {"n": turn})
        journal.commit("packed")
    assert len(tree.files("archive")) > 0
    assert not any("000000000001" in name for name in tree.files("segments"))
    return tree


def test_both_redactions_hold_after_a_merge_that_nobody_had_to_settle(tree):
    for side in SIDES:
        tree.git("switch", "-q", "-c", side, "main")
        with tree.open() as journal:
            journal.redact(value=f"{side}@example.com", reason="asked for")
            journal.redact(value=f"{side}-secret", reason="asked for")
            journal.redact(value=f"{side}-name", reason="asked for")
            assert tree.git("status", "--porcelain") == ""
    tree.git("merge", "-q", "--no-edit", "left")
    with tree.open() as journal:
        told = [event.data["mail"] for event in journal.read("s", event="L")]
        (long,) = journal.read("long")
        assert told + [long.data[side] for side in SIDES] == ["[redacted]"] * 4
        assert {user.data["name"] for user in journal.list("user")} == {"[redacted]"}
        assert journal.stream("s").length == 602
        journal.put("turn", "t", {"n": 9})
        journal.commit("merged")
        assert journal.doctor(verify=True).ok
    for folder in ("archive", "checkpoints", "segments", "blobs"):
        for path in (tree.store / folder).rglob("*"):
            assert not path.is_file() or not any(side.encode() + b"-secret" in path.read_bytes() for side in SIDES)


def test_what_another_branch_has_packed_loses_no_line_where_its_blob_left_with_the_redaction(tmp_path):
    ana = WorkTree(tmp_path / "ana")
    configure(str(ana.store), 'durability = "os"\nauto_compact = false')
    with ana.open() as journal:
        journal.put("user", "before", {"n": 1})
        long = journal.put("user", "long", {"text": "a secret " + "x" * 70_000}).event
        journal.put("user", "behind", {"n": 1})
        journal.commit("filled")
        journal.put("user", "later", {"n": 1})
        journal.commit("more")
    bob = WorkTree(tmp_path / "bob", clone_of=ana)
    with bob.open() as journal:
        for number in range(4):
            journal.put("user", "bob", {"n": number})
            journal.commit("bob")
            journal.compact(commit=True)
    with ana.open() as journal:
        journal.redact(event=long, reason="asked for")
    bob.git("pull", "-q", "--no-edit", "--no-rebase", str(ana.path))
    with bob.open() as journal:
        journal.put("user", "bob", {"n": 9})
        journal.commit("merged")
        assert journal.get("user", "long").data == {"text": "[redacted]"}
        assert journal.doctor(verify=True).ok
