"""The files that git runs as hooks: where it looks for them, and which of them are ours.

A script of ours begins with ``SHEBANG`` and a line that holds a checksum of all after it, so that one which somebody
changed is told from one that another version wrote. The hook that was there before stands beside it, under its
name and ``BEFORE``, and our script runs it first.
"""

import hashlib
import os
import re
import stat as stat_module
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from journal.git.configuration import Configuration
    from journal.git.repository import Repository

NAMES = ("pre-commit", "pre-merge-commit", "post-merge", "post-checkout", "post-rewrite", "pre-push")
"""The hooks that the journal has something to do in."""

BEFORE = ".before-journal"
"""What is appended to the name of the hook that was there before."""

LEGACY = ".legacy"
"""What pre-commit (the framework) appends to the name of the hook that it found; it runs that one first."""

COMMITTING = "JOURNAL_COMMITTING"
"""Set for the hooks that ``journal commit`` runs: it looks at its own files itself."""

PUSHED = "JOURNAL_LFS_PUSHED"
"""Set for the hooks that the push of ``journal sync`` runs: git LFS has the bytes already."""

BLOCK_BEGIN, BLOCK_END = "# >>> git-journal: ", "# <<< git-journal <<<"
"""The lines around what is ours in a file of somebody else."""

_SHEBANG = b"#!/bin/sh\n"
_MARK = b"# git-journal hook 1 "
_SEAL = re.compile(re.escape(_SHEBANG + _MARK) + rb"([0-9a-f]{16})\n")
_CHAINS = b"\nbefore="

Place = Literal["own", "work-tree", "elsewhere"]
Kind = Literal["missing", "ours", "edited", "foreign", "odd"]


class Folder(NamedTuple):
    """Where git looks for hooks; ``place``: whose that is; ``setting``: core.hooksPath, if it says so."""

    path: str
    place: Place
    setting: str | None


class HookFile(NamedTuple):
    """What stands at a path: nothing, our script as it was written, or changed since, another hook, no file."""

    path: str
    kind: Kind
    text: bytes
    is_executable: bool

    @property
    def chains(self) -> bool:
        """Whether our script runs the hook that was there before."""
        return self.kind == "ours" and _CHAINS in self.text

    @property
    def has_block(self) -> bool:
        """Whether a file of somebody else has our lines in it."""
        return self.kind == "foreign" and BLOCK_BEGIN.encode() in self.text


def seal(body: str) -> bytes:
    """Return a script of ours with these lines."""
    text = os.fsencode(body)
    return _SHEBANG + _MARK + _checksum(text) + b"\n" + text


def read_hook(path: str) -> HookFile:
    """Look at the file of a hook; links are followed, as git does."""
    try:
        found = os.stat(path)
        if not stat_module.S_ISREG(found.st_mode):
            return HookFile(path, "odd", b"", is_executable=False)
        with open(path, "rb") as file:
            text = file.read()
    except OSError:
        return HookFile(path, "odd" if os.path.lexists(path) else "missing", b"", is_executable=False)
    is_executable = os.name == "nt" or bool(found.st_mode & 0o111)
    sealed = _SEAL.match(text)
    kind: Kind = "foreign"
    if sealed is not None:
        kind = "ours" if sealed[1] == _checksum(text[sealed.end() :]) else "edited"
    elif text.startswith(_SHEBANG + _MARK):
        kind = "edited"
    return HookFile(path, kind, text, is_executable)


def hooks_folder(repository: "Repository", configuration: "Configuration") -> Folder:
    """Return where git looks for hooks: by ``core.hooksPath``, whichever settings it is in, else its own folder."""
    path, setting = own_folder(repository), configuration.get("core.hookspath") or None
    if setting is not None:
        path = os.path.normpath(os.path.join(repository.work_tree, os.path.expanduser(setting)))
    real = os.path.realpath(path)  # people link the repository's own folder to one of theirs, too
    if _is_below(real, repository.common_dir):
        return Folder(path, "own", setting)
    return Folder(path, "work-tree" if _is_below(real, repository.work_tree) else "elsewhere", setting)


def own_folder(repository: "Repository") -> str:
    """Return where git looks for hooks if no setting says otherwise."""
    return os.path.join(repository.common_dir, "hooks")


def _is_below(path: str, folder: str) -> bool:
    folder = os.path.realpath(folder)
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _checksum(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode()
