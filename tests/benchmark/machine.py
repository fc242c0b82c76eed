"""Where a run takes place: the disk it refuses, the machine it names, and an installed copy for the processes."""

import importlib.metadata
import os
import platform
import shutil
import sqlite3
import sysconfig
import venv
from datetime import UTC, datetime

from .measure import PROJECT, run

_IN_MEMORY = ("tmpfs", "ramfs", "overlay", "devtmpfs")


class NotARealDiskError(Exception):
    """The folder for scratch files is not on a disk."""


def disk_type(path: str) -> str:
    """Return the type of the file system that a folder is on; "unknown" where the system does not tell."""
    try:
        from journal.disk.network import mounted_type

        with open("/proc/self/mountinfo", "rb") as file:
            return mounted_type(file.read(), os.path.realpath(path)) or "unknown"
    except OSError:
        return "unknown"


def refuse_memory(path: str) -> None:
    """Raise NotARealDiskError where syncing would cost nothing."""
    kind = disk_type(path)
    if kind in _IN_MEMORY:
        raise NotARealDiskError(f"{path} is on {kind}, where a sync means nothing; name a disk with --scratch FOLDER")


def describe(scratch: str, seconds: float, *, is_quick: bool) -> list[tuple[str, str]]:
    """Return what a reader needs to know about a run, as (name, value)."""
    return [
        ("date", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        ("run", f"{'--quick' if is_quick else 'full'}, {seconds:.0f} s"),
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("memory", _memory()),
        ("file system", disk_type(scratch)),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("Python", platform.python_version()),
        ("SQLite", sqlite3.sqlite_version),
        ("git", run("git", "--version").split()[2]),
        *((name, _version(name)) for name in ("git-journal", "orjson", "dulwich", "portalocker", "eventsourcing")),
    ]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def _memory() -> str:
    if not hasattr(os, "sysconf"):
        return "unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GB"


class Installed:
    """The project as a wheel would install it, in an environment of its own.

    An editable installation adds its own finder to the start of every Python, which would count as ours and as
    the bare interpreter's alike.
    """

    def __init__(self, folder: str) -> None:
        venv.create(folder, symlinks=os.name != "nt", with_pip=False)
        inner = sysconfig.get_path("purelib", vars={"base": folder, "platbase": folder})
        shutil.copytree(os.path.join(PROJECT, "journal"), os.path.join(inner, "journal"), ignore=_no_caches)
        for room in ("cli", "hooks"):
            if os.path.isdir(os.path.join(PROJECT, room)):
                shutil.copytree(os.path.join(PROJECT, room), os.path.join(inner, "journal", room), ignore=_no_caches)
        with open(os.path.join(inner, "libraries.pth"), "w", encoding="utf-8") as file:
            file.write(sysconfig.get_path("purelib") + "\n")
        self.python = os.path.join(folder, "Scripts" if os.name == "nt" else "bin", "python")
        run(self.python, "-m", "compileall", "-q", inner)

    def journal(self, *arguments: str) -> list[str]:
        """Return the command that does what the console script does."""
        return [self.python, "-c", "import sys; from journal.cli import main; sys.exit(main())", *arguments]

    def bare(self) -> list[str]:
        """Return the command of an interpreter that does nothing."""
        return [self.python, "-c", "pass"]


_no_caches = shutil.ignore_patterns("__pycache__")


def quiet_environment() -> dict[str, str]:
    """Return an environment in which nothing of the caller's shell changes what is measured."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON", "JOURNAL"))}
    return {**kept, "NO_COLOR": "1", "JOURNAL_ACTOR": "bench"}
