"""Goal: hooks let a pointer pass and no bytes in its place, and a push takes along the bytes that git LFS carries.

No test here needs git-lfs: a few lines stand in for it.
"""

import os
import pathlib
import shutil

import pytest
from hooks_support import World
from journal.hooks.verdict import TruthFacts, truth_problem

from journal import Journal
from journal.git.hook_files import BEFORE
from tests.support.lfs import DATA, PATH, POINTER, SHA, StandIn, full, let_age, switch, write


@pytest.fixture
def world(committed, tmp_path, monkeypatch):
    """A store with blobs for git LFS, hooks, a remote, and no git-lfs."""
    world = committed
    monkeypatch.setattr("journal.upkeep.lfs_setup.pause", lambda seconds: None)
    switch(world.path(".journal"))
    world.commit_all("for git LFS")
    assert world.hooks("install") == 0
    world.git("init", "-q", "--bare", str(tmp_path / "hub.git"))
    world.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    world.git("push", "-q", "-u", "origin", "HEAD")
    hide(tmp_path, monkeypatch)
    return world


def hide(folder, monkeypatch):
    """Let no git-lfs be found: a PATH with everything else."""
    place = pathlib.Path(folder) / "without-lfs"
    place.mkdir()
    for source in os.environ["PATH"].split(os.pathsep):
        for name in os.listdir(source) if os.path.isdir(source) else []:
            if name != "git-lfs" and not (place / name).is_symlink():
                (place / name).symlink_to(os.path.join(source, name))
    monkeypatch.setenv("PATH", str(place))


@pytest.fixture
def lfs(world, tmp_path, monkeypatch):
    folder = tmp_path / "stands-in"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return StandIn(folder, tmp_path / "hub.git")


def put(world, data=DATA, name="o"):
    with Journal.open(world.folder) as journal:
        ref = journal.blobs.put(data)
        journal.put("order", name, {"invoice": ref})
    return ref


def tip(world):
    return world.git("ls-remote", "origin", "main").split("\t")[0]


def committed_form(world, commit="HEAD"):
    return world.git("cat-file", "-p", f"{commit}:.journal/{PATH}").encode("utf-8", "surrogateescape")


# -- commits ----------------------------------------------------------------------------------------


def test_bytes_in_the_place_of_a_pointer_are_refused_and_staging_puts_it_right(world):
    put(world)
    world.git("add", "-A")
    said = world.refused("commit", "-m", "bytes")
    assert "lfs-bytes-staged" in said
    assert "do: journal stage" in said
    assert world.journal("stage") == 0
    world.git("commit", "-qm", "the pointer")
    assert committed_form(world) == POINTER


@pytest.mark.parametrize("verb", [("stage",), ("commit", "-m", "ours")])
def test_bytes_over_a_pointer_that_is_committed_are_refused_and_put_right_too(world, verb):
    put(world)
    world.journal("commit", "-m", "a pointer")
    os.utime(full(world.path(".journal")))
    world.git("add", "-A")
    assert "lfs-bytes-staged" in world.refused("commit", "-m", "bytes")
    assert world.journal(*verb) == 0
    world.git("commit", "-q", "--allow-empty", "-m", "theirs")
    assert committed_form(world) == POINTER
    assert world.git("cat-file", "-p", f":.journal/{PATH}").encode() == POINTER


def test_what_the_journal_staged_passes_and_so_does_what_is_not_fetched(world):
    put(world)
    assert world.journal("stage") == 0
    world.git("commit", "-qm", "staged")
    assert committed_form(world) == POINTER
    put(world, DATA + b"2", "p")
    assert world.journal("commit", "-m", "committed") == 0
    assert world.git("status", "--porcelain", "--", ".journal/segments") == ""


def test_bytes_of_before_may_become_their_pointer_and_may_be_pushed(world, lfs):
    put(world)
    world.git("add", "-A")
    world.git("commit", "-qm", "bytes", "--no-verify")
    world.git("push", "-q")
    write(full(world.path(".journal")), POINTER)
    world.git("add", "-A")
    write(full(world.path(".journal")), DATA)
    world.git("commit", "-qm", "the pointer")
    world.git("push", "-q")
    assert committed_form(world) == POINTER
    assert tip(world) == world.head


def test_a_merge_that_brings_bytes_passes(world):
    world.git("switch", "-qc", "side")
    put(world)
    world.git("add", "-A")
    world.git("commit", "-qm", "bytes", "--no-verify")
    world.git("switch", "-q", "main")
    world.put("p7", title="more")
    world.journal("commit", "-m", "more")
    world.git("merge", "-q", "--no-edit", "side")


def test_a_blob_that_compaction_put_aside_may_leave(world):
    with Journal.open(world.folder) as journal:
        journal.blobs.put(DATA)
        journal.commit("a blob")
        for number in range(2):
            journal.put("tick", "t", {"n": number})
            journal.compact()
            if number:
                break
            journal.commit("compacted")
    assert not os.path.exists(full(world.path(".journal")))
    world.git("add", "-A")
    world.git("commit", "-qm", "by hand")
    assert f".journal/{PATH}" not in world.git("ls-files").split()


def test_the_table_says_what_is_refused():
    facts = TruthFacts(PATH, is_there=True, was_there=False, is_unpointed=True)
    assert truth_problem(facts, in_progress=False).code == "lfs-bytes-staged"
    assert truth_problem(facts, in_progress=True) is None
    assert truth_problem(facts._replace(is_unpointed=False), in_progress=False) is None
    assert truth_problem(facts._replace(is_unpointed=False, on_disk="other"), in_progress=False).code == "truth-differs"


# -- pushes -----------------------------------------------------------------------------------------


def test_a_push_takes_the_bytes_along_before_the_branch_moves(world, lfs):
    put(world)
    world.journal("commit", "-m", "a blob")
    before = tip(world)
    world.git("push", "-q")
    ((words, refs),) = lfs.asked()
    assert words == ["push", "--object-id", "origin", SHA]
    assert before in refs
    assert (lfs.server / SHA).read_bytes() == DATA
    world.git("tag", "-a", "v1", "-m", "a tag")
    world.git("push", "-q", "origin", "v1")
    world.git("push", "-q", "origin", "--delete", "v1")
    world.put("p8", title="more")
    world.journal("commit", "-m", "more")
    world.git("push", "-q")
    assert len(lfs.asked()) == 1


def test_a_push_without_git_lfs_is_refused_and_says_why(world):
    put(world)
    world.journal("commit", "-m", "a blob")
    before = tip(world)
    said = world.refused("push")
    assert "git-lfs is not installed here" in said
    assert "do: install git-lfs" in said
    assert tip(world) == before
    world.git("push", "-q", "--no-verify")


def test_a_server_that_refuses_stops_the_push(world, lfs):
    put(world)
    world.journal("commit", "-m", "a blob")
    lfs.say("quota exceeded")
    assert "quota exceeded" in world.refused("push")


@pytest.mark.parametrize("name", ["pre-push" + BEFORE, "pre-push"])
def test_where_git_lfs_has_a_hook_it_does_it(world, lfs, name):
    hook = world.path(f".git/hooks/{name}")
    text = "" if name.endswith(BEFORE) else pathlib.Path(hook).read_text()
    with open(hook, "w") as file:
        file.write(text or '#!/bin/sh\n: git lfs pre-push "$@"\n')
        file.write('# git lfs pre-push "$@"\n' if text else "")
    os.chmod(hook, 0o755)
    put(world)
    world.journal("commit", "-m", "a blob")
    world.git("push", "-q")
    assert lfs.asked() == []


def test_a_sync_asks_once(world, lfs):
    put(world)
    with Journal.open(world.folder) as journal:
        journal.sync()
    assert lfs.verbs() == ["push"]
    assert tip(world) == world.head


def test_a_store_without_such_blobs_asks_nothing(world, lfs, tmp_path):
    world.put("p9", title="more")
    world.journal("commit", "-m", "more")
    world.git("push", "-q")
    other = World.new(tmp_path / "other")
    other.hooks("install")
    shutil.rmtree(other.path(".git/hooks"), ignore_errors=True)
    assert lfs.asked() == []


def test_bytes_that_came_from_elsewhere_need_not_go_again(world, lfs):
    with Journal.open(world.folder) as journal:
        ref = journal.blobs.put(DATA)
        write(full(world.path(".journal")), POINTER)
        let_age(full(world.path(".journal")))
        journal.put("order", "o", {"invoice": ref})
        journal.commit("a pointer")
    world.git("push", "-q")
    assert lfs.asked() == []
