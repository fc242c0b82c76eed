"""Reverting undoes what an event did, and nothing that others did: later, or on another branch."""

import pytest

from journal import ExpectationError, Journal
from tests.support.worktree import WorkTree


@pytest.fixture
def merged(tmp_path):
    """A work tree in which another branch's events, lower in the order than the last one here, have arrived."""
    ana = WorkTree(tmp_path / "ana")
    with ana.open(actor="ana") as journal:
        journal.put("plan", "p1", {"title": "first", "status": "open"})
        journal.put("plan", "p2", {"title": "first"})
        journal.kv.put("key", 1)
    ana.commit_all()
    bob = WorkTree(tmp_path / "bob", clone_of=ana)
    with bob.open(actor="bob") as journal:
        journal.put("plan", "p1", set={"title": "of bob"})
        journal.put("plan", "p2", set={"title": "of bob"})
        journal.kv.put("key", 2)
    bob.commit_all()
    with ana.open(actor="ana") as journal:
        for number in range(5):
            journal.put("other", str(number), {})
        journal.put("plan", "p1", set={"title": "of ana", "status": "done"})
        journal.put("plan", "p1", set={"status": "closed"})
        journal.delete("plan", "p2")
        journal.kv.put("key", 3)
    ana.commit_all()
    ana.git("pull", "-q", "--no-rebase", str(bob.path), "main", check=False)
    with ana.open() as journal:
        journal.reconcile()
    ana.git("add", ".journal")
    ana.git("commit", "-q", "--no-edit")
    return ana


def test_a_concurrent_change_of_another_branch_is_not_undone_in_silence(merged):
    with merged.open(actor="ana") as journal:
        _, of_bob, of_ana, closed = journal.history("plan", "p1")
        assert of_bob.seq < of_ana.seq
        with pytest.raises(ExpectationError, match=f"event {of_bob.id} changed title on another branch"):
            journal.revert(of_ana.id)
        with pytest.raises(ExpectationError, match="changed title later"):
            journal.revert(of_bob.id)
        assert [item.field for item in journal.conflicts("plan", "p1")] == ["title"]
        journal.revert(closed.id)  # nobody else touched that field
        assert journal.get("plan", "p1").data == {"title": "of ana", "status": "done"}
        assert [item.field for item in journal.conflicts("plan", "p1")] == ["title"]


def test_a_delete_beside_an_update_is_not_reverted_in_silence(merged):
    with merged.open(actor="ana") as journal:
        deleted = journal.history("plan", "p2")[-1]
        assert deleted.action == "delete"
        with pytest.raises(ExpectationError, match="on another branch"):
            journal.revert(deleted.id)
        assert journal.get("plan", "p2").data == {"title": "of bob"}
        journal.revert(deleted.id, force=True)
        assert journal.get("plan", "p2").data == {"title": "first"}


def test_what_an_event_knew_does_not_hinder_its_revert(merged):
    with merged.open(actor="ana") as journal:
        settled = journal.resolve("plan", "p1", "title", value="of both")
        journal.revert(settled.event)
        assert journal.get("plan", "p1").data["title"] == "of ana"
        with pytest.raises(ExpectationError):
            journal.revert(journal.history("$kv", "key")[-1].id)
        assert journal.kv.get("key") == 3


def test_what_is_put_back_comes_in_the_order_in_which_it_stood():
    names = [f"field {number}" for number in range(20)]
    with Journal.memory() as journal:
        journal.put("plan", "p", {"title": "", **dict.fromkeys(names, 0)})
        taken = journal.put("plan", "p", unset=names)
        journal.revert(taken.event)
        assert list(journal.get("plan", "p").data) == ["title", *names]
