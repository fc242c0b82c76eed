"""Goal: where git merges for a sync, what the user has not committed stays as it is, whoever writes meanwhile."""

import os

import pytest

from journal.errors import GitError
from journal.git import merge_by_git as merging
from journal.git.merge_by_git import give_up, merge_by_git

STORE = ".journal"
REWRITTEN = (f"{STORE}/entities/", f"{STORE}/kv/")
SHOWN = ".journal/entities/plan/p.json"
# As a writer does who never rests: a readable file changes whenever git has written its index.
WRITER = b"#!/bin/sh\n[ -e .git/writes ] && date +%N >.journal/entities/plan/p.json\nexit 0\n"


@pytest.fixture
def sides(empty):
    """Two branches that have met in the file ``code``, and a writer beside git."""
    empty.write(SHOWN, b"{}\n")
    empty.write("mine", b"1\n")
    empty.user_commits("code", b"1\n", "begin")
    empty.git("add", "-A")
    empty.git("commit", "-q", "-m", "all")
    empty.git("switch", "-q", "-c", "side")
    empty.write(SHOWN, b'{"n":1}\n')
    empty.git("add", "-A")
    empty.user_commits("code", b"theirs\n", "theirs")
    empty.git("switch", "-q", "main")
    empty.user_commits("other", b"ours\n", "ours")
    empty.write(".git/hooks/post-index-change", WRITER)
    os.chmod(empty.path(".git/hooks/post-index-change"), 0o755)
    return empty


def of_the_user(work):
    """What git says of the user's files, and what is in them."""
    users = "--", ".", f":(exclude){STORE}"
    return work.git("status", "--porcelain", *users), work.git("diff", *users), work.git("diff", "--cached", *users)


def merge(work):
    theirs = work.git("rev-parse", "side").strip()
    return merge_by_git(work.repository, theirs, "m", store=STORE, rewritten=REWRITTEN, verify=True)


@pytest.mark.parametrize("writes", [False, True])
def test_what_the_user_changed_and_staged_stays_where_git_does_not_begin(sides, writes):
    sides.write("code", b"not committed\n")
    sides.write("mine", b"2\n")
    sides.write("added", b"new\n")
    sides.git("add", "mine", "added")
    sides.write("mine", b"3\n")
    sides.git("rm", "-q", "--cached", "other")
    sides.write(SHOWN, b'{"n":2}\n')
    before = of_the_user(sides)
    if writes:
        sides.write(".git/writes", b"")
    with pytest.raises(GitError, match="git did not merge"):
        merge(sides)
    assert of_the_user(sides) == before
    sides.assert_sound()


@pytest.mark.parametrize("writes", [False, True])
def test_what_the_user_removed_stays_removed_where_git_does_not_begin(sides, writes):
    sides.write("code", b"not committed\n")
    sides.git("rm", "-q", "other")
    os.remove(sides.path("mine"))
    sides.write(SHOWN, b'{"n":2}\n')
    before = of_the_user(sides)
    if writes:
        sides.write(".git/writes", b"")
    with pytest.raises(GitError, match="git did not merge"):
        merge(sides)
    assert of_the_user(sides) == before


def test_what_the_user_saves_while_git_looks_is_not_put_back_to_what_it_was_before(sides, monkeypatch):
    sides.write("code", b"not committed\n")
    sides.write("mine", b"2\n")
    started = merging.start_git

    def git(repository, arguments, **options):
        ended = started(repository, arguments, **options)
        if arguments[0] == "merge":
            sides.write("mine", b"3\n")
            sides.git("add", "other")
        return ended

    monkeypatch.setattr(merging, "start_git", git)
    with pytest.raises(GitError, match="git did not merge"):
        merge(sides)
    assert sides.read("mine") == b"3\n"
    assert sides.read("code") == b"not committed\n"


def test_a_merge_that_is_interrupted_takes_no_work_of_the_users_along(sides, monkeypatch):
    sides.write("mine", b"2\n")
    sides.git("add", "mine")
    before = of_the_user(sides)
    started = merging.start_git

    def git(repository, arguments, **options):
        if arguments[0] != "merge":
            return started(repository, arguments, **options)
        sides.git("reset", "-q", "--hard")  # where git is when it is killed
        raise SystemExit

    monkeypatch.setattr(merging, "start_git", git)
    with pytest.raises(SystemExit):
        merge(sides)
    assert of_the_user(sides) == before


def test_what_cannot_be_put_back_is_told_with_the_command_that_does(sides, monkeypatch):
    sides.write("mine", b"2\n")
    before = of_the_user(sides)
    started = merging.start_git

    def git(repository, arguments, **options):
        if arguments[0] != "merge":
            return started(repository, arguments, **options)
        sides.git("reset", "-q", "--hard")
        sides.write(".git/index.lock", b"")
        raise SystemExit

    monkeypatch.setattr(merging, "start_git", git)
    with pytest.raises(GitError, match="did not put it back") as caught:
        merge(sides)
    os.remove(sides.path(".git/index.lock"))
    sides.git(*caught.value.hint.removeprefix("git ").removesuffix(" puts it back").split())
    assert of_the_user(sides) == before


def test_a_merge_that_a_hook_refuses_leaves_nothing_behind(sides):
    sides.write(".git/hooks/pre-merge-commit", b"#!/bin/sh\necho not today >&2\nexit 1\n")
    os.chmod(sides.path(".git/hooks/pre-merge-commit"), 0o755)
    sides.write("mine", b"2\n")
    before = of_the_user(sides)
    with pytest.raises(GitError, match="not today") as caught:
        merge(sides)
    assert "a hook refused" in caught.value.hint
    assert of_the_user(sides) == before
    assert sides.read("code") == b"1\n"
    assert not os.path.lexists(sides.path(".git/MERGE_HEAD"))


def test_a_merge_that_somebody_else_is_in_stays(sides):
    sides.git("merge", "-q", "--no-commit", "side")
    with pytest.raises(GitError, match="git did not merge"):
        merge(sides)
    assert os.path.lexists(sides.path(".git/MERGE_HEAD"))
    assert sides.read("code") == b"theirs\n"


def test_giving_up_goes_back_although_a_readable_file_is_written_meanwhile(sides):
    sides.user_commits("code", b"ours\n", "ours")
    sides.write("mine", b"2\n")
    before = of_the_user(sides)
    assert merge(sides) == ["code"]
    sides.write(SHOWN, b'{"n":3}\n')
    give_up(sides.repository, REWRITTEN)
    assert of_the_user(sides) == before
    assert not os.path.lexists(sides.path(".git/MERGE_HEAD"))
    assert sides.status() == " M mine\n"


def test_two_histories_that_have_nothing_in_common_are_not_for_committing_first(sides):
    sides.git("switch", "-q", "--orphan", "apart")
    sides.user_commits("code", b"apart\n", "apart")
    with pytest.raises(GitError, match="unrelated histories") as caught:
        merge(sides)
    assert "branch or the remote" in caught.value.hint
