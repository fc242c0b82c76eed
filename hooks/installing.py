"""Installing our hooks and the merge driver, and taking them out again: what ``plan`` decides, done.

Crash argument: each step is one file written whole or one rename, and every state between two steps is one that
``plan`` knows: the same command, run again, completes it, and ``uninstall`` leads back from any of them. The hook that
was there before is only ever renamed, so its bytes, rights and links stay.
"""

import hashlib
import os
import shutil
import sys
from typing import NamedTuple

from journal.disk.files import Files
from journal.disk.programs import make_executable, write_program
from journal.errors import GitError
from journal.git.configuration import read_configuration
from journal.git.driver import set_driver, unset_driver
from journal.git.hook_files import BEFORE, LEGACY, NAMES, Folder, hooks_folder, own_folder, read_hook
from journal.git.repository import Repository

from .plan import Found, Step, chains, to_install, to_uninstall
from .script import PROGRAM, script, stores_of
from .shared import Change, explain, install_block, uninstall_block


class Outcome(NamedTuple):
    """What was done: per hook, and whether git's settings of the merge driver changed."""

    folder: Folder
    changes: tuple[Change, ...]
    driver_changed: bool

    @property
    def is_whole(self) -> bool:
        """Whether no hook was left out."""
        return all(change.done != "left" for change in self.changes)


def install(repository: Repository, store: str, files: Files, *, shared: bool) -> Outcome:
    """Install all hooks, for the store at this path below the work tree, and the merge driver.

    ``shared``: also where the folder of hooks is not this repository's alone. Raises GitError, OSError.
    """
    _refuse_bare(repository)
    folder = hooks_folder(repository, read_configuration(repository))
    if folder.place == "own" or (folder.place == "elsewhere" and shared):
        changes = [_install_script(files, folder, name, store) for name in NAMES]
    elif folder.place == "work-tree" and shared:
        changes = [install_block(files, repository, folder, name, store) for name in NAMES]
    else:
        changes = [explain(folder, name, store) for name in NAMES]
    return Outcome(folder, tuple(changes), set_driver(repository, own_program()))


def uninstall(repository: Repository, files: Files, *, shared: bool) -> Outcome:
    """Take out all hooks, wherever ``install`` may have put them, and the merge driver. Raises GitError, OSError."""
    _refuse_bare(repository)
    folder = hooks_folder(repository, read_configuration(repository))
    folders = [folder]
    if folder.path != own_folder(repository):
        folders.append(Folder(own_folder(repository), "own", None))
    changes: list[Change] = []
    for name in NAMES:
        done = [_uninstall_from(files, where, name, shared=shared) for where in folders]
        changes.append(next((change for change in done if change.done != "unchanged"), done[0]))
    return Outcome(folder, tuple(changes), unset_driver(repository))


def own_program() -> str:
    """Return the path of the program that a script is to call on this machine; its name where that is not known."""
    for folder in (os.path.dirname(os.path.abspath(sys.argv[0])), os.path.dirname(sys.executable)):
        for name in (PROGRAM, f"{PROGRAM}.exe"):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return path.replace(os.sep, "/")
    return (shutil.which(PROGRAM) or PROGRAM).replace(os.sep, "/")


def _refuse_bare(repository: Repository) -> None:
    if repository.bare:
        raise GitError(
            "this repository is bare: no commit is made in it, so there is nothing for these hooks to do",
            path=repository.git_dir,
            hint="run it in a work tree of the repository",
        )


def _found(folder: Folder, name: str) -> Found:
    path = os.path.join(folder.path, name)
    return Found(read_hook(path), read_hook(path + BEFORE), read_hook(path + LEGACY))


def _install_script(files: Files, folder: Folder, name: str, store: str) -> Change:
    found = _found(folder, name)
    path = found.hook.path
    stores = sorted({store, *stores_of(found.hook.text or found.legacy.text)})
    program = own_program()
    wanted = script(name, stores, program, chains=chains(found))
    wanted_legacy = script(name, stores, program, chains=found.before.is_executable)
    step = to_install(found, wanted, wanted_legacy)
    notes: list[str] = []
    if step is Step.KEEP:
        return Change(name, path, "unchanged", ())
    if step is Step.LEAVE:
        return explain(folder, name, store, hook=found.hook)
    if step is Step.REFRESH_LEGACY:
        _write(files, found.legacy.path, wanted_legacy)
        return Change(name, path, "written", (f"the hook there runs it as {os.path.basename(found.legacy.path)}",))
    if step is Step.WRITE_AFTER_COPY:
        notes.append(_keep_copy(files, path, found.hook.text))
    if step is Step.SET_ASIDE:
        if found.before.kind != "missing":
            aside = f"{found.before.path}-{_short(found.before.text)}"
            files.replace(found.before.path, aside)
            notes.append(f"an older hook that had been set aside is now {os.path.basename(aside)}, and is not run")
        files.replace(path, found.before.path)
        notes.append(f"the hook that was there is now {os.path.basename(found.before.path)}, and runs first")
    _write(files, path, wanted)
    return Change(name, path, "written", tuple(notes))


def _uninstall_from(files: Files, folder: Folder, name: str, *, shared: bool) -> Change:
    if folder.place == "work-tree":
        return uninstall_block(files, folder, name, shared=shared)
    if folder.place == "elsewhere" and not shared:
        path = os.path.join(folder.path, name)
        is_ours = read_hook(path).kind in ("ours", "edited")
        note = "other repositories run it too: `journal hooks uninstall --shared` takes it out"
        return Change(name, path, "left", (note,)) if is_ours else Change(name, path, "unchanged", ())
    return _uninstall_script(files, folder, name)


def _uninstall_script(files: Files, folder: Folder, name: str) -> Change:
    found = _found(folder, name)
    path, before, legacy = found.hook.path, found.before.path, found.legacy.path
    step = to_uninstall(found)
    notes: list[str] = []
    if step in (Step.KEEP, Step.LEAVE):
        return Change(name, path, "unchanged", ())
    if step in (Step.REMOVE_AFTER_COPY, Step.PUT_BACK_AFTER_COPY):
        notes.append(_keep_copy(files, path, found.hook.text))
    if step is Step.DROP_LEGACY:
        files.remove(legacy)
        if found.before.kind != "missing":
            notes.append(f"{os.path.basename(before)} is the other tool's own script from before, and is not run")
    elif step is Step.PUT_BACK_LEGACY:
        files.replace(before, legacy)
    elif step in (Step.PUT_BACK, Step.PUT_BACK_AFTER_COPY):
        files.replace(before, path)
        notes.append("the hook that was there before is back")
    else:
        files.remove(path)
    return Change(name, path, "removed", tuple(notes))


def _write(files: Files, path: str, text: bytes) -> None:
    write_program(files, path, text)
    make_executable(path)


def _keep_copy(files: Files, path: str, text: bytes) -> str:
    copy = f"{path}.edited-{_short(text)}"
    if files.stat(copy) is None:
        files.create(copy, text)
    return f"somebody had changed it: what stood there is kept as {os.path.basename(copy)}"


def _short(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:8]
