"""Where a store is in its repository; apart from what commits it, so that looking loads none of that."""

import os
from typing import NamedTuple

from journal.errors import GitError
from journal.git.repository import Repository
from journal.store.engine import Engine


class Place(NamedTuple):
    """A store in a repository: ``prefix`` leads from the top of the work tree to the store.

    It is empty where the store is a work tree itself, on a branch of its own.
    """

    repository: Repository
    prefix: str

    def outer(self, path: str) -> str:
        """Return a path of the store as git names it."""
        return f"{self.prefix}/{path}" if self.prefix else path

    def inner(self, path: str) -> str:
        """Return a path of git's as the store names it; it must be in the store."""
        return path.removeprefix(f"{self.prefix}/") if self.prefix else path


def place_of(engine: Engine) -> Place:
    """Return where the store is in its repository. Raises GitError where there is none."""
    if not engine.backend.is_on_disk:
        raise GitError("this store is in no file system, where git could see it", path=engine.root)
    repository = repository_of(engine.root)
    if repository is None and engine.git is not None:
        raise GitError(
            "git takes this for no repository: its folder lacks `objects` or `refs`",
            path=engine.git.private,
            hint="the journal itself is all here, and works; only what concerns git waits",
        )
    if repository is None:
        raise GitError(
            "the store is not in a git work tree",
            path=engine.root,
            hint="git init makes one; the journal works without git too, and only commit needs it",
        )
    prefix = os.path.relpath(os.path.realpath(engine.root), os.path.realpath(repository.work_tree))
    return Place(repository, "" if prefix == os.curdir else prefix.replace(os.sep, "/"))


def repository_of(root: str) -> Repository | None:
    """Return the repository that a store is in, its own where it is a work tree itself; None where there is none."""
    return Repository.at(root) or Repository.discover(os.path.dirname(root))
