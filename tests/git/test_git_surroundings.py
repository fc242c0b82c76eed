"""Goal: whatever git is in the middle of, each verb works or says clearly why not, and no event is lost.

A table: the state that git is in -> what staging and committing end with. Reading and writing always work. Afterwards
what git is doing is given up, and everything that was ever acknowledged is still there.
"""

import os
import subprocess

import pytest

import journal.upkeep.commit as commit_module
from journal import Journal
from journal.errors import FormatError, GitError, JournalError, RefusedError, StoreNotFoundError
from tests.support.stores import documents
from tests.support.worktree import WorkTree

FILE, PLAN = "readme", ".journal/entities/plan/p.json"


def commit_file(tree, text):
    (tree.path / FILE).write_text(text)
    tree.git("add", FILE)
    tree.git("commit", "-q", "-m", text)


def two_sides(path):
    """Two branches that conflict in a file of the user's, and in a readable file of the store."""
    tree = WorkTree(path)
    commit_file(tree, "base\n")
    with tree.open(actor="ana") as journal:
        journal.put("plan", "p", {"n": 0})
        journal.commit("base")
    for branch, number in (("side", 1), ("main", 2)):
        tree.git("switch", "-q", "-C", branch, "main")
        with tree.open(actor=branch) as journal:
            journal.put("plan", "p", set={"n": number})
            journal.commit(branch)
    tree.git("branch", "plain-side", "main~1")
    tree.git("switch", "-q", "plain-side")
    commit_file(tree, "side\n")
    tree.git("switch", "-q", "main")
    commit_file(tree, "main\n")
    return tree


def am(tree, branch):
    patch = tree.git("format-patch", "--stdout", "-1", branch)
    subprocess.run(["git", "am", "-q"], cwd=tree.path, input=patch, capture_output=True, text=True)


STATES = {
    # state: how to get there, stage, commit, how to give it up
    "merge": ("merge plain-side", 7, 0, "merge --abort"),
    "merge of the store": ("merge side", 7, 7, "merge --abort"),
    "rebase": ("rebase plain-side", 7, 7, "rebase --abort"),
    "rebase of the store": ("rebase side", 7, 7, "rebase --abort"),
    "rebase by patches": ("rebase --apply plain-side", 7, 7, "rebase --abort"),
    "cherry-pick": ("cherry-pick plain-side", 7, 0, "cherry-pick --abort"),
    "cherry-pick of the store": ("cherry-pick side", 7, 7, "cherry-pick --abort"),
    "revert": ("revert --no-edit plain-side~1", 7, 0, "revert --abort"),
    "am": ("am plain-side", 7, 7, "am --abort"),
    "bisect": ("bisect start", 0, 7, "bisect reset"),
    "a detached HEAD": ("checkout -q --detach", 0, 0, "checkout -q main"),
    "a dirty index": ("mv readme other", 0, 0, "reset -q --hard"),
}


def enter(tree, how):
    if how.startswith("am "):
        am(tree, how.split()[1])
        return
    if how.startswith("revert"):
        commit_file(tree, "more\n")
        how = "revert --no-edit HEAD~1"
    tree.git(*how.split(), check=False)


def status_of(call, *words):
    """Return what a call would end with on the command line, and its error."""
    try:
        call(*words)
    except JournalError as error:
        return error.exit_status, error
    return 0, None


@pytest.mark.parametrize("state", STATES)
def test_in_the_middle_of_what_git_does(tmp_path, state):
    how, stage, commit, end = STATES[state]
    tree = two_sides(tmp_path / "work")
    enter(tree, how)
    with tree.open(actor="amid") as journal:
        assert journal.get("plan", "p") is not None
        journal.put("plan", "amid", {"n": 1})
        journal.put("plan", "p", set={"m": 1})
        assert journal.status().uncommitted
        assert journal.reconcile() >= 0
        assert not [item for item in journal.doctor().findings if item.severity == "error"]
        acknowledged = {event.id for event in journal.log(actor="amid")}
        assert len(acknowledged) == 2
        for call, wanted in ((journal.stage, stage), (journal.commit, commit)):
            ended, error = status_of(call)
            assert ended == wanted, (call, error and error.message)
            assert error is None or (isinstance(error, GitError) and error.hint)
        assert commit or journal.commit() is None
    tree.git(*end.split())
    if state == "a detached HEAD":
        tree.git("merge", "-q", "HEAD@{1}")
    with tree.open() as journal:
        assert {event.id for event in journal.log(actor="amid")} == acknowledged
        assert journal.get("plan", "amid").data == {"n": 1}
        assert journal.get("plan", "p").data["m"] == 1
        assert journal.doctor(verify=True).ok


@pytest.mark.parametrize("doing", ["merge plain-side", "cherry-pick plain-side", "rebase plain-side"])
def test_git_deletes_events_that_are_only_staged_when_it_gives_up(tmp_path, doing):
    """Why staging is refused there: this is what happens to whoever does it with git itself."""
    tree = two_sides(tmp_path / "work")
    tree.git(*doing.split(), check=False)
    with tree.open(actor="amid") as journal:
        journal.put("plan", "amid", {})
    tree.git("add", ".journal")
    tree.git(doing.split()[0], "--abort")
    with tree.open() as journal:
        assert journal.get("plan", "amid") is None


def test_in_a_merge_the_readable_files_alone_can_be_staged(tmp_path):
    tree = two_sides(tmp_path / "work")
    tree.git("merge", "side", check=False)
    with tree.open() as journal:
        journal.reconcile()
        tree.git("add", ".journal/entities")
        assert journal.stage() == 0
    tree.git("commit", "-q", "--no-edit")
    assert tree.git("status", "--porcelain") == ""


# -- a store that is on another branch --------------------------------------------------------------

VERBS = ("get", "put", "commit", "stage", "status", "doctor")


def call(folder, verb):
    with Journal.open(folder) as journal:
        words = {"get": ("plan", "p"), "put": ("plan", "p", {})}.get(verb, ())
        return getattr(journal, verb)(*words)


@pytest.mark.parametrize("verb", VERBS)
def test_a_branch_without_a_store_says_so_and_loses_nothing(tmp_path, verb):
    tree = two_sides(tmp_path / "work")
    with tree.open() as journal:
        journal.put("plan", "uncommitted", {"n": 1})
        before = documents(journal)
    tree.git("switch", "-q", "-c", "without", "main~3", check=False)
    tree.git("switch", "-q", "--discard-changes", "--orphan", "empty")
    with pytest.raises(StoreNotFoundError) as raised:
        call(tree.path, verb)
    assert "switch back" in raised.value.hint
    with pytest.raises(RefusedError, match="there are events here"):
        Journal.init(tree.path)
    tree.git("switch", "-q", "main")
    with tree.open() as journal:
        assert documents(journal) == before


def test_a_new_store_can_be_made_where_a_branch_without_one_left_only_local_things(tmp_path):
    tree = two_sides(tmp_path / "work")
    tree.git("switch", "-q", "--orphan", "empty")
    assert not [path for path in tree.store.rglob("*") if path.is_file() and "local" not in path.parts]
    with pytest.raises(StoreNotFoundError):
        call(tree.path, "status")
    Journal.init(tree.path)
    assert call(tree.path, "get") is None
    assert call(tree.path, "doctor").ok


@pytest.mark.parametrize("verb", VERBS)
def test_conflict_markers_in_the_configuration_stop_every_verb(tmp_path, verb):
    tree = two_sides(tmp_path / "work")
    path = tree.store / "journal.toml"
    for branch, size in (("one", 8192), ("two", 16384)):
        tree.git("switch", "-q", "-C", branch, "main")
        path.write_text(path.read_text() + f'\n[types.plan]\nprefix = "p{size}"\n')
        tree.commit_all(branch)
    tree.git("merge", "one", check=False)
    with pytest.raises(FormatError) as raised:
        call(tree.path, verb)
    assert "conflict markers" in raised.value.message
    assert "line" in raised.value.message
    assert raised.value.path == str(path)
    assert f"git -C {tree.store} add journal.toml" in raised.value.hint  # which works in any folder
    tree.git("checkout", "--theirs", str(path))
    with tree.open() as journal:
        journal.put("plan", "q", {})
        with pytest.raises(GitError, match="in conflict"):
            journal.commit()
    tree.git("add", ".journal/journal.toml")
    tree.git("commit", "-q", "--no-edit")
    with tree.open() as journal:
        assert journal.get("plan", "q") is not None
        assert journal.get("plan", "p").data == {"n": 2}


# -- other places of a repository -------------------------------------------------------------------


def test_a_bare_repository_has_no_store_and_none_is_made_there(tmp_path):
    tree = two_sides(tmp_path / "work")
    bare = tmp_path / "bare.git"
    tree.git_at(None, "clone", "-q", "--bare", str(tree.path), str(bare))
    for folder in (bare, bare / "objects"):
        with pytest.raises(StoreNotFoundError):
            Journal.open(folder)
        with pytest.raises(GitError, match="bare"):
            Journal.init(folder)
    assert not (bare / ".journal").exists()


@pytest.mark.parametrize("verb", ["commit", "stage"])
def test_a_work_tree_that_is_said_to_be_bare_is_read_and_written_and_not_committed(tmp_path, verb):
    tree = two_sides(tmp_path / "work")
    tree.git("config", "core.bare", "true")
    with tree.open() as journal:
        journal.put("plan", "q", {"n": 1})
        assert journal.get("plan", "q").data == {"n": 1}
        assert journal.status().uncommitted is None or journal.status().uncommitted
        with pytest.raises(GitError, match="bare"):
            getattr(journal, verb)()
    tree.git("config", "core.bare", "false")
    assert call(tree.path, "commit").changed > 0


def test_a_store_in_a_submodule_is_the_submodules_own(tmp_path, monkeypatch):
    inner = two_sides(tmp_path / "inner")
    outer = WorkTree(tmp_path / "outer")
    outer.commit_all("outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.path), "part")
    outer.git("commit", "-q", "-m", "part")
    part = outer.path / "part"
    head = outer.git("rev-parse", "HEAD")
    with Journal.open(part) as journal:
        assert journal.root == str(part / ".journal")
        journal.put("plan", "q", {"n": 1})
        assert journal.stage() > 0
        assert journal.commit("in the part").branch == "main"
        assert journal.diff("HEAD~1..HEAD").entities[0].id == "q"
        assert journal.doctor(verify=True).ok
    assert outer.git("rev-parse", "HEAD") == head
    assert outer.git("status", "--porcelain") == " M part\n"
    with outer.open() as journal:
        assert documents(journal) == {}


def test_what_git_takes_away_while_a_commit_is_made_ready_is_not_committed(tmp_path, monkeypatch):
    """The files that a merge brought are looked at, and then it is given up."""
    work = between_two_branches(tmp_path)
    before = during(monkeypatch, lambda: work.git("merge", "--abort"))
    with work.open() as journal:
        journal.put("plan", "mine", {"n": 1})
        done = journal.commit("mine")
    assert before
    assert (
        work.git("diff", "--name-only", "--diff-filter=AD", "HEAD~1", "HEAD", "--", ".journal/segments").count("\n")
        == 1
    )
    assert work.git("rev-parse", "HEAD").strip() == done.commit
    assert work.git("status", "--porcelain") == ""
    with work.open() as journal:
        assert {entity.id for entity in journal.list("plan")} == {"base", "mine"}
        assert journal.doctor().ok


def test_what_git_takes_away_between_the_listing_and_the_reading_is_no_error(tmp_path, monkeypatch):
    work = between_two_branches(tmp_path)
    schemas, happened = commit_module._schemas, []

    def abort(*given):
        if not happened:
            happened.append(work.git("merge", "--abort"))
        return schemas(*given)

    monkeypatch.setattr(commit_module, "_schemas", abort)  # the first thing that is read after the listing
    with work.open() as journal:
        journal.put("plan", "mine", {"n": 1})
        assert journal.commit("mine") is not None
    assert happened
    assert work.git("status", "--porcelain") == ""


def test_what_git_takes_away_while_it_is_being_staged_is_not_staged(tmp_path, monkeypatch):
    work = WorkTree(tmp_path / "work")
    with work.open() as journal:
        journal.commit("begin")
        journal.put("plan", "p", {"n": 1})
        before = during(monkeypatch, lambda: work.git("stash", "-q", "-u"))
        assert journal.stage() == 0
    assert before
    assert work.git("status", "--porcelain") == ""


def test_a_commit_beside_a_git_that_never_rests_ends(tmp_path, monkeypatch):
    work = WorkTree(tmp_path / "work")
    with work.open() as journal:
        work.git("add", ".journal/README.md")
        during(monkeypatch, lambda: os.utime(work.path / ".git" / "index"), always=True)
        with pytest.raises(GitError, match="at every attempt"):
            journal.commit("never")
    assert work.git("log", "--all", "--oneline") == ""


def between_two_branches(tmp_path):
    """A work tree in the middle of a merge that conflicts in a file of the user's and brings events."""
    work = WorkTree(tmp_path / "work")
    (work.path / "f").write_text("1\n")
    with work.open() as journal:
        journal.put("plan", "base", {"n": 1})
        work.commit_all()
        work.git("switch", "-q", "-c", "side")
        journal.put("plan", "theirs", {"n": 1})
        (work.path / "f").write_text("2\n")
        work.commit_all()
    work.git("switch", "-q", "main")
    (work.path / "f").write_text("3\n")
    work.commit_all()
    work.git("merge", "-q", "side", check=False)
    return work


def during(monkeypatch, act, *, always=False):
    """Let something happen between a commit's look at the files and its taking of git's lock; return whether it did."""
    refuse, happened = commit_module._refuse_ignored, []

    def refuse_ignored(*given):
        refuse(*given)
        if always or not happened:
            happened.append(True)
            act()

    monkeypatch.setattr(commit_module, "_refuse_ignored", refuse_ignored)
    return happened
