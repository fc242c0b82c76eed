"""A folder that is a linked work tree of its repository, on a branch of its own; made without the git program.

This is git's own layout: ``<common>/worktrees/<name>/`` with ``gitdir`` (where the work tree's ``.git`` is),
``commondir`` and ``HEAD``, and in the folder a file ``.git`` that names it.

Crash argument: each file is whole when it appears, and ``.git`` comes last, so a folder with one is a linked work tree
in all parts. What a kill leaves before is a record under ``worktrees/`` whose folder has no ``.git``: the next run
finds it by its ``gitdir`` and goes on, and ``git worktree prune`` may remove it until then, which costs nothing.
"""

import os
import re

from journal.disk.files import Files, write_whole
from journal.errors import GitError, command_line
from journal.git.repository import Repository

_NAME = "journal"


def check_branch_name(name: str) -> None:
    """Raise GitError for what git takes for no branch's name."""
    parts = name.split("/")
    is_wrong = (
        re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{", name) is not None
        or name in ("@", "HEAD")
        or name.startswith("-")
        or any(not part or part.startswith(".") or part.endswith((".", ".lock")) for part in parts)
    )
    if is_wrong:
        raise GitError(f"this is no name for a branch: {name!r}", hint="a plain word will do, such as journal")


def refuse_link(surrounding: Repository, folder: str, branch: str, files: Files) -> None:
    """Raise GitError where ``link`` could not be made.

    So it is where the folder is on another branch or a repository of its own, the branch is checked out elsewhere, or
    git keeps its refs in a form that is not plain.
    """
    if surrounding.ref_storage != "files":
        raise GitError(
            f"this repository keeps its refs in the form {surrounding.ref_storage}, which only git can add to",
            path=surrounding.common_dir,
            hint=f"git worktree add --orphan -b {branch} {folder}, then journal init",
        )
    admin = _admin_folder(surrounding, folder, files)
    _refuse_taken(surrounding, f"refs/heads/{branch}", branch, admin)
    on = _line(os.path.join(admin, "HEAD"))
    if files.stat(os.path.join(folder, ".git")) is not None and on != f"ref: refs/heads/{branch}":
        raise GitError(
            f"this store is on another branch already: {on.removeprefix('ref: refs/heads/')}",
            path=folder,
            hint="journal sync exchanges the branch that it is on",
        )


def link(surrounding: Repository, folder: str, branch: str, files: Files) -> bool:
    """Make ``folder`` a linked work tree of its repository, on ``branch``; False where it was one already.

    The folder must exist. The branch need not: it is then one without a commit yet. ``refuse_link`` goes before.
    """
    admin = _admin_folder(surrounding, folder, files)
    dot_git = os.path.join(folder, ".git")
    wanted = {
        os.path.join(admin, "gitdir"): f"{dot_git}\n",
        os.path.join(admin, "commondir"): "../..\n",
        os.path.join(admin, "HEAD"): f"ref: refs/heads/{branch}\n",
        dot_git: f"gitdir: {_relative(admin, folder)}\n",
    }
    for path in (os.path.dirname(admin), admin):
        if files.make_folder(path):
            files.sync_folder(os.path.dirname(path))
    is_new = False
    for path, text in wanted.items():
        current = files.read(path) if files.stat(path) is not None else None
        if current != os.fsencode(text):
            write_whole(files, path, os.fsencode(text), durable=True)
            is_new = True
    return is_new


def exclude(repository: Repository, folder: str, files: Files) -> None:
    """Let the surrounding work trees ignore the folder, in git's own list for this clone."""
    line = os.fsencode(f"/{os.path.relpath(folder, repository.work_tree).replace(os.sep, '/')}/")
    info = os.path.join(repository.common_dir, "info")
    path = os.path.join(info, "exclude")
    current = files.read(path) if files.stat(path) is not None else b""
    if line in current.split(b"\n"):
        return
    if files.make_folder(info):
        files.sync_folder(repository.common_dir)
    head = current if not current or current.endswith(b"\n") else current + b"\n"
    write_whole(files, path, head + line + b"\n", durable=True)


def _admin_folder(repository: Repository, folder: str, files: Files) -> str:
    """Return where git keeps what belongs to this work tree: there already, or a name that is free."""
    base = os.path.join(repository.common_dir, "worktrees")
    here = Repository.at(folder)
    if here is not None and os.path.dirname(here.git_dir) == os.path.realpath(base):
        return here.git_dir
    if here is not None:
        raise GitError("is a git repository of its own", path=folder, hint="move it aside, or name another folder")
    number, wanted = 0, os.path.join(folder, ".git")
    while True:
        path = os.path.join(base, f"{_NAME}{number or ''}")
        note = os.path.join(path, "gitdir")
        if files.stat(path) is None or files.stat(note) is None:
            return path
        if os.path.realpath(files.read(note).decode("utf-8", "surrogateescape").strip()) == os.path.realpath(wanted):
            return path
        number += 1


def _refuse_taken(repository: Repository, ref: str, branch: str, admin: str) -> None:
    """Raise GitError where a work tree other than this one has the branch checked out, as git does."""
    base = os.path.join(repository.common_dir, "worktrees")
    others = [os.path.join(base, name) for name in sorted(os.listdir(base))] if os.path.isdir(base) else []
    for git_dir in [repository.common_dir, *others]:
        if (
            os.path.realpath(git_dir) == os.path.realpath(admin)
            or _line(os.path.join(git_dir, "HEAD")) != f"ref: {ref}"
        ):
            continue
        where = _line(os.path.join(git_dir, "gitdir")).removesuffix("/.git") or repository.work_tree
        raise GitError(
            f"the branch {branch} is checked out already, at {where}",
            path=where,
            hint=f"a store is for one work tree at a time: {command_line('--store', where, 'VERB')} uses that one"
            if os.path.basename(where) == ".journal"
            else "a store's branch holds nothing else: name another one, for instance journal",
        )


def _line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(1 << 12).strip()
    except OSError:
        return ""


def _relative(admin: str, folder: str) -> str:
    # A copied or moved clone then uses its own record, not the one it was copied from.
    try:
        return os.path.relpath(admin, os.path.realpath(folder)).replace(os.sep, "/")
    except ValueError:
        return admin  # on another drive
