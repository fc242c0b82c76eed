"""Goal: a pointer is spelled in one way, and never leads to other bytes than its file is named by."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.format.limits import LFS_BYTES_MIN, POINTER_BYTES_MAX
from journal.format.names import lfs_blob_file, parse_blob_file
from journal.format.pointer import Pointer, encode_pointer, lfs_sha256, object_file, parse_pointer, pointer_at

SHA = "ab" + "0" * 62
TEXT = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 12345\n" % SHA.encode()
PATH = f"blobs/ab/{SHA}.lfs"


def test_a_pointer_is_what_git_lfs_writes():
    assert encode_pointer(Pointer(SHA, 12345)) == TEXT
    assert parse_pointer(TEXT) == Pointer(SHA, 12345)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**63 - 1))
def test_every_pointer_survives_its_text_and_is_short(digest, size):
    pointer = Pointer(digest.hex(), size)
    text = encode_pointer(pointer)
    assert parse_pointer(text) == pointer
    assert len(text) <= POINTER_BYTES_MAX < LFS_BYTES_MIN


@given(st.integers(0, len(TEXT) - 1), st.integers(1, 255))
def test_a_changed_byte_is_no_pointer_or_another_one(at, change):
    text = bytearray(TEXT)
    text[at] ^= change
    found = parse_pointer(bytes(text))
    assert found is None or (found != Pointer(SHA, 12345) and encode_pointer(found) == bytes(text))


@given(st.binary(max_size=300))
def test_bytes_by_chance_are_no_pointer(data):
    assert parse_pointer(data) is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        TEXT[:-1],
        TEXT + b"\n",
        TEXT.replace(b"\n", b"\r\n"),
        TEXT.replace(b"12345", b"012345"),
        TEXT.replace(b"12345", b"-1"),
        TEXT.replace(b"12345", b"1" * 20),
        TEXT.replace(b"sha256:ab", b"sha256:AB"),
        TEXT.replace(b"sha256", b"sha512"),
        TEXT.replace(b"spec/v1", b"spec/v2"),
        b"version https://git-lfs.github.com/spec/v1\next-0-x sha256:%s\n" % SHA.encode() + TEXT.partition(b"\n")[2],
        b" " + TEXT,
        TEXT + b"\0" * 10_000_000,
    ],
)
def test_what_is_not_spelled_just_so_is_no_pointer(text):
    assert parse_pointer(text) is None


def test_a_pointer_counts_only_in_the_file_that_is_named_by_its_hash():
    assert pointer_at(PATH, TEXT) == pointer_at(f".journal/{PATH}", TEXT) == Pointer(SHA, 12345)
    other = "ab" + "1" * 62
    for path in (f"blobs/ab/{SHA}", f"blobs/ab/{other}.lfs", f"blobs/{SHA}.lfs", f"ab/{SHA}.lfs", "README.md", ""):
        assert pointer_at(path, TEXT) is None
    assert pointer_at(PATH, None) is None
    assert pointer_at(PATH, TEXT * 2) is None


@pytest.mark.parametrize("path", [f"ab/{SHA}", f"ab/{SHA}.lfs"])
def test_the_path_of_a_blob_says_its_hash_and_who_carries_it(path):
    assert parse_blob_file(path) == (SHA, path.endswith(".lfs"))


@pytest.mark.parametrize(
    "path", [SHA, f"ac/{SHA}", f"ab/{SHA}.LFS", f"ab/{SHA}.lfs.lfs", f"ab/{SHA}\n", f"ab/../ab/{SHA}", "ab/x", ""]
)
def test_another_path_is_no_blob(path):
    assert parse_blob_file(path) is None
    assert lfs_sha256(f"blobs/{path}") is None


def test_the_hash_of_a_path_is_told_for_what_git_lfs_carries_alone():
    assert lfs_sha256(f"a/b/blobs/{lfs_blob_file(SHA)}") == SHA
    assert lfs_sha256(f"blobs/ab/{SHA}") is None
    assert lfs_sha256(f"xblobs/ab/{SHA}.lfs") is None


def test_git_lfs_keeps_bytes_in_two_levels_of_folders():
    assert object_file(SHA) == f"objects/ab/00/{SHA}"
    assert not os.path.isabs(object_file(SHA))
