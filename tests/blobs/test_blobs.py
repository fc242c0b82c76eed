"""Goal: bytes of any size are kept once, come back whole or not at all, and never stand in the log."""

import errno
import hashlib
import io
import os
import tracemalloc
from unittest.mock import patch

import pytest

from journal import DamagedError, Journal, NotAppliedError, NotFoundError, RefusedError, UnsafePathError, UsageError
from journal.disk.files import OsOpenFile
from journal.errors import ClosedError
from journal.format.references import is_reference, references_in
from journal.store.blobs import CHUNK_BYTES, list_blobs, store_blob
from tests.support.power import every_cut
from tests.support.stores import read_bytes, segments

DATA = b"\0invoice \xff"
SHA = hashlib.sha256(DATA).hexdigest()


TYPES = {
    "a.pdf": "application/pdf",
    "b.PNG": "image/png",
    "README.md": "text/markdown",
    "backup.tar.gz": "application/gzip",
    "offer.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "app.js": "text/javascript",
    "c": "application/octet-stream",
    "png": "application/octet-stream",
    "d.unheard-of": "application/octet-stream",
}
"""What Python's own table says of some of these depends on its version, and of the fourth what is in it."""


def read_before_damage(journal, blob):
    """Read a damaged blob piece by piece; return how many bytes came before that was told."""
    count = 0
    try:
        with journal.blobs.open(blob) as file:
            while chunk := file.read(CHUNK_BYTES):
                count += len(chunk)
    except DamagedError:
        return count
    raise AssertionError("the end was reached")


def path_of(root, sha256):
    return os.path.join(root, "blobs", sha256[:2], sha256)


def test_bytes_come_back_by_their_reference_or_their_hash(journal, root):
    ref = journal.blobs.put(DATA, mime="application/pdf")
    assert ref == {"sha256": SHA, "bytes": len(DATA), "mime": "application/pdf"}
    assert read_bytes(path_of(root, SHA)) == DATA
    for name in (ref, SHA):
        assert journal.blobs.get(name) == DATA
        assert journal.blobs.has(name)
        journal.blobs.verify(name)
        with journal.blobs.open(name) as file:
            assert (file.read(3), file.read()) == (DATA[:3], DATA[3:])
    assert [tuple(blob) for blob in journal.blobs.list()] == [(SHA, len(DATA), False, True)]


def test_the_same_bytes_are_kept_once_and_empty_ones_are_bytes(journal):
    assert journal.blobs.put(DATA) == journal.blobs.put(io.BytesIO(DATA))
    empty = journal.blobs.put(b"")
    assert journal.blobs.get(empty) == b""
    assert len(journal.blobs.list()) == 2


def test_the_media_type_is_said_or_guessed_from_the_name(journal, tmp_path):
    for name, mime in TYPES.items():
        (tmp_path / name).write_bytes(DATA)
        assert journal.blobs.put_file(tmp_path / name)["mime"] == mime
    assert journal.blobs.put(DATA, name="a.png")["mime"] == "image/png"
    assert journal.blobs.put(DATA)["mime"] == "application/octet-stream"
    assert journal.blobs.put_file(tmp_path / "c", mime="text/plain; charset=utf-8")["mime"].startswith("text/plain")
    for wrong in ("pdf", "a/b/c", "a/\x1b[2J", "", " a/b", "a/b; " + "x" * 200):
        if wrong:
            with pytest.raises(RefusedError):
                journal.blobs.put(DATA, mime=wrong)


def test_a_reference_in_a_payload_is_data_and_the_bytes_are_in_no_line(journal, root):
    data = os.urandom(1000).hex().encode()
    ref = journal.blobs.put(data)
    journal.put("order", "o1", {"invoice": ref})
    journal.kv.put("newest", {"of": [ref]})
    assert journal.blobs.get(journal.get("order", "o1").data["invoice"]) == data
    assert journal.blobs.get(journal.kv.get("newest")["of"][0]) == data
    assert data not in b"".join(map(read_bytes, segments(root)))
    assert journal.doctor(verify=True).ok


def test_only_an_object_of_exactly_three_members_is_a_reference():
    ref = {"sha256": SHA, "bytes": 1, "mime": "a/b"}
    assert is_reference(ref)
    for wrong in ({"more": 1}, {"bytes": -1}, {"bytes": True}, {"sha256": "x"}, {"mime": 1}):
        assert not is_reference(ref | wrong)
    assert list(references_in({"a": [ref, {"b": ref}], "c": ref | {"more": ref}})).count(ref) == 3


def test_what_is_no_blob_is_told(journal, tmp_path):
    ref = journal.blobs.put(DATA)
    assert not journal.blobs.has({**ref, "bytes": 3})
    for wrong in ("abc", {}, {"sha256": 1}, {**ref, "bytes": "2"}, "../" + SHA[3:], SHA.upper()):
        for call in (journal.blobs.get, journal.blobs.has, journal.blobs.verify):
            with pytest.raises(UsageError):
                call(wrong)
    for missing in ("0" * 64, {"sha256": "0" * 64, "bytes": 3, "mime": "a/b"}):
        assert not journal.blobs.has(missing)
        with pytest.raises(NotFoundError):
            journal.blobs.get(missing)
    for nothing in (tmp_path / "nothing", tmp_path / "file" / "below"):
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(NotFoundError):
            journal.blobs.put_file(nothing)
    with pytest.raises(RefusedError):
        journal.blobs.put_file(tmp_path)
    for text in ("text", io.StringIO("text")):
        with pytest.raises(UsageError):
            journal.blobs.put(text)
    assert [blob.sha256 for blob in journal.blobs.list()] == [SHA]


def test_a_file_that_cannot_be_read_makes_no_blob(journal, root, tmp_path):
    broken = io.BytesIO(DATA)
    broken.read = lambda size: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error"))
    with pytest.raises(NotAppliedError, match=r"could not be kept: Input/output error$"):
        journal.blobs.put(broken)
    with (
        patch("builtins.open", side_effect=PermissionError(errno.EACCES, "Permission denied")),
        pytest.raises(NotAppliedError, match="cannot be read: Permission denied"),
    ):
        journal.blobs.put_file(tmp_path / "secret")
    assert os.listdir(os.path.join(root, "blobs")) == []


def test_wrong_bytes_never_come_back_as_a_whole_and_putting_them_again_mends(journal, root):
    data = os.urandom(3 * CHUNK_BYTES)
    ref = journal.blobs.put(data)
    path = path_of(root, ref["sha256"])
    for wrong in (data[:-1] + bytes([data[-1] ^ 1]), bytes([data[0] ^ 1]) + data[1:], data[:-1], data + b"x", b""):
        with open(path, "wb") as file:
            file.write(wrong)
        for name in (ref, ref["sha256"]):
            assert read_before_damage(journal, name) < max(1, len(wrong))
            with pytest.raises(DamagedError):
                journal.blobs.get(name)
    assert journal.blobs.put(data) == ref
    assert journal.blobs.get(ref) == data


def test_a_large_file_passes_through_little_memory(journal, root, tmp_path):
    size = 24 * CHUNK_BYTES
    source = tmp_path / "large.bin"
    with open(source, "wb") as file:
        for number in range(24):
            file.write(bytes([number]) * CHUNK_BYTES)
    tracemalloc.start()
    try:
        ref = journal.blobs.put_file(source)
        journal.blobs.verify(ref)
        journal.blobs.save(ref, tmp_path / "copy.bin")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert ref["bytes"] == size
    assert peak < size / 3
    assert read_bytes(tmp_path / "copy.bin") == read_bytes(source)


def test_saving_wrong_bytes_leaves_the_file_as_it_was(journal, root, tmp_path):
    ref = journal.blobs.put(DATA)
    target = tmp_path / "out"
    target.write_bytes(b"mine")
    with open(path_of(root, SHA), "wb") as file:
        file.write(b"x" * len(DATA))
    with pytest.raises(DamagedError):
        journal.blobs.save(ref, target)
    with pytest.raises(NotAppliedError):
        journal.blobs.save(journal.blobs.put(b"y"), tmp_path / "no" / "folder")
    assert (target.read_bytes(), sorted(os.listdir(tmp_path))) == (b"mine", [".journal", "out"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_that_is_saved_to_stays_a_pipe(journal, tmp_path):
    """So does a device: to save to /dev/null makes no file of it."""
    ref, pipe = journal.blobs.put(DATA), tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(pipe)
    for path in (pipe, link):
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        journal.blobs.save(ref, path)
        assert os.read(reader, 100) == DATA
        os.close(reader)
    assert pipe.is_fifo()
    assert link.is_symlink()


def test_links_are_not_followed(journal, root, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(DATA)
    os.makedirs(os.path.join(root, "blobs", SHA[:2]))
    os.symlink(secret, path_of(root, SHA))
    with pytest.raises(DamagedError):
        journal.blobs.get(SHA)
    assert journal.blobs.list() == []
    assert journal.blobs.put(DATA)["sha256"] == SHA
    assert not os.path.islink(path_of(root, SHA))
    os.rename(os.path.join(root, "blobs"), tmp_path / "moved")
    os.symlink(tmp_path / "moved", os.path.join(root, "blobs"))
    for call in (lambda: journal.blobs.get(SHA), lambda: journal.blobs.put(b"new"), journal.blobs.list):
        with pytest.raises(UnsafePathError):
            call()
    os.unlink(os.path.join(root, "blobs"))
    os.mkdir(os.path.join(root, "blobs"))
    os.mkfifo(os.path.join(root, "blobs", "pipe"))
    assert journal.blobs.list() == []


def test_a_full_disk_keeps_nothing(journal, root):
    with (
        patch.object(OsOpenFile, "write", side_effect=OSError(errno.ENOSPC, "No space left on device")),
        pytest.raises(NotAppliedError),
    ):
        journal.blobs.put(DATA)
    assert journal.blobs.list() == []
    assert os.listdir(os.path.join(root, "blobs")) == []


def test_a_closed_journal_gives_and_takes_no_blobs(root):
    with Journal.open(store=root) as journal:
        journal.blobs.put(DATA)
    blobs = journal.blobs
    for call in (lambda: blobs.get(SHA), lambda: blobs.put(DATA), lambda: blobs.has(SHA), blobs.list):
        with pytest.raises(ClosedError):
            call()


def test_a_blob_that_was_acknowledged_survives_a_power_cut_and_half_a_blob_is_none(tmp_path):
    def operate(disk):
        store_blob(disk, disk.root, (DATA[:4], DATA[4:]))
        disk.note("kept")
        store_blob(disk, disk.root, (DATA,))

    for cut in every_cut(str(tmp_path), lambda folder: None, operate):
        for disk in cut.reboots():
            found = list_blobs(disk, disk.root)
            assert found or not cut.notes
            assert all(read_bytes(path_of(disk.root, SHA)) == DATA for _ in found)


def test_blobs_go_with_a_commit_and_come_with_a_clone(tmp_path):
    from tests.support.worktree import WorkTree

    tree = WorkTree(tmp_path / "one")
    with tree.open() as journal:
        ref = journal.blobs.put(DATA)
        journal.put("order", "o", {"invoice": ref})
        journal.commit("an order")
    with WorkTree(tmp_path / "two", clone_of=tree).open() as journal:
        assert journal.blobs.get(journal.get("order", "o").data["invoice"]) == DATA


def test_what_a_killed_writer_left_among_the_blobs_stops_no_commit(tmp_path):
    from tests.support.worktree import WorkTree

    tree = WorkTree(tmp_path / "one")
    with tree.open() as journal:
        ref = journal.blobs.put(DATA)
        for name in (f"{SHA}.7ffffff0-00aabbcc.journal-tmp", f"{SHA[:2]}.txt"):
            (tree.store / "blobs" / SHA[:2] / name).write_bytes(b"x")
        journal.put("order", "o", {"invoice": ref})
        assert journal.commit("an order") is not None
    assert [path for path in tree.git("ls-files").split() if "blobs" in path] == [f".journal/blobs/{SHA[:2]}/{SHA}"]


def test_a_file_that_does_not_wait_for_its_bytes_is_refused_and_not_cut_short(journal):
    class Pipe:
        def __init__(self):
            self.pieces = [b"first half", None, b"second half", b""]

        def read(self, size):
            return self.pieces.pop(0)

    before = journal.blobs.list()
    with pytest.raises(UsageError, match="does not wait"):
        journal.blobs.put(Pipe())
    assert journal.blobs.list() == before


def test_a_reference_that_says_another_size_is_told_from_a_blob_that_is_damaged(journal):
    reference = journal.blobs.put(b"hello world")
    for call in (journal.blobs.get, journal.blobs.verify):
        with pytest.raises(RefusedError, match="has 11 bytes, and the reference says 3"):
            call({**reference, "bytes": 3})
    journal.blobs.verify(reference["sha256"])
    assert not journal.blobs.has({**reference, "bytes": 3})
