"""Whether a push of a person's takes along the bytes that git LFS carries: by git LFS's hook, or by ours.

Git LFS makes its hooks when git first asks its filter for something. The journal writes pointers without that filter,
so it has them made where git LFS is set up and nothing else is in their place.
"""

import os

from journal.git.configuration import Configuration
from journal.git.hook_files import BEFORE, LEGACY, hooks_folder, read_hook
from journal.git.program import is_installed, start_git
from journal.git.repository import Repository

_NAME = "pre-push"
_MENTION = b"lfs pre-push"


def has_lfs_hook(repository: Repository, settings: Configuration) -> bool:
    """Tell whether a hook that git runs before a push, also one that another runs, seems to be git LFS's."""
    folder = hooks_folder(repository, settings).path
    files = (read_hook(os.path.join(folder, name)) for name in (_NAME, _NAME + BEFORE, _NAME + LEGACY))
    commands = (value for key in settings.keys("hook.") if key.endswith(".command") for value in settings.all(key))
    return any(_MENTION in file.text for file in files) or any(_MENTION.decode() in command for command in commands)


def guards_pushes(repository: Repository, settings: Configuration) -> bool:
    """Tell whether some hook uploads the bytes before a push, or refuses it."""
    ours = read_hook(os.path.join(hooks_folder(repository, settings).path, _NAME))
    is_ours = ours.is_executable and (ours.kind in ("ours", "edited") or ours.has_block)
    return is_ours or has_lfs_hook(repository, settings)


def make_lfs_hooks(repository: Repository) -> None:
    """Let git LFS make its hooks, as it does by itself where git runs its filter; those of others stay."""
    if is_installed():
        start_git(repository, ["lfs", "update"])
