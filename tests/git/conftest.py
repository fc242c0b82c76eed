"""Every test here has a home, settings and an identity of its own."""

import os

import pytest
from git_support import Work


@pytest.fixture(autouse=True)
def isolated_git(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("GIT_") or name in ("EMAIL", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    settings = home / "settings"
    settings.write_text(
        "[user]\n\tname = Ana\n\temail = ana@example.com\n[init]\n\tdefaultBranch = main\n"
        '[protocol "file"]\n\tallow = always\n[gc]\n\tauto = 0\n[advice]\n\tdetachedHead = false\n'
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return settings


@pytest.fixture
def empty(tmp_path):
    """A repository without a commit."""
    folder = tmp_path / "work"
    folder.mkdir()
    work = Work(folder)
    work.git("init", "-q", "--template=")
    return work


@pytest.fixture
def work(empty):
    """A repository with one commit of the user's and one of ours."""
    empty.user_commits("readme", b"hello\n", "begin")
    empty.commit({".journal/journal.toml": b"format = 1\n", ".journal/entities/plan/a.json": b"{}\n"})
    return empty
