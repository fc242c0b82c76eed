"""Where the project's files are, and the trees of its modules: what the tests of this folder look at."""

import ast
import functools
import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROOMS = {"journal": ROOT / "journal", "journal.cli": ROOT / "cli", "journal.hooks": ROOT / "hooks"}


@functools.cache
def modules() -> dict[str, Path]:
    """Return every module that is installed, by its path in the project."""
    found = [path for folder in ROOMS.values() for path in folder.rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): path for path in sorted(found)}


@functools.cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def installed_as(folder: Path) -> Path:
    """Copy the sources to where an installation has them (``cli`` as ``journal/cli``, ``hooks`` too); return it."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "journal", folder / "journal", ignore=ignored)
    for room in ("cli", "hooks"):
        shutil.copytree(ROOT / room, folder / "journal" / room, ignore=ignored)
    return folder


def pages() -> list[Path]:
    """Return every page of documentation."""
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
