"""What the git program does for an index that only it understands: split, sparse, or yet unknown."""

import os
from collections.abc import Mapping, Sequence

from journal.disk.files import Files, removed_on_failure
from journal.git.program import run_git
from journal.git.repository import Repository
from journal.git.trees import MODE_FILE, Placed


def unmerged_by_git(repository: Repository, paths: Sequence[str], index_path: str) -> list[str]:
    """Return those of the paths that are in conflict."""
    found = set(_listed(repository, ["ls-files", "-u", "-z"], index_path))
    return [path for path in paths if path in found]


def mode_by_git(repository: Repository, path: str, index_path: str) -> int:
    """Return the mode that a path has in the index, or that of a plain file."""
    answer = run_git(repository, ["ls-files", "-s", "-z", "--", path], environment=_environment(index_path))
    return int(answer.split(b" ", 1)[0], 8) if answer else MODE_FILE


def paths_by_git(repository: Repository, prefix: str, index_path: str) -> set[str]:
    """Return the tracked paths that start with ``prefix``."""
    listed = _listed(repository, ["ls-files", "-s", "-z"], index_path)
    return {path for path in listed if path.startswith(prefix)}


def replace_by_git(
    repository: Repository, index_path: str, placed: Mapping[str, Placed], files: Files, passing: str
) -> None:
    """Let git make a changed copy of the index, and rename that over it. The caller holds its lock.

    A split index is written whole again; git splits it at its next occasion.
    """
    no_object = "0" * (2 * repository.hash_length)
    lines = [
        f"{0 if place.identity is None else place.mode:o} {place.identity or no_object}\t{path}\0"
        for path, place in placed.items()
    ]
    command = ["-c", "core.splitIndex=false", "update-index", "--no-split-index", "-z", "--index-info"]
    with removed_on_failure(files, [passing]):
        files.create(passing, files.read(index_path))
        run_git(repository, command, data=os.fsencode("".join(lines)), environment={"GIT_INDEX_FILE": passing})
        files.sync(passing)
        files.replace(passing, index_path)
    files.sync_folder(repository.git_dir)


def _listed(repository: Repository, command: list[str], index_path: str) -> list[str]:
    """Run a listing that prints "<mode> <id> <stage> TAB <path>" and return the paths."""
    answer = run_git(repository, command, environment=_environment(index_path))
    return [item.partition("\t")[2] for item in answer.decode("utf-8", "surrogateescape").split("\0") if item]


def _environment(index_path: str) -> dict[str, str]:
    return {"GIT_LITERAL_PATHSPECS": "1", "GIT_INDEX_FILE": index_path}
