"""Goal: in the middle of a git operation, our commit does no harm or is refused with the reason."""

import os
import subprocess
import threading
import time

import pytest
from git_support import CutFiles

from journal.errors import GitError
from journal.git import status

A = ".journal/entities/plan/a.json"


def diverge(work, name="readme"):
    """Two branches that conflict in one file; ends on main."""
    work.git("checkout", "-q", "-b", "side")
    work.user_commits(name, b"side\n", "side")
    work.git("checkout", "-q", "main")
    work.user_commits(name, b"main\n", "main")


def test_mid_merge_our_commit_is_fine_and_the_merge_goes_on(work):
    diverge(work)
    work.git("merge", "side", check=False)
    assert status.in_progress(work.repository) == "merge"
    result = work.commit({A: b"x\n"})
    assert work.git("log", "-1", "--format=%P").count(" ") == 0
    assert work.status() == "UU readme\n"
    work.write("readme", b"both\n")
    work.git("add", "readme")
    work.git("commit", "-q", "-m", "merged")
    assert work.git("log", "-1", "--format=%P").split() == [result.commit, work.git("rev-parse", "side").strip()]
    assert work.git("show", f"HEAD:{A}") == "x\n"
    work.assert_sound()


def test_a_path_of_ours_in_conflict_is_an_error(work):
    diverge(work, A)
    work.git("merge", "side", check=False)
    before = work.git("ls-files", "-s")
    with pytest.raises(GitError, match="in conflict"):
        work.commit({A: b"x\n"})
    with pytest.raises(GitError, match="in conflict"):
        work.stage({A: b"x\n"})
    assert work.git("ls-files", "-s") == before


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_mid_rebase_a_commit_is_refused_with_the_reason(work, backend):
    diverge(work)
    work.git("rebase", backend, "side", check=False)
    assert status.in_progress(work.repository) == "rebase"
    with pytest.raises(GitError, match="rebase --abort` would drop"):
        work.commit({A: b"x\n"})
    work.git("rebase", "--abort")


def test_mid_am_a_commit_is_refused(work):
    diverge(work)
    patch = subprocess.check_output(["git", "format-patch", "--stdout", "-1", "side"], cwd=work.folder)
    work.git("am", data=patch, check=False)
    assert status.in_progress(work.repository) == "am"
    with pytest.raises(GitError, match="git am"):
        work.commit({A: b"x\n"})


def test_mid_bisect_a_commit_is_refused(work):
    work.git("bisect", "start")
    with pytest.raises(GitError, match="bisect reset"):
        work.commit({A: b"x\n"})


@pytest.mark.parametrize("how", ["cherry-pick", "revert"])
@pytest.mark.parametrize("end", ["--abort", "--continue"])
def test_a_commit_amid_a_pick_survives_its_end(work, how, end):
    diverge(work)
    if how == "cherry-pick":
        work.git("cherry-pick", "side", check=False)
    else:
        work.user_commits("readme", b"later\n")
        work.git("revert", "--no-edit", "HEAD~1", check=False)
    assert status.in_progress(work.repository) == how
    result = work.commit({A: b"x\n"})
    if end == "--continue":
        work.write("readme", b"both\n")
        work.git("add", "readme")
    work.git(how, end, environment={"GIT_EDITOR": "true"})
    assert status.in_progress(work.repository) is None
    assert result.commit in work.git("rev-list", "HEAD").split()
    assert work.git("show", f"HEAD:{A}") == "x\n"
    assert work.status() == ""


class Meanwhile(CutFiles):
    """Does something else at the n-th creation of a file."""

    def __init__(self, number, action):
        super().__init__(-1)
        self.number, self.action = number, action

    def _call(self, name):
        if name == "create":
            self.number -= 1
            if self.number == 0:
                self.action()
        super()._call(name)


@pytest.mark.parametrize("number", range(2, 12))
def test_a_branch_that_moves_meanwhile_is_built_upon(work, number):
    tree = work.git("rev-parse", "HEAD^{tree}").strip()
    moved = work.git("commit-tree", tree, "-p", "HEAD", "-m", "meanwhile").strip()
    files = Meanwhile(number, lambda: work.git("update-ref", "refs/heads/main", moved, check=False))
    result = work.commit({A: b"x\n"}, files=files)
    assert work.git("rev-parse", "HEAD").strip() == result.commit
    if work.git("rev-parse", "HEAD~1").strip() != moved:
        # Git found the branch locked, or came before us or after.
        assert moved not in work.git("rev-list", "HEAD").split()
    assert work.status() == ""
    work.assert_sound()


def test_a_branch_switch_meanwhile_is_seen(work):
    work.git("branch", "other")
    files = Meanwhile(4, lambda: work.git("symbolic-ref", "HEAD", "refs/heads/other"))
    before = work.git("rev-parse", "main")
    result = work.commit({A: b"x\n"}, files=files)
    assert result.branch == "other"
    assert work.git("rev-parse", "main") == before


def test_commits_of_the_user_and_ours_at_once_all_land(work):
    failures = []

    def theirs():
        for number in range(15):
            work.write(f"theirs{number}", b"t\n")
            for command in (["add", f"theirs{number}"], ["commit", "-q", "-m", f"theirs {number}"]):
                for _ in range(200):
                    ended = subprocess.run(["git", *command], cwd=work.folder, capture_output=True)
                    if ended.returncode == 0:
                        break
                    if b"lock" not in ended.stderr:
                        failures.append(ended.stderr)
                    time.sleep(0.005)
                else:
                    failures.append(command)

    thread = threading.Thread(target=theirs)
    thread.start()
    for number in range(15):
        assert work.commit({f".journal/segments/{number}.jsonl": b"1\n"}, f"ours {number}") is not None
    thread.join()
    assert failures == []
    subjects = work.git("log", "--format=%s").split("\n")
    assert {f"ours {n}" for n in range(15)} | {f"theirs {n}" for n in range(15)} <= set(subjects)
    assert {f"theirs{n}" for n in range(15)} | {f".journal/segments/{n}.jsonl" for n in range(15)} <= work.head_files()
    assert work.status() == ""
    assert not os.path.exists(work.path(".git/index.lock"))
    work.assert_sound()
