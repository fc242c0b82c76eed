"""Copied directories, restored backups, rewound branches: an event id never gets a second meaning."""

import os
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journal import Journal
from tests.support.repositories import Repository
from tests.support.stores import clone, documents, event_ids, examples, fresh_view, meaning, new_store, put_file, truth


def written(root: str, *numbers: int) -> None:
    with Journal.open(store=root) as journal:
        for number in numbers:
            journal.put("t", "a", {"n": number})


def agree(*roots: str) -> dict[str, bytes]:
    """Return all events of several work trees; an id with two meanings is an AssertionError."""
    found: dict[str, bytes] = {}
    for root in roots:
        for id, line in event_ids(root).items():
            assert found.setdefault(id, line) == line, id
    return found


def copied(root: str, folder) -> str:
    """cp -a: times and all of local/ are kept."""
    target = os.path.join(folder, ".journal")
    shutil.copytree(root, target, symlinks=True, copy_function=shutil.copy2)
    shutil.copystat(root, target)
    return target


def test_a_copied_directory_writes_a_lane_of_its_own(tmp_path):
    root = new_store(tmp_path / "one")
    written(root, 1, 2)
    copy = copied(root, tmp_path / "two")
    written(root, 3)
    written(copy, 4)
    written(root, 5)
    assert len(agree(root, copy)) == 5
    for path, data in truth(copy).items():
        if len(data) > len(truth(root).get(path, b"")):
            put_file(root, path, data)
    with Journal.open(store=root) as journal:
        assert {event.data["n"] for event in journal.log()} == {1, 2, 3, 4, 5}


def test_a_copy_that_takes_the_place_of_the_original_writes_a_lane_of_its_own(tmp_path):
    root = new_store(tmp_path / "one")
    written(root, 1)
    copied(root, tmp_path / "backup")
    written(root, 2)
    known = agree(root)
    shutil.rmtree(root)
    shutil.move(str(tmp_path / "backup" / ".journal"), root)
    written(root, 3)
    for id, line in event_ids(root).items():
        assert known.setdefault(id, line) == line


def test_a_backup_restored_in_place_writes_a_lane_of_its_own(tmp_path):
    """The files are written over, so that even their inodes stay; their times of change do not."""
    root = new_store(tmp_path / "one")
    written(root, 1)
    backup = copied(root, tmp_path / "backup")
    written(root, 2, 3)
    known = agree(root)
    for folder, _, names in os.walk(backup):
        for name in names:
            source = os.path.join(folder, name)
            shutil.copy2(source, os.path.join(root, os.path.relpath(source, backup)))
    written(root, 4)
    for id, line in event_ids(root).items():
        assert known.setdefault(id, line) == line
    with Journal.open(store=root) as journal:
        assert documents(journal) == {("t", "a"): {"n": 4}}


@pytest.mark.parametrize("way", ["reset", "checkout", "stash"])
@pytest.mark.parametrize("keeps_open", [False, True])
def test_after_git_went_back_ids_are_not_given_again(tmp_path, way, keeps_open):
    git = Repository.new(tmp_path / "work")
    root = new_store(git.folder)
    written(root, 1)
    git.commit_all()
    journal = Journal.open(store=root)
    journal.put("t", "a", {"n": 2})
    if not keeps_open:
        journal.close()
    known = agree(root)
    if way == "stash":
        git.git("stash", "-u")
    else:
        git.commit_all()
        git.git(*(["reset", "-q", "--hard", "HEAD~"] if way == "reset" else ["checkout", "-q", "HEAD~"]))
    if not keeps_open:
        journal = Journal.open(store=root)
    assert documents(journal) == {("t", "a"): {"n": 1}}
    journal.put("t", "a", {"n": 3})
    for id, line in event_ids(root).items():
        assert known.setdefault(id, line) == line
    if way == "stash":
        git.git("checkout", "-q", "--", ".", check=False)
        git.git("clean", "-qfd", ".journal/segments")
    journal.close()


def test_a_linked_worktree_is_a_writer_of_its_own(tmp_path):
    git = Repository.new(tmp_path / "work")
    root = new_store(git.folder)
    written(root, 1)
    git.commit_all()
    git.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    linked = str(tmp_path / "linked" / ".journal")
    written(linked, 2)
    written(root, 3)
    written(linked, 4)
    assert len(agree(root, linked)) == 4


@settings(max_examples=examples(25, 1500))
@given(
    st.lists(
        st.tuples(st.sampled_from(["write", "copy", "backup", "restore", "exchange", "move"]), st.integers(0, 9)),
        min_size=3,
        max_size=14,
    )
)
def test_whatever_is_copied_back_and_forth_no_id_has_two_meanings(steps):
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        roots = [new_store(os.path.join(scratch, "0"))]
        backups: list[tuple[str, str]] = []
        known: dict[str, bytes] = {}
        for number, (kind, at) in enumerate(steps):
            root = roots[at % len(roots)]
            if kind == "write":
                written(root, number)
            elif kind == "copy" and len(roots) < 4:
                roots.append(copied(root, os.path.join(scratch, f"copy{number}")))
            elif kind == "backup":
                backups.append((root, copied(root, os.path.join(scratch, f"backup{number}"))))
            elif kind == "restore" and backups:
                root, backup = backups[at % len(backups)]
                shutil.rmtree(root)
                shutil.copytree(backup, root, symlinks=True)
            elif kind == "exchange":
                other = roots[(at + 1) % len(roots)]
                for path, data in truth(root).items():
                    if len(data) > len(truth(other).get(path, b"")):
                        put_file(other, path, data)
            elif kind == "move":
                os.rename(os.path.dirname(root), f"{os.path.dirname(root)}m")
                moved = os.path.join(f"{os.path.dirname(root)}m", ".journal")
                roots[at % len(roots)] = moved
                backups = [(moved if old == root else old, backup) for old, backup in backups]
            for each in roots:
                for id, line in event_ids(each).items():
                    assert known.setdefault(id, line) == line, id
        for each in roots:
            with Journal.open(store=each) as journal, journal._engine.reading() as view:
                assert meaning(view) == meaning(fresh_view(each))


def test_a_clone_of_an_empty_store_can_be_written(tmp_path):
    """Git keeps no empty folder: segments/ is not there."""
    root = new_store(tmp_path / "one")
    other = clone(root, tmp_path / "two")
    for folder in ("segments", "archive", "checkpoints"):
        os.rmdir(os.path.join(other, folder))
    written(other, 1)
    assert len(event_ids(other)) == 1
