"""Goal: a commit has the pointer of a blob for git LFS, and git LFS has its bytes before; the work tree keeps them.

No test here needs git-lfs: what git has, and where the bytes are, follows from the format alone.
"""

import errno
import hashlib
import os
import shutil
import time
import tracemalloc

import pytest

from journal import DamagedError, GitError, NotFetchedError
from journal.disk.files import OsFiles
from journal.format.pointer import Pointer, encode_pointer
from journal.store.blobs import blob_path, lfs_blob_path
from tests.support.faults import CountingFiles, FaultyFiles
from tests.support.lfs import DATA, LFS_BYTES, PATH, POINTER, SHA, full, git, object_at, switch, write
from tests.support.stores import read_bytes
from tests.support.worktree import WorkTree

pytestmark = pytest.mark.usefixtures("without_filter")


@pytest.fixture
def tree(tmp_path):
    tree = WorkTree(tmp_path / "one")
    switch(tree.store)
    return tree


def staged(tree, path=PATH):
    """Return what git's index has of a file of the store."""
    return git(tree.path, "cat-file", "-p", f":.journal/{path}").encode("utf-8", "surrogateescape")


def committed(tree, path=PATH, commit="HEAD"):
    return git(tree.path, "cat-file", "-p", f"{commit}:.journal/{path}").encode("utf-8", "surrogateescape")


def put_and_commit(tree, data=DATA, **options):
    with tree.open(**options) as journal:
        ref = journal.blobs.put(data)
        journal.put("order", "o", {"invoice": ref})
        journal.commit("an order")
    return ref


def test_a_commit_has_the_pointer_and_git_lfs_has_the_bytes(tree):
    with tree.open() as journal:
        ref = journal.blobs.put(DATA)
        small = journal.blobs.put(b"small")
        assert PATH in journal.status().uncommitted
        journal.commit("blobs")
        assert journal.status().uncommitted == ()
        assert journal.commit("again") is None
        assert journal.blobs.get(ref) == DATA
    assert committed(tree) == staged(tree) == POINTER
    assert committed(tree, blob_path(small["sha256"])) == b"small"
    assert read_bytes(full(tree.store)) == DATA
    assert read_bytes(object_at(tree.path, SHA)) == DATA
    assert not os.path.samefile(full(tree.store), object_at(tree.path, SHA)), "what harms one must not harm the other"
    assert os.listdir(tree.path / ".git" / "lfs" / "tmp") == []
    assert git(tree.path, "fsck", "--full", "--strict") == ""


def test_staging_does_the_same(tree):
    with tree.open() as journal:
        journal.blobs.put(DATA)
        assert journal.stage() > 0
    assert staged(tree) == POINTER
    assert read_bytes(object_at(tree.path, SHA)) == DATA
    git(tree.path, "commit", "-qm", "by hand")
    assert committed(tree) == POINTER
    with tree.open() as journal:
        assert PATH not in journal.status().uncommitted


def test_git_trusts_the_entry_and_what_people_add_and_commit_keeps_it(tree, monkeypatch):
    """Within the second too in which the blob was put: the commit waits it out."""
    paused = []
    monkeypatch.setattr("journal.upkeep.lfs_setup.pause", lambda seconds: (paused.append(seconds), time.sleep(seconds)))
    while time.time() % 1 > 0.5:
        time.sleep(0.1)
    with tree.open() as journal:
        journal.blobs.put(DATA)
        journal.commit("blobs")
    assert len(paused) == 1
    assert 0 < paused[0] < 1.1
    assert git(tree.path, "status", "--porcelain") == ""
    git(tree.path, "add", "-A")
    git(tree.path, "commit", "-q", "--allow-empty", "-am", "theirs")
    assert committed(tree) == POINTER


def test_where_git_lfs_is_set_up_nothing_is_waited_for(tree, monkeypatch):
    git(tree.path, "config", "filter.lfs.clean", "git-lfs clean -- %f")
    monkeypatch.setattr("journal.upkeep.lfs_setup.pause", None)
    put_and_commit(tree)
    assert committed(tree) == POINTER


def test_a_person_who_adds_without_git_lfs_adds_the_bytes_and_journal_commit_the_pointer(tree):
    with tree.open() as journal:
        journal.blobs.put(DATA)
    git(tree.path, "add", "-A")
    assert staged(tree) == DATA
    with tree.open() as journal:
        journal.commit("blobs")
    assert committed(tree) == staged(tree) == POINTER
    assert read_bytes(object_at(tree.path, SHA)) == DATA


def test_bytes_that_somebody_committed_stay_in_git_where_git_lfs_is_not_set_up_and_are_told(tree):
    with tree.open() as journal:
        ref = journal.blobs.put(DATA)
    git(tree.path, "add", "-A")
    git(tree.path, "commit", "-qm", "by hand")
    with tree.open() as journal:
        journal.put("order", "o", {"invoice": ref})
        journal.commit("an order")
        findings = {item.code: item for item in journal.doctor(verify=True).findings}
    assert committed(tree) == DATA
    assert {item.severity for item in findings.values()} == {"info"}
    assert findings["lfs-bytes-in-git"].path == PATH
    with WorkTree(tree.path.parent / "two", clone_of=tree).open() as journal:
        assert journal.blobs.get(ref) == DATA


def test_bytes_that_somebody_committed_become_a_pointer_where_git_lfs_is_set_up(tree):
    with tree.open() as journal:
        journal.blobs.put(DATA)
        git(tree.path, "add", "-A")
        git(tree.path, "commit", "-qm", "by hand")
        assert journal.commit("nothing yet") is None
        git(tree.path, "config", "filter.lfs.clean", "git-lfs clean -- %f")
        assert journal.status().uncommitted == (PATH,)
        assert journal.commit("a pointer").changed == 1
        assert journal.status().uncommitted == ()
    assert committed(tree) == staged(tree) == POINTER
    assert read_bytes(object_at(tree.path, SHA)) == DATA


def test_what_is_neither_pointer_nor_bytes_in_git_is_left_to_doctor(tree):
    write(full(tree.store), b"rubbish")
    git(tree.path, "add", "-A")
    git(tree.path, "commit", "-qm", "by hand")
    git(tree.path, "config", "filter.lfs.clean", "git-lfs clean -- %f")
    write(full(tree.store), DATA)
    with tree.open() as journal:
        assert journal.commit("nothing of it") is None
    assert committed(tree) == b"rubbish"


def test_a_clone_has_the_pointer_and_all_else_and_commits_nothing_of_it(tree, tmp_path):
    ref = put_and_commit(tree)
    other = WorkTree(tmp_path / "two", clone_of=tree)
    assert read_bytes(full(other.store)) == POINTER
    with other.open() as journal:
        assert journal.get("order", "o").data == {"invoice": ref}
        assert not journal.blobs.has(ref)
        assert journal.status().uncommitted == ()
        assert journal.commit("nothing") is None
        journal.put("order", "o", set={"paid": True})
        journal.commit("paid")
    assert committed(other) == POINTER
    assert not os.path.exists(object_at(other.path, SHA))
    assert git(other.path, "status", "--porcelain") == ""


def test_bytes_that_git_lfs_has_are_read_in_the_place_of_a_pointer_and_compared(tree, tmp_path):
    ref = put_and_commit(tree)
    other = WorkTree(tmp_path / "two", clone_of=tree)
    write(object_at(other.path, SHA), DATA)
    with other.open() as journal:
        assert journal.blobs.has(ref)
        assert journal.blobs.get(ref) == DATA
        assert [blob.fetched for blob in journal.blobs.list()] == [True]
        assert journal.doctor(verify=True).ok
        write(object_at(other.path, SHA), DATA[:-1] + b"!")
        with pytest.raises(DamagedError):
            journal.blobs.get(ref)
        report = journal.doctor(verify=True)
        assert [item.code for item in report.findings if item.severity != "info"] == ["lfs-copy-damaged"]
        write(object_at(other.path, SHA), DATA[:-1])
        assert not journal.blobs.has(ref)
        assert journal.doctor(verify=True).ok


def test_a_pointer_that_came_from_elsewhere_is_committed_without_bytes(tree):
    with tree.open() as journal:
        ref = journal.blobs.put(DATA)
        write(full(tree.store), POINTER)
        journal.put("order", "o", {"invoice": ref})
        journal.commit("an order")
    assert committed(tree) == POINTER
    assert not os.path.exists(object_at(tree.path, SHA))


def test_where_git_lfs_keeps_bytes_is_its_setting(tree, tmp_path):
    for setting, place in (("elsewhere", tree.path / ".git" / "elsewhere"), (str(tmp_path / "disk" / "lfs"), None)):
        git(tree.path, "config", "lfs.storage", setting)
        data = DATA + setting.encode()
        ref = put_and_commit(tree, data)
        sha256 = ref["sha256"]
        path = (place or tmp_path / "disk" / "lfs") / "objects" / sha256[:2] / sha256[2:4] / sha256
        assert path.read_bytes() == data
        write(full(tree.store, lfs_blob_path(sha256)), encode_pointer(Pointer(sha256, len(data))))
        with tree.open() as journal:
            assert journal.blobs.get(ref) == data


def test_a_linked_work_tree_shares_the_bytes(tree):
    ref = put_and_commit(tree)
    git(tree.path, "worktree", "add", "-q", "../linked", "-b", "side")
    linked = tree.path.parent / "linked"
    assert read_bytes(full(linked / ".journal")) == POINTER
    from journal import Journal

    with Journal.open(linked) as journal:
        assert journal.blobs.get(ref) == DATA
        other = journal.blobs.put(DATA + b"2")
        journal.commit("of the linked one")
    assert os.path.exists(object_at(tree.path, other["sha256"]))


def test_other_bytes_than_the_name_says_are_never_given_to_git_lfs(tree):
    with tree.open() as journal:
        ref = journal.blobs.put(DATA)
        journal.put("order", "o", {"invoice": ref})
        write(full(tree.store), DATA[:-1] + b"!")
        for call in (lambda: journal.commit("no"), journal.stage):
            with pytest.raises(DamagedError, match="not what its name says"):
                call()
        assert not os.path.exists(object_at(tree.path, SHA))
        assert git(tree.path, "status", "--porcelain") == "?? .journal/\n"
        journal.blobs.put(DATA)
        journal.commit("right again")
    assert committed(tree) == POINTER


def test_a_copy_of_git_lfs_that_is_damaged_is_replaced_by_the_bytes(tree):
    write(object_at(tree.path, SHA), DATA[:-1] + b"!")
    put_and_commit(tree)
    assert read_bytes(object_at(tree.path, SHA)) == DATA


def test_damaged_bytes_are_not_committed_over_a_sound_copy_of_git_lfs(tree):
    with tree.open() as journal:
        journal.blobs.put(DATA)
        write(object_at(tree.path, SHA), DATA)
        write(full(tree.store), DATA[:-1] + b"!")
        with pytest.raises(DamagedError):
            journal.commit("no")
        assert journal.doctor(fix=True).fixed
        assert read_bytes(full(tree.store)) == DATA
        journal.commit("yes")
    assert read_bytes(object_at(tree.path, SHA)) == DATA


@pytest.mark.parametrize("call", ["write", "sync", "replace", "make_folder", "open_append"])
def test_a_full_disk_stops_the_commit_and_the_next_one_makes_it(tree, call):
    with tree.open() as journal:
        journal.blobs.put(DATA)
    head = git(tree.path, "rev-parse", "HEAD", check=False)
    faulty = FaultyFiles(OsFiles())
    with tree.open(files=faulty) as journal:
        journal.status()
        original = faulty.before

        def before(name, path, data, into):
            if "lfs" in path.split(os.sep) and name == call:
                raise OSError(errno.ENOSPC, "No space left on device", path)
            original(name, path, data, into)

        faulty.before = before
        with pytest.raises(GitError, match="No space left"):
            journal.commit("no")
        faulty.before = original
        assert git(tree.path, "rev-parse", "HEAD", check=False) == head
        assert not os.path.exists(object_at(tree.path, SHA)) or read_bytes(object_at(tree.path, SHA)) == DATA
        journal.commit("yes")
    assert committed(tree) == POINTER
    assert read_bytes(object_at(tree.path, SHA)) == DATA
    assert os.listdir(tree.path / ".git" / "lfs" / "tmp") == []


def test_a_large_blob_is_never_in_memory_as_a_whole(tree):
    size = 24 << 20
    with tree.open() as journal:
        with open(tree.path / "large.bin", "wb") as file:
            for number in range(24):
                file.write(bytes([number]) * (1 << 20))
        ref = journal.blobs.put_file(tree.path / "large.bin")
        tracemalloc.start()
        try:
            journal.commit("a large one")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < size / 3
    assert os.path.getsize(object_at(tree.path, ref["sha256"])) == size


def test_what_a_commit_reads_of_a_blob_is_its_bytes_in_pieces_and_later_ones_read_none(tree):
    counting = CountingFiles()
    with tree.open(files=counting) as journal:
        journal.blobs.put(DATA)
        counting.reset()
        journal.commit("first")
        whole = [path for call, path in counting.history if call == "read" and "blobs" in path]
        assert whole == []
        counting.reset()
        journal.put("order", "o", {"n": 1})
        journal.commit("second")
        touched = [path for call, path in counting.history if SHA in path and call != "stat"]
        assert touched == []


def test_a_store_without_such_blobs_pays_nothing(tmp_path, monkeypatch):
    tree = WorkTree(tmp_path / "plain")
    monkeypatch.setattr("journal.upkeep.lfs_keeping.lfs_folder", None)
    monkeypatch.setattr("journal.git.lfs_objects.lfs_folder", None)
    with tree.open() as journal:
        ref = journal.blobs.put(DATA)
        journal.put("order", "o", {"invoice": ref})
        journal.commit("plain")
        assert journal.blobs.get(ref) == DATA
        assert len(journal.blobs.list()) == 1
        assert journal.status().uncommitted == ()
    assert not os.path.exists(tree.path / ".git" / "lfs")


def test_a_blob_that_nothing_uses_leaves_and_is_still_read_here(tree):
    with tree.open() as journal:
        ref = journal.blobs.put(DATA)
        journal.commit("a blob")
        for number in range(3):
            journal.put("tick", "t", {"n": number})
            journal.compact()
            journal.commit(f"compacted {number}")
        assert f".journal/{PATH}" not in git(tree.path, "ls-files").split()
        assert not os.path.exists(full(tree.store))
        assert journal.blobs.get(ref) == DATA
        assert journal.blobs.list() == []
        journal.put("order", "o", {"invoice": ref})
        (finding,) = [item for item in journal.doctor().findings if item.severity != "info"]
        assert (finding.code, "journal blob put local/parked/" in finding.hint) == ("reference-missing", True)


def test_a_pointer_that_was_put_aside_is_no_blob_to_put_back(tree, tmp_path):
    put_and_commit(tree)
    other = WorkTree(tmp_path / "two", clone_of=tree)
    with other.open() as journal:
        journal.delete("order", "o")
        journal.kv.put("k", 1)
        write(full(other.store), POINTER)
        os.makedirs(other.store / "local" / "parked", exist_ok=True)
        parked = other.store / "local" / "parked" / f"20260101T000000Z-abcdef-{PATH.replace('/', '__')}"
        os.rename(full(other.store), parked)
        ref = {"sha256": SHA, "bytes": len(DATA), "mime": "a/b"}
        journal.put("order", "o2", {"invoice": ref})
        assert not journal.blobs.has(ref)
        (finding,) = [item for item in journal.doctor().findings if item.code == "reference-missing"]
        assert "journal blob put" not in finding.hint
        write(object_at(other.path, SHA), DATA)
        assert journal.blobs.get(ref) == DATA


def test_what_a_killed_writer_left_beside_a_blob_is_not_committed(tree):
    with tree.open() as journal:
        journal.blobs.put(b"small")
        journal.blobs.put(DATA)
        for path in (PATH, "blobs/zz/readme.txt"):
            write(full(tree.store, f"{path}.7ffffff0-00aabbcc.journal-tmp"), b"x")
        write(full(tree.store, "blobs/zz/zz.txt"), b"x")
        assert journal.commit("blobs") is not None
    assert not [path for path in git(tree.path, "ls-files").split() if "tmp" in path or "zz" in path]


def test_bytes_put_again_in_the_place_of_a_pointer_leave_git_with_nothing_changed(tree, tmp_path):
    put_and_commit(tree)
    other = WorkTree(tmp_path / "two", clone_of=tree)
    with other.open() as journal:
        journal.blobs.put(DATA)
    assert read_bytes(full(other.store)) == DATA
    let_be = git(other.path, "status", "--porcelain")
    assert let_be in ("", f" M .journal/{PATH}\n"), "within the same second git looks into the file"
    listed = git(other.path, "ls-files", "--debug", f".journal/{PATH}")
    assert f"size: {len(DATA)}" in listed or "size: 0" in listed
    assert staged(other) == POINTER


def test_a_branch_with_the_option_and_one_without_meet_without_a_conflict(tree):
    with tree.open() as journal:
        journal.put("order", "o", {"n": 0})
        journal.commit("begin")
    git(tree.path, "switch", "-qc", "without")
    switch(tree.store, None)
    git(tree.path, "commit", "-qam", "off")
    with tree.open() as journal:
        journal.blobs.put(DATA)
        plain = journal.blobs.put(DATA + b"plain")
        journal.put("order", "a", {"invoice": plain})
        journal.commit("plain")
    git(tree.path, "switch", "-q", "main")
    with tree.open() as journal:
        ref = journal.blobs.put(DATA)
        journal.put("order", "b", {"invoice": ref})
        journal.commit("for git LFS")
    git(tree.path, "merge", "-q", "--no-edit", "without")
    with tree.open() as journal:
        assert journal.blobs.get(ref) == DATA
        assert journal.blobs.get(plain) == DATA + b"plain"
        assert {blob.sha256 for blob in journal.blobs.list()} == {SHA, plain["sha256"]}
        assert journal.doctor(verify=True).ok
        later = journal.blobs.put(os.urandom(LFS_BYTES))
    assert os.path.exists(full(tree.store, blob_path(later["sha256"]))), "off is what the merge says"


def test_losing_what_git_lfs_has_costs_nothing_as_long_as_the_work_tree_has_it(tree):
    ref = put_and_commit(tree)
    shutil.rmtree(tree.path / ".git" / "lfs")
    with tree.open() as journal:
        assert journal.blobs.get(ref) == DATA
        assert journal.doctor(verify=True).ok


def test_commits_with_such_blobs_are_compared_and_looked_back_at(tree):
    ref = put_and_commit(tree)
    with tree.open() as journal:
        second = journal.blobs.put(DATA + b"2")
        journal.put("order", "o", {"invoice": second})
        journal.commit("another invoice")
        (difference,) = journal.diff("HEAD~1", "HEAD").entities
        assert [(field.field, field.old, field.new) for field in difference.fields] == [("invoice", ref, second)]
        assert journal.get("order", "o", rev=1).data == {"invoice": ref}


def test_pointers_do_not_resemble_each_other_to_git(tree):
    """Else one that comes could be taken for one that left, renamed; sizes make them alike, of any number of digits."""
    for digits in range(4, 20):
        size = 10**digits - 1
        names = [lfs_blob_path(hashlib.sha256(b"%d %d" % (digits, number)).hexdigest()) for number in (1, 2)]
        for number, name in enumerate(names):
            write(full(tree.store, name), encode_pointer(Pointer(name.rpartition("/")[2][:-4], size)))
            git(tree.path, "add", "-A", "--", f".journal/{name}")
            if number:
                git(tree.path, "rm", "-qf", "--", f".journal/{names[0]}")
            git(tree.path, "commit", "-qm", name)
        changed = git(tree.path, "diff", "-M50%", "--name-status", "HEAD~1", "--", ".journal/blobs").split()
        assert sorted(changed[::2]) == ["A", "D"], size


@pytest.mark.parametrize("guard", [None, "no remote", "ours", "of git LFS", "setting"])
def test_a_commit_and_doctor_say_that_a_plain_push_would_leave_bytes_behind(tree, tmp_path, monkeypatch, guard):
    if guard != "no remote":
        git(tree.path, "remote", "add", "origin", tmp_path / "hub.git")
    if guard == "ours":
        from journal.cli import main

        monkeypatch.chdir(tree.path)
        assert main(["hooks", "install", "-q"]) == 0
    elif guard == "of git LFS":
        (tree.path / ".git" / "hooks").mkdir(exist_ok=True)
        (tree.path / ".git" / "hooks" / "pre-push").write_text('#!/bin/sh\ngit lfs pre-push "$@"\n')
    elif guard == "setting":
        git(tree.path, "config", "hook.lfs.event", "pre-push")
        git(tree.path, "config", "hook.lfs.command", "git lfs pre-push")
    with tree.open() as journal:
        journal.put("order", "o", {"n": 1})
        assert journal.commit("no blob").left_behind == 0
        journal.blobs.put(DATA)
        assert journal.commit("a blob").left_behind == (1 if guard is None else 0)
        found = [item for item in journal.doctor().findings if item.code == "lfs-left-behind"]
    assert [item.severity for item in found] == (["info"] if guard is None else [])


def test_a_person_is_told_what_a_plain_push_would_do(tree, tmp_path, monkeypatch, capsys):
    from journal.cli import main

    git(tree.path, "remote", "add", "origin", tmp_path / "hub.git")
    with tree.open() as journal:
        journal.blobs.put(DATA)
    monkeypatch.chdir(tree.path)
    assert main(["commit", "--json"]) == 0
    said = capsys.readouterr()
    assert '"code": "lfs-left-behind"' in said.err
    assert "journal sync" in said.err


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
def test_bytes_of_one_branch_and_the_pointer_of_another_are_settled_with_either(tree, side):
    """The one thing that can conflict in git, where a git without git LFS took the bytes."""
    with tree.open() as journal:
        journal.put("order", "a", {"n": 1})
        journal.commit("begin")
    git(tree.path, "switch", "-qc", "bytes")
    with tree.open() as journal:
        ref = journal.blobs.put(DATA)
        journal.put("order", "b", {"invoice": ref})
    git(tree.path, "add", "-A")
    git(tree.path, "commit", "-qm", "bytes")
    git(tree.path, "switch", "-q", "main")
    with tree.open() as journal:
        journal.blobs.put(DATA)
        journal.put("order", "c", {"invoice": ref})
        journal.commit("pointer")
    git(tree.path, "merge", "--no-edit", "bytes", check=False)
    assert git(tree.path, "diff", "--name-only", "--diff-filter=U").split() == [f".journal/{PATH}"]
    git(tree.path, "checkout", side, "--", f".journal/{PATH}")
    git(tree.path, "add", "--", f".journal/{PATH}")
    git(tree.path, "commit", "-q", "--no-edit")
    with tree.open() as journal:
        assert journal.blobs.get(ref) == DATA
        assert {entity.id for entity in journal.list("order")} == {"a", "b", "c"}
        assert journal.doctor(verify=True).ok


def test_a_pointer_to_more_than_there_can_be_costs_nothing(tree, tmp_path):
    """A hostile repository: no size that it names is ever allocated, or read."""
    lie = encode_pointer(Pointer(SHA, 2**63 - 1))
    write(full(tree.store), lie)
    git(tree.path, "add", "-A")
    git(tree.path, "commit", "-qm", "hostile")
    other = WorkTree(tmp_path / "two", clone_of=tree)
    write(object_at(other.path, SHA), DATA)
    with other.open() as journal:
        assert [tuple(blob) for blob in journal.blobs.list()] == [(SHA, 2**63 - 1, True, False)]
        with pytest.raises(NotFetchedError):
            journal.blobs.get(SHA)
        assert journal.doctor(verify=True, fix=True).ok
        journal.put("order", "o", {"n": 1})
        journal.commit("goes on")
        assert journal.redact(value="nothing of it", reason="no", dry_run=True).purge.lfs == ()
    assert committed(other) == lie
