"""Fixtures of the upkeep tests: git takes its identity from here, and no setting from the machine."""

import os

import pytest

from tests.support.worktree import WorkTree


@pytest.fixture(autouse=True)
def _own_git_settings(monkeypatch, new_home):
    (new_home / "config").write_text("[user]\n\tname = Ana\n\temail = ana@example.org\n")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(new_home / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def tree(tmp_path):
    return WorkTree(tmp_path / "work")
