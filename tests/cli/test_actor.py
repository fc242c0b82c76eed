"""Goal: git's user.name is found without git wherever that is certain, and by git where it is not."""

import subprocess

import pytest
from journal.cli import actor


@pytest.fixture
def repository(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def gits_answer(folder):
    ended = subprocess.run(["git", "config", "user.name"], cwd=folder, capture_output=True, text=True, check=False)
    return ended.stdout.strip() or None


@pytest.mark.parametrize(
    "settings",
    [
        "[user]\n\tname = Ben",
        "[user]name=Ben",
        "[USER]\n  Name = Ben Older\n  name = Ben Newer ; the newer one",
        '[user]\n\tname = "Ben # not a remark"  # a remark',
        '[user]\n\tname = Ben "the \\"big\\" one"',
        '[user "other"]\n\tname = Nobody',
        "[core]\n\tname = Nobody\n[user]\n\temail = ben@example.com",
        "[user]\n\tname =",
        "# [user]\n; name = Nobody\n",
        "[include]\n\tpath = more",
        '[includeIf "gitdir:/"]\n\tpath = more',
    ],
)
def test_it_is_the_answer_of_git(repository, settings):
    (repository / ".git" / "more").write_text("[user]\n\tname = Included\n")
    with open(repository / ".git" / "config", "a", encoding="utf-8") as file:
        file.write(settings + "\n")
    found = actor.git_user(str(repository))
    assert found == gits_answer(repository)


def test_plain_settings_are_read_without_starting_git(repository, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("git was started")

    monkeypatch.setattr(subprocess, "run", refuse)
    assert actor.git_user(str(repository)) == "Ana"


def test_without_any_settings_there_is_no_name(repository, isolated):
    (isolated / ".gitconfig").unlink()
    assert actor.git_user(str(repository)) is None


def test_settings_of_the_call_count(repository, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Cleo")
    assert actor.git_user(str(repository)) == "Cleo"
