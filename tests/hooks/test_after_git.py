"""Goal: after git has moved something the readable files follow; nothing is in git's way, nobody waits."""

import json
import os
import shutil
import time

import pytest
from hooks_support import World

from journal.disk.lock import StoreLock

P1 = ".journal/entities/plan/p1.json"


def two_branches(world):
    """Hooks without the driver, so that git's own merge of lines has to be put right."""
    world.put("p1", a=1)
    world.put("q", a=0)
    world.commit_all()
    assert world.hooks("install") == 0
    world.git("config", "--remove-section", "merge.journal")
    world.git("switch", "-q", "-c", "side")
    world.put("p1", a=1, b=2)
    world.put("s", a=1)
    world.commit_all("side")
    world.git("switch", "-q", "main")
    world.put("p1", a=1, c=3)
    world.commit_all("main")


@pytest.fixture
def shop(copy_of):
    return copy_of(two_branches)


def test_a_merge_without_conflict_leaves_everything_current(shop):
    shop.git("branch", "-f", "side", "side")
    shop.put("t", a=1)
    shop.commit_all()
    shop.git("reset", "-q", "--hard", "HEAD~2")
    shop.put("t", a=2)
    shop.commit_all()
    ended = shop.run("git", "merge", "-q", "--no-edit", "side")
    assert ended.stderr == ""
    assert json.loads(shop.read(P1)) == {"a": 1, "b": 2}
    assert shop.git("status", "--porcelain") == ""


def test_a_checkout_brings_back_a_file_that_was_missing(shop):
    os.unlink(shop.path(P1))
    shop.git("add", "-u")
    shop.git("commit", "-q", "--no-verify", "-m", "the file alone is gone")
    shop.git("switch", "-q", "side")
    assert json.loads(shop.read(P1)) == {"a": 1, "b": 2}
    shop.git("switch", "-q", "main")
    assert json.loads(shop.read(P1)) == {"a": 1, "c": 3}, "the hook wrote what the commit lacks"


def test_a_rebase_ends_with_current_files_and_is_not_disturbed_on_its_way(shop):
    shop.git("switch", "-q", "-c", "more", "side")
    for number in range(3):
        shop.put("s", a=number + 10)
        shop.commit_all(f"step {number}")
    ended = shop.run("git", "rebase", "-q", "main", check=False)
    for _ in range(5):
        if ended.returncode == 0:
            break
        shop.run("journal", "reconcile", "-q")
        shop.git("add", "-A")
        ended = shop.run("git", "rebase", "--continue", check=False)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(shop.read(".journal/entities/plan/s.json")) == {"a": 12}
    assert json.loads(shop.read(P1)) == {"a": 1, "b": 2, "c": 3}


def test_an_autostash_finds_its_place_free(shop):
    """A file that the hook wrote before git puts the stash back would be in its way."""
    before = shop.read(P1)
    shop.git("switch", "-q", "-c", "events-alone")
    shop.put("p1", a=9)
    shop.git("add", ".journal/segments")
    shop.git("commit", "-q", "-m", "events alone")
    shop.write(P1, before)
    shop.git("switch", "-q", "main")
    shop.write(P1, '{\n  "a": "by hand"\n}\n')
    shop.git("merge", "-q", "--no-edit", "--autostash", "events-alone")
    assert shop.git("stash", "list") == "", "the stash went back"
    assert shop.read(P1) == b'{\n  "a": "by hand"\n}\n'


def test_hooks_do_not_wait_for_a_writer(shop):
    with StoreLock(shop.path(".journal/local/lock")).held(5):
        begun = time.monotonic()
        shop.git("switch", "-q", "side")
        assert time.monotonic() - begun < 4
    shop.run("journal", "reconcile", "-q")
    assert json.loads(shop.read(P1)) == {"a": 1, "b": 2}


def test_no_hook_builds_the_first_index(shop):
    """That takes a while in a large store, so it is left to a command that says so."""
    shutil.rmtree(shop.path(".journal/local"))
    shop.git("switch", "-q", "side")
    assert not shop.exists(".journal/local/index.db")


def test_an_edit_by_hand_survives_a_checkout_or_stops_it(shop):
    shop.git("switch", "-q", "-c", "third")
    shop.write(".journal/entities/plan/new.json", '{\n  "by": "hand"\n}\n')
    shop.git("switch", "-q", "side")
    assert shop.read(".journal/entities/plan/new.json") == b'{\n  "by": "hand"\n}\n'


def test_a_broken_store_does_not_stop_git(shop):
    shop.git("switch", "-q", "side")
    shop.write(".journal/journal.toml", "format = 99\n")
    shop.git("commit", "-q", "-a", "--no-verify", "-m", "broken")
    ended = shop.run("git", "switch", "-q", "main")
    assert ended.returncode == 0
    ended = shop.run("git", "switch", "-q", "side")
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("\n") == 1


# -- pushing -------------------------------------------------------------------------------------------------------


@pytest.fixture
def hub(shop, tmp_path):
    shop.git("init", "-q", "--bare", str(tmp_path / "hub"))
    shop.git("remote", "add", "origin", str(tmp_path / "hub"))
    shop.git("push", "-q", "origin", "main")
    return shop


def test_a_sound_push_is_silent(hub):
    hub.put("p1", a=5)
    hub.commit_all()
    ended = hub.run("git", "push", "-q", "origin", "main", "side")
    assert (ended.stdout, ended.stderr) == ("", "")


def push_is_refused(world, *arguments):
    ended = world.run("git", "push", "-q", "origin", *(arguments or ("main",)), check=False)
    assert ended.returncode == 1
    return ended.stderr


def test_what_was_committed_past_the_check_is_found_at_the_push(hub):
    hub.git("add", "-f", ".journal/local/index.db")
    hub.git("commit", "-q", "--no-verify", "-m", "local")
    assert "local-tracked" in push_is_refused(hub)
    assert "local-tracked" in push_is_refused(hub, "main:a-new-branch")


def test_conflict_markers_and_changed_truth_are_not_pushed(hub):
    hub.write(P1, "<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n")
    hub.git("commit", "-q", "-a", "--no-verify", "-m", "marks")
    assert "conflict-markers" in push_is_refused(hub)
    hub.git("reset", "-q", "--hard", "HEAD~1")
    segment = f".journal/segments/{hub.segments()[0]}"
    hub.write(segment, hub.read(segment).replace(b'"a":1', b'"a":7'))
    hub.git("commit", "-q", "-a", "--no-verify", "-m", "changed")
    assert "truth-changed" in push_is_refused(hub)


def test_a_revert_may_be_pushed(hub):
    hub.put("p1", a=5)
    hub.commit_all()
    hub.git("push", "-q", "origin", "main")
    hub.git("revert", "--no-edit", "HEAD")
    assert hub.run("git", "push", "-q", "origin", "main").stderr == ""


def test_damage_here_is_told_at_a_push_and_stops_nothing(hub):
    hub.put("p1", a=5)
    hub.commit_all()
    segment = f".journal/segments/{hub.segments()[0]}"
    hub.write(segment, hub.read(segment).replace(b'"a":1', b'"a":7'))
    shutil.rmtree(hub.path(".journal/local"))
    hub.run("journal", "list", check=False)
    ended = hub.run("git", "push", "-q", "origin", "main")
    assert "damaged" in ended.stderr
    assert "journal doctor" in ended.stderr


def test_a_push_from_a_folder_below(hub):
    os.makedirs(hub.path("sub"))
    hub.put("p1", a=5)
    hub.commit_all()
    assert World(hub.path("sub")).run("git", "push", "-q", "origin", "main").stderr == ""


def test_an_unknown_hook_is_refused(shop):
    ended = shop.run("journal", "hook", "commit-msg", check=False)
    assert (ended.returncode, "not a hook of the journal" in ended.stderr) == (2, True)
