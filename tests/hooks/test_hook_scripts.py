"""Goal: the scripts start the program only where the store is concerned, and stand in nobody's way."""

import os
import subprocess

import pytest
from hooks_support import World, fake_program
from journal.hooks.script import block, block_in, script, stores_of, with_block, without_block

from journal.git.hook_files import NAMES

ZEROS = "0" * 40


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """Return what the program was called with so far, and forget it."""
    path = tmp_path / "calls"
    monkeypatch.setenv("JOURNAL_CALLS", str(path))

    def read():
        text = path.read_text() if path.exists() else ""
        path.write_text("")
        return text.splitlines()

    return read


@pytest.fixture
def scripted(committed, calls):
    """A repository with one commit of the store, whose hooks call a program that only takes notes."""
    install(committed, fake_program(committed))
    return committed


def install(world, program, *, chains=False, stores=(".journal",)):
    for name in NAMES:
        world.write(f".git/hooks/{name}", script(name, stores, program, chains=chains))
        os.chmod(world.path(f".git/hooks/{name}"), 0o755)


def stir(world, id="p2", name="a change of the store"):
    """Commit a change of the store past the hooks; return the commit before it."""
    before = world.head
    world.put(id, a=1)
    world.git("add", "-A")
    world.git("commit", "-q", "--no-verify", "-m", name)
    return before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("chains", [True, False])
def test_the_texts_are_what_a_shell_reads(name, chains):
    stores = [".journal", "a b/.journal", "it's/.journal"]
    text = script(name, stores, "/opt/my tools/git-journal", chains=chains)
    assert subprocess.run(["sh", "-n"], input=text, capture_output=True).stderr == b""
    assert stores_of(text) == stores
    assert subprocess.run(["sh", "-n"], input=block(name, stores), capture_output=True).stderr == b""
    assert stores_of(block(name, stores)) == stores


def test_a_commit_of_other_files_starts_no_program(scripted, calls):
    scripted.write("notes", "1")
    scripted.put("p2", a=1)
    scripted.git("add", "notes")
    scripted.git("commit", "-q", "-m", "notes")
    scripted.git("commit", "-q", "--allow-empty", "-m", "nothing")
    scripted.git("commit", "-q", "--amend", "--allow-empty", "-m", "amended")
    assert calls() == []


def test_a_commit_of_the_store_does(scripted, calls):
    scripted.put("p2", a=1)
    scripted.git("add", "-A")
    scripted.git("commit", "-q", "-m", "plans")
    assert calls() == ["hook pre-commit --store .journal --"]
    scripted.git("rm", "-q", "--cached", ".journal/entities/plan/p2.json")
    scripted.git("commit", "-q", "-m", "less")
    assert calls() == ["hook pre-commit --store .journal --"]


def test_a_first_commit_does(tmp_path, calls):
    world = World.new(tmp_path / "fresh")
    install(world, fake_program(world))
    world.git("add", "-A")
    world.git("commit", "-q", "-m", "first")
    assert calls() == ["hook pre-commit --store .journal --"]


def test_a_path_of_a_partial_commit_counts_and_no_other(scripted, calls):
    scripted.write("notes", "1")
    scripted.put("p2", a=1)
    scripted.git("add", "-A")
    scripted.git("commit", "-q", "-m", "notes alone", "notes")
    assert calls() == []
    scripted.git("commit", "-q", "-m", "the rest", ".journal")
    assert calls() == ["hook pre-commit --store .journal --"]


def test_commit_dash_a_counts(scripted, calls):
    scripted.put("p1", a=2)
    scripted.git("commit", "-q", "-a", "-m", "all")
    assert calls() == ["hook pre-commit --store .journal --"]


def test_a_checkout_counts_where_the_store_differs(scripted, calls):
    scripted.git("switch", "-q", "-c", "side")
    scripted.git("commit", "-q", "--allow-empty", "-m", "nothing")
    scripted.git("switch", "-q", "main")
    assert calls() == []
    scripted.git("switch", "-q", "side")
    stir(scripted)
    scripted.git("switch", "-q", "main")
    assert [call.split()[:2] for call in calls()] == [["hook", "post-checkout"]]
    scripted.git("checkout", "-q", "side", "--", ".journal")
    assert calls() == [], "single files are nobody's move"


def test_a_new_work_tree_starts_no_program(scripted, calls):
    scripted.git("worktree", "add", "-q", "../other")
    assert calls() == []


@pytest.mark.parametrize("way", ["--ff-only", "--no-ff"])
def test_a_merge_counts_where_it_brings_something_of_the_store(scripted, calls, way):
    scripted.git("switch", "-q", "-c", "side")
    scripted.write("notes", "1")
    scripted.git("add", "notes")
    scripted.git("commit", "-q", "-m", "notes")
    scripted.git("switch", "-q", "main")
    scripted.git("merge", "-q", way, "--no-edit", "side")
    assert calls() == []
    scripted.git("switch", "-q", "-C", "side")
    stir(scripted)
    scripted.git("switch", "-q", "main")
    calls()
    scripted.git("merge", "-q", way, "--no-edit", "side")
    started = [call.split()[1] for call in calls()]
    assert started == (["post-merge"] if way == "--ff-only" else ["pre-merge-commit", "post-merge"])


def test_a_rebase_counts_once_at_its_end(scripted, calls):
    scripted.git("switch", "-q", "-c", "side")
    stir(scripted)
    scripted.git("switch", "-q", "main")
    scripted.git("commit", "-q", "--allow-empty", "-m", "main goes on")
    stir(scripted, "p3")
    calls()
    scripted.git("switch", "-q", "side")
    calls()
    scripted.git("rebase", "-q", "main")
    started = [call.split()[1] for call in calls()]
    assert started[-1] == "post-rewrite"
    assert set(started) <= {"post-checkout", "post-rewrite"}


def test_a_push_counts_where_it_sends_something_of_the_store(scripted, calls, tmp_path):
    scripted.git("init", "-q", "--bare", str(tmp_path / "hub"))
    scripted.git("remote", "add", "origin", str(tmp_path / "hub"))
    scripted.git("push", "-q", "origin", "main")
    assert len(calls()) == 1, "the remote has nothing yet"
    scripted.git("commit", "-q", "--allow-empty", "-m", "nothing")
    scripted.git("push", "-q", "origin", "main")
    assert calls() == []
    stir(scripted)
    scripted.git("push", "-q", "origin", "main")
    assert [call.split()[1] for call in calls()] == ["pre-push"]
    scripted.git("push", "-q", "origin", ":main", check=False)
    assert calls() == [], "a branch that is deleted sends nothing"


def test_without_a_store_nothing_is_started(scripted, calls):
    scripted.git("rm", "-r", "-q", ".journal")
    scripted.run("rm", "-rf", ".journal")
    scripted.git("commit", "-q", "-m", "gone")
    assert calls() == []


def test_every_store_is_looked_at(scripted, calls):
    install(scripted, fake_program(scripted), stores=(".journal", "a b/.journal"))
    scripted.write("a b/.journal/journal.toml", "x")
    scripted.put("p2", a=1)
    scripted.git("add", "-A")
    scripted.git("commit", "-q", "-m", "both")
    assert calls() == ["hook pre-commit --store .journal --", "hook pre-commit --store a b/.journal --"]


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (20, 1), (1, 0), (2, 0), (126, 0), (139, 0)])
def test_only_a_refusal_stops_git(scripted, status, expected):
    install(scripted, fake_program(scripted, f"exit {status}"))
    scripted.put("p2", a=1)
    scripted.git("add", "-A")
    assert scripted.run("git", "commit", "-q", "-m", "plans", check=False).returncode == expected


def test_a_program_that_moved_is_found_on_the_path(scripted, calls, monkeypatch):
    install(scripted, "/nowhere/git-journal")
    monkeypatch.setenv("PATH", os.path.dirname(fake_program(scripted)) + os.pathsep + os.environ["PATH"])
    scripted.put("p2", a=1)
    scripted.git("add", "-A")
    scripted.git("commit", "-q", "-m", "plans")
    assert calls() == ["hook pre-commit --store .journal --"]


def test_without_the_program_git_goes_on_and_a_commit_says_one_line(scripted, monkeypatch, tmp_path):
    install(scripted, "/nowhere/git-journal", chains=True)
    scripted.put("p2", a=1)
    scripted.git("add", "-A")
    path = os.pathsep.join(os.path.dirname(program) for program in ("/usr/bin/git", "/bin/sh"))
    monkeypatch.setenv("PATH", path)
    ended = scripted.run("git", "commit", "-q", "-m", "plans")
    assert ended.stderr.splitlines() == [
        "git-journal is not installed: what this commit holds of the journal was not checked"
    ]
    scripted.git("branch", "before", "HEAD~1")
    ended = scripted.run("git", "switch", "-q", "before")
    assert (ended.stdout, ended.stderr) == ("", "")


def test_the_hook_before_runs_first_with_its_arguments_and_its_input(scripted, calls, tmp_path):
    install(scripted, fake_program(scripted), chains=True)
    for name in NAMES:
        scripted.chain(f"{name}.before-journal")
    scripted.put("p2", a=1)
    scripted.git("add", ".journal")
    scripted.git("commit", "-q", "-m", "plans")
    assert scripted.called() == "\n"
    scripted.git("init", "-q", "--bare", str(tmp_path / "hub"))
    scripted.git("push", "-q", str(tmp_path / "hub"), "main")
    hub = str(tmp_path / "hub")
    assert scripted.called() == f"{hub} {hub}\nrefs/heads/main {scripted.head} refs/heads/main {ZEROS}\n"
    old = scripted.head
    scripted.git("commit", "-q", "--amend", "-m", "other words")
    assert scripted.called() == f"\namend\n{old} {scripted.head}\n"
    assert [call.split()[1] for call in calls()] == ["pre-commit", "pre-push"], "other words change no file"


def test_a_refusal_of_the_hook_before_is_final_and_keeps_its_status(scripted, calls):
    install(scripted, fake_program(scripted), chains=True)
    scripted.hook("pre-commit.before-journal", "echo no way; exit 7")
    scripted.hook("pre-push.before-journal", "exit 9")
    scripted.put("p2", a=1)
    scripted.git("add", "-A")
    assert "no way" in scripted.refused("commit", "-q", "-m", "plans")
    assert scripted.run(".git/hooks/pre-commit", check=False).returncode == 7
    assert scripted.run(".git/hooks/pre-push", "x", "y", data="", check=False).returncode == 9
    assert calls() == []


def test_a_hook_before_that_reads_nothing_of_a_long_input_does_no_harm(scripted):
    install(scripted, fake_program(scripted, "exit 0"), chains=True)
    scripted.hook("pre-push.before-journal", "exit 0")
    line = f"refs/heads/main {scripted.head} refs/heads/main {ZEROS}\n"
    ended = scripted.run(".git/hooks/pre-push", "x", "y", data=line * 20_000)
    assert ended.stderr == ""


@pytest.mark.parametrize("text", [b"", b"npm test\n", b"npm test", b"#!/bin/sh\nexit 0\n", b"a\r\nb\r\n", b"\n\n"])
def test_a_block_comes_and_goes_without_a_trace(text):
    lines = block("pre-commit", [".journal"])
    there = with_block(text, lines)
    assert block_in(there) == lines
    assert with_block(there, lines) == there
    assert without_block(there) == text
    renewed = block("pre-commit", [".journal", "sub/.journal"])
    assert without_block(with_block(there, renewed)) == text
    assert block_in(with_block(there, renewed)) == renewed


def test_what_follows_a_block_stays():
    there = with_block(b"npm test", block("pre-commit", [".journal"])) + b"more\n"
    assert without_block(there) == b"npm test\nmore\n"
