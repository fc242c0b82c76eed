"""Where a store is in its repository; apart from what commits it, so that looking loads none of that."""

import os
from typing import NamedTuple

from journal.errors import GitError
from journal.git.repository import Repository
from journal.store.engine import Engine


class Place(NamedTuple):
    """A store in a repository: ``prefix`` leads from the top of the work tree to the store."""

    repository: Repository
    prefix: str

    def outer(self, path: str) -> str:
        """Return a path of the store as git names it."""
        return f"{self.prefix}/{path}"


def place_of(engine: Engine) -> Place:
    """Return where the store is in its repository. Raises GitError where there is none."""
    repository = Repository.discover(os.path.dirname(engine.root))
    if repository is None:
        raise GitError(
            "the store is not in a git work tree",
            path=engine.root,
            hint="git init makes one; the journal works without git too, and only commit needs it",
        )
    prefix = os.path.relpath(os.path.realpath(engine.root), os.path.realpath(repository.work_tree))
    return Place(repository, prefix.replace(os.sep, "/"))
