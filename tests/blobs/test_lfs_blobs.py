"""Goal: git LFS carries large callers' blobs where the store says so, truth never depends on it, and bytes are found
under either name.
"""

import hashlib
import os
import shutil

import pytest

from journal import DamagedError, FormatError, Journal, NotFetchedError, NotFoundError, RefusedError, UnsafePathError
from journal.disk.memory import MemoryBackend
from journal.format.limits import LFS_BYTES_DEFAULT, LFS_BYTES_MIN
from journal.store.blobs import blob_path, lfs_blob_path, write_blob
from journal.store.config import read_config
from journal.store.lfs_option import with_lfs
from tests.support.faults import CountingFiles
from tests.support.lfs import DATA, LFS_BYTES, PATH, POINTER, SHA, full, switch, write
from tests.support.power import SimulatedDisk, every_cut
from tests.support.stores import configure, new_store, read_bytes, truth

RULE = "blobs/*/*.lfs filter=lfs diff=lfs merge=lfs -text"


@pytest.fixture
def root(tmp_path):
    root = new_store(tmp_path)
    switch(root)
    return root


@pytest.fixture
def journal(root):
    with Journal.open(store=root) as opened:
        yield opened


def files(root):
    """Return the names of all files of blobs."""
    return {path for path in truth(os.fspath(root)) if path.startswith("blobs/")}


def rules(root):
    return [line for line in read_bytes(full(root, ".gitattributes")).decode().splitlines() if line == RULE]


# -- where bytes belong -----------------------------------------------------------------------------


def test_size_alone_decides_and_the_reference_does_not_tell(journal, root):
    small, large = b"x" * (LFS_BYTES - 1), b"x" * LFS_BYTES
    refs = [journal.blobs.put(data, mime="a/b") for data in (small, large)]
    assert files(root) == {blob_path(refs[0]["sha256"]), lfs_blob_path(refs[1]["sha256"])}
    assert [set(ref) for ref in refs] == [{"sha256", "bytes", "mime"}] * 2
    for ref, data in zip(refs, (small, large), strict=True):
        assert journal.blobs.get(ref) == journal.blobs.get(ref["sha256"]) == data
        assert journal.blobs.has(ref)
        journal.blobs.verify(ref)
    assert {(blob.bytes, blob.lfs, blob.fetched) for blob in journal.blobs.list()} == {
        (LFS_BYTES - 1, False, True),
        (LFS_BYTES, True, True),
    }
    assert journal.doctor(verify=True).ok


def test_without_the_option_nothing_is_for_git_lfs(root):
    switch(root, None)
    with Journal.open(store=root) as journal:
        journal.blobs.put(b"x" * 100_000)
        assert all("lfs" not in path for path in files(root))
    assert rules(root) == []


def test_payloads_and_what_writers_saw_never_are(journal, root):
    journal.put("order", "o", {"text": "x" * 100_000})
    journal.kv.put("k", "y" * 100_000)
    journal.append("s", "e", {"text": "z" * 100_000})
    assert len(files(root)) == 3
    assert not any(path.endswith(".lfs") for path in files(root))
    shutil.rmtree(os.path.join(root, "local"))
    with Journal.open(store=root) as again:
        assert len(again.get("order", "o").data["text"]) == 100_000


def test_a_payload_with_the_bytes_of_a_blob_for_git_lfs_stands_in_the_plain_place(journal, root):
    with Journal.open(store=root) as other:
        other.put("order", "o", {"text": "x" * 100_000})
        (path,) = files(root)
    text = read_bytes(full(root, path))
    shutil.rmtree(full(root, "blobs"))
    ref = journal.blobs.put(text)
    assert files(root) == {lfs_blob_path(ref["sha256"])}
    assert write_blob(journal._engine.files, root, text)["sha256"] == ref["sha256"]
    assert files(root) == {lfs_blob_path(ref["sha256"]), blob_path(ref["sha256"])}
    assert [blob.sha256 for blob in journal.blobs.list()] == [ref["sha256"]]
    os.unlink(full(root, lfs_blob_path(ref["sha256"])))
    assert journal.blobs.get(ref) == text


def test_the_same_bytes_are_kept_once_under_the_name_that_they_have(journal, root):
    switch(root, None)
    with Journal.open(store=root) as without:
        plain = without.blobs.put(DATA)
    switch(root)
    assert journal.blobs.put(DATA) == plain
    assert files(root) == {blob_path(SHA)}
    other = journal.blobs.put(DATA + b"2")
    switch(root, None)
    with Journal.open(store=root) as without:
        assert without.blobs.put(DATA + b"2") == other
    assert files(root) == {blob_path(SHA), lfs_blob_path(other["sha256"])}


def test_switching_it_on_off_and_on_again_moves_no_blob_and_every_one_is_read(root):
    refs = []
    for number, limit in enumerate([None, LFS_BYTES, None, 5000, LFS_BYTES]):
        switch(root, limit)
        with Journal.open(store=root) as journal:
            refs.append(journal.blobs.put(b"%d" % number * 3000))
            before = files(root)
            assert [journal.blobs.put(b"%d" % one * 3000) for one in range(number + 1)] == refs
            assert files(root) == before
            assert [journal.blobs.get(ref) for ref in refs] == [b"%d" % one * 3000 for one in range(number + 1)]
            assert journal.doctor(verify=True).ok
    assert sum(path.endswith(".lfs") for path in files(root)) == 2


def test_bytes_under_both_names_are_one_blob_and_either_will_do(journal, root):
    """As a merge leaves them, of a branch with the option and one without."""
    ref = journal.blobs.put(DATA)
    write(full(root, blob_path(SHA)), DATA)
    assert [blob.sha256 for blob in journal.blobs.list()] == [SHA]
    assert journal.doctor(verify=True).ok
    for path in (PATH, blob_path(SHA)):
        other = ({PATH, blob_path(SHA)} - {path}).pop()
        os.rename(full(root, path), full(root, "aside"))
        assert journal.blobs.get(ref) == DATA, other
        os.rename(full(root, "aside"), full(root, path))
    write(full(root, blob_path(SHA)), DATA[:-1])
    assert journal.blobs.get(ref) == DATA, "the one of the right size"


def test_the_rule_for_git_is_there_before_the_first_blob_is_and_comes_back(tmp_path):
    def prepare(folder):
        switch(new_store(folder))

    def operate(disk):
        with Journal.open(store=full(disk.root, ".journal"), files=disk) as journal:
            journal.blobs.put(DATA)
            disk.note("kept")

    count = 0
    for cut in every_cut(str(tmp_path), prepare, operate):
        for disk in cut.reboots():
            root = full(disk.root, ".journal")
            found = [path for path in files(root) if not path.endswith(".journal-tmp")]
            assert found == [PATH] or not cut.notes
            assert not found or rules(root) == [RULE]
            assert all(read_bytes(full(root, path)) == DATA for path in found)
            count += 1
    assert count > 10


def test_a_put_costs_the_rule_once(root):
    counting = CountingFiles()
    with Journal.open(store=root, files=counting) as journal:
        journal.blobs.put(DATA)
        counting.reset()
        journal.blobs.put(DATA + b"2")
        written = [path for call, path in counting.history if call in ("create", "replace")]
    assert not any(path.endswith(".gitattributes") for path in written)


# -- pointers in the place of bytes -----------------------------------------------------------------


def unfetched(root, journal):
    """Put a blob, refer to it, and let only its pointer be here."""
    ref = journal.blobs.put(DATA)
    journal.put("order", "o", {"invoice": ref})
    write(full(root), POINTER)
    return ref


def test_what_is_not_fetched_is_told_with_a_code_of_its_own(journal, root):
    ref = unfetched(root, journal)
    for call in (
        journal.blobs.get,
        journal.blobs.open,
        journal.blobs.verify,
        lambda name: journal.blobs.save(name, "x"),
    ):
        for name in (ref, SHA):
            with pytest.raises(NotFetchedError) as raised:
                call(name)
            assert raised.value.code == "blob-not-fetched"
            assert raised.value.exit_status == NotFoundError.exit_status == 3
            assert "git lfs pull" in raised.value.hint
    assert not journal.blobs.has(ref)
    assert [tuple(blob) for blob in journal.blobs.list()] == [(SHA, len(DATA), True, False)]


def test_nothing_but_reading_it_needs_it(journal, root):
    ref = unfetched(root, journal)
    before = files(root)
    journal.put("order", "o", {"invoice": ref, "paid": True})
    journal.put("order", "o2", {"invoice": ref})
    for _ in range(4):
        journal.put("tick", "t", {"n": os.urandom(4).hex()})
        journal.compact()
    assert files(root) == before
    shutil.rmtree(os.path.join(root, "local"))
    with Journal.open(store=root) as again:
        assert again.get("order", "o").data == {"invoice": ref, "paid": True}
        assert again.damage_note() is None
        report = again.doctor(verify=True)
    assert report.ok
    assert [(item.code, item.severity) for item in report.findings] == [("blob-not-fetched", "info")]
    assert report.checked["blobs"] == 1


def test_putting_the_bytes_again_fetches_them(journal, root):
    ref = unfetched(root, journal)
    switch(root, None)
    with Journal.open(store=root) as without:
        assert without.blobs.put(DATA)["sha256"] == SHA
    assert files(root) == {PATH}
    assert journal.blobs.get(ref) == DATA


@pytest.mark.parametrize(
    "text",
    [
        POINTER.replace(b"size 10000", b"size 9999"),
        POINTER.replace(SHA.encode(), b"0" * 64),
        POINTER + b"\n",
        b"",
        b"version https://git-lfs.github.com/spec/v1\n",
    ],
)
def test_a_pointer_that_lies_is_damage_and_leads_nowhere(journal, root, text):
    ref = unfetched(root, journal)
    write(full(root), text)
    with pytest.raises(DamagedError):
        journal.blobs.get(ref)
    assert [blob.sha256 for blob in journal.blobs.list()] == [SHA]


def test_no_link_is_followed_on_the_way_to_the_bytes(journal, root, tmp_path):
    journal.blobs.put(DATA)
    secret = tmp_path / "secret"
    secret.write_bytes(DATA)
    os.unlink(full(root))
    os.symlink(secret, full(root))
    with pytest.raises(DamagedError):
        journal.blobs.get(SHA)
    assert journal.blobs.list() == []
    journal.blobs.put(DATA)
    assert not os.path.islink(full(root))
    os.rename(full(root, "blobs"), tmp_path / "moved")
    os.symlink(tmp_path / "moved", full(root, "blobs"))
    with pytest.raises(UnsafePathError):
        journal.blobs.get(SHA)


def test_wrong_bytes_never_come_back_as_a_whole_and_putting_them_again_mends(journal, root):
    ref = journal.blobs.put(DATA)
    for wrong in (DATA[:-1] + b"!", DATA + b"!", DATA[:-1], b"!"):
        write(full(root), wrong)
        with pytest.raises(DamagedError):
            journal.blobs.get(ref)
        with pytest.raises(DamagedError):
            journal.blobs.get(SHA)
        (finding,) = [item for item in journal.doctor().findings if item.severity != "info"]
        assert (finding.code, finding.path) == ("blob-damaged", PATH)
    assert journal.blobs.put(DATA) == ref
    assert journal.blobs.get(ref) == DATA


# -- the option -------------------------------------------------------------------------------------


def test_init_switches_it_on_in_a_new_store_and_in_one_that_is_there(tmp_path):
    (tmp_path / "a").mkdir()
    root, is_new = Journal.init(tmp_path / "a", lfs=True)
    assert is_new
    assert read_config(SimulatedDisk(root), root).lfs_bytes == LFS_BYTES_DEFAULT
    assert rules(root) == [RULE]
    assert Journal.init(root, lfs=True) == Journal.init(root) == (root, False)
    later = new_store(
        tmp_path / "b", options='durability = "os"\nprojections = "lazy"', types="[types.a]\nfanout = true"
    )
    before = read_bytes(full(later, "journal.toml"))
    assert Journal.init(later) == (later, False)
    assert Journal.init(later, lfs=True) == (later, True)
    config = read_config(SimulatedDisk(later), later)
    assert (config.lfs_bytes, config.durability, config.projections) == (LFS_BYTES_DEFAULT, "os", "lazy")
    assert config.fanout("a")
    after = read_bytes(full(later, "journal.toml")).splitlines()
    assert all(line in after for line in before.splitlines())
    assert Journal.init(later, lfs=True) == (later, False)


def test_init_of_a_store_that_has_it_writes_the_rule_that_is_missing(root):
    os.unlink(full(root, ".gitattributes"))
    Journal.init(root)
    assert rules(root) == [RULE]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"[options]\n", b"[options]\n%s\n%s\n"),
        (b"", b"\n[options]\n%s\n%s\n"),
        (
            b'[options]\nprojections = "lazy"  # so\n\n# more\n',
            b'[options]\nprojections = "lazy"  # so\n%s\n%s\n\n# more\n',
        ),
        (
            b"[ options ] # of mine\n[types.a]\nfanout = true",
            b"[ options ] # of mine\n%s\n%s\n[types.a]\nfanout = true\n",
        ),
        (b"[options]\r\nroll_bytes = 8192\r\n", b"[options]\r\nroll_bytes = 8192\r\n%s\r\n%s\r\n"),
    ],
)
def test_the_line_goes_where_it_belongs_and_the_rest_stays(before, after):
    head = b'format = 1\r\nstore = "st_00000000"\r\n' if b"\r" in before else b'format = 1\nstore = "st_00000000"\n'
    comment = b"# Callers' blobs of so many bytes go through git LFS; without this line none do (docs/blobs.md)."
    assert with_lfs(head + before) == head + after % (comment, b"lfs_bytes = %d" % LFS_BYTES_DEFAULT)


@pytest.mark.parametrize("options", [b'options = { durability = "os" }\n', b'options.durability = "os"\n'])
def test_a_configuration_without_a_place_for_it_is_left_and_says_what_to_write(tmp_path, options):
    with pytest.raises(RefusedError) as raised:
        with_lfs(b'format = 1\nstore = "st_00000000"\n' + options)
    assert f"lfs_bytes = {LFS_BYTES_DEFAULT}" in raised.value.hint


@pytest.mark.parametrize("value", ["0", "-1", "1023", "true", '"1 MB"', "1.5"])
def test_a_size_that_makes_no_sense_is_refused_with_its_line(root, value):
    configure(root, f"lfs_bytes = {value}")
    with pytest.raises(FormatError, match=rf"lfs_bytes must be a number of at least {LFS_BYTES_MIN} \(line"):
        Journal.open(store=root)


def test_a_store_in_memory_knows_the_names_and_reads_them(tmp_path):
    backend = MemoryBackend(seed=1)
    root = Journal.on(backend).root
    text = backend.files.read(full(root, "journal.toml")).replace(b"[options]\n", b"[options]\nlfs_bytes = 2048\n")
    backend.files.remove(full(root, "journal.toml"))
    backend.files.create(full(root, "journal.toml"), text)
    with Journal.on(backend) as journal:
        ref = journal.blobs.put(DATA)
        assert backend.files.stat(full(root)).size == len(DATA)
        assert journal.blobs.get(ref) == DATA
        assert [tuple(blob) for blob in journal.blobs.list()] == [(SHA, len(DATA), True, True)]
        backend.files.remove(full(root))
        backend.files.create(full(root), POINTER)
        with pytest.raises(NotFetchedError):
            journal.blobs.get(ref)
        assert journal.doctor().ok


def test_the_hash_of_the_test_data_is_right():
    assert hashlib.sha256(DATA).hexdigest() == SHA
