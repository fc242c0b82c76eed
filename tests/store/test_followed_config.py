"""An open store follows a configuration that a merge or a person brings, so that all processes give one answer."""

import pytest

from journal import RefusedError
from journal.store.config import ConfigWatch
from tests.support.worktree import WorkTree

UNION = '\n[types.plan]\nmerge = { tags = "union" }\n'


@pytest.fixture
def two(tmp_path):
    """Two clones that changed one field at once; the events of the second are still to come."""
    ana = WorkTree(tmp_path / "ana")
    with ana.open(actor="ana") as journal:
        journal.put("plan", "p1", {"tags": ["0"], "n": 0})
    ana.commit_all()
    bob = WorkTree(tmp_path / "bob", clone_of=ana)
    for tree, name in ((ana, "ana"), (bob, "bob")):
        with tree.open(actor=name) as journal:
            journal.put("plan", "p1", set={"tags": [name]})
        tree.commit_all()
    return ana, bob


def configure(tree, text):
    with open(tree.store / "journal.toml", "a") as file:
        file.write(text)


def bring(tree, other):
    tree.git("pull", "-q", "--no-rebase", str(other.path), "main", check=False)


def tags(journal):
    return sorted(journal.get("plan", "p1").data["tags"])


def test_a_process_that_was_open_before_takes_events_in_by_the_new_strategies(two):
    ana, bob = two
    with ana.open() as open_before:
        assert tags(open_before) == ["ana"]
        configure(ana, UNION)
        ana.commit_all()
        with ana.open() as journal:
            assert tags(journal) == ["ana"]
        bring(ana, bob)
        open_before.reconcile()
        assert tags(open_before) == ["ana", "bob"]
        assert open_before.conflicts() == []
        with ana.open() as journal:
            assert tags(journal) == ["ana", "bob"]
            assert journal.doctor(verify=True).ok


def test_an_index_that_follows_another_configuration_is_not_written_to(two, monkeypatch):
    ana, bob = two
    with ana.open() as open_before:
        assert tags(open_before) == ["ana"]
        configure(ana, UNION)
        ana.commit_all()
        with ana.open() as journal:
            assert tags(journal) == ["ana"]
        bring(ana, bob)
        with monkeypatch.context() as patch:
            patch.setattr(ConfigWatch, "check", lambda _: None)  # it came just after the look
            open_before.reconcile()
        with ana.open() as journal:
            assert tags(journal) == ["ana", "bob"]
            assert journal.conflicts() == []
        assert tags(open_before) == ["ana", "bob"]


def test_a_configuration_that_cannot_be_read_is_followed_once_it_can_be(two):
    ana, bob = two
    bring(ana, bob)
    with ana.open() as journal:
        journal.reconcile()
        assert len(journal.conflicts()) == 1
        good = (ana.store / "journal.toml").read_text()
        configure(ana, "<<<<<<< ours\n")
        assert len(tags(journal)) == 1
        (ana.store / "journal.toml").write_text(good + UNION)
        assert tags(journal) == ["ana", "bob"]


def test_what_a_type_may_hold_is_followed_too(two):
    pytest.importorskip("jsonschema")
    ana, _ = two
    with ana.open() as journal:
        journal.schemas.put("plan", {"properties": {"n": {"type": "integer"}}})
        with pytest.raises(RefusedError):
            journal.put("plan", "p1", set={"n": "one"})
        configure(ana, '\n[types.plan]\nschema = "report"\n')
        assert journal.put("plan", "p1", set={"n": "one"}).data["n"] == "one"
