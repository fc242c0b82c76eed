"""Streams under real git: merge, rebase and a branch switch, with nothing of ours installed."""

import pytest

from journal import Fold
from tests.support.worktree import WorkTree


def said(tree):
    with tree.open() as journal:
        assert journal.doctor(verify=True).ok
        return [(event.position, event.id, event.event, event.data) for event in journal.read("orders")]


@pytest.fixture
def tree(tmp_path):
    """A repository with two branches that both append, and both use the key k."""
    tree = WorkTree(tmp_path / "work")
    with tree.open() as journal:
        journal.append("orders", "Start", {"n": 0})
    tree.commit_all("base")
    for branch in ("left", "right"):
        tree.git("switch", "-q", "-c", branch, "main")
        with tree.open() as journal:
            for number in range(3):
                journal.append("orders", f"{branch}-{number}", {"n": number}, expect=number + 1)
            journal.append("orders", "Once", {"n": 9}, key="k", expect=4)
            journal.put("plan", branch, {"n": 1})
        tree.commit_all(branch)
    return tree


@pytest.mark.parametrize("act", ["merge", "rebase"])
def test_two_branches_that_append_become_one_stream_the_same_in_every_clone(tree, tmp_path, act):
    right = said(tree)
    with tree.open() as journal:
        token = journal.position()
        before = {event.id for event in journal.read("orders")}
    if act == "merge":
        tree.git("merge", "-q", "--no-edit", "left")
    else:
        tree.git("rebase", "-q", "left")
    merged = said(tree)
    assert [position for position, *_ in merged] == list(range(1, 9))
    assert [event for _, _, event, _ in merged].count("Once") == 1
    with tree.open() as journal:
        late = {event.id for event in journal.read("orders", since=token)}
        assert late == {id for _, id, *_ in merged} - before
        assert not journal.gaps(token)
        assert journal.append("orders", "Once", {"n": 9}, key="k", expect="none").event == "Once"
        assert journal.append("orders", "After", {}, expect=8).position == 9
    tree.commit_all("after")
    with WorkTree(tmp_path / "clone", clone_of=tree).open() as clone:
        assert [(event.position, event.id) for event in clone.read("orders", end=8)] == [line[:2] for line in merged]
    assert len(right) == 5


def test_a_branch_switch_takes_the_streams_and_views_along(tree):
    count = Fold("count", 0, lambda value, event: value + event.data["n"])
    with tree.open() as journal:
        view = journal.view(count, "orders")
        assert view.read() == 12
        token = journal.position()
        tree.git("switch", "-q", "main")
        assert [event.event for event in journal.read("orders")] == ["Start"]
        assert view.read() == 0
        assert journal.gaps(token).gone
        tree.git("switch", "-q", "right")
        assert view.read() == 12
        assert not journal.gaps(token)
