"""Real git repositories for tests that need one, with an identity and without the machine's configuration."""

import os
import subprocess
from typing import Any

ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_EDITOR": "true",
    "LC_ALL": "C",
}


class Repository:
    """A git work tree that is driven through the ``git`` program."""

    def __init__(self, folder: Any) -> None:
        self.folder = os.fspath(folder)

    @classmethod
    def new(cls, folder: Any) -> "Repository":
        """Make an empty repository with the branch ``main``."""
        os.makedirs(folder, exist_ok=True)
        repository = cls(folder)
        repository.git("init", "-q", "-b", "main")
        repository.git("config", "gc.auto", "0")
        return repository

    def git(self, *arguments: str, check: bool = True) -> str:
        """Run git and return what it says; AssertionError where it fails, unless ``check`` is False."""
        ended = subprocess.run(
            ["git", *arguments], cwd=self.folder, capture_output=True, env={**os.environ, **ENVIRONMENT}, check=False
        )
        said = ended.stdout.decode("utf-8", "replace")
        if check and ended.returncode != 0:
            raise AssertionError(f"git {arguments}: {said} {ended.stderr.decode('utf-8', 'replace')}")
        return said

    def commit_all(self, message: str = "work") -> None:
        """Add everything and commit it, as a person would."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def unmerged(self) -> list[str]:
        """Return the paths that a merge left in conflict."""
        return self.git("diff", "--name-only", "--diff-filter=U").split()
