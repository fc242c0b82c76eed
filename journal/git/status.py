"""Reading what git holds: HEAD, trees and what differs between them, the index."""

import os

from journal.errors import GitError
from journal.git.index_file import tracked_identities, tracked_paths, unmerged_paths
from journal.git.objects import ObjectReader, blob_id
from journal.git.program import is_installed, start_git
from journal.git.refs import read_head
from journal.git.repository import Repository
from journal.git.safety import in_progress
from journal.git.trees import MODE_FOLDER, TreeEntry, parse_tree

__all__ = [
    "blob_id",
    "changed_paths",
    "files_in",
    "has_file",
    "head_commit",
    "in_progress",
    "index_identities",
    "index_paths",
    "read_head",
    "tree_entries",
    "tree_of",
    "unmerged_paths",
]


def head_commit(repository: Repository) -> str | None:
    """Return the commit that HEAD stands for; None where there is none yet."""
    return read_head(repository).commit


def tree_of(repository: Repository, commit: str, path: str) -> str | None:
    """Return the tree of a folder in a commit ("" is the top); None where it holds no such folder."""
    reader = ObjectReader(repository)
    try:
        tree = reader.tree_of_commit(commit)
        for name in path.split("/") if path else []:
            entry = parse_tree(reader.read(tree, "tree"), repository.hash_length).get(os.fsencode(name))
            if entry is None or entry.mode != MODE_FOLDER:
                return None
            tree = entry.identity
        return tree
    finally:
        reader.close()


def changed_paths(repository: Repository, old_tree: str | None, new_tree: str | None) -> list[str]:
    """Return the files that differ between two trees, sorted; None is the empty tree.

    Only folders that differ are read, so the cost follows the difference.
    """
    reader = ObjectReader(repository)
    found: list[str] = []
    waiting = [("", old_tree, new_tree)]
    try:
        while waiting:
            prefix, old, new = waiting.pop()
            if old == new:
                continue
            before, after = _entries(reader, repository, old), _entries(reader, repository, new)
            for name in before.keys() | after.keys():
                sides = before.get(name), after.get(name)
                if sides[0] == sides[1]:
                    continue
                path = prefix + name.decode("utf-8", "surrogateescape")
                folders = [side.identity if side and side.mode == MODE_FOLDER else None for side in sides]
                if any(folders):
                    waiting.append((path + "/", folders[0], folders[1]))
                if any(side is not None and side.mode != MODE_FOLDER for side in sides):
                    found.append(path)
    finally:
        reader.close()
    return sorted(found)


def tree_entries(repository: Repository, tree: str) -> dict[str, tuple[int, str]]:
    """Return every file under a tree: path to mode and id."""
    reader = ObjectReader(repository)
    found: dict[str, tuple[int, str]] = {}
    waiting = [("", tree)]
    try:
        while waiting:
            prefix, identity = waiting.pop()
            for name, entry in _entries(reader, repository, identity).items():
                path = prefix + name.decode("utf-8", "surrogateescape")
                if entry.mode == MODE_FOLDER:
                    waiting.append((path + "/", entry.identity))
                else:
                    found[path] = (entry.mode, entry.identity)
    finally:
        reader.close()
    return found


def files_in(repository: Repository, tree: str, path: str) -> dict[str, str]:
    """Return name to id of the files right in one folder under a tree ("" is the tree itself)."""
    reader = ObjectReader(repository)
    try:
        for name in path.split("/") if path else []:
            entry = _entries(reader, repository, tree).get(os.fsencode(name))
            if entry is None or entry.mode != MODE_FOLDER:
                return {}
            tree = entry.identity
        found = _entries(reader, repository, tree)
        return {
            name.decode("utf-8", "surrogateescape"): entry.identity
            for name, entry in found.items()
            if entry.mode != MODE_FOLDER
        }
    finally:
        reader.close()


def has_file(folder: str, content: bytes) -> bool:
    """Tell whether the repository around a folder has an object of these bytes; False where that cannot be told."""
    try:
        repository = Repository.discover(folder)
        if repository is None:
            return False
        identity = blob_id(content, repository.object_format)
        if os.path.isfile(os.path.join(repository.objects_dir, identity[:2], identity[2:])):
            return True
        if is_installed():
            # Nothing is fetched for a question.
            asked = start_git(repository, ["cat-file", "-e", identity], environment={"GIT_NO_LAZY_FETCH": "1"})
            return asked.returncode == 0
        reader = ObjectReader(repository)
        try:
            return reader.read(identity, "blob") == content
        finally:
            reader.close()
    except (GitError, OSError):
        return False


def index_paths(repository: Repository, prefix: str) -> set[str]:
    """Return the paths that git's index tracks under a folder ("" is the top)."""
    return tracked_paths(repository, prefix.rstrip("/") + "/" if prefix else "")


def index_identities(repository: Repository, prefix: str) -> dict[str, str]:
    """Return path to id of what git's index has under a folder, without what is in conflict."""
    return tracked_identities(repository, prefix.rstrip("/") + "/")


def _entries(reader: ObjectReader, repository: Repository, tree: str | None) -> dict[bytes, TreeEntry]:
    return {} if tree is None else parse_tree(reader.read(tree, "tree"), repository.hash_length)
