"""Every test here has a home, settings and an identity of its own, and finds the program on its path."""

import os
import shutil
import sys

import pytest
from hooks_support import World


@pytest.fixture(autouse=True)
def home(new_home, monkeypatch):
    for name in list(os.environ):
        if name.startswith(("GIT_", "JOURNAL")) or name in ("EMAIL", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name)
    (new_home / ".gitconfig").write_text(
        "[user]\n\tname = Ana\n\temail = ana@example.com\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n"
        '[protocol "file"]\n\tallow = always\n[advice]\n\tdetachedHead = false\n'
    )
    monkeypatch.setenv("HOME", str(new_home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_EDITOR", "true")
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"])
    return new_home


@pytest.fixture
def world(tmp_path):
    """A repository with a store in it, nothing committed, no hooks."""
    return World.new(tmp_path / "shop")


@pytest.fixture(scope="module")
def masters(tmp_path_factory):
    return tmp_path_factory.mktemp("masters")


@pytest.fixture
def copy_of(masters, tmp_path):
    """Give copies of repositories that are made once: ``copy_of(make)``, where ``make`` fills a new one."""

    def copy(make):
        master = masters / make.__name__
        if not master.exists():
            make(World.new(master))
        shutil.copytree(master, tmp_path / "shop", symlinks=True)
        world = World(tmp_path / "shop")
        world.git("update-index", "-q", "--refresh")
        return world

    return copy


@pytest.fixture
def committed(copy_of):
    """A repository with a store that holds plan p1, all of it committed, no hooks."""

    def one_plan(world):
        world.put("p1", a=1)
        world.commit_all()

    return copy_of(one_plan)
