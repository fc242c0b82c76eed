"""``journal version``."""

import platform
import sys

from ..declare import Verb
from ..session import Session


def run(session: Session) -> None:
    """Print the versions of everything involved."""
    found = versions()
    if session.output.is_json:
        session.output.json(found)
        return
    for name, version in found.items():
        session.output.line(f"{name:<12} {version}")


def distribution_version() -> str:
    """Return the version of this distribution."""
    return _installed("git-journal")


def versions() -> dict[str, str]:
    """Return names and versions, this program's first. Loads none of the libraries but sqlite3."""
    import sqlite3

    from journal.format.limits import FORMAT

    found = {"git-journal": distribution_version(), "format": str(FORMAT), "python": platform.python_version()}
    found |= {name: _installed(name) for name in ("dulwich", "orjson", "portalocker", "click")}
    found |= {"sqlite": sqlite3.sqlite_version, "git": _git(), "platform": f"{sys.platform} {platform.machine()}"}
    return found


def _installed(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _git() -> str:
    import subprocess

    try:
        ended = subprocess.run(["git", "--version"], capture_output=True, check=False)
    except OSError:
        return "not installed"
    return ended.stdout.decode("utf-8", "replace").strip().removeprefix("git version ")


VERB = Verb(
    name="version",
    summary="Print the versions of everything involved.",
    run=run,
    text="For bug reports. `journal --version` prints this program's alone.",
    examples=(("journal version", ""), ("journal version --json", "")),
)
