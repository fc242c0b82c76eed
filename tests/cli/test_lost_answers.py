"""Goal: who does not get an answer, or hears no error, is not told that all is well, nor that nothing was done."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of POSIX")
PROGRAM = f'"{sys.executable}" -m journal.cli'


def nobody():
    """Return the writing end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.fixture
def unread():
    writer = nobody()
    yield writer
    os.close(writer)


def sh(work, line):
    """Run what is a line of the shell behind the program."""
    return subprocess.run(
        ["sh", "-c", f"{PROGRAM} {line}"], cwd=work.folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("get", "n", "nope"), 3),
        (("get", "n", "nope", "--json"), 3),
        (("put", "n", "a", "{}", "--expect-rev", "7"), 4),
        (("put", "n", "a", "{"), 6),
        (("get", "n"), 2),
    ],
)
def test_a_failed_command_fails_also_where_nobody_hears_of_it(work, unread, words, status):
    assert work.process(*words, stderr=unread).status == status
    assert work.process(*words, stdout=unread, stderr=unread).status == status


def test_an_error_that_a_full_device_does_not_take_keeps_its_status(work):
    with open("/dev/full", "wb") as full:
        assert work.process("get", "n", "nope", stderr=full).status == 3


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_status_that_tells_of_findings_is_kept_where_nobody_reads_them(work, unread, monkeypatch, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    work("put", "n", "a", '{"x": 1}')
    (name,) = os.listdir(work.store("segments"))
    with open(work.store("segments", name), "r+b") as file:
        text = file.read()
        file.seek(text.index(b'"x":1'))
        file.write(b'"x":2')
    assert work("doctor", status=20).out
    assert work.process("doctor", stdout=unread).status == 20


def test_a_note_that_nobody_hears_ends_nothing(work, unread):
    ended = work.process("list", stderr=unread)
    assert (ended.status, ended.err) == (0, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_answer_that_a_full_device_does_not_take_is_told_as_that_and_what_was_done(work, monkeypatch, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with open("/dev/full", "wb") as full:
        ended = work.process("put", "n", "a", '{"x": 1}', stdout=full)
    assert ended.status == 1
    assert ended.err.splitlines() == [
        "journal: the answer could not be written to stdout: No space left on device",
        "  hint: what was asked for was done; only the answer is lost",
    ]
    assert work("get", "n", "a", "--json").json["rev"] == 1


def test_an_answer_that_is_lost_on_its_way_may_have_been_done(work):
    work("put", "n", "a", json.dumps({"x": "y" * 30_000}))
    with open("/dev/full", "wb") as full:
        ended = work.process("get", "n", "a", "--json", stdout=full)
    assert (ended.status, ended.error["code"]) == (1, "system")
    assert ended.error["hint"] == "what was asked for may be done already: look before you ask for it again"


@pytest.mark.parametrize(
    "words", [("--help",), ("put", "--help"), ("--version",), ("kv",), ("list",), ("completion", "bash")]
)
def test_an_answer_that_nobody_reads_any_more_is_no_failure(work, unread, words):
    work("put", "n", "a", "{}")
    ended = work.process(*words, stdout=unread)
    assert (ended.status, ended.err) == (0, "")


def test_help_that_a_full_device_does_not_take_is_told(work):
    with open("/dev/full", "wb") as full:
        ended = work.process("--help", stdout=full)
    assert (ended.status, "could not be written to stdout" in ended.err) == (1, True)


def test_watch_takes_no_event_where_stdout_is_closed(work):
    work("put", "plan", "p1", "{}")
    ended = sh(work, "watch --once --cursor feed >&-")
    assert (ended.returncode, "stdout is closed" in ended.stderr) == (2, True)
    assert len(work("watch", "--once", "--cursor", "feed").lines) == 1
    assert sh(work, f"watch --once --cursor other --exec '{sys.executable} -c \"\"' >&-").returncode == 0
