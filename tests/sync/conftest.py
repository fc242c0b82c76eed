"""Every test here has a home, git settings and a remote of its own."""

import os
import shutil

import pytest
from sync_support import Hub, make_hub


@pytest.fixture(autouse=True)
def isolated_git(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith(("GIT_", "JOURNAL_")) or name in ("EMAIL", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ana\n\temail = ana@example.com\n[init]\n\tdefaultBranch = main\n\ttemplateDir =\n"
        '[protocol "file"]\n\tallow = always\n[gc]\n\tauto = 0\n[advice]\n\tdetachedHead = false\n'
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return home


@pytest.fixture(scope="session")
def made_hub(tmp_path_factory):
    """A bare remote that every test gets a copy of."""
    folder = tmp_path_factory.mktemp("hub")
    with pytest.MonkeyPatch.context() as patch:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Ana")
            patch.setenv(f"GIT_{role}_EMAIL", "ana@example.com")
        return make_hub(folder)


@pytest.fixture
def hub(tmp_path, made_hub):
    """A bare remote with one commit of code on main."""
    shutil.copytree(made_hub, tmp_path / "hub.git")
    return Hub(tmp_path)
