"""What an error says of the holder of the lock, and what it must not let through."""

import os
import subprocess
import sys

import pytest

from journal.disk import holder
from journal.disk.holder import describe_holder, note_holder, pid_in_locks
from journal.disk.lock import StoreLock
from journal.errors import LockTimeoutError

LOCKS = """\
1: POSIX  ADVISORY  WRITE 100 fe:00:77 0 EOF
2: FLOCK  ADVISORY  WRITE 200 fe:00:1234 0 EOF
2: -> FLOCK  ADVISORY  WRITE 300 fe:00:1235 0 EOF
3: FLOCK  ADVISORY  WRITE 0 fe:01:1234 0 EOF
4: FLOCK  ADVISORY  WRITE -1 fe:02:1234 0 EOF
broken line
"""


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "lock")


@pytest.fixture
def only_notes(monkeypatch) -> None:
    """A system where the kernel does not tell who holds a lock."""
    monkeypatch.setattr(holder, "_pid_that_holds", lambda descriptor: None)


def noted(path: str) -> str:
    return describe_holder(path, -1)


def write_note(path: str, text: bytes) -> None:
    with open(path + ".holder", "wb") as file:
        file.write(text)


def test_the_kernel_tells_the_holder_of_a_file_by_device_and_inode():
    assert pid_in_locks(LOCKS, 0xFE, 0, 1234) == 200
    assert pid_in_locks(LOCKS, 0xFE, 0, 77) == 100


@pytest.mark.parametrize("wanted", [(0xFE, 0, 1235), (0xFE, 1, 1234), (0xFE, 2, 1234), (0xFE, 0, 9)])
def test_a_waiter_or_a_holder_out_of_sight_is_not_named(wanted):
    assert pid_in_locks(LOCKS, *wanted) is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/locks")
def test_the_kernel_is_believed_over_a_stale_note(path):
    write_note(path, b"1\nelsewhere\n2020-01-01T00:00:00Z\ninit\n")
    first, second = StoreLock(path), StoreLock(path)
    with first.held(1), pytest.raises(LockTimeoutError, match="held by this process"):
        second.acquire(0)


@pytest.mark.usefixtures("only_notes")
def test_a_note_names_process_host_time_and_command_as_last_known(path):
    holder._noted.clear()
    note_holder(path)
    text = noted(path)
    assert text.startswith(f"last known holder: pid {os.getpid()} on ")
    assert text.count("ended") == 0
    assert os.path.getsize(path + ".holder") == 512


@pytest.mark.usefixtures("only_notes")
def test_a_noted_process_that_has_ended_is_said_to_have(path):
    code = f"from journal.disk.holder import note_holder; note_holder({path!r})"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert noted(path).endswith(", which has ended")


@pytest.mark.usefixtures("only_notes")
def test_a_process_of_another_host_is_not_said_to_have_ended(path):
    write_note(path, b"999999999\nanother-host\n2020-01-01T00:00:00Z\npython\n")
    assert noted(path) == "last known holder: pid 999999999 on another-host at 2020-01-01T00:00:00Z (python)"


@pytest.mark.usefixtures("only_notes")
@pytest.mark.parametrize(
    "note",
    [b"", b"\0" * 512, b"12", b"-1\nhost\ntime\ncommand", b"0x1\nhost\ntime\ncommand", b"1\nhost", b"\xff\xfe\n" * 99],
)
def test_a_note_that_is_torn_or_no_note_names_nobody(path, note):
    write_note(path, note)
    assert noted(path) == "its holder is unknown"


@pytest.mark.usefixtures("only_notes")
def test_a_hostile_note_reaches_the_terminal_as_plain_text(path):
    write_note(path, b"12\n\x1b[31mhost\xc2\x9b\ntime\rx\ncommand\x07\n")
    text = noted(path)
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.usefixtures("only_notes")
def test_without_a_note_or_with_a_linked_one_the_holder_is_unknown(path, tmp_path):
    assert noted(path) == "its holder is unknown"
    (tmp_path / "secret").write_bytes(b"1\nhost\ntime\nsecret\n")
    os.symlink(tmp_path / "secret", path + ".holder")
    assert noted(path) == "its holder is unknown"


def test_a_process_notes_itself_once_and_not_at_each_acquire(path, monkeypatch):
    monkeypatch.setattr(holder, "_NOTE_SECONDS", 3600.0)
    lock = StoreLock(path)
    with lock.held(1):
        pass
    os.unlink(path + ".holder")
    for _ in range(5):
        with lock.held(1):
            pass
    assert not os.path.exists(path + ".holder")


def test_a_note_that_cannot_be_written_does_not_matter(path):
    os.mkdir(path + ".holder")
    with StoreLock(path).held(1):
        pass
