"""Goal: bytes that git LFS carries reach its server before the commits that name them, or nothing is pushed; and a
clone without the bytes can do all else.

No test here needs git-lfs: a few lines stand in for it, which note what they are asked for.
"""

import os
import shutil
import time
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from sync_support import Clone, without

from journal import GitError, Journal, NotFetchedError, OfflineError
from journal.disk.files import OsOpenFile
from journal.git.trees import TreeEntry
from journal.store.blobs import blob_path, lfs_blob_path
from journal.upkeep.exchange.lfs_bytes import LfsExchange
from journal.upkeep.exchange.merge_rules import plan_of
from tests.support.cuts import Cut, CutFiles
from tests.support.lfs import DATA, PATH, POINTER, SHA, StandIn, full, git, let_age, object_at, switch, write
from tests.support.stores import IS_SOAK, put_file, read_bytes


@pytest.fixture
def bare(hub, monkeypatch):
    """No git-lfs at all, and no waiting for git to trust a file."""
    monkeypatch.setattr("journal.upkeep.lfs_setup.pause", lambda seconds: None)
    without(hub.folder, "git-lfs", monkeypatch)


@pytest.fixture
def lfs(hub, bare, monkeypatch):
    folder = hub.folder / "stands-in"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return StandIn(folder, hub.path)


def with_store(hub, name="one"):
    clone = hub.clone(name)
    if not clone.store.exists():
        Journal.init(clone.path)
        switch(clone.store)
    return clone


def put(clone, data=DATA, name="o"):
    with clone.open() as journal:
        ref = journal.blobs.put(data)
        journal.put("order", name, {"invoice": ref})
    return ref


def tip(hub, branch="main"):
    return hub.git("rev-parse", branch).strip()


# -- pushing ----------------------------------------------------------------------------------------


def test_where_there_is_no_such_blob_no_program_is_started(hub, lfs):
    one = with_store(hub)
    one.put("order", "o", n=1)
    with one.open() as journal:
        journal.blobs.put(b"small")
    assert one.sync().pushed
    two = with_store(hub, "two")
    two.put("order", "p", n=1)
    two.sync()
    one.sync()
    assert lfs.asked() == []


def test_bytes_go_before_the_branch_moves(hub, lfs):
    one = with_store(hub)
    put(one)
    before = tip(hub)
    assert one.sync().pushed
    (words, refs), *_ = [asked for asked in lfs.asked() if asked[0][0] == "push"]
    assert words == ["push", "--object-id", "origin", SHA]
    assert before in refs
    assert tip(hub) != before
    assert (lfs.server / SHA).read_bytes() == DATA
    assert lfs.verbs() == ["push"]
    one.put("order", "o", n=2)
    one.sync()
    assert lfs.verbs() == ["push"], "nothing new for it"


@pytest.mark.parametrize("said", ["Authorization failed", "dial tcp: lookup lfs.example: could not resolve host"])
def test_bytes_that_cannot_go_stop_the_push_and_the_next_sync_goes_on(hub, lfs, said):
    one = with_store(hub)
    put(one)
    before = tip(hub)
    lfs.say(said)
    with pytest.raises(OfflineError if "resolve" in said else GitError, match="git LFS could not push"):
        one.sync()
    assert tip(hub) == before
    assert one.git("log", "-1", "--format=%s").startswith("journal: ")
    lfs.say("")
    result = one.sync()
    assert (result.pushed, result.committed) == (True, None)
    assert (lfs.server / SHA).exists()


def test_without_git_lfs_nothing_is_pushed_and_it_says_why(hub, bare):
    one = with_store(hub)
    put(one)
    before = tip(hub)
    with pytest.raises(GitError, match="git-lfs is not installed here") as raised:
        one.sync()
    assert "install git-lfs" in raised.value.hint
    assert tip(hub) == before
    status, said = one.run("sync")
    assert (status, "git-lfs is not installed" in said) == (7, True)


def test_without_git_nothing_is_pushed_either(hub, monkeypatch):
    one = with_store(hub)
    put(one)
    before = tip(hub)
    with monkeypatch.context() as patch:
        without(hub.folder, "git", patch)
        with pytest.raises(GitError, match="git-lfs is not installed here"):
            one.sync()
    assert tip(hub) == before


def test_a_clone_without_the_bytes_pushes_all_else_without_git_lfs(hub, lfs, monkeypatch):
    one = with_store(hub)
    ref = put(one)
    one.sync()
    two = with_store(hub, "two")
    without(hub.folder, "git-lfs", monkeypatch)
    two.put("order", "o", paid=True)
    result = two.sync()
    assert (result.pushed, result.unfetched) == (True, 1)
    assert two.documents()[("order", "o")] == {"invoice": ref, "paid": True}
    two.assert_sound()


def test_only_what_the_remote_lacks_is_uploaded_and_each_once(hub, lfs):
    one = with_store(hub)
    refs = [put(one, DATA + b"%d" % number, f"o{number}") for number in range(3)]
    one.sync()
    (words, _) = lfs.asked()[-1]
    assert set(words[3:]) == {ref["sha256"] for ref in refs}
    one.git("switch", "-qc", "side")
    late = put(one, DATA + b"late", "late")
    one.sync("origin")
    assert lfs.asked()[-1][0][3:] == [late["sha256"]]


def test_a_store_with_the_option_and_without_such_blobs_asks_git_nothing_more(hub, lfs, monkeypatch):
    one = with_store(hub)
    one.put("order", "o", n=1)
    monkeypatch.setattr("journal.upkeep.exchange.lfs_bytes.added_since", None)
    assert one.sync().pushed


def test_damaged_bytes_are_never_sent_and_right_ones_of_the_work_tree_are(hub, lfs):
    one = with_store(hub)
    refs = [put(one, DATA, "a"), put(one, DATA + b"2", "b")]
    one.commit()
    for ref in refs:
        write(object_at(one.path, ref["sha256"]), b"x" * ref["bytes"])
    write(full(one.store, lfs_blob_path(refs[1]["sha256"])), b"y" * refs[1]["bytes"])
    one.sync()
    assert [path.name for path in lfs.server.iterdir()] == [SHA]
    assert (lfs.server / SHA).read_bytes() == DATA


def test_uploading_takes_as_long_as_it_takes_and_is_no_waiting_for_others(hub, lfs, monkeypatch):
    """It takes an hour, and somebody else pushes meanwhile, so that there is a second attempt after it."""
    one = with_store(hub)
    put(one)
    hours = [0]
    monkeypatch.setattr(
        "journal.upkeep.exchange.sync.time",
        SimpleNamespace(monotonic=lambda: time.monotonic() + 3600 * hours[0], sleep=time.sleep),
    )
    push = LfsExchange.push

    def slowly(self, *commits):
        push(self, *commits)
        if not hours[0]:
            hours[0] += 1
            tree = hub.git("rev-parse", "main^{tree}").strip()
            hub.git("update-ref", "refs/heads/main", hub.git("commit-tree", tree, "-p", "main", "-m", "x").strip())

    monkeypatch.setattr(LfsExchange, "push", slowly)
    result = one.sync(timeout_seconds=60)
    assert (result.pushed, result.attempts) == (True, 2)
    assert lfs.verbs().count("push") == 1, "what is there is not sent again"


# -- fetching ---------------------------------------------------------------------------------------


def test_bytes_are_fetched_with_what_names_them_and_git_sees_no_change(hub, lfs):
    one = with_store(hub)
    ref = put(one)
    one.sync()
    two = with_store(hub, "two")
    assert read_bytes(full(two.store)) == POINTER
    assert two.sync().unfetched == 0
    assert lfs.asked()[-1][0][0] == "fetch"
    assert tip(hub) in lfs.asked()[-1][0]
    with two.open() as journal:
        assert journal.blobs.get(ref) == DATA
    assert read_bytes(full(two.store)) == DATA
    listed = two.git("ls-files", "--debug", f".journal/{PATH}")
    assert f"size: {len(DATA)}" in listed or "size: 0" in listed
    late = put(one, DATA + b"2", "p")
    one.sync()
    two.sync()
    assert read_bytes(full(two.store, lfs_blob_path(late["sha256"]))) == DATA + b"2"
    asked = len(lfs.asked())
    two.sync()
    assert len(lfs.asked()) == asked, "nothing is missing"


def test_what_cannot_be_fetched_is_fetched_another_time(hub, lfs):
    one = with_store(hub)
    ref = put(one)
    one.sync()
    two = with_store(hub, "two")
    lfs.say("could not resolve host")
    result = two.sync()
    assert result.unfetched == 1
    assert lfs.verbs().count("fetch") == 1, "one failure is enough for one sync"
    with two.open() as journal, pytest.raises(NotFetchedError):
        journal.blobs.get(ref)
    lfs.say("")
    assert two.sync().unfetched == 0


@pytest.mark.parametrize("skips", ["environment", "settings"])
def test_who_wants_no_downloads_gets_none(hub, lfs, monkeypatch, skips):
    one = with_store(hub)
    put(one)
    one.sync()
    two = with_store(hub, "two")
    if skips == "environment":
        monkeypatch.setenv("GIT_LFS_SKIP_SMUDGE", "true")
    else:
        two.git("config", "filter.lfs.smudge", "git-lfs smudge --skip -- %f")
    assert two.sync().unfetched == 1
    assert "fetch" not in lfs.verbs()


def test_a_person_is_told_what_is_not_fetched(hub, lfs, monkeypatch):
    one = with_store(hub)
    put(one)
    one.sync()
    two = with_store(hub, "two")
    monkeypatch.setenv("GIT_LFS_SKIP_SMUDGE", "1")
    status, said = two.run("sync")
    assert (status, "git lfs pull" in said) == (0, True)
    status, said = two.run("sync", "--json")
    assert '"unfetched":1' in said


def test_bytes_that_are_here_already_take_the_place_of_what_comes(hub, lfs):
    one = with_store(hub)
    one.put("order", "a", n=1)
    one.sync()
    two = with_store(hub, "two")
    ref = put(one)
    one.sync()
    write(object_at(two.path, SHA), DATA)
    assert two.sync().unfetched == 0
    assert "fetch" not in lfs.verbs()
    assert read_bytes(full(two.store)) == DATA
    with two.open() as journal:
        assert journal.blobs.get(ref) == DATA


def test_a_full_disk_leaves_the_pointer_and_the_sync_goes_on(hub, lfs, monkeypatch):
    one = with_store(hub)
    one.put("order", "a", n=1)
    one.sync()
    two = with_store(hub, "two")
    ref = put(one)
    one.sync()
    write(object_at(two.path, SHA), DATA)
    real = OsOpenFile.write

    def write_little(self, data):
        if SHA in self.path:
            raise OSError(28, "No space left on device")
        return real(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(OsOpenFile, "write", write_little)
        result = two.sync()
    assert result.unfetched == 1
    assert read_bytes(full(two.store)) == POINTER
    assert not [name for name in os.listdir(os.path.dirname(full(two.store))) if name.endswith(".journal-tmp")]
    with two.open() as journal:
        assert journal.blobs.get(ref) == DATA, "git LFS has them here"
    assert two.sync().unfetched == 0


# -- merging ----------------------------------------------------------------------------------------


def test_both_sides_keep_the_same_bytes_and_what_leaves_on_one_leaves_on_the_other(hub, lfs):
    one = with_store(hub)
    one.put("order", "a", n=1)
    one.sync()
    two = with_store(hub, "two")
    refs = [put(clone, DATA, name) for clone, name in ((one, "x"), (two, "y"))]
    assert refs[0] == refs[1]
    one.sync()
    two.sync()
    one.sync()
    assert one.everything() == two.everything()
    idle = put(one, DATA + b"idle", "gone")
    one.sync()
    two.sync()
    path = lfs_blob_path(idle["sha256"])
    with one.open() as journal:
        from journal.upkeep.parking import park

        park(journal._engine, path)
        journal.put("order", "gone", {"n": 1})
    one.sync()
    two.sync()
    assert not os.path.exists(full(two.store, path))
    assert f".journal/{path}" not in two.git("ls-files").split()


def test_a_pointer_that_lies_about_the_size_never_replaces_bytes_that_are_here(hub, lfs):
    one = with_store(hub)
    ref = put(one)
    one.sync()
    two = with_store(hub, "two")
    lie = POINTER.replace(b"size 10000", b"size 1")
    put_file(str(two.store), PATH, lie)
    two.git("commit", "-qam", "a lie")
    two.git("push", "-q", "--no-verify", "origin", "main")
    one.put("order", "o", n=2)
    one.sync()
    with one.open() as journal:
        assert journal.blobs.get(ref) == DATA
        assert journal.doctor(verify=True).ok


def test_bytes_that_one_side_committed_meet_the_pointer_of_the_other(hub, lfs):
    one = with_store(hub)
    one.put("order", "a", n=1)
    one.sync()
    two = with_store(hub, "two")
    for clone, name in ((one, "x"), (two, "y")):
        put(clone, DATA, name)
    let_age(full(two.store))
    two.git("add", "-A")
    two.git("commit", "-qm", "bytes")
    assert two.git("cat-file", "-s", f"HEAD:.journal/{PATH}").strip() == str(len(DATA))
    one.sync()
    two.sync()
    one.sync()
    for clone in (one, two):
        assert git(clone.path, "cat-file", "-p", f"HEAD:.journal/{PATH}").encode() == POINTER
        assert read_bytes(full(clone.store)) == DATA
        clone.assert_sound()


def test_bytes_in_git_replace_a_pointer_that_is_not_fetched(hub, lfs):
    one = with_store(hub)
    ref = put(one)
    one.sync()
    two = with_store(hub, "two")
    lfs.say("no")
    put_file(str(one.store), PATH, DATA)
    let_age(full(one.store))
    one.git("add", "--renormalize", "--", f".journal/{PATH}")
    one.git("commit", "-qam", "bytes", check=False)
    one.git("push", "-q", "--no-verify", "origin", "main")
    assert two.sync().unfetched == 0
    with two.open() as journal:
        assert journal.blobs.get(ref) == DATA


class Lore:
    """Two sides of one path."""

    CONTENTS = {"pointer": POINTER, "bytes": DATA, "lie": POINTER.replace(b"10000", b"1"), "rubbish": b"x"}  # noqa: RUF012

    def blob(self, identity):
        return self.CONTENTS[identity]

    def has_packed(self, path, *, by_us):
        return False

    def inner(self, path):
        return path


@pytest.mark.parametrize(
    ("ours", "theirs", "wanted"),
    [
        ("bytes", "pointer", "pointer"),
        ("pointer", "bytes", "pointer"),
        ("bytes", "rubbish", "bytes"),
        ("rubbish", "bytes", "bytes"),
        ("rubbish", "pointer", "pointer"),
        ("lie", "pointer", "lie"),
    ],
)
def test_of_two_forms_of_a_blob_the_pointer_counts(ours, theirs, wanted):
    from journal.git.merging import Difference

    sides = [TreeEntry(0o100644, name) for name in (ours, theirs)]
    plan = plan_of([Difference(PATH, (None,), *sides)], Lore())
    assert plan.clashes == []
    assert plan.blobs.get(PATH, ours) == wanted


def test_a_link_or_a_folder_in_the_place_of_a_blob_is_refused(hub, lfs):
    one = with_store(hub)
    one.put("order", "a", n=1)
    one.sync()
    two = with_store(hub, "two")
    os.makedirs(os.path.dirname(full(two.store)))
    os.symlink("/etc/hostname", full(two.store))
    two.git("add", "-A")
    two.git("commit", "-qm", "a link")
    two.git("push", "-q", "--no-verify", "origin", "main")
    with pytest.raises(GitError, match="no plain file"):
        one.sync()
    assert not os.path.lexists(full(one.store))


def test_a_first_push_and_a_plain_blob_of_the_same_bytes(hub, lfs):
    """The truth stays in plain git, whatever the size, also where git LFS carries the same bytes."""
    one = with_store(hub)
    one.put("doc", "d", text="x" * 100_000)
    one.sync()
    assert lfs.asked() == []
    with ExitStack() as stack:
        journal = stack.enter_context(one.open())
        (stored,) = journal.blobs.list()
        assert not stored.lfs
    two = with_store(hub, "two")
    assert os.path.getsize(full(two.store, blob_path(stored.sha256))) == stored.bytes
    assert two.documents()[("doc", "d")]["text"] == "x" * 100_000


# -- kills ------------------------------------------------------------------------------------------


def test_a_cut_at_every_change_of_a_file_is_completed_by_the_next_sync(hub, lfs):
    """Bytes come and go in the same sync; cut anywhere, no branch names what its server lacks."""
    one = with_store(hub)
    one.put("order", "a", n=1)
    one.sync()
    template = with_store(hub, "template")
    theirs, ours = put(one, DATA, "theirs"), put(template, DATA + b"ours", "ours")
    one.sync()
    shutil.copytree(lfs.server, hub.folder / "kept")
    calls = 0
    while _is_cut(hub, lfs, template, (theirs, ours), calls):
        calls += 1 if IS_SOAK else 17
    assert calls > 100


def _is_cut(hub, lfs, template, refs, calls):
    for name in ("work", "remote.git"):
        shutil.rmtree(hub.folder / name, ignore_errors=True)
    shutil.rmtree(lfs.server)
    shutil.copytree(hub.folder / "kept", lfs.server)
    shutil.copytree(template.path, hub.folder / "work", symlinks=True)
    shutil.copytree(hub.path, hub.folder / "remote.git")
    work, is_cut = Clone(hub.folder / "work"), False
    remote = hub.folder / "remote.git"
    work.git("remote", "set-url", "origin", remote)
    try:
        with Journal.open(work.path, files=CutFiles(calls)) as journal:
            journal.sync()
    except Cut:
        is_cut = True
        is_pushed = f"{lfs_blob_path(refs[1]['sha256'])}" in git(remote, "ls-tree", "-r", "--name-only", "main")
        assert not is_pushed or (lfs.server / refs[1]["sha256"]).exists()
        assert work.sync().unfetched == 0
    assert {path.name for path in lfs.server.iterdir()} == {ref["sha256"] for ref in refs}
    with work.open() as journal:
        assert [journal.blobs.get(ref) for ref in refs] == [DATA, DATA + b"ours"]
        assert journal.doctor(verify=True).ok
    assert work.git("rev-parse", "HEAD") == git(remote, "rev-parse", "main")
    assert git(work.path, "fsck", "--full", "--strict", "--no-dangling") == ""
    return is_cut
