"""Goal: what pre-commit (the framework) is told to run exists, runs, and says what it should."""

import shlex
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
STAGES = {"pre-commit", "pre-push", "post-checkout", "post-merge", "post-rewrite", "manual"}


def manifest():
    """Read the part of YAML that the file keeps to: a list of flat mappings."""
    found = []
    for line in (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if line.startswith("- "):
            found.append({})
        name, colon, value = line[2:].partition(": ")
        assert (line[:2], colon) in (("- ", ": "), ("  ", ": ")), line
        found[-1][name] = value
    return found


def entry(id):
    (found,) = [hook["entry"] for hook in manifest() if hook["id"] == id]
    return shlex.split(found)


@pytest.mark.parametrize("hook", manifest(), ids=lambda hook: hook["id"])
def test_an_entry_is_one_that_the_framework_can_install_and_start(hook):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert hook["language"] == "python"
    assert shlex.split(hook["entry"])[0] in project["scripts"]
    assert hook["pass_filenames"] == "false"
    stages = hook["stages"].strip("[]").split(", ")
    assert stages
    assert set(stages) <= STAGES
    assert {"id", "name", "description", "entry", "language"} <= hook.keys()


def test_the_check_of_a_commit(committed):
    assert committed.run(*entry("journal")).stderr == ""
    committed.put("p1", a=2)
    committed.git("add", "-u")
    ended = committed.run(*entry("journal"), check=False)
    assert ended.returncode != 0
    assert "do: journal stage" in ended.stderr
    committed.git("add", "-A")
    assert committed.run(*entry("journal")).stderr == ""


def test_the_files_follow(committed):
    text = committed.read(".journal/entities/plan/p1.json")
    committed.run("rm", ".journal/entities/plan/p1.json")
    assert committed.run(*entry("journal-files")).stderr == ""
    assert committed.read(".journal/entities/plan/p1.json") == text


def test_the_look_at_a_push(committed):
    assert committed.run(*entry("journal-push")).stderr == ""
    committed.git("add", "-f", ".journal/local/index.db")
    committed.git("commit", "-q", "-m", "local")
    ended = committed.run(*entry("journal-push"), check=False)
    assert ended.returncode != 0
    assert "local-tracked" in ended.stderr


def test_the_look_at_everything(committed):
    assert "all is well" in committed.run(*entry("journal-doctor")).stdout
    committed.run("rm", ".journal/entities/plan/p1.json")
    ended = committed.run(*entry("journal-doctor"), check=False)
    assert ended.returncode == 20
    assert "projection-missing" in ended.stdout


def test_outside_of_a_store_nothing_is_wrong(tmp_path):
    from hooks_support import World

    world = World(tmp_path)
    world.git("init", "-q")
    for hook in manifest():
        if hook["id"] == "journal-doctor":
            continue  # who asks for a look at a store says that there is one
        ended = world.run(*shlex.split(hook["entry"]))
        assert (ended.stdout, ended.stderr) == ("", "")
