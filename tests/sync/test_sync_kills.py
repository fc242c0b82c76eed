"""Goal: a sync that is killed at any point loses nothing, and the next one completes it."""

import contextlib
import os
import random
import shutil
import signal
import time

import pytest
from sync_support import Clone, git

from journal import Journal
from tests.support.cuts import Cut, CutFiles
from tests.support.stores import IS_SOAK


def remove_locks_of_git(clone):
    """As a person does who finds that a killed git left a lock, which git itself never takes away."""
    for lock in (clone.path / ".git").rglob("*.lock"):
        lock.unlink()


@pytest.mark.parametrize("whole_group", [False, True], ids=["journal", "journal-and-git"])
def test_kills_at_random_lose_nothing(hub, whole_group):
    chance = random.Random(11)
    clones = [hub.attached("one")]
    clones[0].sync()
    clones.append(hub.attached("two"))
    written = set()
    longest = 0.5
    for number in range(60 if IS_SOAK else 2):
        for clone in clones:
            id = f"{clone.path.name}-{number}"
            clone.put("plan", id, number=number)
            clone.put("plan", "shared", **{clone.path.name: number})
            written.add(("plan", id))
            process = clone.start("sync", start_new_session=True)
            time.sleep(chance.random() * longest)
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
            process.communicate()
            if whole_group:
                remove_locks_of_git(clone)
        assert written <= set(clones[0].documents()) | set(clones[1].documents())
    time.sleep(0.3)  # a git that outlived its sync ends
    for clone in (*clones, *clones):
        clone.sync()
    assert clones[0].everything() == clones[1].everything()
    assert written < set(clones[0].documents())
    for clone in clones:
        clone.assert_sound()
        assert git(clone.store, "status", "--short") == ""


@pytest.mark.parametrize("branch", [None, "journal"])
def test_a_cut_at_every_change_of_a_file_is_completed_by_the_next_sync(hub, branch):
    one = hub.clone("one")
    Journal.init(one.path, branch=branch)
    one.put("plan", "p1", title="Ship", one=0)
    one.sync()
    template = hub.clone("template")
    Journal.init(template.path, branch=branch)
    template.put("plan", "p1", two=2)
    template.put("plan", "mine", title="Mine")
    one.put("plan", "p1", one=1)
    one.sync()
    calls = 0
    while _is_cut(hub, template, branch, calls):
        calls += 1 if IS_SOAK else 23
    assert calls > 100


def _is_cut(hub, template, branch, calls):
    """Cut a sync at its n-th change, if it has so many; sync again, and see that all is as it would have been."""
    shutil.rmtree(hub.folder / "work", ignore_errors=True)
    shutil.rmtree(hub.folder / "remote.git", ignore_errors=True)
    shutil.copytree(template.path, hub.folder / "work", symlinks=True)
    shutil.copytree(hub.path, hub.folder / "remote.git")
    work, is_cut = Clone(hub.folder / "work"), False
    work.git("remote", "set-url", "origin", hub.folder / "remote.git")
    try:
        with Journal.open(work.path, files=CutFiles(calls)) as journal:
            journal.sync()
    except Cut:
        is_cut = True
        assert work.documents()["plan", "mine"] == {"title": "Mine"}
        work.sync()
    assert work.documents() == {
        ("plan", "p1"): {"title": "Ship", "one": 1, "two": 2},
        ("plan", "mine"): {"title": "Mine"},
    }, calls
    where = work.store if branch else work.path
    assert git(where, "status", "--short") == "", calls
    assert git(where, "rev-parse", "HEAD") == git(hub.folder / "remote.git", "rev-parse", branch or "main")
    assert git(where, "fsck", "--full", "--strict", "--no-dangling") == ""
    return is_cut
