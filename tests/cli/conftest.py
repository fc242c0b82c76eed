"""Every test here has a home, git settings and a folder of its own."""

import os

import pytest
from cli_support import Shell


@pytest.fixture(autouse=True)
def isolated(new_home, monkeypatch):
    for name in list(os.environ):
        if name.startswith(("GIT_", "JOURNAL_")) or name in (
            "EMAIL",
            "XDG_CONFIG_HOME",
            "NO_COLOR",
            "EDITOR",
            "VISUAL",
        ):
            monkeypatch.delenv(name)
    (new_home / ".gitconfig").write_text(
        "[user]\n\tname = Ana\n\temail = ana@example.com\n[init]\n\tdefaultBranch = main\n"
    )
    monkeypatch.setenv("HOME", str(new_home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TZ", "UTC")
    return new_home


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A plain folder, and a shell in it."""
    return Shell(tmp_path, monkeypatch)


@pytest.fixture
def shell(folder):
    """A store in a plain folder."""
    folder("init")
    return folder


@pytest.fixture
def work(folder):
    """A store in a git work tree."""
    folder.git("init", "-q")
    folder("init")
    return folder
