"""Goal: a commit that somebody made by hand is read soon, and as well as can be."""

import subprocess

import pytest

from journal.git.past import Past
from tests.support.ending import ends


def made(work, author: bytes, *more: bytes) -> str:
    """Return a commit with these lines, which git would not have written."""
    tree = work.git("write-tree").strip().encode()
    text = b"\n".join([b"tree " + tree, b"author " + author, b"committer a <a@b> 1 +0000", *more, b"", b"subject", b""])
    command = ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    return subprocess.run(command, cwd=work.folder, input=text, capture_output=True, check=True).stdout.decode().strip()


def read(work, identity):
    past = Past(work.repository)
    try:
        return past.commit(identity)
    finally:
        past.close()


def test_an_author_of_very_many_brackets_is_read_soon(work):
    identity = made(work, b" <" * 100_000)
    with ends():
        assert read(work, identity).author is None


@pytest.mark.parametrize("encoding", [b"idna", b"undefined", b"zlib", b"no-such", b"\xff"])
def test_a_commit_in_an_encoding_that_reads_nothing_is_read_as_utf_8(work, encoding):
    found = read(work, made(work, "Zoë <z@x> 7 +0000".encode(), b"encoding " + encoding))
    assert (found.author, found.subject) == ("Zoë", "subject")
