"""What git's attributes say of paths, in whichever file they are set. Needs the git program."""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from journal.git.program import run_git
from journal.git.repository import Repository

CHANGING = ("filter", "ident", "working-tree-encoding")
"""Attributes by which git keeps other bytes of a file than the work tree has; line ends have one of their own."""


class Attribute(NamedTuple):
    """An attribute that is set for a path."""

    path: str
    name: str
    value: str


def attributes_of(repository: Repository, names: Sequence[str], paths: Sequence[str]) -> Iterator[Attribute]:
    """Yield those of some attributes that are set for some paths. Raises GitError."""
    answer = run_git(repository, ["check-attr", "-z", "--stdin", *names], data=os.fsencode("\0".join([*paths, ""])))
    items = iter(os.fsdecode(answer).split("\0"))
    for path, name, value in zip(items, items, items, strict=False):
        if value not in ("unspecified", "unset"):
            yield Attribute(path, name, value)
