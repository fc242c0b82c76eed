"""Folders below the store's root: real ones only, and durable in the right order."""

import os

import pytest

from journal.disk.files import OsFiles, passing_name, writer_of
from journal.disk.folders import checked, ensure_folder, full_path
from journal.errors import UnsafePathError
from tests.support.faults import CountingFiles
from tests.support.power import SimulatedDisk, every_cut

files = OsFiles()


@pytest.fixture
def root(tmp_path) -> str:
    return str(tmp_path)


def test_missing_folders_are_made_and_existing_ones_kept(root):
    path = ensure_folder(files, root, "entities/plan/3f")
    assert path == os.path.join(root, "entities", "plan", "3f")
    files.create(os.path.join(path, "file"), b"")
    assert ensure_folder(files, root, "entities/plan/3f") == path
    assert [name for name, _ in files.list(path)] == ["file"]


@pytest.mark.parametrize("relative", ["", ".", "..", "a/../b", "a//b", "/a", "a/", "a/.", "nul\0byte"])
def test_a_path_that_does_not_name_a_place_below_the_root_is_refused(root, relative):
    with pytest.raises(UnsafePathError):
        ensure_folder(files, root, relative)
    with pytest.raises(UnsafePathError):
        checked(files, root, root + "/" + relative)
    assert os.listdir(root) == []


@pytest.mark.parametrize("linked", ["a", "a/b"])
def test_a_linked_folder_on_the_way_is_refused_and_nothing_is_made_behind_it(root, tmp_path_factory, linked):
    outside = tmp_path_factory.mktemp("outside")
    os.makedirs(os.path.dirname(os.path.join(root, linked)), exist_ok=True)
    os.symlink(outside, os.path.join(root, linked))
    with pytest.raises(UnsafePathError):
        ensure_folder(files, root, "a/b/c")
    with pytest.raises(UnsafePathError):
        checked(files, root, os.path.join(root, "a", "b", "file"))
    assert list(outside.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_refused(root):
    files.create(os.path.join(root, "a"), b"")
    with pytest.raises(UnsafePathError):
        ensure_folder(files, root, "a/b")
    with pytest.raises(UnsafePathError):
        checked(files, root, os.path.join(root, "a", "file"))


def test_a_safe_path_is_returned_and_the_last_component_is_left_to_the_caller(root):
    ensure_folder(files, root, "a/b")
    os.symlink("/nowhere", os.path.join(root, "a", "link"))
    for path in (os.path.join(root, name) for name in ("a/b/file", "a/link", "file", "new/folder/file")):
        assert checked(files, root, path) == path


def test_a_path_outside_the_root_is_refused(root):
    for path in (root, root + "-sibling/file", "/etc/passwd", "relative/file", os.path.join(root, "..", "x")):
        with pytest.raises(UnsafePathError):
            checked(files, root, path)


def test_checking_costs_one_stat_for_each_folder_and_making_durable_one_sync(root):
    counting = CountingFiles()
    checked(counting, root, os.path.join(root, "a", "b", "file"))
    assert counting.calls == {"stat": 1}
    ensure_folder(counting, root, "a/b/c")
    assert counting.syncs == 0
    counting.reset()
    checked(counting, root, os.path.join(root, "a", "b", "c", "file"))
    assert counting.calls == {"stat": 3}
    known: set[str] = set()
    ensure_folder(counting, root, "a/b/c", durable=True, known=known)
    assert counting.syncs == 3
    counting.reset()
    ensure_folder(counting, root, "a/b/c", durable=True, known=known)
    assert counting.history == []


def make_durable(disk: SimulatedDisk) -> None:
    path = ensure_folder(disk, disk.root, "a/b", durable=True)
    disk.note("made")
    disk.create(os.path.join(path, "file"), b"x")
    disk.sync(os.path.join(path, "file"))
    disk.sync_folder(path)
    disk.note("stored")


def holds(disk: SimulatedDisk) -> list[str]:
    return [path for path in ("a", "a/b", "a/b/file") if os.path.lexists(os.path.join(disk.root, path))]


def test_a_durable_folder_survives_a_power_cut_at_any_call(root):
    for cut in every_cut(root, lambda folder: None, make_durable):
        for disk in cut.reboots():
            assert len(holds(disk)) >= {0: 0, 1: 2, 2: 3}[len(cut.notes)]


def test_a_folder_that_a_killed_process_left_unsynced_is_made_durable(root):
    """Another process made the folders and was killed before its sync; ours finds them there."""

    def operate(disk: SimulatedDisk) -> None:
        disk.make_folder(os.path.join(disk.root, "a"))
        disk.make_folder(os.path.join(disk.root, "a", "b"))
        make_durable(disk)

    for cut in every_cut(root, lambda folder: None, operate):
        for disk in cut.reboots():
            assert len(holds(disk)) >= {0: 0, 1: 2, 2: 3}[len(cut.notes)]


def test_folders_that_are_not_durable_are_lost_which_shows_that_these_tests_can_fail(root):
    def operate(disk: SimulatedDisk) -> None:
        ensure_folder(disk, disk.root, "a/b")
        disk.note("made")

    left = {len(holds(disk)) for cut in every_cut(root, lambda folder: None, operate) for disk in cut.reboots()}
    assert left == {0, 1, 2}


def test_a_path_with_slashes_leads_from_a_folder_on(root):
    assert full_path(root, "entities/plan/p1.json") == os.path.join(root, "entities", "plan", "p1.json")
    assert full_path(root, "") == root


def test_a_passing_name_tells_who_took_it(root):
    path = os.path.join(root, "x.jsonl")
    assert writer_of(passing_name(path)) == os.getpid()
    assert writer_of(path) is None
