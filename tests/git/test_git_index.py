"""Goal: patching the index's bytes gives what git itself would have made, in every form an index takes.

Method: git makes the index, we change it, git reads it: its entries, its status, its next commit.
"""

import hashlib
import os
import struct

import pytest
from git_support import Work
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal.disk.files import OsFiles
from journal.errors import GitError
from journal.git import index_format
from journal.git.cache_tree import invalidate, nested
from journal.git.commit import FileChange, commit_changes, stage_changes
from journal.git.index_file import tracked_paths
from journal.git.index_format import HEADER_SIZE, IndexFile
from journal.git.index_patch import Wanted, edits_for, entry_bytes, patched
from journal.git.index_v4 import to_version_3, to_version_4

A = ".journal/entities/plan/a.json"
SEGMENT = ".journal/segments/1.jsonl"
MANY = {f"d{number % 7}/{'x' * (number % 90)}{number:04}": b"%d" % number for number in range(500)}


def index_of(work):
    return work.read(".git/index")


def many(work):
    for name, content in MANY.items():
        work.write(name, content)
    work.git("add", "-A")
    work.git("commit", "-q", "-m", "many")


def check(work):
    """Change, add and remove; then let git look at it in every way it has."""
    work.write("staged", b"s\n")
    work.git("add", "staged")
    some = sorted(MANY)[250]
    work.commit({A: b"x\n", SEGMENT: b"1\n", some: None, "d3/new": b"n"})
    assert work.status() == "A  staged\n"
    entries = work.git("ls-files", "-s")
    work.git("commit", "-q", "-m", "mine")
    assert work.touched_by() == {"staged"}
    assert work.git("ls-files", "-s") == entries
    work.git("read-tree", "HEAD")
    assert work.git("ls-files", "-s") == entries
    assert set(entries.replace("\t", "\n").split("\n")[1::2]) == work.head_files()
    work.assert_sound()


@pytest.mark.parametrize("version", [2, 3, 4])
def test_each_version_is_patched(work, version):
    many(work)
    work.git("update-index", f"--index-version={version}")
    if version == 3:
        work.git("update-index", "--skip-worktree", "readme")
    assert index_of(work)[7] == version
    work.commit({"d3/newer": b"n"})
    assert index_of(work)[7] == version
    check(work)


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_each_object_format_is_patched(tmp_path, object_format):
    folder = tmp_path / "w"
    folder.mkdir()
    work = Work(folder)
    work.git("init", "-q", f"--object-format={object_format}")
    many(work)
    check(work)


@pytest.mark.parametrize("setting", ["core.splitIndex", "core.untrackedCache", "index.threads", "index.skipHash"])
def test_each_optional_part_is_kept_or_left_out(work, setting):
    work.git("config", setting, "8" if setting == "index.threads" else "true")
    if setting == "index.threads":
        work.git("config", "index.recordEndOfIndexEntries", "true")
        work.git("config", "index.recordOffsetTable", "true")
    if setting == "core.splitIndex":
        work.git("update-index", "--split-index")
    many(work)
    work.git("status")
    if setting == "index.skipHash":
        data = index_of(work)
        work.write(".git/index", data[:-20] + bytes(20))
    check(work)


def test_a_file_that_the_untracked_cache_knew_is_tracked_now(work):
    work.git("config", "core.untrackedCache", "true")
    work.write("old", b"o")
    work.git("status")
    assert b"UNTR" in index_of(work)
    assert work.status() == "?? old\n"
    commit_changes(work.repository, [FileChange("old", b"o")], "m", files=OsFiles())
    assert work.status() == ""


def test_an_index_with_trees_keeps_those_beside_our_path(work):
    many(work)
    work.git("status")
    before = IndexFile(index_of(work), "sha1")
    tree = next(e for e in before.extensions if e.name == b"TREE")
    work.commit({"d3/new": b"n"})
    after = IndexFile(index_of(work), "sha1")
    kept = next(e for e in after.extensions if e.name == b"TREE")
    old, new = before.data[tree.start : tree.end], after.data[kept.start : kept.end]
    assert new.startswith(b"\0-1 8\n")
    assert b"d3\0-1 0\n" in new
    assert new[new.index(b"d4\0") :] == old[old.index(b"d4\0") :]


def test_a_malformed_tree_extension_is_left_out():
    assert invalidate(b"\x0010 1\n", {}, 20) is None
    assert invalidate(b"", nested([b"a"]), 20) is None
    assert invalidate(b"\0-1 0\nrest", {}, 20) is None


def test_a_sparse_index_is_left_to_git(work):
    many(work)
    work.git("sparse-checkout", "init", "--cone", "--sparse-index")
    work.git("sparse-checkout", "set", ".journal")
    assert b"sdir" in index_of(work)
    assert tracked_paths(work.repository, ".journal/") == {A, ".journal/journal.toml"}
    work.commit({A: b"x\n", SEGMENT: b"1\n"})
    assert work.status() == ""
    assert work.touched_by() == {A, SEGMENT}
    assert work.stage({A: b"y\n"}) == 1
    work.git("sparse-checkout", "disable")
    assert work.status() == f"M  {A}\n"
    work.assert_sound()


def test_our_folder_outside_a_sparse_checkout_is_no_longer_skipped_once_it_is_on_disk(work):
    many(work)
    work.git("sparse-checkout", "set", "--no-cone", "/d1/")
    assert work.git("ls-files", "-t", A).startswith("S ")
    work.commit({A: b"x\n"})
    assert work.git("ls-files", "-t", A).startswith("H ")
    assert work.status() == ""


def test_a_skipped_path_that_is_not_on_disk_stays_skipped(work):
    work.git("update-index", "--skip-worktree", A)
    os.unlink(work.path(A))
    commit_changes(work.repository, [FileChange(A, b"x\n")], "m", files=OsFiles())
    assert work.git("ls-files", "-t", A).startswith("S ")
    assert work.status() == ""


def test_assume_unchanged_is_kept(work):
    work.git("update-index", "--assume-unchanged", A)
    work.commit({A: b"x\n"})
    assert work.git("ls-files", "-v", A).startswith("h ")


def test_an_intent_to_add_of_ours_becomes_real(work):
    work.write(SEGMENT, b"1\n")
    work.git("add", "-N", SEGMENT)
    work.commit({SEGMENT: b"1\n"})
    assert work.status() == ""
    assert work.git("show", f"HEAD:{SEGMENT}") == "1\n"
    assert work.git("ls-files", "-s", SEGMENT).split()[1] != hashlib.sha1(b"blob 0\0").hexdigest()


def test_entries_have_the_times_of_the_files_so_that_git_need_not_read_them(work):
    work.write(SEGMENT, b"1\n")
    os.utime(work.path(SEGMENT), (1_000_000_000, 1_000_000_000))
    commit_changes(work.repository, [FileChange(SEGMENT, b"1\n")], "m", files=OsFiles())
    assert work.git("diff-files") == ""
    assert "mtime: 1000000000:0" in work.git("ls-files", "--debug", SEGMENT)


def test_a_damaged_index_is_an_error_and_stays_as_it_is(work):
    many(work)
    data = bytearray(index_of(work))
    data[len(data) // 2] ^= 1
    work.write(".git/index", bytes(data))
    head = work.git("rev-parse", "HEAD")
    with pytest.raises(GitError, match="index is damaged"):
        work.commit({A: b"x\n"})
    with pytest.raises(GitError, match="index is damaged"):
        tracked_paths(work.repository, "")
    assert index_of(work) == bytes(data)
    assert work.git("rev-parse", "HEAD") == head


@pytest.mark.parametrize("data", [b"", b"DIRC", b"x" * 100])
def test_what_is_no_index_is_an_error(work, data):
    work.write(".git/index", data)
    with pytest.raises(GitError):
        work.commit({A: b"x\n"})
    assert index_of(work) == data


def test_the_folder_of_the_fast_search_and_the_walk_agree(work):
    many(work)
    assert tracked_paths(work.repository, "d3/") == {name for name in MANY if name.startswith("d3/")}
    assert tracked_paths(work.repository, "") == {*MANY, "readme", A, ".journal/journal.toml"}
    assert tracked_paths(work.repository, "nothing/") == set()


NAMES = st.lists(
    st.one_of(
        st.text("ab/", min_size=1, max_size=12),
        st.builds(lambda part, count: part * count, st.text("abc\x7fé", min_size=1, max_size=3), st.integers(1, 80)),
        st.builds(lambda count: "n" * count, st.integers(4090, 4100)),
    ),
    min_size=0,
    max_size=80,
)
PLAIN = Wanted(0o100644, b"\x11" * 20, None, on_disk=True)


def encoded(names):
    entries = b"".join(entry_bytes(name, PLAIN, None) for name in sorted(names))
    return b"DIRC" + struct.pack(">II", 2, len(names)) + entries + bytes(20)


@given(names=NAMES, probes=NAMES)
@settings(max_examples=150, deadline=None)
def test_bisecting_the_bytes_finds_what_a_walk_finds(names, probes):
    names = sorted({name.encode() for name in names})
    saved, index_format._WALKED_WHOLE_BYTES_MAX = index_format._WALKED_WHOLE_BYTES_MAX, 0
    walked, index_format._WALK_BYTES = index_format._WALK_BYTES, 64
    try:
        index = IndexFile(encoded(names), "sha1")
        assert [entry.name for entry in index.entries()] == names
        starts = {entry.name: entry.start for entry in index.entries()}
        for probe in [*names, *(probe.encode() for probe in probes)]:
            following = [name for name in names if name >= probe]
            assert index.seek(probe) == (starts[following[0]] if following else index.entries_end)
    finally:
        index_format._WALKED_WHOLE_BYTES_MAX, index_format._WALK_BYTES = saved, walked


@given(names=NAMES, wanted=st.dictionaries(st.sampled_from(["a", "b/a", "é", "aa/b", "zz"]), st.booleans(), max_size=4))
@settings(max_examples=150, deadline=None)
def test_edits_give_the_same_bytes_as_a_new_encoding(names, wanted):
    names = {name.encode() for name in names}
    index = IndexFile(encoded(names), "sha1")
    wants = {name.encode(): PLAIN if put else None for name, put in wanted.items()}
    after = names - {name for name, want in wants.items() if want is None}
    after |= {name for name, want in wants.items() if want is not None}
    pieces = patched(index, edits_for(index, wants), list(wants))
    assert b"".join(pieces) + bytes(20) == encoded(after)


@given(names=NAMES)
@settings(max_examples=100, deadline=None)
def test_version_4_turns_into_version_3_and_back(names):
    names = {name.encode() for name in names}
    data = encoded(names)
    index = IndexFile(data, "sha1")
    packed = to_version_4(data[:-20], index.entries_end, 20)
    assert to_version_3(packed + bytes(20), 20)[HEADER_SIZE:] == data[HEADER_SIZE:]


@given(
    names=st.sets(st.from_regex(r"[abc]{1,2}/[abc]{1,3}\.[de]", fullmatch=True), min_size=1, max_size=60),
    changes=st.dictionaries(st.from_regex(r"[abc]{1,2}/[abc]{1,3}\.[de]", fullmatch=True), st.booleans(), min_size=1),
    version=st.sampled_from([2, 4]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_our_patch_and_git_s_update_index_agree(empty, names, changes, version):
    blob = empty.git("hash-object", "-w", "--stdin", data=b"before").strip()
    after = empty.git("hash-object", "-w", "--stdin", data=b"after").strip()
    lines = "".join(f"100644 {blob}\t{name}\n" for name in sorted(names))
    empty.git("read-tree", "--empty")
    empty.git("update-index", f"--index-version={version}", "--add", "--index-info", data=lines.encode())
    theirs = "".join(f"100644 {after}\t{name}\n" if put else f"0 {'0' * 40}\t{name}\n" for name, put in changes.items())
    before = index_of(empty)
    empty.git("update-index", "--add", "--index-info", data=theirs.encode())
    expected = empty.git("ls-files", "-s")
    empty.write(".git/index", before)
    stage_changes(
        empty.repository,
        [FileChange(name, b"after" if put else None) for name, put in changes.items()],
        files=OsFiles(),
    )
    assert empty.git("ls-files", "-s") == expected
