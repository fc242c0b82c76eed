"""Goal: nothing ever names a pointer whose bytes a power cut could take; a blob is whole at every instant.

No test here needs git-lfs.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from journal import GitError, Journal
from journal.disk.files import OsFiles
from journal.errors import NotAppliedError
from journal.git.lfs_objects import LfsObjects
from journal.store.config import read_config
from journal.store.layout import has_lfs_rule
from journal.store.lfs_option import switch_on
from journal.upkeep.lfs_filling import put_bytes
from tests.support.cuts import Cut, CutFiles
from tests.support.lfs import DATA, PATH, POINTER, SHA, full, git, object_at, switch, use_settings, write
from tests.support.outages import bury, restarted
from tests.support.power import SimulatedDisk, every_cut
from tests.support.stores import new_store, read_bytes

IS_SOAK = os.environ.get("JOURNAL_SOAK") == "1"
STEP = 1 if IS_SOAK else 11
FINISHED_IN = 1 if IS_SOAK else 5  # of so many disks that are looked at, one is also committed and examined by git


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        use_settings(folder, monkeypatch, has_filter=False)
        yield folder


def make_tree(folder: str) -> str:
    """A work tree with a commit, and a blob for git LFS that is not committed."""
    os.makedirs(folder, exist_ok=True)
    git(folder, "init", "-q", "--template=")
    Journal.init(folder)
    switch(os.path.join(folder, ".journal"))
    with Journal.open(folder) as journal:
        journal.put("order", "a", {"n": 1})
        journal.commit("begin")
        ref = journal.blobs.put(DATA)
        journal.put("order", "o", {"invoice": ref})
    return folder


def named(folder: str) -> bool:
    """Tell whether a commit or the index names the pointer; what they name is there, durably."""
    path = f".journal/{PATH}"
    listed = [git(folder, "ls-files", "-s", "--", path), git(folder, "ls-tree", "-r", "HEAD", "--", path)]
    for line in filter(None, listed):
        identity = next(word for word in line.split() if len(word) == 40)
        assert git(folder, "cat-file", "-p", identity).encode() == POINTER
    return any(listed)


def assert_safe(folder: str) -> bool:
    """What must hold at every instant; tell whether a commit or the index names the pointer."""
    store = os.path.join(folder, ".journal")
    assert read_bytes(full(store)) == DATA
    is_named = named(folder)
    if is_named:
        assert read_bytes(object_at(folder, SHA)) == DATA
    elif os.path.exists(object_at(folder, SHA)):
        assert read_bytes(object_at(folder, SHA)) == DATA, "under its own name it is whole"
    return is_named


def finish(folder: str, files: Any = None) -> None:
    with Journal.open(folder, files=files) as journal:
        journal.commit("all")
        assert journal.doctor().ok
    assert assert_safe(folder)
    assert git(folder, "fsck", "--full", "--strict", "--no-dangling") == ""


def test_power_cut_at_any_call_of_a_commit(scratch):
    origin = make_tree(os.path.join(scratch, "origin"))

    def operate(disk: SimulatedDisk) -> None:
        journal = Journal.open(disk.root, files=disk)
        opened.append(journal)
        journal.commit("a blob")
        disk.note("committed")

    opened: list[Journal] = []
    seen = 0
    copy = lambda folder: shutil.copytree(origin, folder, dirs_exist_ok=True, symlinks=True)  # noqa: E731
    chosen = lambda call, path: call % STEP == 0 or f"{os.sep}lfs" in path  # noqa: E731
    for cut in every_cut(os.path.join(scratch, "cuts"), copy, operate, whens=["during"], chosen=chosen):
        while opened:
            bury(opened.pop())
        for disk in cut.reboots(range(1)):
            seen += 1
            with restarted():
                assert assert_safe(disk.root) or not cut.notes
                if seen % FINISHED_IN == 0:
                    finish(disk.root)
    assert seen > 30


@pytest.mark.parametrize("error", [Cut, lambda: OSError(28, "No space left on device")])
def test_a_commit_that_ended_at_any_call_is_completed_by_the_next(scratch, error):
    origin = make_tree(os.path.join(scratch, "origin"))
    calls, ended = 0, False
    while not ended:
        folder = shutil.copytree(origin, os.path.join(scratch, "copy"), symlinks=True)
        files = CutFiles(-1, error=error, files=OsFiles())
        journal = Journal.open(folder, files=files)  # type: ignore[arg-type]
        journal.status()
        files.calls_left = calls
        try:
            journal.commit("a blob")
            ended = files.calls_left > 0
        except (Cut, GitError, OSError, NotAppliedError):
            assert not ended
        bury(journal)
        assert_safe(folder)
        finish(folder)
        shutil.rmtree(folder)
        calls += STEP


def test_power_cut_while_bytes_take_the_place_of_a_pointer(scratch):
    def prepare(folder: str) -> None:
        root = new_store(folder)
        write(full(root), POINTER)
        write(os.path.join(folder, "lfs", "objects", SHA[:2], SHA[2:4], SHA), DATA)

    def operate(disk: SimulatedDisk) -> None:
        from journal.format.pointer import Pointer

        objects = LfsObjects(disk, os.path.join(disk.root, "lfs"))
        assert put_bytes(disk, os.path.join(disk.root, ".journal"), objects, PATH, Pointer(SHA, len(DATA)))
        disk.note("there")

    for cut in every_cut(os.path.join(scratch, "cuts"), prepare, operate):
        for disk in cut.reboots():
            found = read_bytes(full(os.path.join(disk.root, ".journal")))
            assert found in ((DATA,) if cut.notes else (DATA, POINTER))


def test_power_cut_while_bytes_are_given_to_git_lfs(scratch):
    from journal.format.pointer import Pointer

    def prepare(folder: str) -> None:
        write(os.path.join(folder, "source"), DATA)

    def operate(disk: SimulatedDisk) -> None:
        objects = LfsObjects(disk, os.path.join(disk.root, "git", "lfs"))
        objects.keep(os.path.join(disk.root, "source"), Pointer(SHA, len(DATA)))
        disk.note("kept")

    for cut in every_cut(os.path.join(scratch, "cuts"), prepare, operate):
        for disk in cut.reboots():
            path = os.path.join(disk.root, "git", "lfs", "objects", SHA[:2], SHA[2:4], SHA)
            assert os.path.exists(path) or not cut.notes
            assert not os.path.exists(path) or read_bytes(path) == DATA
            operate(disk)
            assert read_bytes(path) == DATA


def test_power_cut_while_git_lfs_has_it_already_and_never_synced_it(scratch):
    """As a person's `git add` leaves it: the bytes are there, and nothing says that they are on the disk."""
    from journal.format.pointer import Pointer

    def prepare(folder: str) -> None:
        write(os.path.join(folder, "source"), DATA)

    def operate(disk: SimulatedDisk) -> None:
        place = os.path.join(disk.root, "lfs", "objects", SHA[:2], SHA[2:4])
        for depth in range(4):
            folder = os.path.join(disk.root, *["lfs", "objects", SHA[:2], SHA[2:4]][: depth + 1])
            disk.make_folder(folder)
        disk.create(os.path.join(place, SHA), DATA)
        LfsObjects(disk, os.path.join(disk.root, "lfs")).keep(
            os.path.join(disk.root, "source"), Pointer(SHA, len(DATA))
        )
        disk.note("kept")

    for cut in every_cut(os.path.join(scratch, "cuts"), prepare, operate):
        for disk in cut.reboots():
            path = os.path.join(disk.root, "lfs", "objects", SHA[:2], SHA[2:4], SHA)
            if cut.notes:
                assert read_bytes(path) == DATA


def test_power_cut_while_doctor_puts_a_blob_right(scratch):
    origin = make_tree(os.path.join(scratch, "origin"))
    finish(origin)
    wrong = DATA[:-1] + b"!"
    write(full(os.path.join(origin, ".journal")), wrong)

    def operate(disk: SimulatedDisk) -> None:
        journal = Journal.open(disk.root, files=disk)
        opened.append(journal)
        assert journal.doctor(fix=True).ok
        disk.note("right")

    opened: list[Journal] = []
    copy = lambda folder: shutil.copytree(origin, folder, dirs_exist_ok=True, symlinks=True)  # noqa: E731
    chosen = lambda call, _: call % STEP == 0  # noqa: E731
    for cut in every_cut(os.path.join(scratch, "cuts"), copy, operate, whens=["during"], chosen=chosen):
        while opened:
            bury(opened.pop())
        for disk in cut.reboots(range(1)):
            with restarted():
                found = read_bytes(full(os.path.join(disk.root, ".journal")))
                assert found in ((DATA,) if cut.notes else (DATA, wrong))
                with Journal.open(disk.root) as journal:
                    assert journal.doctor(fix=True).ok
                    assert journal.blobs.get(SHA) == DATA


def test_power_cut_while_it_is_switched_on(scratch):
    def operate(disk: SimulatedDisk) -> None:
        switch_on(disk, os.path.join(disk.root, ".journal"))
        disk.note("on")

    for cut in every_cut(os.path.join(scratch, "cuts"), lambda folder: new_store(folder) and None, operate):
        for disk in cut.reboots():
            root = os.path.join(disk.root, ".journal")
            is_on = read_config(disk, root).lfs_bytes is not None
            assert is_on or not cut.notes
            assert has_lfs_rule(disk, root) or not is_on
