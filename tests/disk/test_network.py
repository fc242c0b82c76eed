"""Which file systems count as network or doubtful ones."""

import struct
import sys

import pytest

from journal.disk.network import doubtful, is_unc, mac_type, mounted_type, network_file_system

MOUNTS = rb"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /home rw - nfs4 server:/home rw,vers=4.2
31 30 0:27 / /home/ann/local rw master:3 - xfs /dev/sdb1 rw
32 22 0:28 / /mnt/with\040space\134x rw - cifs //server/share rw
33 22 0:29 / /mnt/c rw,noatime - 9p drvfs rw
34 22 0:30 / /stacked rw - nfs server:/x rw
35 34 254:1 / /stacked rw - btrfs /dev/sdc rw
36 22 0:31 / /ssh rw - fuse.sshfs host:/ rw
a broken line
37 22
"""


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "ext4"),
        ("/srv/store", "ext4"),
        ("/home", "nfs4"),
        ("/home/ann/project", "nfs4"),
        ("/home/ann/local/project", "xfs"),
        ("/home/ann/localised", "nfs4"),
        ("/homes", "ext4"),
        ("/mnt/with space\\x/store", "cifs"),
        ("/mnt/c/Users", "9p"),
        ("/stacked/store", "btrfs"),
        ("/ssh/store", "fuse.sshfs"),
    ],
)
def test_the_longest_mount_point_above_a_path_tells_its_file_system(path, name):
    assert mounted_type(MOUNTS, path) == name


def test_without_a_mount_table_nothing_is_known():
    assert mounted_type(b"", "/work") is None


@pytest.mark.parametrize(
    "name", ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "drvfs", "fuse.sshfs", "fuse.rclone", "virtiofs"]
)
def test_network_and_unknown_user_space_file_systems_are_named(name):
    assert doubtful(name) == name


@pytest.mark.parametrize(
    "name", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "apfs", "zfs", "fuseblk", "fuse.ntfs-3g", None]
)
def test_local_file_systems_are_not(name):
    assert doubtful(name) is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/mountinfo")
def test_a_path_is_looked_up_behind_its_links_and_need_not_exist(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("journal.disk.network.mounted_type", lambda text, path: asked.append(path) or "nfs")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert network_file_system(str(tmp_path / "link" / "new")) == "nfs"
    assert asked == [str((tmp_path / "real" / "new").resolve())]


def test_what_cannot_be_found_out_counts_as_local(monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("no /proc")

    monkeypatch.setattr("builtins.open", fail)
    assert network_file_system("/work") is None


def statfs(name: bytes, flags: int) -> bytes:
    head = struct.pack("=Ii5Q2iIIII", 4096, 1 << 20, 1, 1, 1, 1, 1, 0, 0, 501, 0, flags, 0)
    assert len(head) == 72
    return (head + name).ljust(2168, b"\0")


@pytest.mark.parametrize(
    ("name", "flags", "told"),
    [(b"apfs", 0x1000, None), (b"smbfs", 0, "smbfs"), (b"hfs", 0, "hfs"), (b"macfuse", 0x1000, "macfuse")],
)
def test_on_macos_the_local_flag_and_the_name_decide(name, flags, told):
    assert mac_type(statfs(name, flags)) == told


@pytest.mark.parametrize(
    "path", [r"\\server\share\x", "//server/share", r"\\?\UNC\server\share", r"\\wsl$\Debian\home"]
)
def test_on_windows_a_share_is_told_by_its_path(path):
    assert is_unc(path)


@pytest.mark.parametrize("path", [r"C:\store", r"\\?\C:\store", r"\\.\C:\store", r"store", "\\store"])
def test_on_windows_a_drive_is_no_share(path):
    assert not is_unc(path)
