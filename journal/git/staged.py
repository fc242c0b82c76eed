"""What a commit is about to change, and what a push sends: differences as git itself sees them, with no file read.

In a hook the index is the one that the surrounding command works on, which may be a passing one.
"""

from collections.abc import Iterator
from typing import NamedTuple

from journal.git.objects import object_id
from journal.git.program import run_git, start_git
from journal.git.repository import Repository

_LITERAL = "--literal-pathspecs"


class Difference(NamedTuple):
    """A path that two sides have otherwise; ``old`` and ``new`` are ids of its bytes, None where it is not there."""

    path: str
    old: str | None
    new: str | None


def staged_differences(repository: Repository, folder: str) -> list[Difference]:
    """Return what the index in use has otherwise than HEAD below a folder. Raises GitError."""
    head = start_git(repository, ["rev-parse", "--verify", "--quiet", "HEAD"])
    base = "HEAD" if head.returncode == 0 else object_id("tree", b"", repository.object_format)
    command = [_LITERAL, "diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", base, "--", folder]
    return _parse(run_git(repository, command, environment=_index(repository)))


def tree_differences(repository: Repository, old: str | None, new: str, folder: str) -> list[Difference]:
    """Return what a commit has otherwise than another below a folder; ``old`` None: than nothing. Raises GitError."""
    base = old or object_id("tree", b"", repository.object_format)
    command = [_LITERAL, "diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-abbrev", base, new, "--", folder]
    return _parse(run_git(repository, command))


def added_since(
    repository: Repository, commit: str, known: str | None, remote: str, folder: str
) -> Iterator[Difference]:
    """Yield what commits add or change below a folder, up to one, that a remote lacks. Raises GitError.

    ``known``: a commit that it has; None: it has what its branches were seen at.
    """
    without = [f"^{known}"] if known is not None else ["--not", f"--remotes={remote}"]
    options = ["--format=", "--raw", "-z", "--no-renames", "--no-abbrev", "--diff-filter=AM"]
    listed = run_git(repository, [_LITERAL, "log", *options, commit, *without, "--", folder])
    # A commit ends in a NUL of its own.
    items = (item for item in listed.decode("utf-8", "surrogateescape").split("\0") if item)
    yield from (_difference(head, path) for head, path in zip(items, items, strict=False))


def has_commit(repository: Repository, commit: str) -> bool:
    """Tell whether a commit is here."""
    return start_git(repository, ["cat-file", "-e", f"{commit}^{{commit}}"]).returncode == 0


def staged_paths(repository: Repository, *folders: str) -> set[str]:
    """Return the paths that the index in use has below some folders. Raises GitError."""
    listed = run_git(repository, [_LITERAL, "ls-files", "-z", "--", *folders], environment=_index(repository))
    return set(listed.decode("utf-8", "surrogateescape").split("\0")) - {""}


def _index(repository: Repository) -> dict[str, str]:
    return {"GIT_INDEX_FILE": repository.index_path_in_use()}


def _parse(raw: bytes) -> list[Difference]:
    """Read git's raw form: ``:<mode> <mode> <id> <id> <status>`` NUL path NUL, again and again."""
    items = raw.decode("utf-8", "surrogateescape").split("\0")
    found = []
    for head, path in zip(items[0::2], items[1::2], strict=False):
        found.append(_difference(head, path))
    return found


def _difference(head: str, path: str) -> Difference:
    old_mode, new_mode, old, new, _ = head.removeprefix(":").split(" ")
    return Difference(path, _present(old_mode, old), _present(new_mode, new))


def _present(mode: str, identity: str) -> str | None:
    return None if mode == "000000" else identity
