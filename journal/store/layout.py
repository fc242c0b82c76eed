"""What a store looks like on disk, how it is found, and how it is made."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from journal.disk.files import Files, ReadFiles, write_whole
from journal.disk.folders import ensure_folder
from journal.errors import RefusedError, StoreNotFoundError, UnsafePathError, command_line
from journal.projections.driver import DRIVER_NAME
from journal.segments.folders import TRUTH_FOLDERS, list_truth

STORE_FOLDER = ".journal"
CONFIG_FILE = "journal.toml"
LOCAL = "local"
SCHEMAS = "schemas"
"""JSON Schemas of types, one file each: options, like ``journal.toml``."""
_ATTRIBUTES_FILE = ".gitattributes"
Alone = Callable[[str], AbstractContextManager[None]]
OWN_FILES = (".gitignore", _ATTRIBUTES_FILE, "README.md", CONFIG_FILE)
"""What a store consists of besides truth and projections."""

_GIT_IGNORE = """\
# No ignore rule from elsewhere (*.gz, *.json, archive/) may keep a file of the journal out of a commit.
!*
/local/
*.journal-tmp
"""
_GIT_ATTRIBUTES = f"""\
# The truth is bytes: no line-ending setting may touch it. A union of two versions of a segment is harmless.
* -text
segments/*.jsonl merge=union
# Readable files are merged as JSON where `journal hooks install` was run; elsewhere git merges their lines.
entities/** merge={DRIVER_NAME}
kv/** merge={DRIVER_NAME}
"""
_LFS_RULE = "blobs/*/*.lfs filter=lfs diff=lfs merge=lfs -text"
_GIT_LFS = f"""\
# Blobs that git LFS carries: git has their pointers.
{_LFS_RULE}
"""
_README = """\
# A journal

This folder is a store of `git-journal`: structured state with its history, kept in git.

- `entities/` has one JSON file per entity, `kv/` one per key. Read them, diff them, review them.
- `segments/`, `archive/`, `checkpoints/` and `blobs/` are the truth they are made from. Commit them; never edit them.
- `local/` belongs to this checkout alone, and git ignores it.

`pip install git-journal`, then `journal --help`.
"""


def find_store(files: Files, start: str) -> str:
    """Return the store's folder, looking upwards from ``start`` as git does. Raises StoreNotFoundError."""
    current = os.path.abspath(start)
    while True:
        candidate = os.path.join(current, STORE_FOLDER)
        found = files.stat(candidate)
        if found is not None:
            check_store(files, candidate)
            return candidate
        if files.stat(os.path.join(current, CONFIG_FILE)) is not None and os.path.basename(current) == STORE_FOLDER:
            return current
        parent = os.path.dirname(current)
        if parent == current:
            raise StoreNotFoundError(
                f"no {STORE_FOLDER} folder in {os.path.abspath(start)} or above",
                hint="make one with: journal init; if others share theirs on a branch of its own: "
                "journal init --branch NAME",
            )
        current = parent


def check_store(files: Files, root: str) -> None:
    """Raise unless this is a store's folder: real, not a link, with a configuration."""
    found = files.stat(root)
    if found is None:
        is_named = os.path.basename(root) == STORE_FOLDER
        line = command_line("init", options=["--store", root if is_named else os.path.join(root, STORE_FOLDER)])
        raise StoreNotFoundError("there is no store here", path=root, hint=f"make one with: {line}")
    if found.kind != "folder":
        raise UnsafePathError("is a symbolic link or a file; a store is a real folder", path=root)
    if files.stat(os.path.join(root, CONFIG_FILE)) is None:
        raise StoreNotFoundError(
            f"the store has no {CONFIG_FILE}",
            path=root,
            hint="the branch that is checked out may not have it: switch back to one that does, or see `git status`",
        )


def make_store(files: Files, root: str, config: bytes, alone: "Alone | None" = None) -> bool:
    """Make what is missing of a store, in an order that a crash cannot harm; True if anything was.

    ``alone``, given the folder of the lock, keeps others out: of several who make one store at once, one gives it its
    id, and is told so.

    Crash argument: every file is complete when it appears, each folder is synced into its parent, and
    ``journal.toml`` comes last, so that a folder with one is a whole store. Running again completes it.
    """
    parent = os.path.dirname(root)
    above = files.stat(parent)
    if above is None or above.kind == "file":
        raise RefusedError("the folder does not exist" if above is None else "is a file, not a folder", path=parent)
    path = os.path.join(root, CONFIG_FILE)
    is_there = files.stat(path) is not None
    found = files.stat(root)
    if found is not None and found.kind != "folder":
        raise UnsafePathError("is a symbolic link or a file; a store is a real folder", path=root)
    if found is None:
        files.make_folder(root)
    files.sync_folder(parent)
    _refuse_orphans(files, root)
    for folder in TRUTH_FOLDERS:
        ensure_folder(files, root, folder, durable=True)
    ensure_local(files, root)
    is_completed = bool(complete_own_files(files, root))
    if is_there:
        return is_completed
    with alone(os.path.join(root, LOCAL)) if alone is not None else nullcontext():
        if files.stat(path) is not None:
            return False
        write_whole(files, path, config, durable=True)
    return True


def _refuse_orphans(files: Files, root: str) -> None:
    """Refuse to give events that are there another store's id: they have one, in a file that is not here now."""
    if files.stat(os.path.join(root, CONFIG_FILE)) is None and list_truth(files, root)[0]:
        raise RefusedError(
            f"there are events here, and no {CONFIG_FILE}: they belong to a store that is only partly checked out",
            path=root,
            hint=f"switch back to the branch that has it, or: git restore --source=<branch> -- {STORE_FOLDER}",
        )


def accompanying_files(*, has_lfs: bool = False) -> dict[str, bytes]:
    """Return the files, by name, that are the same in every store and stand beside ``journal.toml``.

    ``has_lfs``: of a store with blobs that git LFS carries, or may carry.
    """
    attributes = _GIT_ATTRIBUTES + (_GIT_LFS if has_lfs else "")
    texts = {".gitignore": _GIT_IGNORE, _ATTRIBUTES_FILE: attributes, "README.md": _README}
    return {name: text.encode() for name, text in texts.items()}


def complete_own_files(files: Files, root: str, *, has_lfs: bool = False) -> list[str]:
    """Write the accompanying files that are missing, add the rules that one lacks, and say what was done.

    Crash argument: each file is replaced whole, and a second run does what a first one did not get to.
    """
    done = (_complete(files, root, name, content) for name, content in accompanying_files(has_lfs=has_lfs).items())
    return [sentence for sentence in done if sentence is not None]


def ensure_lfs_rule(files: Files, root: str) -> None:
    """Have git's attributes name the blobs that git LFS carries; durable before this returns."""
    _complete(files, root, _ATTRIBUTES_FILE, accompanying_files(has_lfs=True)[_ATTRIBUTES_FILE])


def has_lfs_rule(files: ReadFiles, root: str) -> bool:
    """Tell whether git's attributes name the blobs that git LFS carries."""
    path = os.path.join(root, _ATTRIBUTES_FILE)
    found = files.stat(path)
    return found is not None and found.kind == "file" and _LFS_RULE.encode() in files.read(path).split(b"\n")


def _complete(files: Files, root: str, name: str, content: bytes) -> str | None:
    path = os.path.join(root, name)
    if files.stat(path) is None:
        write_whole(files, path, content, durable=True)
        return f"wrote {name}, which was missing"
    missing = missing_rules(files, root, name, content)
    if not missing:
        return None
    # A later rule outweighs an earlier one, so what follows a missing rule has to follow it again.
    added = content[content.index(missing[0].encode()) :]
    there = files.read(path)
    gap = b"" if there.endswith(b"\n") or not there else b"\n"
    write_whole(files, path, there + gap + added, durable=True)
    return f"added to {name} what it lacked: {', '.join(missing)}"


def missing_rules(files: Files, root: str, name: str, content: bytes) -> list[str]:
    """Return the rules of git's that a file of the store lacks; [] where it has them, or is no such file."""
    found = files.stat(os.path.join(root, name))
    if found is None or found.kind != "file" or not name.startswith(".git"):
        return []
    there = {line.strip() for line in files.read(os.path.join(root, name)).decode("utf-8", "replace").split("\n")}
    rules = (line for line in content.decode().split("\n") if line and not line.startswith("#"))
    return [line for line in rules if line not in there]


def ensure_local(files: Files, root: str) -> str:
    """Make the folder that belongs to this checkout alone; it ignores itself, whatever else is lost."""
    path = ensure_folder(files, root, LOCAL)
    ignore = os.path.join(path, ".gitignore")
    if files.stat(ignore) is None:
        write_whole(files, ignore, b"*\n", durable=False)
    return path
