"""Goal: hooks live beside the tools that manage them. What those write is simulated, as far as it matters to us."""

import os
import shutil

import pytest
from hooks_support import ALL_INSTALLED, snapshot

FRAMEWORK = """\
# Installed by the framework. See https://pre-commit.com
hook=$(printf %s "{name}")
here="$(cd "$(dirname "$0")" && pwd)"
if [ -n "${{PRE_COMMIT_RUNNING_LEGACY-}}" ]; then echo "called in a circle" >&2; exit 3; fi
if [ -x "$here/$hook.legacy" ]; then
  PRE_COMMIT_RUNNING_LEGACY=1 "$here/$hook.legacy" "$@" || exit $?
fi
echo framework >>called
"""


def framework_installs(world, name="pre-commit"):
    """What ``pre-commit install`` does: a hook that is not its own becomes ``.legacy``, and is run by it."""
    path = world.path(f".git/hooks/{name}")
    if os.path.exists(path) and b"pre-commit.com" not in world.read(f".git/hooks/{name}"):
        shutil.move(path, f"{path}.legacy")
    world.hook(name, FRAMEWORK.format(name=name))


def framework_uninstalls(world, name="pre-commit"):
    path = world.path(f".git/hooks/{name}")
    os.unlink(path)
    if os.path.exists(f"{path}.legacy"):
        shutil.move(f"{path}.legacy", path)


def lefthook_installs(world, name="pre-commit"):
    """What ``lefthook install`` does: a hook that is not its own becomes ``.old``, and is run no more."""
    path = world.path(f".git/hooks/{name}")
    if os.path.exists(path) and b"lefthook" not in world.read(f".git/hooks/{name}"):
        shutil.move(path, f"{path}.old")
    world.hook(name, "# lefthook\necho lefthook >>called")


def assert_ours_runs(world, others):
    """A commit that is not whole is refused by ours, whoever else has run; a whole one passes, and each runs once."""
    world.called()
    world.put("p1", a=os.urandom(4).hex())
    world.git("add", "-u")
    assert "truth-not-staged" in world.refused("commit", "-q", "-m", "half")
    world.called()
    world.git("add", ".journal")
    world.git("commit", "-q", "-m", "whole")
    assert sorted(world.called().split()) == sorted(others)


def test_the_framework_was_there_first(committed):
    framework_installs(committed)
    before = snapshot(committed.path(".git/hooks"))
    assert committed.hooks("install") == 0
    assert committed.states() == ALL_INSTALLED
    assert_ours_runs(committed, ["framework"])
    assert committed.hooks("uninstall") == 0
    assert snapshot(committed.path(".git/hooks")) == before


def test_the_framework_comes_later(committed):
    committed.hook("pre-commit", "echo mine >>called")
    mine = committed.read(".git/hooks/pre-commit")
    committed.hooks("install")
    framework_installs(committed)
    assert committed.states() == {**ALL_INSTALLED, "pre-commit": "through"}
    assert committed.survey().is_whole
    assert_ours_runs(committed, ["mine", "framework"])
    before = snapshot(committed.path(".git/hooks"))
    assert committed.hooks("install") == 0
    assert snapshot(committed.path(".git/hooks")) == before
    assert committed.hooks("uninstall") == 0
    committed.commit_all()
    assert committed.called().split() == ["mine", "framework"]
    framework_uninstalls(committed)
    assert committed.read(".git/hooks/pre-commit") == mine


def test_the_framework_is_installed_again_over_ours(committed):
    """It then runs ours, which must not run it again as the hook that was there before."""
    framework_installs(committed)
    committed.hooks("install")
    framework_installs(committed)
    assert committed.states()["pre-commit"] == "through"
    assert_ours_runs(committed, ["framework"])
    committed.hooks("install")
    assert_ours_runs(committed, ["framework"])
    committed.hooks("uninstall")
    committed.commit_all()
    assert committed.called().split() == ["framework"]


def test_the_framework_goes_and_ours_stays(committed):
    committed.hooks("install")
    framework_installs(committed)
    framework_uninstalls(committed)
    assert committed.states() == ALL_INSTALLED
    assert_ours_runs(committed, [])


def test_lefthook_was_there_first(committed):
    lefthook_installs(committed)
    before = snapshot(committed.path(".git/hooks"))
    committed.hooks("install")
    assert_ours_runs(committed, ["lefthook"])
    committed.hooks("uninstall")
    assert snapshot(committed.path(".git/hooks")) == before


def test_lefthook_takes_ours_out_and_status_says_so(committed):
    committed.hooks("install")
    lefthook_installs(committed)
    assert committed.states()["pre-commit"] == "foreign"
    assert committed.hooks("status") == 20
    assert committed.hooks("install") == 0
    assert_ours_runs(committed, ["lefthook"])


def test_lefthook_comes_twice_and_nothing_is_lost(committed):
    lefthook_installs(committed)
    committed.hooks("install")
    lefthook_installs(committed)
    committed.hook("pre-commit", "# lefthook, a newer one\necho lefthook >>called")
    assert committed.hooks("install") == 0
    aside = [name for name in os.listdir(committed.path(".git/hooks")) if name.startswith("pre-commit.before-journal-")]
    assert len(aside) == 1, "the older script that had been set aside is kept, and not run"
    assert_ours_runs(committed, ["lefthook"])


@pytest.fixture
def husky(committed):
    """What husky leaves: generated scripts in an ignored folder, which run the files that people write and track."""
    committed.git("config", "core.hooksPath", ".husky/_")
    runner = 'file="$(dirname "$(dirname "$0")")/$(basename "$0")"; [ ! -f "$file" ] || exec sh -e "$file" "$@"'
    for name in ("pre-commit", "pre-merge-commit", "post-merge", "post-checkout", "post-rewrite", "pre-push"):
        committed.hook(name, runner, folder=".husky/_")
    committed.write(".husky/_/.gitignore", "*")
    committed.write(".husky/pre-commit", "echo husky >>called")
    committed.write(".gitignore", "called\n")
    committed.commit_all()
    committed.called()
    return committed


def test_husky_is_told_about_and_left_alone(husky):
    before = snapshot(husky.path(".husky"))
    ended = husky.run("journal", "hooks", "install", check=False)
    assert ended.returncode == 20
    assert "into the work tree: --shared" in ended.stdout
    assert 'git-journal hook pre-commit --store .journal -- "$@"' in ended.stdout
    assert snapshot(husky.path(".husky")) == before
    assert husky.git("status", "--porcelain") == ""


def test_husky_gets_marked_lines_where_it_is_said(husky):
    before = snapshot(husky.path(".husky"))
    assert husky.hooks("install", "--shared") == 0
    assert set(husky.states().values()) == {"block"}
    assert husky.survey().is_whole
    assert sorted(husky.git("status", "--porcelain", "-uall").split()[1::2]) == [
        f".husky/{name}"
        for name in ("post-checkout", "post-merge", "post-rewrite", "pre-commit", "pre-merge-commit", "pre-push")
    ]
    assert_ours_runs(husky, ["husky"])
    husky.git("switch", "-q", "-c", "side")
    husky.git("switch", "-q", "main")
    assert husky.hooks("uninstall", "--shared") == 0
    after = snapshot(husky.path(".husky"))
    assert {name: facts[2] for name, facts in after.items()} == {name: facts[2] for name, facts in before.items()}


def test_a_clone_with_huskys_lines_and_without_the_program_is_not_stopped(husky, monkeypatch):
    husky.hooks("install", "--shared")
    husky.put("p2", a=1)
    husky.git("add", "-A")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    ended = husky.run("git", "commit", "-q", "-m", "plans")
    assert "git-journal is not installed" in ended.stderr


def test_journal_commit_passes_through_huskys_lines_without_looping(husky):
    husky.hooks("install", "--shared")
    husky.put("p2", a=1)
    husky.run("journal", "commit", "-q", "-m", "plans", timeout=20)
    assert husky.called() == "husky\n"
