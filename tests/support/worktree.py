"""A store in a real git repository, isolated from the machine's settings."""

import os
import subprocess
from pathlib import Path

import pytest

from journal import Journal


class WorkTree:
    """A git work tree with a store in it, and a short vocabulary to drive both."""

    def __init__(self, path, *, clone_of=None):
        self.path = Path(path)
        if clone_of is None:
            self.git_at(None, "init", "-q", "-b", "main", str(path))
            Journal.init(self.path)
        else:
            self.git_at(None, "clone", "-q", str(clone_of.path), str(path))

    @property
    def store(self):
        return self.path / ".journal"

    def open(self, **options):
        return Journal.open(self.path, **options)

    def git(self, *words, check=True):
        return self.git_at(self.path, *words, check=check)

    @staticmethod
    def git_at(folder, *words, check=True):
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ana",
            "GIT_AUTHOR_EMAIL": "ana@example.org",
            "GIT_COMMITTER_NAME": "Ana",
            "GIT_COMMITTER_EMAIL": "ana@example.org",
        }
        done = subprocess.run(["git", *words], cwd=folder, env=environment, capture_output=True, text=True)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def commit_all(self, message="all"):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def files(self, folder):
        return {path.name: path.read_bytes() for path in (self.store / folder).iterdir()}


@pytest.fixture(autouse=True)
def own_git_settings(monkeypatch, new_home):
    """Git takes its identity from here, and no setting from the machine, also where the journal runs it."""
    (new_home / "config").write_text("[user]\n\tname = Ana\n\temail = ana@example.org\n")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(new_home / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def tree(tmp_path):
    """A git work tree with a store in it."""
    return WorkTree(tmp_path / "work")
