"""Goal: a store on a branch of its own is a linked work tree that git itself finds nothing wrong with."""

import os
import shutil

import pytest
from sync_support import git

from journal import GitError, Journal, OfflineError
from tests.support.cuts import Cut, CutFiles


def test_a_new_store_is_a_linked_work_tree_of_an_orphan_branch(hub):
    clone = hub.clone("one")
    assert Journal.init(clone.path, branch="journal") == (str(clone.store), True)
    assert clone.git("status", "--short") == ""
    clone.put("plan", "p1", title="Ship")
    clone.commit()
    assert git(clone.store, "symbolic-ref", "HEAD") == "refs/heads/journal\n"
    assert git(clone.store, "status", "--short") == ""
    assert "[journal]" in clone.git("worktree", "list")
    assert clone.git("worktree", "prune", "-v") == ""
    assert clone.git("merge-base", "main", "journal", check=False) == ""
    assert git(clone.store, "ls-tree", "--name-only", "journal").split()[:3] == [
        ".gitattributes",
        ".gitignore",
        "README.md",
    ]
    clone.assert_sound()


def test_no_file_of_the_users_changes(hub):
    clone = hub.clone("one")
    Journal.init(clone.path, branch="journal")
    assert clone.git("status", "--short", "--ignored") == "!! .journal/\n"
    assert not (clone.path / ".gitignore").exists()


def test_the_state_does_not_depend_on_the_branch_of_the_code(hub):
    clone = hub.attached("one")
    clone.put("plan", "p1", title="Ship")
    clone.commit()
    clone.git("switch", "-q", "-c", "other")
    assert clone.documents() == {("plan", "p1"): {"title": "Ship"}}
    clone.git("clean", "-fdxq")
    assert clone.documents() == {("plan", "p1"): {"title": "Ship"}}


def test_a_fresh_clone_attaches_to_the_branch_of_the_remote(hub):
    one = hub.attached("one")
    one.put("plan", "p1", title="Ship")
    one.sync()
    two = hub.attached("two")
    assert two.documents() == one.documents()
    assert git(two.store, "status", "--short") == ""
    assert git(two.store, "rev-parse", "HEAD") == git(one.store, "rev-parse", "HEAD")
    two.assert_sound()


def test_a_clone_of_one_branch_asks_the_remote(hub):
    one = hub.attached("one")
    one.put("plan", "p1", title="Ship")
    one.sync()
    two = hub.attached("two", "--single-branch", "-b", "main")
    assert two.documents() == one.documents()


def test_a_branch_that_is_here_is_checked_out(hub):
    one = hub.attached("one")
    one.put("plan", "p1", title="Ship")
    one.commit()
    expected = one.everything()
    one.git("worktree", "remove", "--force", ".journal")
    assert Journal.init(one.path, branch="journal")[1] is True
    assert one.everything() == expected
    assert git(one.store, "status", "--short") == ""


def test_running_it_again_changes_nothing(hub):
    clone = hub.attached("one")
    clone.put("plan", "p1", title="Ship")
    clone.commit()

    def everything():
        return {
            os.path.join(folder, name): os.stat(os.path.join(folder, name)).st_mtime_ns
            for folder, _, names in os.walk(clone.path)
            for name in names
            if f"{os.sep}local" not in folder
        }

    before = everything()
    assert Journal.init(clone.path, branch="journal") == (str(clone.store), False)
    assert Journal.init(clone.store, branch="journal") == (str(clone.store), False)
    assert Journal.init(clone.path) == (str(clone.store), False)
    assert everything() == before


def test_a_copied_clone_uses_its_own_record(hub):
    one = hub.attached("one")
    one.put("plan", "p1", title="Ship")
    one.commit()
    shutil.copytree(one.path, hub.folder / "copy", symlinks=True)
    copy = type(one)(hub.folder / "copy")
    copy.put("plan", "p2", title="Only here")
    copy.commit()
    assert one.git("rev-parse", "journal") != copy.git("rev-parse", "journal")
    assert git(one.store, "status", "--short") == ""
    assert set(one.documents()) == {("plan", "p1")}


def test_another_work_tree_is_told_where_the_store_is(hub):
    one = hub.attached("one")
    one.put("plan", "p1", title="Ship")
    one.commit()
    one.git("worktree", "add", "-q", "../second", "-b", "second")
    with pytest.raises(GitError, match="checked out already") as raised:
        Journal.init(hub.folder / "second", branch="journal")
    assert str(one.store) in raised.value.hint
    assert not (hub.folder / "second" / ".journal").exists()


@pytest.mark.parametrize("name", ["", "a b", "-x", "a..b", "a.lock", "HEAD", "a//b", "@", "a~1", ".a"])
def test_a_name_that_git_refuses_is_refused(hub, name):
    clone = hub.clone("one")
    with pytest.raises(GitError, match="no name for a branch"):
        Journal.init(clone.path, branch=name)
    assert not clone.store.exists()


def test_the_branch_of_the_code_is_refused(hub):
    clone = hub.clone("one")
    with pytest.raises(GitError, match="checked out already"):
        Journal.init(clone.path, branch="main")


def test_a_branch_without_a_store_is_refused(hub):
    clone = hub.clone("one")
    clone.git("branch", "feature")
    with pytest.raises(GitError, match="and holds no store"):
        Journal.init(clone.path, branch="feature")


def test_a_store_that_the_code_holds_stays_there(hub):
    clone = hub.clone("one")
    Journal.init(clone.path)
    clone.put("plan", "p1", title="Ship")
    clone.commit()
    with pytest.raises(GitError, match="holds this store already"):
        Journal.init(clone.path, branch="journal")
    assert set(clone.documents()) == {("plan", "p1")}


def test_a_store_that_git_does_not_have_yet_moves_to_the_branch(hub):
    clone = hub.clone("one")
    Journal.init(clone.path)
    clone.put("plan", "p1", title="Ship")
    assert Journal.init(clone.path, branch="journal")[1] is True
    clone.commit()
    assert set(clone.documents()) == {("plan", "p1")}
    assert clone.git("status", "--short") == ""
    clone.assert_sound()


def test_two_stores_are_not_mixed(hub):
    one = hub.attached("one")
    one.put("plan", "p1", title="Ship")
    one.sync()
    two = hub.clone("two")
    Journal.init(two.path)
    two.put("plan", "p2", title="Mine")
    with pytest.raises(GitError, match="another one on the branch"):
        Journal.init(two.path, branch="journal")
    assert set(two.documents()) == {("plan", "p2")}


def test_without_the_remote_no_second_store_is_made(hub):
    one = hub.clone("one")
    one.git("remote", "set-url", "origin", "http://127.0.0.1:9/hub.git")
    with pytest.raises(OfflineError, match="cannot be asked"):
        Journal.init(one.path, branch="journal")
    assert not one.store.exists()


def test_outside_of_a_work_tree_it_is_refused(hub, tmp_path):
    (tmp_path / "plain").mkdir()
    for folder in (tmp_path / "plain", hub.path):
        with pytest.raises(GitError, match=r"in a work tree|needs a git work tree"):
            Journal.init(folder, branch="journal")


@pytest.mark.parametrize("source", ["new", "remote", "local"])
def test_a_kill_at_any_point_is_completed_by_the_next_run(hub, source):
    one = hub.attached("one")
    one.put("plan", "p1", title="Ship")
    one.sync()
    expected = one.everything()
    template = hub.clone("template")
    if source == "local":
        template.git("branch", "-q", "--no-track", "journal", "origin/journal")
    if source == "new":
        template.git("update-ref", "-d", "refs/remotes/origin/journal")
        template.git("remote", "remove", "origin")
        expected = ({}, b"[]", {})
    calls = 0
    while True:
        shutil.rmtree(hub.folder / "work", ignore_errors=True)
        shutil.copytree(template.path, hub.folder / "work", symlinks=True)
        work = type(one)(hub.folder / "work")
        try:
            Journal.init(work.path, branch="journal", files=CutFiles(calls))
        except Cut:
            Journal.init(work.path, branch="journal")
            assert work.everything() == expected
            assert git(work.store, "symbolic-ref", "--short", "HEAD") == "journal\n"
            if source != "new":
                assert git(work.store, "status", "--short") == "", calls
            assert work.git("status", "--short") == ""
            calls += 3 if calls < 9 else 11
            continue
        break
    assert calls > 20


def test_a_clone_that_was_moved_goes_on_and_git_follows(hub):
    one = hub.attached("one")
    one.put("plan", "p1", title="Ship")
    one.commit()
    os.rename(one.path, hub.folder / "moved")
    moved = type(one)(hub.folder / "moved")
    moved.put("plan", "p2", title="Moved")
    moved.sync()
    assert Journal.init(moved.path, branch="journal") == (str(moved.store), True)
    assert f"{moved.store} " in moved.git("worktree", "list")
    assert moved.git("worktree", "prune", "-v") == ""
    moved.assert_sound()


def test_a_store_that_is_a_repository_of_its_own_is_committed_there(hub):
    """A submodule, for instance."""
    one = hub.clone("one")
    Journal.init(one.path)
    git(one.store, "init", "-q", "-b", "journal")
    one.put("plan", "p1", title="Ship")
    one.commit()
    assert "segments" in git(one.store, "ls-tree", "--name-only", "HEAD")
    assert one.git("log", "--oneline").count("\n") == 1
    with pytest.raises(GitError, match="a git repository of its own"):
        Journal.init(one.path, branch="journal")
