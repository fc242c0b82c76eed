"""Goal: on the branch of the code too everything arrives, and the user's own files are git's and theirs."""

import os
import sys

import pytest
from sync_support import Clone, git, without

from journal import GitError, Journal, OfflineError


@pytest.fixture
def pair(hub):
    """Two clones whose store is on the branch of the code."""
    one = hub.clone("one")
    Journal.init(one.path)
    one.put("plan", "p1", title="Ship")
    one.sync()
    return one, hub.clone("two")


def assert_same(*clones):
    for clone in clones:
        assert clone.everything() == clones[0].everything()
        assert clone.git("rev-parse", "HEAD") == clones[0].git("rev-parse", "HEAD")
        clone.assert_sound()


def test_both_sides_changed_the_store(pair):
    one, two = pair
    one.put("plan", "p1", title="One")
    two.put("plan", "p1", title="Two", owner="bob")
    one.sync()
    result = two.sync()
    assert (result.pushed, result.fetched, result.branch) == (True, True, "main")
    one.sync()
    assert_same(one, two)
    assert two.git("status", "--short") == ""


def test_staged_and_changed_work_of_the_user_stays_as_it_is(pair):
    one, two = pair
    one.put("plan", "p1", title="One")
    one.sync()
    two.put("plan", "p2", title="Two")
    (two.path / "code.txt").write_text("changed\n")
    (two.path / "new.txt").write_text("new\n")
    two.git("add", "new.txt")
    two.sync()
    assert two.git("status", "--short") == " M code.txt\nA  new.txt\n"
    one.sync()
    assert set(one.documents()) == {("plan", "p1"), ("plan", "p2")}


def test_files_of_the_user_are_merged_by_git(pair):
    one, two = pair
    one.user_commits("one.txt", "one\n")
    one.put("plan", "p1", title="One")
    one.sync()
    two.user_commits("two.txt", "two\n")
    two.put("plan", "p1", title="Two", owner="bob")
    result = two.sync()
    assert result.pushed
    assert sorted(path.name for path in two.path.glob("*.txt")) == ["code.txt", "one.txt", "two.txt"]
    one.sync()
    two.sync()
    assert_same(one, two)
    assert one.git("status", "--short") == two.git("status", "--short") == ""


def test_the_user_is_brought_forward(pair):
    one, two = pair
    one.user_commits("code.txt", "two\n")
    one.sync()
    assert two.sync().pushed is False
    assert (two.path / "code.txt").read_text() == "two\n"
    assert_same(one, two)


def test_a_conflict_in_the_users_files_is_left_to_them(pair):
    one, two = pair
    one.user_commits("code.txt", "mine\n")
    one.sync()
    two.user_commits("code.txt", "yours\n")
    two.put("plan", "p2", title="Two")
    with pytest.raises(GitError, match=r"both sides changed code\.txt") as raised:
        two.sync()
    assert "git merge origin/main" in raised.value.hint
    assert two.git("status", "--short") == ""
    assert (two.path / "code.txt").read_text() == "yours\n"
    assert set(two.documents()) == {("plan", "p1"), ("plan", "p2")}
    two.git("merge", "origin/main", check=False)
    (two.path / "code.txt").write_text("both\n")
    two.git("commit", "-qam", "settled")
    two.sync()
    one.sync()
    assert_same(one, two)


def test_a_changed_file_in_the_way_is_named_and_kept(pair):
    one, two = pair
    one.user_commits("code.txt", "theirs\n")
    one.sync()
    (two.path / "code.txt").write_text("not committed\n")
    with pytest.raises(GitError, match=r"(?s)git did not merge.*code\.txt"):
        two.sync()
    assert (two.path / "code.txt").read_text() == "not committed\n"
    assert two.git("status", "--short") == " M code.txt\n"


def test_without_git_files_of_the_user_are_refused(pair, hub, monkeypatch):
    one, two = pair
    one.user_commits("code.txt", "theirs\n")
    one.sync()
    two.put("plan", "p2", title="Two")
    with monkeypatch.context() as patch:
        without(hub.folder, "git", patch)
        with pytest.raises(GitError, match="needs the git program"):
            two.sync()
    assert (two.path / "code.txt").read_text() == "one\n"


def test_an_edit_by_hand_in_the_way_stays(pair):
    one, two = pair
    path = two.store / "entities" / "plan" / "p1.json"
    with two.open() as journal:
        journal.reconcile()
    path.write_text('{\n  "title": "By hand"\n}\n')
    one.put("plan", "p1", title="One")
    one.sync()
    two.put("plan", "p2", title="Two")
    two.sync()
    assert path.read_text() == '{\n  "title": "By hand"\n}\n'
    assert two.documents()["plan", "p1"] == {"title": "One"}
    assert two.git("status", "--short") == " M .journal/entities/plan/p1.json\n"


def test_without_an_upstream_it_says_what_to_run(pair):
    one, _ = pair
    one.git("switch", "-q", "-c", "feature")
    with pytest.raises(GitError, match="feature has no upstream") as raised:
        one.sync()
    assert "git push -u origin feature" in raised.value.hint
    assert one.sync("origin").pushed is True
    assert "feature" in git(one.path, "ls-remote", "--heads", "origin")


def test_an_unknown_remote_and_no_remote_are_told(pair):
    one, _ = pair
    with pytest.raises(GitError, match="there is no remote 'nowhere'; there are: origin"):
        one.sync("nowhere")
    one.git("remote", "remove", "origin")
    with pytest.raises(GitError, match="there is no remote to exchange with"):
        one.sync()


def test_a_detached_head_is_refused(pair):
    one, _ = pair
    one.git("checkout", "-q", "--detach")
    with pytest.raises(GitError, match="HEAD is detached"):
        one.sync()


@pytest.mark.parametrize("doing", ["merge", "rebase", "cherry-pick", "revert"])
def test_in_the_middle_of_something_it_waits(pair, doing):
    one, _ = pair
    one.git("switch", "-q", "-c", "side")
    one.user_commits("code.txt", "side\n")
    one.git("switch", "-q", "main")
    one.user_commits("code.txt", "main\n")
    one.user_commits("code.txt", "main again\n")
    target = {"merge": ["side"], "rebase": ["side"], "cherry-pick": ["side"], "revert": ["--no-edit", "HEAD~1"]}[doing]
    one.git(doing, *target, check=False)
    before = one.git("status", "--short")
    with pytest.raises(GitError, match=f"in the middle of a {doing}"):
        one.sync()
    assert one.git("status", "--short") == before


def test_a_shallow_clone_exchanges(hub, pair):
    one, _ = pair
    for number in range(4):
        one.put("plan", "p1", number=number)
        one.sync()
    shallow = hub.clone("shallow", "--depth", "1", url=hub.path.as_uri())
    shallow.put("plan", "p9", title="Shallow")
    one.put("plan", "p8", title="Deep")
    one.sync()
    shallow.sync()
    one.sync()
    assert set(one.documents()) == set(shallow.documents()) == {("plan", "p1"), ("plan", "p8"), ("plan", "p9")}


@pytest.mark.parametrize("branch", [None, "journal"])
def test_a_store_in_a_submodule_exchanges_with_the_submodules_remote(hub, branch):
    outer = hub.folder / "outer"
    git(hub.folder, "init", "-q", outer)
    git(outer, "submodule", "add", "-q", hub.path, "inner")
    inner = Clone(outer / "inner")
    Journal.init(inner.path, branch=branch)
    inner.put("plan", "p1", title="Ship")
    assert inner.sync().pushed is True
    other = hub.clone("other")
    Journal.init(other.path, branch=branch)
    assert other.documents() == inner.documents()
    inner.assert_sound()


def test_what_is_here_is_committed_offline_and_arrives_later(hub, pair):
    one, two = pair
    url = one.git("remote", "get-url", "origin").strip()
    one.git("remote", "set-url", "origin", "http://127.0.0.1:9/hub.git")
    one.put("plan", "p2", title="Offline")
    with pytest.raises(OfflineError, match="offline"):
        one.sync()
    assert one.git("status", "--short") == ""
    status, said = one.run("sync", "--json")
    assert (status, '"code": "offline"' in said) == (7, True)
    one.git("remote", "set-url", "origin", url)
    one.sync()
    two.sync()
    assert_same(one, two)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the file system takes UTF-8 names only")
@pytest.mark.parametrize("has_git", [True, False])
def test_a_branch_whose_name_is_no_utf_8_is_exchanged(hub, monkeypatch, has_git):
    name = os.fsdecode(b"caf\xe9")
    one = hub.clone("one")
    one.git("switch", "-q", "-c", name)
    Journal.init(one.path)
    if not has_git:
        monkeypatch.setattr("journal.git.transport.is_installed", lambda: False)
    with Journal.open(one.path) as journal:
        for number in range(2):
            journal.put("plan", "p", {"n": number})
            assert journal.sync("origin").branch == name
    assert hub.git("rev-list", "--count", name) == "3\n"
