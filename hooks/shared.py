"""Hooks in files that are not this repository's alone: what to say of them, and our lines in them.

Where ``core.hooksPath`` leads into the work tree (husky does that), the files are tracked, and other people's too.
Where it leads elsewhere, other repositories use them. Neither is touched unless ``--shared`` says so; else it is told
what to do.
"""

import os
import re
import shlex
from typing import Literal, NamedTuple

from journal.disk.files import Files
from journal.disk.programs import write_program
from journal.git.hook_files import Folder, HookFile, read_hook
from journal.git.hook_survey import block_folder
from journal.git.repository import Repository

from .plan import asks_for_its_name
from .script import PROGRAM, block, block_in, stores_of, with_block, without_block

_SHELL = re.compile(rb"^#![^\n]*\b(?:ba|da|z|k|a)?sh\b[^\n]*\n")
_BARE_SCRIPT = b"#!/bin/sh\n"


class Change(NamedTuple):
    """What was done about one hook: ``left`` means that git does not run ours, and a note says what would help."""

    name: str
    path: str
    done: Literal["unchanged", "written", "removed", "left"]
    notes: tuple[str, ...]


def explain(folder: Folder, name: str, store: str, *, hook: HookFile | None = None) -> Change:
    """Return why a hook was not installed, and the line that a person may add."""
    path = os.path.join(block_folder(folder), name)
    if hook is not None and hook.kind == "odd":
        return Change(name, path, "left", ("what is there is no file that can be read",))
    if read_hook(path).has_block:
        return Change(name, path, "unchanged", ())
    if hook is not None and asks_for_its_name(hook):
        why = "the hook there goes by the name of its file, so it cannot be set aside"
    elif folder.place == "work-tree":
        why = f"{_leads(folder)} into the work tree: --shared adds our lines to the files there"
    else:
        why = f"{_leads(folder)} out of this repository, and others may use it: --shared installs there"
    line = f'{PROGRAM} hook {name} --store {shlex.quote(store)} -- "$@" </dev/null || exit 1'
    line = f"if command -v {PROGRAM} >/dev/null; then {line}; fi"
    return Change(name, path, "left", (why, f"or add this line to it: {line}"))


def _leads(folder: Folder) -> str:
    return f"core.hooksPath is {folder.setting}, which leads" if folder.setting else f"{folder.path} is a link"


def install_block(files: Files, repository: Repository, folder: Folder, name: str, store: str) -> Change:
    """Put our lines at the end of a hook in the work tree, or make one of them."""
    path = os.path.join(block_folder(folder), name)
    hook = read_hook(path)
    is_husky = block_folder(folder) != folder.path
    if hook.kind == "odd" or os.path.islink(path):
        return Change(name, path, "left", ("is no plain file, so our lines cannot be added",))
    if hook.kind == "foreign" and not _SHELL.match(hook.text) and (hook.text.startswith(b"#!") or not is_husky):
        return Change(name, path, "left", (f"is no shell script; let it run: {PROGRAM} hook {name} --store {store}",))
    lines = block(name, sorted({store, *stores_of(block_in(hook.text))}))
    if hook.kind == "missing":
        write_program(files, path, (b"" if is_husky else _BARE_SCRIPT) + lines)
    elif block_in(hook.text) == lines:
        return Change(name, path, "unchanged", ())
    else:
        write_program(files, path, with_block(hook.text, lines))
    shown = os.path.relpath(path, repository.work_tree).replace(os.sep, "/")
    return Change(name, path, "written", (f"our lines are in {shown}; commit it if it is tracked",))


def uninstall_block(files: Files, folder: Folder, name: str, *, shared: bool) -> Change:
    """Take our lines out of a hook in the work tree, and the file if nothing else is in it."""
    path = os.path.join(block_folder(folder), name)
    hook = read_hook(path)
    if not hook.has_block:
        return Change(name, path, "unchanged", ())
    if not shared:
        note = "other people's clones run it too: `journal hooks uninstall --shared` takes our lines out"
        return Change(name, path, "left", (note,))
    rest = without_block(hook.text)
    if rest in (b"", _BARE_SCRIPT):
        files.remove(path)
    else:
        write_program(files, path, rest)
    return Change(name, path, "removed", ("our lines are out of it; commit that if it is tracked",))
