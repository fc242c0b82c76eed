"""What a commit has to ask the git program: both questions are put at once, early, and answered while we work."""

from collections.abc import Sequence
from contextlib import ExitStack

from journal.git.configuration import (
    Configuration,
    answered_configuration,
    ask_configuration,
    read_configuration,
)
from journal.git.ignore import answered_ignored, ask_ignored, ignored_paths
from journal.git.program import is_installed
from journal.git.repository import Repository


class Questions:
    """Asks for git's settings and its ignore rules; a context, at whose end the programs are gone."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._held = ExitStack()
        self._is_asked = is_installed()
        if self._is_asked:
            self._settings = self._held.enter_context(ask_configuration(repository))
            self._rules = self._held.enter_context(ask_ignored(repository))

    def configuration(self) -> Configuration:
        """Return git's settings; once. Raises GitError where they are malformed."""
        if self._is_asked:
            return answered_configuration(self._repository, self._settings)
        return read_configuration(self._repository)

    def ignored(self, paths: Sequence[str]) -> list[str]:
        """Return those of the paths that an ignore rule drops (see ``ignored_paths``); once."""
        if self._is_asked:
            return answered_ignored(self._repository, self._rules, paths)
        return ignored_paths(self._repository, paths)

    def __enter__(self) -> "Questions":
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()
