"""Goal: a blob that git LFS carries is redacted as any other, and git LFS's copies are listed and purged with git's.

No test here needs git-lfs.
"""

import gzip
import os
import subprocess

import pytest

from journal.store.blobs import lfs_blob_path
from journal.upkeep.redacting.needles import Needles, inflated_pieces
from tests.support.lfs import DATA, POINTER, full, git, let_age, object_at, switch, write
from tests.support.stores import read_bytes
from tests.support.worktree import WorkTree

pytestmark = pytest.mark.usefixtures("without_filter")

SECRET = "hunter2-token"
HOLDS = DATA + SECRET.encode() + DATA


@pytest.fixture
def tree(tmp_path):
    tree = WorkTree(tmp_path / "it's a tree")
    switch(tree.store)
    return tree


def put(journal, data, name):
    """Keep a blob for an order. It is of an earlier second: git without git LFS looks into what is not."""
    ref = journal.blobs.put(data)
    let_age(full(journal.root, lfs_blob_path(ref["sha256"])))
    journal.put("order", name, {"invoice": ref})
    return ref


def bytes_holding(folder):
    """Return the files below a folder in which it stands, plain or inflated."""
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if Needles.of([SECRET]).is_inside(read_bytes(path)):
                found.append(os.path.relpath(path, folder))
    return found


def run(tree, commands):
    for command in commands:
        done = subprocess.run(["sh", "-c", command], cwd=tree.path, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stdout, done.stderr)


def test_a_blob_that_holds_the_value_leaves_and_the_commands_purge_git_and_git_lfs(tree):
    with tree.open() as journal:
        ref = put(journal, HOLDS, "o")
        kept = put(journal, DATA, "p")
        journal.commit("orders")
        told = journal.redact(value=SECRET, reason="leaked", dry_run=True)
        assert told.blobs == (lfs_blob_path(ref["sha256"]),)
        assert told.purge.lfs == (ref["sha256"],)
        assert journal.blobs.get(ref) == HOLDS
        done = journal.redact(value=SECRET, reason="leaked")
        assert done.blobs == told.blobs
        assert not journal.blobs.has(ref)
        assert journal.get("order", "o").data["invoice"] == "[redacted]"
        assert journal.blobs.get(kept) == DATA
    assert bytes_holding(tree.store) == []
    assert done.purge.lfs == (ref["sha256"],)
    pointer = git(tree.path, "rev-parse", f"HEAD~1:.journal/{lfs_blob_path(ref['sha256'])}").strip()
    assert pointer in done.purge.files
    assert any("server" in sentence for sentence in done.purge.advice)
    assert os.path.exists(object_at(tree.path, ref["sha256"])), "nothing of git's is removed by the redaction itself"
    run(tree, done.purge.commands)
    assert not os.path.exists(object_at(tree.path, ref["sha256"]))
    assert git(tree.path, "cat-file", "-t", pointer, check=False) == ""
    assert os.path.exists(object_at(tree.path, kept["sha256"]))
    with tree.open() as journal:
        assert journal.doctor(verify=True).ok
        assert journal.blobs.get(kept) == DATA
        again = journal.redact(value=SECRET, reason="is it gone?", dry_run=True)
        assert (again.purge.files, again.purge.lfs, again.purge.commands) == ({}, (), ())


def test_what_only_git_lfs_still_has_is_found_also_of_the_users_own_files(tree):
    with tree.open() as journal:
        journal.put("order", "o", {"n": 1})
        journal.commit("an order")
        for name, data in (("0" * 64, HOLDS), ("1" * 64, DATA), ("2" * 64, gzip.compress(HOLDS))):
            write(object_at(tree.path, name), data)
        told = journal.redact(value=SECRET, reason="leaked", dry_run=True)
    assert told.purge.lfs == ("0" * 64, "2" * 64)
    assert told.purge.files == {}
    run(tree, told.purge.commands)
    assert [os.path.exists(object_at(tree.path, digit * 64)) for digit in "012"] == [False, True, False]


def test_a_blob_that_somebody_else_refers_to_stays_and_is_in_no_list(tree):
    """A purge of what is still needed would take it out of every commit, the last one too."""
    with tree.open() as journal:
        ref = put(journal, HOLDS, "o")
        journal.put("order", "p", {"invoice": ref, "by": "Ann Other"})
        journal.put("order", "o", {"invoice": ref, "by": "Ann Other"})
        journal.commit("orders")
        done = journal.redact(type="order", id="o", reason="asked to be forgotten")
        assert journal.blobs.get(ref) == HOLDS
        assert done.blobs == ()
        assert done.purge.lfs == ()
        assert not any(
            path.startswith((".journal/blobs/", ".journal/entities/order/p")) for path in done.purge.files.values()
        )
    run(tree, done.purge.commands)
    with tree.open() as journal:
        assert journal.doctor(verify=True).ok
        assert journal.get("order", "p").data == {"invoice": ref, "by": "Ann Other"}
        assert journal.blobs.get(ref) == HOLDS
        assert journal.commit("nothing is missing") is None


def test_an_entity_takes_its_blob_along(tree):
    with tree.open() as journal:
        ref = put(journal, DATA, "o")
        journal.commit("an order")
        done = journal.redact(type="order", id="o", field="invoice", reason="asked to be forgotten")
        assert done.blobs == (lfs_blob_path(ref["sha256"]),)
        assert done.purge.lfs == (ref["sha256"],)
        assert not journal.blobs.has(ref)
    assert git(tree.path, "status", "--porcelain") == ""


def test_where_git_took_the_bytes_these_are_purged(tree):
    with tree.open() as journal:
        put(journal, HOLDS, "o")
    git(tree.path, "add", "-A")
    git(tree.path, "commit", "-qm", "bytes")
    with tree.open() as journal:
        done = journal.redact(value=SECRET, reason="leaked")
    run(tree, done.purge.commands)
    assert bytes_holding(tree.path) == []
    command = ["git", "cat-file", "--batch-all-objects", "--batch"]
    assert SECRET.encode() not in subprocess.run(command, cwd=tree.path, capture_output=True, check=True).stdout


def test_what_is_not_fetched_is_told_since_nobody_can_look_into_it(tree, tmp_path):
    with tree.open() as journal:
        ref = put(journal, HOLDS, "o")
        journal.commit("an order")
    other = WorkTree(tmp_path / "two", clone_of=tree)
    with other.open() as journal:
        told = journal.redact(value=SECRET, reason="leaked", dry_run=True)
        assert told.blobs == ()
        assert any("not fetched (1)" in sentence for sentence in told.stays)
        write(object_at(other.path, ref["sha256"]), HOLDS)
        told = journal.redact(value=SECRET, reason="leaked", dry_run=True)
        assert told.blobs == (lfs_blob_path(ref["sha256"]),)
        assert told.stays == ()


def test_a_copy_that_was_put_aside_leaves_too(tree):
    with tree.open() as journal:
        ref = journal.blobs.put(HOLDS)
        journal.put("order", "o", {"n": 1})
        parked = full(
            tree.store, f"local/parked/20260101T000000Z-abcdef-{lfs_blob_path(ref['sha256']).replace('/', '__')}"
        )
        os.makedirs(os.path.dirname(parked), exist_ok=True)
        os.rename(full(tree.store, lfs_blob_path(ref["sha256"])), parked)
        journal.commit("all")
        done = journal.redact(value=SECRET, reason="leaked")
    assert len(done.local) == 1
    assert not os.path.exists(parked)


def test_a_stray_file_among_the_blobs_stops_no_redaction(tree):
    with tree.open() as journal:
        put(journal, HOLDS, "o")
        write(full(tree.store, "blobs/zz/readme.txt"), b"x")
        let_age(full(tree.store, "blobs/zz/readme.txt"))
        assert len(journal.redact(value=SECRET, reason="leaked").blobs) == 1


@pytest.mark.parametrize("size", [1, 7, 100, 100_000])
def test_texts_are_found_in_pieces_of_any_size_plain_and_inflated(size):
    needles = Needles.of([SECRET])

    def cut(data):
        return lambda: (data[start : start + size] for start in range(0, len(data), size))

    chain = gzip.compress(b"x" * 5000) + gzip.compress(HOLDS) + gzip.compress(b"y" * 3_000_000)
    for data, holds in ((HOLDS, True), (DATA, False), (chain, True), (chain[:-50], True), (gzip.compress(DATA), False)):
        assert needles.is_inside_pieces(cut(data)) is holds
        assert needles.is_inside(data) is holds
    assert b"".join(inflated_pieces(cut(chain)())) == b"x" * 5000 + HOLDS + b"y" * 3_000_000
    assert not Needles.of([]).is_inside_pieces(cut(HOLDS))
    assert not needles.is_inside_pieces(cut(POINTER))
