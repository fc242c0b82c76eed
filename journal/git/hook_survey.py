"""Whether git would really run our hooks, and the merge driver: what ``hooks status`` and ``doctor`` report.

=================  ==================================================================================
state              what it means
=================  ==================================================================================
installed          git runs our script
through            another tool's hook stands there, and runs ours, which it found and set aside
block              our lines are in a file of somebody else, which git runs
missing            there is no hook of that name
foreign            another hook stands there, and does not run ours
edited             somebody changed our script; git runs it as it is
not-executable     ours stands there, and git passes over it
before-gone        ours runs, but the hook that it is to run first is gone, or cannot be run
not-looked-at      ours stands in the repository's own folder, and core.hooksPath sends git elsewhere
=================  ==================================================================================
"""

import os
import re
import shlex
import shutil
from typing import Literal, NamedTuple

from journal.git.configuration import Configuration, read_configuration
from journal.git.driver import DriverState, driver_state
from journal.git.hook_files import BEFORE, LEGACY, NAMES, Folder, HookFile, hooks_folder, own_folder, read_hook
from journal.git.repository import Repository

State = Literal[
    "installed", "through", "block", "missing", "foreign", "edited", "not-executable", "before-gone", "not-looked-at"
]
RUNS: tuple[State, ...] = ("installed", "through", "block", "edited")
"""The states in which git runs what is ours, and nothing is lost by it."""

_PROGRAM = re.compile(r"^  journal=(.*)$", re.MULTILINE)
_FALLBACK = re.compile(r"\|\| journal=(.*)$", re.MULTILINE)


class HookState(NamedTuple):
    """One hook: ``path`` is where git looks for it; ``before``: the hook that ours runs first."""

    name: str
    state: State
    path: str
    before: str | None


class Survey(NamedTuple):
    """All hooks, the merge driver, and whether the program that the scripts call is there."""

    folder: Folder
    hooks: tuple[HookState, ...]
    driver: DriverState
    program: str | None
    is_program_here: bool

    @property
    def is_installed(self) -> bool:
        """Whether anything of ours is installed, well or not."""
        return self.driver in ("ours", "broken") or any(hook.state not in ("missing", "foreign") for hook in self.hooks)

    @property
    def is_whole(self) -> bool:
        """Whether git runs every hook of ours, and the driver."""
        runs = all(hook.state in RUNS for hook in self.hooks)
        return runs and self.is_program_here and self.driver == "ours"


def survey_hooks(repository: Repository, settings: Configuration | None = None) -> Survey:
    """Look at everything. Raises GitError where git's settings cannot be read, if they are not given."""
    folder = hooks_folder(repository, settings or read_configuration(repository))
    own = own_folder(repository)
    hooks, texts = [], []
    for name in NAMES:
        path = os.path.join(block_folder(folder), name)
        hook = read_hook(path)
        before = read_hook(path + BEFORE)
        legacy = read_hook(path + LEGACY)
        stray = read_hook(os.path.join(own, name)) if folder.path != own else None
        hooks.append(HookState(name, _state(folder, hook, before, legacy, stray), path, _before_of(hook, before)))
        texts += [found.text for found in (hook, legacy) if found.kind in ("ours", "edited") or found.has_block]
    program, is_here = _program(texts)
    return Survey(folder, tuple(hooks), driver_state(repository), program, is_here)


def block_folder(folder: Folder) -> str:
    """Return the folder whose files people write: husky keeps its own in ``_`` below it, and runs theirs."""
    above, name = os.path.split(folder.path)
    return above if folder.place == "work-tree" and name == "_" else folder.path


def _before_of(hook: HookFile, before: HookFile) -> str | None:
    return before.path if hook.chains and before.kind != "missing" else None


def _state(folder: Folder, hook: HookFile, before: HookFile, legacy: HookFile, stray: HookFile | None) -> State:
    is_run = hook.is_executable or (hook.has_block and block_folder(folder) != folder.path)
    if hook.kind in ("ours", "edited") or hook.has_block:
        return _state_of_ours(hook, before) if is_run else "not-executable"
    if hook.kind == "foreign" and legacy.kind == "ours" and hook.is_executable and legacy.is_executable:
        return "through"
    if stray is not None and stray.kind in ("ours", "edited"):
        return "not-looked-at"
    return "missing" if hook.kind == "missing" else "foreign"


def _state_of_ours(hook: HookFile, before: HookFile) -> State:
    if hook.kind == "edited":
        return "edited"
    if hook.has_block:
        return "block"
    return "before-gone" if hook.chains and not before.is_executable else "installed"


def _program(texts: list[bytes]) -> tuple[str | None, bool]:
    """Return the program that the scripts call, and whether it, or the one they fall back to, is there."""
    for text in texts:
        lines = text.decode("utf-8", "replace")
        named, fallback = _PROGRAM.search(lines), _FALLBACK.search(lines)
        try:
            programs = [shlex.split(found[1])[0] for found in (named, fallback) if found is not None]
        except (ValueError, IndexError):
            continue  # somebody changed the line
        if programs:
            return programs[0], any(shutil.which(program) for program in programs)
    return None, True
