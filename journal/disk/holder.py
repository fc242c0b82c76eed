"""Who holds the writer lock, for the text of an error. Advice only: nothing is ever decided by it.

Linux says it of every lock (``/proc/locks``), which costs the holder nothing and is never stale.
Elsewhere, and for a holder in another container, there is ``lock.holder``: each process notes
itself there when it first takes the lock and then at most once per second, without a sync. That
may be stale, so it is called the *last known* holder, and a process that has ended is said to have.
"""

import contextlib
import os
import sys
import time
from typing import Final

_NOTE_SECONDS: Final = 1.0
_NOTE_BYTES: Final = 512
_COMMAND_BYTES_MAX: Final = 200
_WORDS_MAX = 2
_FLAGS: Final = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)
)

_noted: dict[str, float] = {}


def note_holder(lock_path: str) -> None:
    """Note that this process took the lock, if it has not done so for a second. Never raises OSError."""
    now = time.monotonic()
    if now < _noted.get(lock_path, 0.0):
        return
    _noted[lock_path] = now + _NOTE_SECONDS
    lines = [str(os.getpid()), _host(), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), _own_command()]
    note = "\n".join(_printable(line) for line in lines).encode("ascii")
    with contextlib.suppress(OSError):
        descriptor = os.open(f"{lock_path}.holder", os.O_WRONLY | os.O_CREAT | _FLAGS, 0o666)
        try:
            # One write of one length: a reader never meets the rest of a longer, older note.
            os.write(descriptor, note[: _NOTE_BYTES - 1].ljust(_NOTE_BYTES - 1) + b"\n")
        finally:
            os.close(descriptor)


def describe_holder(lock_path: str, descriptor: int) -> str:
    """Say in a few words who holds the lock of the open lock file ``descriptor``. Never raises OSError."""
    pid = _pid_that_holds(descriptor)
    if pid == os.getpid():
        return "held by this process"
    if pid is not None:
        return f"held by pid {pid}{_told_by_proc(pid)}"
    return _last_known_holder(lock_path)


def current_holder(lock_path: str) -> str | None:
    """Say who holds a lock at this moment, without trying to take it; None where nobody is known to.

    Only the kernel is asked, and this process itself does not count. Never raises OSError.
    """
    try:
        descriptor = os.open(lock_path, os.O_RDONLY | _FLAGS)
    except OSError:
        return None
    try:
        pid = _pid_that_holds(descriptor)
    finally:
        os.close(descriptor)
    return None if pid is None or pid == os.getpid() else f"held by pid {pid}{_told_by_proc(pid)}"


def _pid_that_holds(descriptor: int) -> int | None:
    """Return what the kernel says; None where it does not, or the holder is out of our sight."""
    if sys.platform == "win32":
        return None
    try:
        found = os.fstat(descriptor)
        with open("/proc/locks", encoding="ascii", errors="replace") as lines:
            return pid_in_locks(lines.read(), os.major(found.st_dev), os.minor(found.st_dev), found.st_ino)
    except OSError:
        return None


def pid_in_locks(text: str, major: int, minor: int, inode: int) -> int | None:
    """Find in the text of ``/proc/locks`` the pid that holds (not waits for) a lock on a file."""
    # "1: FLOCK  ADVISORY  WRITE 4711 fe:00:1234 0 EOF"; a waiter has "->" in front, so it does not fit.
    wanted = f"{major:02x}:{minor:02x}:{inode}"
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 6 and fields[5] == wanted and fields[4].isdigit():
            return int(fields[4]) or None
    return None


def _told_by_proc(pid: int) -> str:
    told = ""
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read(_COMMAND_BYTES_MAX).replace(b"\0", b" ").decode("utf-8", "replace").strip()
        told += f" ({_printable(command)})"
        with open(f"/proc/{pid}/stat", "rb") as file:
            state = file.read().rpartition(b") ")[2][:1]
        told += ", which is stopped" if state in b"Tt" else ""
    return told


def _last_known_holder(lock_path: str) -> str:
    try:
        descriptor = os.open(f"{lock_path}.holder", os.O_RDONLY | _FLAGS)
        try:
            text = os.read(descriptor, _NOTE_BYTES).decode("ascii", "replace")
        finally:
            os.close(descriptor)
    except OSError:
        return "its holder is unknown"
    fields = [_printable(line.strip()) for line in text.split("\n")][:4]
    if len(fields) < 4 or not (fields[0].isdecimal() and len(fields[0]) <= 9):
        return "its holder is unknown"
    pid, host, noted, command = fields
    ended = ", which has ended" if host == _printable(_host()) and has_ended(int(pid)) else ""
    return f"last known holder: pid {pid} on {host} at {noted} ({command}){ended}"


def has_ended(pid: int) -> bool:
    """Tell whether a process of this machine is surely gone."""
    if sys.platform == "win32":
        return False  # signal 0 is Ctrl-C there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _host() -> str:
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "unknown")


def _own_command() -> str:
    """Return program and verb; the rest of a command line may be what is written, or what is to be redacted."""
    words = getattr(sys, "argv", [])[:_WORDS_MAX]
    return " ".join([os.path.basename(sys.executable or "python"), *words])[:_COMMAND_BYTES_MAX]


def _printable(text: str) -> str:
    """Make a text of one line and harmless on a terminal: the file could have come with the repository."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)
