"""Git's lock files, taken so that one left behind by a kill is told from one in use.

Git's protocol: whoever creates ``<file>.lock`` may replace ``<file>``; everyone else waits or
gives up. Ours holds a line that says who took it. The new content goes to a passing file beside it
and is renamed over ``<file>`` while the lock stands; then the lock is removed. So a lock of ours
never becomes the file itself, and whatever a kill leaves is: the old file or the new one, whole,
and a lock that the next run recognises.

A left lock is taken over only where its line proves that nobody holds it: it was made on this
machine (host name, boot and process namespace) and its process is gone, or the machine has been
started anew since. A process number that was given out again is told by the process's start. A lock
without any bytes, which a kill between making and filling it leaves, speaks for nobody: it counts as
left only where the machine was started since. Where no proof is to be had (another machine, a system
without ``/proc``), and for every lock of git itself, the lock stays and the error says whose it is.
"""

import contextlib
import functools
import json
import os
import socket
import time
from collections.abc import Iterator
from typing import NamedTuple

from journal.disk.files import Files, passing_name
from journal.errors import GitError

_MARK = b"git-journal lock "
_PAUSE_SECONDS_MIN = 0.001
_PAUSE_SECONDS_MAX = 0.05
_NONCES_HELD: set[str] = set()


class Holder(NamedTuple):
    """Who took a lock. Equal in all but ``nonce`` only for one process of one machine's one run."""

    host: str
    boot: str
    namespace: str
    process: int
    start: str
    nonce: str


class LockFile:
    """One lock of git's, for the file ``path``."""

    def __init__(self, path: str, files: Files) -> None:
        self.path = path + ".lock"
        self._files = files
        self._line = b""
        self._nonce = os.urandom(8).hex()

    @contextlib.contextmanager
    def held(self, timeout_seconds: float) -> Iterator["LockFile"]:
        """Hold the lock for a block, waiting for it with growing pauses. Raises GitError when the time is up."""
        self._acquire(timeout_seconds)
        try:
            yield self
        finally:
            self._release()

    def _acquire(self, timeout_seconds: float) -> None:
        deadline, pause = time.monotonic() + timeout_seconds, _PAUSE_SECONDS_MIN
        _NONCES_HELD.add(self._nonce)
        try:
            while not self._try():
                if time.monotonic() >= deadline:
                    raise self._timed_out()
                time.sleep(pause)
                pause = min(pause * 2, _PAUSE_SECONDS_MAX)
        except BaseException:
            _NONCES_HELD.discard(self._nonce)
            raise

    def _try(self) -> bool:
        line = _line(_this_process(self._nonce))
        try:
            self._files.create(self.path, line)
        except FileExistsError:
            return self._take_away_if_left_behind() and self._try()
        except BaseException:
            # Torn, it is still known for ours by its first bytes.
            written = self._read()
            if written and line.startswith(written):
                self._files.remove(self.path)
            raise
        self._line = line
        return True

    def _release(self) -> None:
        """Remove the lock, if it is still ours."""
        _NONCES_HELD.discard(self._nonce)
        line, self._line = self._line, b""
        if line and self._read() == line:
            self._files.remove(self.path)

    def check(self) -> None:
        """Raise GitError where the lock is no longer ours, since somebody removed it by hand."""
        if self._read() != self._line:
            raise GitError(
                "git's lock was taken away while it was held; nothing was changed",
                path=self.path,
                hint="run it again once no other git command is running",
            )

    def _read(self) -> bytes | None:
        try:
            return self._files.read(self.path)
        except FileNotFoundError:
            return None

    def remove_if_left_behind(self) -> None:
        """Remove a lock that provably nobody holds; any other stays."""
        if self._files.stat(self.path) is not None:
            self._take_away_if_left_behind()

    def _take_away_if_left_behind(self) -> bool:
        """Remove a lock that provably nobody holds; True where it is worth trying again at once.

        It is renamed aside before it is removed, so that of several who find it one gets it. Should
        that one get hold of a fresh lock instead, taken by another in the very same instant, it is
        put back; and its owner looks (``check``) before it changes anything.
        """
        found, line = self._files.stat(self.path), self._read()
        if found is None or line is None:
            return True
        if not is_left_behind(line, found.ctime_ns):
            return False
        aside = passing_name(self.path)
        try:
            self._files.replace(self.path, aside)
        except FileNotFoundError:
            return True
        if self._files.read(aside) != line and self._files.stat(self.path) is None:
            self._files.replace(aside, self.path)
            return False
        self._files.remove(aside)
        return True

    def _timed_out(self) -> GitError:
        line = self._read() or b""
        holder = _parse(line)
        if holder is None:
            who = "another git command holds it, or one that was killed left it"
        else:
            who = f"process {holder.process} on {holder.host} of this package took it"
        return GitError(
            f"git's lock is held: {self.path} ({who})",
            path=self.path,
            hint="wait for the other command and run this again; if surely no git command and no journal "
            "is running on this repository, rename the lock file aside",
        )


def is_left_behind(line: bytes, ctime_ns: int) -> bool:
    """Tell whether a lock's content, or its age against the machine's start, proves that its holder is gone."""
    holder = _parse(line)
    if holder is None:
        ours_or_empty = not line.strip(b"\0") or _MARK.startswith(line[: len(_MARK)])
        return ours_or_empty and ctime_ns < _boot_time_ns()
    here = _this_process("")
    if holder.host != here.host or not here.boot or not holder.boot:
        return False
    if holder.boot != here.boot:
        return True
    if holder.namespace != here.namespace or not here.namespace:
        return False
    if (holder.process, holder.start) == (here.process, here.start):
        return holder.nonce not in _NONCES_HELD
    start = _start_of(holder.process)
    return start is None or start not in ("", holder.start)


def _line(holder: Holder) -> bytes:
    return _MARK + json.dumps(holder).encode() + b"\n"


def _parse(line: bytes) -> Holder | None:
    if not line.startswith(_MARK):
        return None
    with contextlib.suppress(ValueError, TypeError):
        host, boot, namespace, process, start, nonce = json.loads(line[len(_MARK) :])
        return Holder(str(host), str(boot), str(namespace), int(process), str(start), str(nonce))
    return None


@functools.cache
def _machine() -> tuple[str, str]:
    return socket.gethostname(), _text("/proc/sys/kernel/random/boot_id")


def _this_process(nonce: str) -> Holder:
    host, boot = _machine()
    namespace = ""
    with contextlib.suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")
    return Holder(host, boot, namespace, os.getpid(), _start_of(os.getpid()) or "", nonce)


def _start_of(process: int) -> str | None:
    """Return when a process started, in the kernel's ticks; None: there is none; "": unknown."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None if os.path.exists("/proc/self/stat") else ""
    except OSError:
        return ""
    # The second field is the program's name in brackets, which may hold spaces and brackets.
    return text.rpartition(b")")[2].split()[19].decode()


@functools.cache
def _boot_time_ns() -> int:
    """Return when this machine was started, by its clock; 0 where that is unknown."""
    for line in _text("/proc/stat").splitlines():
        if line.startswith("btime "):
            return int(line[6:]) * 1_000_000_000
    return 0


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
