"""Goal: after a kill or a power cut at any call, git is sound, nothing is lost, and a second run completes.

Method: a commit with staged work of the user's beside it, cut at each changing call in turn.
"""

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import sys
import time

import pytest
from git_support import Cut, CutFiles, Work

from journal.disk.files import OsFiles
from journal.errors import GitError
from journal.git import lock_file
from journal.git.commit import commit_changes
from journal.git.lock_file import LockFile
from tests.support.power import every_cut

A = ".journal/entities/plan/a.json"
SEGMENT = ".journal/segments/1.jsonl"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WANTED = {A: b'{"x":1}\n', SEGMENT: b"1\n", ".journal/journal.toml": None}


def prepare(folder):
    os.makedirs(folder, exist_ok=True)
    work = Work(folder)
    work.git("init", "-q", "--template=")
    work.user_commits("readme", b"hello\n")
    work.commit({A: b"{}\n", ".journal/journal.toml": b"format = 1\n"})
    work.write("staged", b"s\n")
    work.git("add", "staged")
    return work


def is_committed(work):
    """Tell whether HEAD is the commit after the two that were there."""
    return work.git("rev-list", "--count", "HEAD") == "3\n"


def assert_complete(work):
    """Our paths are committed, the index agrees, and the user's staged file is staged."""
    assert work.status() == "A  staged\n"
    assert work.head_files() == {"readme", A, SEGMENT}
    assert is_committed(work)
    work.assert_sound(objects_left=True)


@pytest.mark.parametrize("error", [Cut, lambda: OSError(28, "No space left on device")])
@pytest.mark.parametrize("dead", [True, False])
def test_a_run_that_ended_at_any_call_is_completed_by_the_next(tmp_path, error, dead):
    scratch = str(tmp_path)
    origin = prepare(str(tmp_path / "origin"))
    calls, ended = 0, False
    while not ended:
        work = Work(shutil.copytree(origin.folder, os.path.join(scratch, "copy"), symlinks=True))
        files = CutFiles(calls, error=error, dead=dead)
        try:
            work.commit(WANTED, files=files)
            ended = files.calls_left > 0
        except (Cut, GitError):
            assert not ended
        if is_committed(work):
            assert work.git("diff", "--cached", "--name-only") == "staged\n"
        work.commit(WANTED)
        assert_complete(work)
        shutil.rmtree(work.folder)
        calls += 1


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.soak)])
def test_a_power_cut_at_any_call_leaves_git_sound_and_is_completed_by_the_next_run(tmp_path, monkeypatch, step):
    scratch = str(tmp_path / "scratch")
    origin = prepare(str(tmp_path / "origin")).folder

    def operate(disk):
        Work(disk.root).commit(WANTED, files=disk)

    def copy(folder):
        shutil.copytree(origin, folder, dirs_exist_ok=True)

    boots = itertools.count()
    for cut in every_cut(scratch, copy, operate, whens=["during"], chosen=lambda call, _: call % step == 0):
        for disk in cut.reboots(range(1)):
            reboot(monkeypatch, f"boot {next(boots)}")
            work = Work(disk.root)
            assert work.git("fsck", "--full", "--strict", "--no-dangling") == ""
            committed = is_committed(work)
            assert committed or not cut.is_complete
            if committed:
                # The user's next commit must not take ours back, though nobody ran ours again.
                assert work.git("diff", "--cached", "--name-only") == "staged\n"
            work.commit(WANTED, files=disk)
            assert_complete(work)


def reboot(monkeypatch, boot):
    """A left lock is told by the boot it was taken in, or by its age against the machine's start."""
    monkeypatch.setattr(lock_file, "_machine", lambda: (socket.gethostname(), boot))
    monkeypatch.setattr(lock_file, "_boot_time_ns", lambda: time.time_ns() + 1)


def test_a_lock_of_a_killed_process_is_taken_over(work):
    """The process is really killed while it holds the lock."""
    code = (
        "import os, signal, sys; from journal.disk.files import OsFiles; from journal.git.lock_file import LockFile\n"
        "with LockFile(sys.argv[1], OsFiles()).held(1): os.kill(os.getpid(), signal.SIGKILL)"
    )
    index = work.path(".git/index")
    killed = subprocess.run([sys.executable, "-c", code, index], env={**os.environ, "PYTHONPATH": ROOT})
    assert killed.returncode == -9
    assert os.path.exists(index + ".lock")
    assert work.commit({A: b"x\n"}, lock_timeout_seconds=0.1) is not None
    work.assert_sound()


def test_a_run_with_nothing_to_commit_clears_left_locks(work):
    repository = work.repository
    for name in ("index", "HEAD", "refs/heads/main"):
        with contextlib.suppress(Cut), LockFile(work.path(f".git/{name}"), CutFiles(1)).held(0.1):
            raise Cut
    assert os.path.exists(work.path(".git/refs/heads/main.lock"))
    assert commit_changes(repository, [], "nothing", files=OsFiles()) is None
    work.assert_sound()


def test_a_commit_that_failed_leaves_the_index_as_it_was(work):
    work.write("staged", b"s\n")
    work.git("add", "staged")
    before = work.git("ls-files", "-s")
    with open(work.path(".git/refs/heads/main.lock"), "wb"), pytest.raises(GitError, match=r"main\.lock"):
        work.commit({A: b"x\n"})
    assert work.git("ls-files", "-s") == before
    assert work.status() == f" M {A}\nA  staged\n"


def test_a_lock_of_a_living_process_is_waited_for_and_then_an_error_that_names_it(work):
    with LockFile(work.path(".git/index"), OsFiles()).held(0.1):
        with pytest.raises(GitError, match=f"process {os.getpid()} on") as raised:
            work.commit({A: b"x\n"}, lock_timeout_seconds=0.05)
        assert "rename the lock file aside" in raised.value.hint
    assert work.commit({A: b"x\n"}) is not None


@pytest.mark.parametrize("content", [b"", b"DIRC\0\0\0\2"])
def test_a_lock_of_git_itself_is_never_taken_over(work, content):
    before = work.git("rev-parse", "HEAD")
    with open(work.path(".git/index.lock"), "wb") as file:
        file.write(content)
    with pytest.raises(GitError, match="another git command holds it"):
        work.commit({A: b"x\n"}, lock_timeout_seconds=0.05)
    assert work.read(".git/index.lock") == content
    assert work.git("rev-parse", "HEAD") == before


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({}, False),
        ({"nonce": "other"}, True),
        ({"boot": "earlier"}, True),
        ({"host": "elsewhere", "boot": "earlier"}, False),
        ({"namespace": "pid:[1]", "process": 4194304}, False),
        ({"process": 4194304}, True),
        ({"process": 1}, True),
        ({"process": os.getppid(), "start": "?"}, False),
    ],
)
def test_a_lock_is_left_behind_only_if_that_is_proved(tmp_path, change, left):
    """A process number in use with another start was given out again."""
    with LockFile(str(tmp_path / "x"), OsFiles()).held(0.1) as lock:
        holder = lock_file._parse((tmp_path / "x.lock").read_bytes())
        if change.get("start") == "?":
            change = {**change, "start": lock_file._start_of(os.getppid())}
        line = lock_file._line(holder._replace(**change))
        assert lock_file.is_left_behind(line, time.time_ns()) is left
        lock.check()


def test_a_lock_that_somebody_removed_is_noticed_before_anything_changes(work):
    before = work.git("rev-parse", "HEAD")

    class Removing(CutFiles):
        def _call(self, name):
            if name == "create" and self.log.count("create") == 2:
                os.unlink(work.path(".git/index.lock"))
            super()._call(name)

    with pytest.raises(GitError, match="taken away"):
        work.commit({A: b"x\n"}, files=Removing(-1))
    assert work.git("rev-parse", "HEAD") == before
