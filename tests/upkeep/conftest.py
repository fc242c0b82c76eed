"""Fixtures of the upkeep tests: git takes its identity from here, and no setting from the machine."""

from tests.support.worktree import own_git_settings, tree  # noqa: F401 - fixtures
