"""Where git keeps its things, found by reading two small files; no git library, no program."""

import os
from typing import Any, NamedTuple

from journal.disk.files import Files

_SMALL = 4096
_SPACES = " \t\r\n"
_OWN_NAMES = ("HEAD", "objects", "refs")


class GitFolders(NamedTuple):
    """``private`` is the work tree's own git folder; ``common`` is shared by linked work trees."""

    work_tree: str
    private: str
    common: str


def find_git(files: Files, folder: str) -> GitFolders | None:
    """Return the git folders of the work tree that ``folder`` lies in, or None; also where they may not be entered."""
    current = os.path.abspath(folder)
    while True:
        dot_git = os.path.join(current, ".git")
        found = files.stat(dot_git)
        if found is not None:
            private = dot_git if found.kind == "folder" else _named(files, dot_git, current, "gitdir:")
            if private is not None and _stands(files, os.path.join(private, "HEAD")):
                common = _named(files, os.path.join(private, "commondir"), private, "") or private
                return GitFolders(current, private, common)
        parent = os.path.dirname(current)
        if parent == current:
            return None
        current = parent


def is_bare_around(files: Files, folder: str) -> bool:
    """Tell whether a folder without a work tree lies in a bare repository: among git's own files."""
    current = os.path.abspath(folder)
    while True:
        kinds = [found.kind if (found := files.stat(os.path.join(current, name))) else None for name in _OWN_NAMES]
        if kinds == ["file", "folder", "folder"]:
            return True
        parent = os.path.dirname(current)
        if parent == current:
            return False
        current = parent


def _stands(files: Files, path: str) -> bool:
    """Tell whether something stands at a path, or may: who has no right to look into git has a journal all the same."""
    try:
        return files.stat(path) is not None
    except PermissionError:
        return True


def _named(files: Files, path: str, base: str, prefix: str) -> str | None:
    try:
        text = os.fsdecode(files.read_at(path, 0, _SMALL)).strip(_SPACES)
    except OSError:
        return None
    if not text.startswith(prefix) or "\n" in text:
        return None
    return os.path.normpath(os.path.join(base, text.removeprefix(prefix).strip(_SPACES)))


class HeadWatch:
    """Tells whether HEAD, the branch it names, or git's index has moved.

    By stats alone: git replaces these files by renaming a new one over them, so their inode changes.
    A reference kept in ``packed-refs`` or a reftable is watched by the stat of that file.
    """

    def __init__(self, files: Files, folders: GitFolders | None) -> None:
        self._files, self._folders = files, folders
        self._head: list[int] | None = None
        self._branch: str | None = None
        private, common = (folders.private, folders.common) if folders is not None else ("", "")
        self._head_path, self._index_path = os.path.join(private, "HEAD"), os.path.join(private, "index")
        self._packed_path = os.path.join(common, "packed-refs")
        self._tables_path = os.path.join(common, "reftable", "tables.list")

    def signature(self) -> list[Any]:
        """Return a value that is equal as long as nothing moved; JSON can hold it."""
        if self._folders is None:
            return []
        head = self._stat(self._head_path)
        if head != self._head:
            self._head = head
            named = _named(self._files, self._head_path, "/", "ref:")
            self._branch = named and os.path.join(self._folders.common, *named.lstrip("/\\").split("/"))
        branch = self._branch and self._stat(self._branch)
        packed = None if branch else self._stat(self._packed_path)
        tables = None if branch or packed else self._stat(self._tables_path)
        return [head, branch, packed, tables, self._stat(self._index_path)]

    def _stat(self, path: str) -> list[int] | None:
        try:
            found = self._files.stat(path)
        except PermissionError:
            return None
        return found and [found.inode, found.mtime_ns, found.ctime_ns, found.size]
