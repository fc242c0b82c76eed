"""Goal: what the journal commits is what git LFS itself would have, and each takes the other's for its own.

These tests need git-lfs; what the journal does by itself is tested without it in ``test_lfs_commit``.
"""

import os
import shutil

import pytest

from journal import Journal, NotFetchedError
from journal.store.blobs import blob_path, lfs_blob_path
from tests.support.lfs import DATA, PATH, POINTER, SHA, full, git, switch, write
from tests.support.stores import read_bytes

pytestmark = pytest.mark.usefixtures("with_git_lfs")


@pytest.fixture
def hub(tmp_path):
    """A bare remote with a commit of code."""
    git(tmp_path, "init", "-q", "--bare", "hub.git")
    seed = clone_of(tmp_path / "hub.git", tmp_path / "seed")
    (seed / "code.txt").write_text("one\n")
    git(seed, "add", "-A")
    git(seed, "commit", "-qm", "code")
    git(seed, "push", "-q", "origin", "HEAD")
    return tmp_path / "hub.git"


def clone_of(hub, folder, **options):
    git(folder.parent, "clone", "-q", hub, folder.name, **options)
    return folder


@pytest.fixture
def one(hub, tmp_path):
    """A clone with a store that has blobs for git LFS."""
    folder = clone_of(hub, tmp_path / "one")
    Journal.init(folder)
    switch(folder / ".journal")
    return folder


def pointers(folder, commit="HEAD"):
    """Return what git LFS says that a commit has: path and hash."""
    listed = git(folder, "lfs", "ls-files", "-l", commit).splitlines()
    return {line.split(" ", 2)[2]: line.split(" ", 1)[0] for line in listed}


def put(folder, data=DATA, name="o"):
    with Journal.open(folder) as journal:
        ref = journal.blobs.put(data)
        journal.put("order", name, {"invoice": ref})
    return ref


def commit(folder):
    with Journal.open(folder) as journal:
        return journal.commit("blobs")


def sync(folder, **options):
    with Journal.open(folder) as journal:
        return journal.sync(compact=False, **options)


def without_download(monkeypatch):
    monkeypatch.setenv("GIT_LFS_SKIP_SMUDGE", "1")


def on_the_server(hub, sha256):
    return hub / "lfs" / "objects" / sha256[:2] / sha256[2:4] / sha256


# -- one clone --------------------------------------------------------------------------------------


def test_git_and_git_lfs_see_what_they_would_have_made(one):
    put(one)
    commit(one)
    assert git(one, "status", "--porcelain") == ""
    assert pointers(one) == {f".journal/{PATH}": SHA}
    assert git(one, "lfs", "fsck") == "Git LFS fsck OK\n"
    assert git(one, "lfs", "status", "--porcelain") == ""
    entry = git(one, "ls-files", "-s", ".journal/blobs")
    os.utime(full(one / ".journal"))
    assert git(one, "status", "--porcelain") == "", "git LFS makes the same pointer of the bytes"
    git(one, "add", "-A")
    git(one, "commit", "-q", "--allow-empty", "-am", "theirs")
    assert git(one, "ls-files", "-s", ".journal/blobs") == entry
    assert git(one, "lfs", "prune", "--dry-run").startswith("prune: ")


def test_a_person_who_adds_everything_adds_the_pointer_and_the_journal_agrees(one):
    put(one)
    git(one, "add", "-A")
    assert git(one, "cat-file", "-p", f":.journal/{PATH}").encode() == POINTER
    commit(one)
    assert git(one, "status", "--porcelain") == ""
    other = put(one, DATA + b"2", "p")
    git(one, "add", "-A")
    git(one, "commit", "-qm", "by hand")
    with Journal.open(one) as journal:
        assert journal.commit("nothing is left") is None
    assert pointers(one)[f".journal/{lfs_blob_path(other['sha256'])}"] == other["sha256"]


def test_going_back_and_forth_between_commits_brings_bytes_and_takes_them(one):
    ref = put(one)
    commit(one)
    second = put(one, DATA + b"2", "p")
    commit(one)
    git(one, "switch", "-q", "--detach", "HEAD~1")
    with Journal.open(one) as journal:
        assert journal.blobs.get(ref) == DATA
        assert not journal.blobs.has(second)
    git(one, "switch", "-q", "-")
    with Journal.open(one) as journal:
        assert journal.blobs.get(second) == DATA + b"2"
        assert journal.doctor(verify=True).ok
    assert git(one, "status", "--porcelain") == ""


def test_bytes_that_a_clone_without_git_lfs_committed_become_pointers_in_one_that_has_it(one, hub, tmp_path):
    with Journal.open(one) as journal:
        journal.put("order", "a", {"n": 1})
        journal.sync()
    two = clone_of(hub, tmp_path / "two")
    for name, value in (("clean", "cat"), ("smudge", "cat"), ("process", ""), ("required", "false")):
        git(two, "config", f"filter.lfs.{name}", value)
    ref = put(two)
    git(two, "add", "-A")
    git(two, "commit", "-qm", "bytes")
    git(two, "push", "-q", "--no-verify")
    git(one, "pull", "-q", "--no-rebase")
    assert git(one, "status", "--porcelain") == f" M .journal/{PATH}\n"
    with Journal.open(one) as journal:
        assert journal.blobs.get(ref) == DATA
        assert "lfs-bytes-in-git" in [item.code for item in journal.doctor().findings]
    assert sync(one).pushed
    assert git(one, "status", "--porcelain") == ""
    assert pointers(one) == {f".journal/{PATH}": SHA}
    assert on_the_server(hub, SHA).exists()
    sync(two)
    with Journal.open(two) as journal:
        assert journal.blobs.get(ref) == DATA
    three = clone_of(hub, tmp_path / "three")
    assert read_bytes(full(three / ".journal")) == DATA


# -- clones -----------------------------------------------------------------------------------------


def test_bytes_reach_the_server_before_the_commit_and_another_clone_gets_them(one, hub, tmp_path):
    ref = put(one)
    assert sync(one).pushed
    assert on_the_server(hub, SHA).read_bytes() == DATA
    two = clone_of(hub, tmp_path / "two")
    assert read_bytes(full(two / ".journal")) == DATA
    with Journal.open(two) as journal:
        assert journal.blobs.get(ref) == DATA
        assert journal.doctor(verify=True).ok
    assert git(two, "status", "--porcelain") == ""


def test_a_sync_brings_bytes_into_a_clone_that_is_there(one, hub, tmp_path):
    put(one)
    sync(one)
    two = clone_of(hub, tmp_path / "two")
    ref = put(one, DATA + b"2", "p")
    mine = put(two, DATA + b"3", "q")
    sync(one)
    result = sync(two)
    assert result.unfetched == 0
    assert sync(one).unfetched == 0
    for folder in (one, two):
        with Journal.open(folder) as journal:
            assert journal.blobs.get(ref) == DATA + b"2"
            assert journal.blobs.get(mine) == DATA + b"3"
            assert journal.doctor(verify=True).ok
        assert git(folder, "status", "--porcelain") == ""
        assert git(folder, "lfs", "fsck") == "Git LFS fsck OK\n"


def test_a_sync_of_a_branch_with_code_lets_git_merge_and_has_the_bytes(one, hub, tmp_path):
    put(one)
    sync(one)
    two = clone_of(hub, tmp_path / "two")
    (one / "code.txt").write_text("two\n")
    git(one, "commit", "-qam", "code")
    ref = put(one, DATA + b"2", "p")
    sync(one)
    put(two, DATA + b"3", "q")
    assert sync(two).unfetched == 0
    assert (two / "code.txt").read_text() == "two\n"
    with Journal.open(two) as journal:
        assert journal.blobs.get(ref) == DATA + b"2"
    assert git(two, "status", "--porcelain") == ""


def test_a_store_on_a_branch_of_its_own_exchanges_bytes_too(hub, tmp_path):
    one = clone_of(hub, tmp_path / "one")
    Journal.init(one, branch="journal", lfs=True)
    switch(one / ".journal")
    ref = put(one)
    sync(one)
    assert on_the_server(hub, SHA).exists()
    two = clone_of(hub, tmp_path / "two")
    Journal.init(two, branch="journal")
    assert read_bytes(full(two / ".journal")) == POINTER
    with Journal.open(two) as journal:
        with pytest.raises(NotFetchedError):
            journal.blobs.get(ref)
        assert journal.sync().unfetched == 0
        assert journal.blobs.get(ref) == DATA
    assert git(two / ".journal", "status", "--porcelain") == ""
    late = put(one, DATA + b"2", "p")
    sync(one)
    assert sync(two).unfetched == 0
    with Journal.open(two) as journal:
        assert journal.blobs.get(late) == DATA + b"2"


def test_who_downloads_nothing_gets_nothing_and_can_do_everything_else(one, hub, tmp_path, monkeypatch):
    ref = put(one)
    sync(one)
    without_download(monkeypatch)
    two = clone_of(hub, tmp_path / "two")
    assert read_bytes(full(two / ".journal")) == POINTER
    with Journal.open(two) as journal:
        journal.put("order", "o", set={"paid": True})
    assert sync(two).unfetched == 1
    late = put(one, DATA + b"2", "p")
    sync(one)
    assert sync(two).unfetched == 2
    assert git(two, "status", "--porcelain") == ""
    with Journal.open(two) as journal:
        assert journal.get("order", "p").data == {"invoice": late}
        assert journal.doctor(verify=True).ok
    monkeypatch.delenv("GIT_LFS_SKIP_SMUDGE")
    git(two, "lfs", "pull")
    with Journal.open(two) as journal:
        assert journal.blobs.get(ref) == DATA
        assert journal.blobs.get(late) == DATA + b"2"
    assert git(two, "status", "--porcelain") == ""


@pytest.mark.parametrize("setting", ["git-lfs filter-process --skip", None])
def test_a_setting_that_leaves_bytes_out_is_kept_to(one, hub, tmp_path, setting):
    put(one)
    sync(one)
    two = clone_of(hub, tmp_path / "two")
    if setting:
        git(two, "config", "filter.lfs.process", setting)
    else:
        git(two, "config", "lfs.fetchexclude", "/.journal")
    put(one, DATA + b"2", "p")
    sync(one)
    assert sync(two).unfetched == 1
    assert git(two, "status", "--porcelain") == ""


def test_a_server_that_lost_bytes_stops_nobody(one, hub, tmp_path, monkeypatch):
    put(one)
    sync(one)
    shutil.rmtree(hub / "lfs")
    without_download(monkeypatch)
    two = clone_of(hub, tmp_path / "two")
    monkeypatch.delenv("GIT_LFS_SKIP_SMUDGE")
    with Journal.open(two) as journal:
        journal.put("order", "o", set={"paid": True})
    result = sync(two)
    assert (result.pushed, result.unfetched) == (True, 1)
    with Journal.open(two) as journal:
        assert journal.doctor(verify=True).ok
    (one / "x").write_text("x")
    assert sync(one).unfetched == 0
    assert not on_the_server(hub, SHA).exists(), "they are no part of what is new"
    git(one, "lfs", "push", "--all", "origin")
    assert on_the_server(hub, SHA).exists()


def test_a_plain_push_takes_the_bytes_along_though_git_never_asked_the_filter(one, hub, tmp_path):
    """Git LFS makes its hook when its filter is first asked; the journal writes pointers without that."""
    ref = put(one)
    assert commit(one).left_behind == 0
    assert "git lfs pre-push" in (one / ".git" / "hooks" / "pre-push").read_text()
    git(one, "push", "-q")
    assert on_the_server(hub, SHA).exists()
    two = clone_of(hub, tmp_path / "two")
    with Journal.open(two) as journal:
        assert journal.blobs.get(ref) == DATA


def test_a_hook_of_somebody_else_stays_and_the_commit_says_that_bytes_would_be_left_behind(one):
    hook = one / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 0\n")
    hook.chmod(0o755)
    put(one)
    assert commit(one).left_behind == 1
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"
    with Journal.open(one) as journal:
        assert "lfs-left-behind" in [item.code for item in journal.doctor().findings]


def test_bytes_that_somebody_left_behind_stop_no_sync_not_even_one_with_code(one, hub, tmp_path):
    put(one)
    sync(one)
    two = clone_of(hub, tmp_path / "two")
    ref = put(one, DATA + b"2", "p")
    commit(one)
    (one / ".gitattributes").write_text("*.psd filter=lfs diff=lfs merge=lfs -text\n")
    (one / "picture.psd").write_bytes(DATA + b"picture")
    (one / "code.txt").write_text("two\n")
    git(one, "add", "-A", "--", ".gitattributes", "picture.psd", "code.txt")
    git(one, "commit", "-qm", "code")
    git(one, "push", "-q", "--no-verify")
    picture = pointers(one)["picture.psd"]
    git(one, "lfs", "push", "--object-id", "origin", picture)
    put(two, DATA + b"3", "q")
    result = sync(two)
    assert (result.pushed, result.unfetched) == (True, 1)
    assert (two / "code.txt").read_text() == "two\n"
    assert (two / "picture.psd").read_bytes() == DATA + b"picture", "what can be had is there"
    with Journal.open(two) as journal:
        assert journal.get("order", "p").data == {"invoice": ref}
        assert journal.doctor(verify=True).ok
    assert git(two, "status", "--porcelain") == ""
    git(one, "lfs", "push", "--all", "origin")
    assert sync(two).unfetched == 0


def test_a_blob_that_left_again_before_the_first_push_is_on_the_server_for_those_who_look_back(one, hub, tmp_path):
    put(one, DATA + b"first", "first")
    sync(one)
    ref = put(one)
    commit(one)
    with Journal.open(one) as journal:
        for path in (full(one / ".journal"),):
            os.makedirs(one / ".journal" / "local" / "parked", exist_ok=True)
            os.rename(
                path, one / ".journal" / "local" / "parked" / f"20260101T000000Z-abcdef-{PATH.replace('/', '__')}"
            )
        journal.put("order", "o", {"n": 1})
        journal.commit("it left")
    assert f".journal/{PATH}" not in git(one, "ls-files").split()
    sync(one)
    assert on_the_server(hub, SHA).exists()
    two = clone_of(hub, tmp_path / "two")
    git(two, "switch", "-q", "--detach", "HEAD~1")
    with Journal.open(two) as journal:
        assert journal.blobs.get(ref) == DATA


def test_a_push_to_a_new_branch_uploads_what_the_remote_has_nowhere(one, hub):
    put(one)
    sync(one)
    shutil.rmtree(hub / "lfs")
    git(one, "switch", "-qc", "side")
    ref = put(one, DATA + b"2", "p")
    sync(one, remote="origin")
    assert on_the_server(hub, ref["sha256"]).exists()
    assert not on_the_server(hub, SHA).exists()


def test_bytes_that_only_the_work_tree_has_are_uploaded_too(one, hub):
    put(one)
    commit(one)
    shutil.rmtree(one / ".git" / "lfs")
    sync(one)
    assert on_the_server(hub, SHA).read_bytes() == DATA


def test_branches_with_the_option_and_without_meet_in_a_merge_of_gits(one):
    with Journal.open(one) as journal:
        journal.put("order", "a", {"n": 0})
    commit(one)
    git(one, "switch", "-qc", "without")
    switch(one / ".journal", None)
    git(one, "commit", "-qam", "off")
    put(one, DATA, "plain")
    commit(one)
    git(one, "switch", "-q", "main")
    ref = put(one)
    commit(one)
    git(one, "merge", "-q", "--no-edit", "without")
    assert git(one, "status", "--porcelain") == ""
    assert read_bytes(full(one / ".journal", blob_path(SHA))) == read_bytes(full(one / ".journal")) == DATA
    with Journal.open(one) as journal:
        assert journal.blobs.get(ref) == DATA
        assert journal.doctor(verify=True).ok
    assert git(one, "lfs", "fsck") == "Git LFS fsck OK\n"


def test_every_operation_of_git_keeps_what_git_lfs_carries(one):
    """Rebase, pick, stash, reset, work trees, squash."""
    with Journal.open(one) as journal:
        journal.put("order", "a", {"n": 0})
    commit(one)
    git(one, "switch", "-qc", "side")
    refs = {}
    for name in ("x", "y", "z"):
        refs[name] = put(one, DATA + name.encode(), name)
        commit(one)
    git(one, "switch", "-q", "main")
    refs["m"] = put(one, DATA + b"m", "m")
    commit(one)
    git(one, "cherry-pick", "side~2")
    git(one, "switch", "-q", "side")
    git(one, "rebase", "-q", "main")
    with Journal.open(one) as journal:
        assert all(journal.blobs.get(ref) == DATA + name.encode() for name, ref in refs.items())
        stashed = journal.blobs.put(DATA + b"stashed")
        journal.put("order", "s", {"invoice": stashed})
    git(one, "add", "-A")
    git(one, "stash", "-q")
    git(one, "stash", "pop", "-q")
    commit(one)
    git(one, "worktree", "add", "-q", "../linked", "main")
    git(one.parent / "linked", "merge", "-q", "--squash", "side")
    with Journal.open(one.parent / "linked") as journal:
        journal.commit("squashed")
        assert journal.blobs.get(stashed) == DATA + b"stashed"
        assert journal.doctor(verify=True).ok
    git(one, "reset", "-q", "--hard", "HEAD~1")
    with Journal.open(one) as journal:
        assert not journal.blobs.has(stashed)
        assert journal.doctor(verify=True).ok
    assert git(one, "status", "--porcelain") == ""
    assert git(one, "lfs", "fsck") == "Git LFS fsck OK\n"


def test_doctor_puts_bytes_back_from_git_lfs_or_leaves_the_pointer_to_it(one, hub):
    ref = put(one)
    sync(one)
    store = one / ".journal"
    write(full(store), DATA[:-1] + b"!")
    with Journal.open(one) as journal:
        report = journal.doctor(fix=True)
        assert report.ok
        assert any(sentence.startswith(f"put {PATH} back as it was") for sentence in report.fixed)
        assert journal.blobs.get(ref) == DATA
        write(full(store), DATA[:-1] + b"!")
        shutil.rmtree(one / ".git" / "lfs")
        assert journal.doctor(fix=True).ok
        with pytest.raises(NotFetchedError):
            journal.blobs.get(ref)
    assert git(one, "status", "--porcelain") == ""
    git(one, "lfs", "pull")
    with Journal.open(one) as journal:
        assert journal.blobs.get(ref) == DATA


def test_settings_of_the_users_for_their_own_files_stay(one, hub, tmp_path):
    (one / ".gitattributes").write_text("*.psd filter=lfs diff=lfs merge=lfs -text\n")
    (one / "picture.psd").write_bytes(DATA + b"picture")
    git(one, "add", "-A", "--", ".gitattributes", "picture.psd")
    git(one, "commit", "-qm", "a picture")
    ref = put(one)
    sync(one)
    two = clone_of(hub, tmp_path / "two")
    assert (two / "picture.psd").read_bytes() == DATA + b"picture"
    with Journal.open(two) as journal:
        assert journal.blobs.get(ref) == DATA
    assert set(pointers(two)) == {"picture.psd", f".journal/{PATH}"}
