"""The files of the operating system: no link is followed, nothing is half reported."""

import contextlib
import errno
import os
import socket
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import pytest

from journal.disk.files import TEMPORARY_SUFFIX, OsFiles, OsOpenFile, write_whole
from journal.disk.programs import write_program
from journal.errors import UnsafePathError
from tests.support.faults import FaultyFiles

files = OsFiles()


@pytest.fixture
def folder(tmp_path) -> str:
    return str(tmp_path)


@pytest.fixture
def outside(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("outside") / "precious"
    path.write_bytes(b"precious")
    return str(path)


FOLLOWING = {
    "read": files.read,
    "read_at": lambda path: files.read_at(path, 0, 9),
    "open_append": lambda path: files.open_append(path, create=False),
    "open_append, new": lambda path: files.open_append(path, create=True),
    "create": lambda path: files.create(path, b"x"),
    "overwrite": lambda path: files.overwrite(path, b"x"),
    "sync": files.sync,
}
FOLLOWING_FOLDERS = {
    "list": files.list,
    "sync_folder": files.sync_folder,
    "make_folder": files.make_folder,
}


@pytest.mark.parametrize("call", FOLLOWING)
@pytest.mark.parametrize("leads_somewhere", [True, False])
def test_no_call_follows_a_link_to_a_file(folder, outside, call, leads_somewhere):
    link = os.path.join(folder, "link")
    target = outside if leads_somewhere else outside + "-missing"
    os.symlink(target, link)
    with pytest.raises(UnsafePathError):
        FOLLOWING[call](link)
    assert files.read(outside) == b"precious"
    assert not os.path.exists(outside + "-missing")


@pytest.mark.parametrize("call", sorted(FOLLOWING.keys() - {"create", "open_append, new"}))
@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_no_call_waits_at_a_pipe_or_uses_what_is_no_file(folder, monkeypatch, call, kind):
    """Opening a pipe that nobody else has open would wait for ever."""
    path = os.path.join(folder, "x")
    if kind == "pipe":
        os.mkfifo(path)
    else:
        monkeypatch.chdir(folder)  # the path of a socket is short
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("x")
    with pytest.raises(UnsafePathError):
        FOLLOWING[call](path)
    with pytest.raises(UnsafePathError):
        files.open_note(path)
    assert files.stat(path).kind == "other"


@pytest.mark.parametrize("call", FOLLOWING_FOLDERS)
def test_no_call_follows_a_link_to_a_folder(folder, outside, call):
    link = os.path.join(folder, "link")
    os.symlink(os.path.dirname(outside), link)
    with pytest.raises(UnsafePathError):
        FOLLOWING_FOLDERS[call](link)


def test_stat_tells_of_the_link_and_not_of_what_it_leads_to(folder, outside):
    link = os.path.join(folder, "link")
    os.symlink(outside, link)
    found = files.stat(link)
    assert found is not None
    assert found.kind == "link"
    assert [(name, stat.kind) for name, stat in files.list(folder)] == [("link", "link")]


def test_replace_and_remove_take_the_link_and_leave_its_target(folder, outside):
    link, new = os.path.join(folder, "link"), os.path.join(folder, "new")
    os.symlink(outside, link)
    files.create(new, b"new")
    files.replace(new, link)
    assert files.read(link) == b"new"
    os.unlink(link)
    os.symlink(outside, link)
    files.remove(link)
    assert files.list(folder) == []
    assert files.read(outside) == b"precious"


def test_remove_folder_leaves_a_link_a_filled_folder_and_a_missing_one(folder, outside):
    os.symlink(os.path.dirname(outside), os.path.join(folder, "link"))
    files.make_folder(os.path.join(folder, "filled"))
    files.create(os.path.join(folder, "filled", "file"), b"")
    files.make_folder(os.path.join(folder, "empty"))
    for name in ("link", "filled", "empty", "missing"):
        files.remove_folder(os.path.join(folder, name))
    assert sorted(name for name, _ in files.list(folder)) == ["filled", "link"]


def test_create_refuses_a_name_that_is_taken_and_leaves_it(folder):
    path = os.path.join(folder, "file")
    files.create(path, b"old")
    with pytest.raises(FileExistsError):
        files.create(path, b"new")
    with pytest.raises(FileExistsError):
        files.open_append(path, create=True)
    assert files.read(path) == b"old"


def test_opening_to_append_makes_no_file_unless_asked(folder):
    with pytest.raises(FileNotFoundError):
        files.open_append(os.path.join(folder, "file"), create=False)
    assert files.list(folder) == []


def test_appends_go_to_the_end_wherever_that_is_by_now(folder):
    path = os.path.join(folder, "file")
    first, second = files.open_append(path, create=True), files.open_append(path, create=False)
    first.write(b"one ")
    second.write(b"two ")
    first.write(b"three")
    first.sync()
    assert files.read(path) == first.read_at(0, 99) == b"one two three"
    assert first.read_at(4, 3) == files.read_at(path, 4, 3) == b"two"
    assert first.read_at(99, 3) == b""
    for _ in range(2):
        first.close()
        second.close()


def test_an_open_file_tells_its_own_stat_when_its_name_leads_elsewhere(folder):
    path = os.path.join(folder, "file")
    file = files.open_append(path, create=True)
    file.write(b"12345")
    assert file.stat() == files.stat(path)
    files.create(path + "-new", b"")
    files.replace(path + "-new", path)
    assert file.stat().size == 5
    assert file.stat() != files.stat(path)
    file.close()


def test_overwrite_changes_the_start_and_keeps_the_rest(folder):
    path = os.path.join(folder, "file")
    files.overwrite(path, b"abcdef")
    files.overwrite(path, b"XY")
    assert files.read(path) == b"XYcdef"


def test_what_is_not_there_is_empty_or_none_or_not_found(folder):
    missing = os.path.join(folder, "missing")
    below_file = os.path.join(folder, "file", "below")
    files.create(os.path.join(folder, "file"), b"")
    for path in (missing, below_file):
        assert files.stat(path) is None
        assert files.list(path) == []
    with pytest.raises(FileNotFoundError):
        files.read(missing)
    files.remove(missing)


def test_a_file_larger_than_one_read_is_read_whole(folder):
    data = os.urandom(1 << 20) * 20
    path = os.path.join(folder, "file")
    files.create(path, data)
    assert files.read(path) == data
    assert files.read_at(path, 5, len(data)) == data[5:]


def test_a_made_folder_is_new_once(folder):
    path = os.path.join(folder, "made")
    assert files.make_folder(path)
    assert not files.make_folder(path)
    files.create(os.path.join(folder, "file"), b"")
    with pytest.raises(UnsafePathError):
        files.make_folder(os.path.join(folder, "file"))
    with pytest.raises(FileNotFoundError):
        files.make_folder(os.path.join(folder, "no", "parent"))


def test_descriptors_are_closed_and_not_inherited(folder):
    path = os.path.join(folder, "file")
    before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
    files.create(path, b"x")
    files.overwrite(path, b"y")
    files.read(path)
    files.sync(path)
    files.sync_folder(folder)
    files.list(folder)
    with contextlib.suppress(FileExistsError):
        files.create(path, b"x")
    if before:
        assert len(os.listdir("/proc/self/fd")) == len(before)
    file = files.open_append(path, create=False)
    assert not os.get_inheritable(file._descriptor)  # type: ignore[attr-defined]
    file.close()


SHORT_WRITE = """
import resource, signal, sys
from journal.disk.files import OsFiles
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, -1))
path, call = sys.argv[1:]
files = OsFiles()
try:
    if call == "write":
        files.open_append(path, create=True).write(b"x" * 1500 + b"\\n")
    else:
        getattr(files, call)(path, b"x" * 1500 + b"\\n")
except OSError as error:
    print(error.errno)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE")
@pytest.mark.parametrize("call", ["write", "create", "overwrite"])
def test_a_short_write_raises_what_the_system_says(folder, call):
    path = os.path.join(folder, "file")
    told = subprocess.run([sys.executable, "-c", SHORT_WRITE, path, call], capture_output=True, text=True, check=True)
    assert told.stdout == f"{errno.EFBIG}\n"
    assert os.path.getsize(path) == 1000, "the write was to be short"


@pytest.mark.parametrize("written_first", [3, 4, 5])
def test_a_write_that_failed_once_is_never_completed_behind_its_error(folder, monkeypatch, written_first):
    """There is space again when the rest is tried: the line must not become whole after all."""
    real, calls = os.write, []

    def short_once(descriptor: int, data: bytes) -> int:
        calls.append(data)
        return real(descriptor, data[:written_first] if len(calls) == 1 else data)

    path = os.path.join(folder, "file")
    file = files.open_append(path, create=True)
    monkeypatch.setattr(os, "write", short_once)
    with pytest.raises(OSError, match="short write"):
        file.write(b"line1\n")
    monkeypatch.undo()
    file.close()
    assert files.read(path) == b"line1"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full")
def test_no_space_raises():
    file = OsOpenFile("/dev/full", os.open("/dev/full", os.O_WRONLY))
    with pytest.raises(OSError, match="No space"):
        file.write(b"x")
    file.close()


@pytest.mark.parametrize(
    ("error", "is_raised"), [("EIO", True), ("ENOSPC", True), ("ENOTSUP", False), ("ENOTTY", False)]
)
def test_on_macos_a_failed_full_sync_is_not_followed_by_a_lesser_one(folder, monkeypatch, error, is_raised):
    fcntl = pytest.importorskip("fcntl")

    def fail(descriptor: int, command: int) -> None:
        raise OSError(getattr(errno, error), error)

    lesser: list[int] = []
    path = os.path.join(folder, "file")
    files.create(path, b"x")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", fail)
    monkeypatch.setattr(os, "fsync", lesser.append)
    with pytest.raises(OSError, match=error) if is_raised else contextlib.nullcontext():
        files.sync(path)
    assert len(lesser) == (not is_raised)


@pytest.mark.parametrize("call", ["create", "sync", "replace"])
def test_a_replacement_that_fails_leaves_the_old_file_and_nothing_else(folder, call):
    path = os.path.join(folder, "file")
    files.create(path, b"old")
    faulty = FaultyFiles()
    faulty.fail(call)
    with pytest.raises(OSError, match=r"Errno 5"):
        write_whole(faulty, path, b"new", durable=True)
    assert [name for name, _ in files.list(folder)] == ["file"]
    assert files.read(path) == b"old"


def test_a_replacement_that_is_cut_short_leaves_the_old_file_and_nothing_else(folder):
    path = os.path.join(folder, "file")
    files.create(path, b"old")
    faulty = FaultyFiles()
    faulty.write_short("create")
    with pytest.raises(OSError, match=r"No space"):
        write_whole(faulty, path, b"new", durable=True)
    assert [name for name, _ in files.list(folder)] == ["file"]
    assert files.read(path) == b"old"


WHOLE, PROGRAM = partial(write_whole, durable=True), write_program


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize(
    ("write", "call"),
    [(WHOLE, "create"), (WHOLE, "sync"), (WHOLE, "replace"), (PROGRAM, "create"), (PROGRAM, "replace")],
)
def test_a_replacement_that_is_interrupted_leaves_the_old_file_and_nothing_else(folder, write, call, interrupt):
    path = os.path.join(folder, "file")
    files.create(path, b"old")

    def interrupted(self, *given):
        if call != "replace":
            getattr(OsFiles, call)(self, *given)
        raise interrupt

    with pytest.raises(interrupt):
        write(type("Interrupted", (OsFiles,), {call: interrupted})(), path, b"new")
    assert [name for name, _ in files.list(folder)] == ["file"]
    assert files.read(path) == b"old"


@pytest.mark.parametrize("read", [files.read, lambda path: files.read_at(path, 0, 9)])
def test_a_file_that_the_disk_cannot_read_is_named(folder, monkeypatch, read):
    path = os.path.join(folder, "a")
    files.create(path, b"bytes")

    def fails(descriptor, length):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "read", fails)
    with pytest.raises(OSError, match="Input/output") as failed:
        read(path)
    assert (failed.value.errno, failed.value.filename) == (errno.EIO, path)


def test_a_leftover_of_a_replacement_is_told_by_its_name(folder):
    faulty = FaultyFiles()
    faulty.fail("replace")
    faulty.fail("remove")
    with pytest.raises(OSError, match=r"Errno 5"):
        write_whole(faulty, os.path.join(folder, "file"), b"new", durable=False)
    (name,) = [name for name, _ in files.list(folder)]
    assert name.startswith("file.")
    assert name.endswith(TEMPORARY_SUFFIX)


class HeldOpen:
    """As on Windows, where a file that somebody has open cannot be replaced: for so many tries."""

    def __init__(self, monkeypatch, tries, platform="win32"):
        self.tries, self.asked, self._replace = tries, 0, os.replace
        monkeypatch.setattr("journal.disk.files.sys", SimpleNamespace(platform=platform))
        monkeypatch.setattr("journal.disk.files.os.replace", self.replace)

    def replace(self, source, target):
        self.asked += 1
        if self.asked <= self.tries:
            raise PermissionError(errno.EACCES, "is open elsewhere", target)
        self._replace(source, target)


def test_a_file_that_windows_says_is_open_is_replaced_a_moment_later(folder, monkeypatch):
    path = os.path.join(folder, "file")
    write_whole(files, path, b"old", durable=False)
    HeldOpen(monkeypatch, tries=4)
    write_whole(files, path, b"new", durable=False)
    assert (files.read(path), os.listdir(folder)) == (b"new", ["file"])


@pytest.mark.parametrize("platform", ["win32", "linux"])
def test_a_file_that_stays_open_keeps_nobody_for_long_and_is_left_as_it_was(folder, monkeypatch, platform):
    path = os.path.join(folder, "file")
    write_whole(files, path, b"old", durable=False)
    monkeypatch.setattr("journal.disk.files._REPLACE_WAIT_SECONDS_MAX", 0.05)
    held = HeldOpen(monkeypatch, tries=10_000, platform=platform)
    with pytest.raises(PermissionError):
        write_whole(files, path, b"new", durable=False)
    assert (files.read(path), os.listdir(folder)) == (b"old", ["file"])
    assert (held.asked > 1) is (platform == "win32")
