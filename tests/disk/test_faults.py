"""The disks that fail and that count do what the tests of others rely on."""

import errno
import os

import pytest

from journal.disk.files import OsFiles
from tests.support.faults import CountingFiles, FaultyFiles
from tests.support.inodes import Policy
from tests.support.power import SimulatedDisk


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "file")


def test_the_chosen_call_fails_once_is_not_done_and_the_rest_go_through(path):
    files = FaultyFiles()
    files.fail("create", at=2, error=errno.ENOSPC)
    files.create(path + "1", b"")
    with pytest.raises(OSError, match="No space") as caught:
        files.create(path + "2", b"")
    assert caught.value.errno == errno.ENOSPC
    assert not os.path.exists(path + "2")
    files.create(path + "2", b"")
    assert files.failed == [("create", path + "2")]


def test_a_call_can_fail_for_ever_until_it_is_mended(path):
    files = FaultyFiles()
    files.fail("sync_folder", times=None)
    for _ in range(3):
        with pytest.raises(OSError, match="Errno 5"):
            files.sync_folder(os.path.dirname(path))
    files.mend()
    files.sync_folder(os.path.dirname(path))


def test_the_sync_of_an_open_file_and_of_a_path_count_together(path):
    files = FaultyFiles()
    file = files.open_append(path, create=True)
    files.fail("sync", at=2)
    file.sync()
    with pytest.raises(OSError, match="Errno 5"):
        files.sync(path)
    file.sync()
    file.close()


@pytest.mark.parametrize("call", ["create", "overwrite", "write"])
def test_a_short_write_really_writes_the_first_part(path, call):
    files = FaultyFiles()
    files.write_short(call, share=0.25)
    file = files.open_append(path + "-open", create=True)
    action = file.write if call == "write" else lambda data: getattr(files, call)(path, data)
    with pytest.raises(OSError, match="No space"):
        action(b"12345678")
    file.close()
    assert OsFiles().read(file.path if call == "write" else path) == b"12"


def test_faults_and_power_cuts_combine(tmp_path, path):
    disk = SimulatedDisk(str(tmp_path))
    files = FaultyFiles(disk)
    files.write_short("create")
    with pytest.raises(OSError, match="No space"):
        files.create(path, b"1234")
    assert disk.image(Policy("kept", "kept"))["file"].data == b"12"


def test_counting_tells_calls_bytes_syncs_and_files_opened(path):
    files = CountingFiles()
    files.create(path, b"123")
    files.sync(path)
    files.sync_folder(os.path.dirname(path))
    file = files.open_append(path, create=False)
    file.write(b"4567")
    file.sync()
    file.close()
    files.stat(path)
    files.replace(path, path + "2")
    assert files.calls == {
        "create": 1, "sync": 2, "sync_folder": 1, "open_append": 1, "write": 1, "stat": 1, "replace": 1,
    }  # fmt: skip
    assert (files.bytes_written, files.syncs, files.opened) == (7, 3, 4)
    files.reset()
    assert (files.history, files.bytes_written, files.opened) == ([], 0, 0)
