"""How two commits descend from each other."""

import heapq
import os
import re
from collections.abc import Callable
from typing import NamedTuple

from journal.errors import GitError
from journal.git.objects import ObjectReader
from journal.git.repository import Repository

_OURS, _THEIRS, _OLD = 1, 2, 4


class Ancestry(NamedTuple):
    """What a walk over history needs of one commit: its parents, and when it was made (seconds)."""

    parents: tuple[str, ...]
    date: int


def ancestry_of(repository: Repository, reader: ObjectReader) -> Callable[[str], Ancestry]:
    """Return a function from a commit to its ancestry; in a shallow clone history ends where it was cut."""
    cut = commits_without_parents_here(repository)

    def look(commit: str) -> Ancestry:
        return _parse(reader.read(commit, "commit"), is_cut=commit in cut)

    return look


def merge_bases(look: Callable[[str], Ancestry], ours: str, theirs: str) -> list[str]:
    """Return the best common ancestors of two commits; [] where their histories have none. Pure but for ``look``.

    More than one is left where merges crossed.
    """
    found = _common(look, ours, theirs)
    # Commits of one second, or of a wrong clock, may have been met in the wrong order.
    return [one for one in found if not any(one in _common(look, one, other) for other in found if other != one)]


def _common(look: Callable[[str], Ancestry], ours: str, theirs: str) -> list[str]:
    """Return common ancestors of two commits, the best among them.

    Newest first, every commit hands down to its parents from which side it is reached. What both sides reach is a
    common ancestor, and its own ancestors are older ones. The walk ends when only such older ones wait, so its cost
    is that of what the two histories do not share.
    """
    flags = {ours: _OURS}
    flags[theirs] = flags.get(theirs, 0) | _THEIRS
    waiting = [(-look(commit).date, commit) for commit in flags]
    heapq.heapify(waiting)
    found: list[str] = []
    while any(not flags[commit] & _OLD for _, commit in waiting):
        _, commit = heapq.heappop(waiting)
        mark = flags[commit]
        if mark & (_OURS | _THEIRS) == _OURS | _THEIRS:
            if not mark & _OLD and commit not in found:
                found.append(commit)
            mark |= _OLD
        for parent in look(commit).parents:
            if flags.get(parent, 0) | mark != flags.get(parent, 0):
                flags[parent] = flags.get(parent, 0) | mark
                heapq.heappush(waiting, (-look(parent).date, parent))
    return [commit for commit in found if not flags[commit] & _OLD]


def _parse(raw: bytes, *, is_cut: bool) -> Ancestry:
    head = raw.partition(b"\n\n")[0]
    parents = re.findall(rb"^parent ([0-9a-f]+)$", head, re.MULTILINE)
    date = re.search(rb"^committer .*> (\d+) [+-]\d{4}$", head, re.MULTILINE)
    return Ancestry(() if is_cut else tuple(parent.decode() for parent in parents), int(date[1]) if date else 0)


def is_shallow(repository: Repository) -> bool:
    """Tell whether a clone holds a part of the history only."""
    return bool(commits_without_parents_here(repository))


def commits_without_parents_here(repository: Repository) -> frozenset[str]:
    """Return the commits at which the history of a shallow clone was cut; none where it is whole."""
    path = os.path.join(repository.common_dir, "shallow")
    try:
        with open(path, encoding="ascii") as file:
            return frozenset(file.read().split())
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeDecodeError) as error:
        raise GitError(f"the list of where history was cut cannot be read: {error}", path=path) from error
