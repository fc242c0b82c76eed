"""The folders between the store's root and a file: each one real, and durable when it has to be.

``Files`` follows no link in the last component of a path; what lies before it is checked here. The
repository is hostile, the machine is not: a checked-out link is found, a race with another
process of the same user is not a defence that is attempted.
"""

import os

from journal.disk.files import Files, ReadFiles
from journal.errors import UnsafePathError


def ensure_folder(
    files: Files, root: str, relative: str, *, durable: bool = False, known: set[str] | None = None
) -> str:
    """Make the folder ``relative`` ("entities/plan") below ``root`` where it is missing; return its path.

    ``root`` must be a folder; it is not checked itself, the user may reach it by a link. Raises
    UnsafePathError where a component is a link or no folder, or ``relative`` leaves ``root``.

    Crash argument, if ``durable``: each name is synced into its parent before anything is made below it, so
    all of them survive a power cut once this has returned. That a folder is already there proves nothing:
    whoever made it may have been killed before its sync. So it is synced again, except for the paths
    in ``known``, the caller's memory of what it has seen synced; this adds to it.
    """
    path = root
    for name in _components(relative, relative):
        parent, path = path, os.path.join(path, name)
        if known is not None and path in known:
            continue
        found = files.stat(path)
        if found is None:
            files.make_folder(path)
        elif found.kind != "folder":
            raise _not_a_folder(path)
        if durable:
            files.sync_folder(parent)
            if known is not None:
                known.add(path)
    return path


def full_path(root: str, path: str) -> str:
    """Return where a path stands that leads from a folder on, its parts divided by slashes; "" is the folder itself."""
    return os.path.join(root, *path.split("/")) if path else root


def checked(files: ReadFiles, root: str, path: str) -> str:
    """Return ``path``, having seen that no folder between ``root`` and it is a link.

    ``path`` is absolute and below ``root``; its last component is left to ``Files``. Components that do
    not exist yet are fine. Costs one stat per folder. Raises UnsafePathError.
    """
    prefix = root if root.endswith(os.sep) else root + os.sep
    if not path.startswith(prefix):
        raise UnsafePathError("is not in the store", path=path)
    folder = root
    for name in _components(path[len(prefix) :], path)[:-1]:
        folder = os.path.join(folder, name)
        found = files.stat(folder)
        if found is None:
            break
        if found.kind != "folder":
            raise _not_a_folder(folder)
    return path


def _components(relative: str, path: str) -> list[str]:
    if os.name == "nt":
        relative = relative.replace("\\", "/")
    names = relative.split("/")
    if not all(names) or "." in names or ".." in names or "\0" in relative or (os.name == "nt" and ":" in relative):
        raise UnsafePathError("does not name a place below the store", path=path)
    return names


def _not_a_folder(path: str) -> UnsafePathError:
    return UnsafePathError("is a symbolic link or not a folder; links in a store are never followed", path=path)
