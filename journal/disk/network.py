"""Tells whether a folder is on a network or otherwise doubtful file system.

There, locks may bind only this machine, appends may not be atomic, and what another machine
reads may be old. Lanes keep the data safe even so; ``init`` and ``doctor`` say it.
"""

import os
import struct
import sys
from typing import Final

_DOUBTFUL: Final = frozenset(
    (
        "9p", "acfs", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs", "fuse", "gfs", "gfs2",
        "glusterfs", "gpfs", "lustre", "macfuse", "ncp", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "osxfuse",
        "prl_fs", "pvfs2", "smb", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs", "webdav",
    )
)  # fmt: skip
# In user space, but a disk of this machine.
_LOCAL_FUSE: Final = frozenset(("fuse.fuse-overlayfs", "fuse.ntfs-3g", "fuse.exfat", "fuse.lowntfs-3g"))
_MAC_STATFS_BYTES: Final = 2168
_MAC_FLAGS_OFFSET: Final = 64
_MAC_TYPE_OFFSET: Final = 72
_MAC_IS_LOCAL: Final = 0x1000
_WINDOWS_REMOTE: Final = 4


def network_file_system(path: str) -> str | None:
    """Return the name of the network or doubtful file system that ``path`` is on ("nfs4"), None if it is local.

    What cannot be found out counts as local. ``path`` need not exist yet. Never raises OSError.
    """
    try:
        if sys.platform == "win32":
            return _on_windows(path)
        if sys.platform == "darwin":
            return _on_mac(path)
        with open("/proc/self/mountinfo", "rb") as file:
            return doubtful(mounted_type(file.read(), os.path.realpath(path)))
    except (OSError, ValueError):
        return None


def doubtful(type_name: str | None) -> str | None:
    """Return the type of a file system if it is a network or doubtful one, else None."""
    if type_name is None or type_name in _LOCAL_FUSE:
        return None
    return type_name if type_name in _DOUBTFUL or type_name.startswith("fuse.") else None


def mounted_type(mountinfo: bytes, path: str) -> str | None:
    """Find in the text of Linux's ``mountinfo`` the type of the file system that a real path is on.

    That is the longest mount point above the path; of two on one point, the later one hides the other.
    """
    best_length, best = -1, None
    for line in mountinfo.split(b"\n"):
        mount, separator, source = line.partition(b" - ")
        fields = mount.split(b" ")
        if not separator or len(fields) < 5:
            continue
        point = os.fsdecode(_unescaped(fields[4]))
        prefix = point if point.endswith("/") else point + "/"
        if (path + "/").startswith(prefix) and len(point) >= best_length:
            best_length, best = len(point), source.split(b" ")[0].decode("ascii", "replace")
    return best


def _unescaped(field: bytes) -> bytes:
    r"""Undo mountinfo's octal escapes: \040 is a space."""
    first, *rest = field.split(b"\\")
    return first + b"".join(bytes((int(part[:3], 8),)) + part[3:] for part in rest)


def mac_type(statfs: bytes) -> str | None:
    """Read from the bytes of macOS's ``struct statfs`` the name of a file system that is not local."""
    (flags,) = struct.unpack_from("=I", statfs, _MAC_FLAGS_OFFSET)
    name = statfs[_MAC_TYPE_OFFSET : _MAC_TYPE_OFFSET + 16].split(b"\0")[0].decode("ascii", "replace")
    return doubtful(name) if flags & _MAC_IS_LOCAL else name


def _on_mac(path: str) -> str | None:
    import ctypes

    system = ctypes.CDLL(None, use_errno=True)
    statfs = getattr(system, "statfs$INODE64", None) or system.statfs
    buffer = ctypes.create_string_buffer(_MAC_STATFS_BYTES * 2)
    return mac_type(buffer.raw) if statfs(os.fsencode(_existing(path)), buffer) == 0 else None


def _existing(path: str) -> str:
    path = os.path.realpath(path)
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def is_unc(path: str) -> bool:
    r"""Whether a Windows path names a share: \\server\share or \\?\UNC\..., but not \\?\C:\ or \\.\."""
    path = path.replace("/", "\\")
    if path[:4] in ("\\\\?\\", "\\\\.\\"):
        return path[4:8].upper() == "UNC\\"
    return path.startswith("\\\\")


def _on_windows(path: str) -> str | None:
    import ctypes

    path = os.path.realpath(path)
    if is_unc(path):
        return "unc"
    drive = os.path.splitdrive(path)[0] + "\\"
    kind = ctypes.windll.kernel32.GetDriveTypeW(drive)  # type: ignore[attr-defined,unused-ignore]
    return "remote drive" if kind == _WINDOWS_REMOTE else None
