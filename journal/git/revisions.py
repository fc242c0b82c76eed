"""What people call a commit: a branch, a tag, a hash, ``HEAD~2``; and where two commits went apart.

Git itself says what such a name means. Without its program the plain forms work: HEAD, branches, tags, hashes.
"""

import os
from contextlib import closing
from typing import TYPE_CHECKING

from journal.errors import GitError, NotFoundError, UsageError
from journal.git.ancestry import ancestry_of, merge_bases
from journal.git.objects import ObjectReader
from journal.git.program import is_installed, start_git, words_of
from journal.git.repository import Repository

if TYPE_CHECKING:
    from dulwich.repo import Repo


def find_commit(repository: Repository, revision: str) -> str:
    """Return the id of the commit that a revision names. Raises NotFoundError, UsageError, GitError."""
    if not revision or revision.startswith("-") or "\n" in revision or "\0" in revision:
        raise UsageError(f"not a commit: {revision!r}")
    if not is_installed():
        return _find_by_library(repository, revision)
    ended = start_git(repository, ["rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"])
    found = ended.stdout.decode("ascii", "replace").strip()
    if ended.returncode == 0 and len(found) == 2 * repository.hash_length:
        return found
    said = words_of(ended) if ended.stderr else ""
    if ended.returncode not in (0, 1) or "ambiguous" in said:
        raise GitError(f"git cannot tell what {revision!r} is: {said}", path=repository.work_tree)
    raise _unknown(repository, revision)


def merge_base(repository: Repository, first: str, second: str) -> str:
    """Return the commit from which two commits went apart. Raises GitError where they have none in common."""
    with closing(ObjectReader(repository)) as reader:
        found = merge_bases(ancestry_of(repository, reader), first, second)
    if not found:
        raise GitError(
            f"{first[:10]} and {second[:10]} have no commit in common here",
            path=repository.work_tree,
            hint=shallow_hint(repository) or "write A..B to compare the two themselves",
        )
    return found[0]


def shallow_hint(repository: Repository) -> str | None:
    """Return what to do where a clone holds a part of the history only; None where it holds all."""
    if not os.path.exists(os.path.join(repository.common_dir, "shallow")):
        return None
    return "this clone is shallow: git fetch --unshallow brings the rest"


def _unknown(repository: Repository, revision: str) -> NotFoundError:
    if revision == "HEAD":
        return NotFoundError("there is no commit yet to compare with", path=repository.work_tree)
    hint = shallow_hint(repository) or "a branch, a tag or a commit; an event is SEQ or SEQ@LANE"
    return NotFoundError(f"there is no commit {revision!r} here", path=repository.work_tree, hint=hint)


def _find_by_library(repository: Repository, revision: str) -> str:
    from dulwich.objectspec import parse_commit

    try:
        with closing(_library(repository)) as opened:
            return parse_commit(opened, revision).id.decode()
    except (KeyError, ValueError) as error:
        if any(mark in revision for mark in "~^@:{"):
            hint = "install git, or name a branch, a tag or a hash"
            raise GitError(f"{revision!r} needs the git program, which is not installed", hint=hint) from error
        raise _unknown(repository, revision) from error


def _library(repository: Repository) -> "Repo":
    from dulwich.repo import Repo

    if repository.object_format != "sha1":
        raise GitError("this needs the git program, which is not installed", path=repository.work_tree)
    return Repo(repository.work_tree)
