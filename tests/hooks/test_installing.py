"""Goal: hooks come and go beside whatever is there, and git runs them, wherever git looks."""

import json
import os

import pytest
from hooks_support import ALL_INSTALLED, World, snapshot
from journal.hooks.plan import Found, Step, to_install, to_uninstall

from journal import Journal
from journal.git.hook_files import NAMES, HookFile


def found(hook, before="missing", legacy="missing", text=b"x"):
    def file(kind):
        return HookFile("p", kind, text if kind != "missing" else b"", is_executable=True)

    return Found(file(hook), file(before), file(legacy))


@pytest.mark.parametrize(
    ("facts", "step"),
    [
        (found("missing"), Step.WRITE),
        (found("missing", before="foreign"), Step.WRITE),
        (found("ours", text=b"wanted"), Step.KEEP),
        (found("ours", text=b"older"), Step.WRITE),
        (found("edited"), Step.WRITE_AFTER_COPY),
        (found("foreign"), Step.SET_ASIDE),
        (found("foreign", before="foreign"), Step.SET_ASIDE),
        (found("foreign", legacy="ours", text=b"wanted"), Step.KEEP),
        (found("foreign", legacy="ours", text=b"older"), Step.REFRESH_LEGACY),
        (found("foreign", text=b'exec run "$(basename "$0")"'), Step.LEAVE),
        (found("foreign", text=b'for hook in "$0".d/*; do'), Step.LEAVE),
        (found("odd"), Step.LEAVE),
    ],
)
def test_what_is_done_to_install(facts, step):
    assert to_install(facts, b"wanted", b"wanted") is step


def test_a_script_of_ours_that_may_not_be_run_is_written_again():
    facts = found("ours", text=b"wanted")
    facts = facts._replace(hook=facts.hook._replace(is_executable=False))
    assert to_install(facts, b"wanted", b"") is Step.WRITE


@pytest.mark.parametrize(
    ("facts", "step"),
    [
        (found("ours"), Step.REMOVE),
        (found("ours", before="foreign"), Step.PUT_BACK),
        (found("edited"), Step.REMOVE_AFTER_COPY),
        (found("edited", before="foreign"), Step.PUT_BACK_AFTER_COPY),
        (found("missing", before="foreign"), Step.PUT_BACK),
        (found("missing"), Step.KEEP),
        (found("foreign", legacy="ours"), Step.DROP_LEGACY),
        (found("foreign", legacy="ours", before="foreign"), Step.PUT_BACK_LEGACY),
        (found("foreign", legacy="ours", before="foreign", text=b"https://pre-commit.com"), Step.DROP_LEGACY),
        (found("foreign", before="foreign"), Step.KEEP),
        (found("odd"), Step.KEEP),
    ],
)
def test_what_is_done_to_uninstall(facts, step):
    assert to_uninstall(facts) is step


def test_install_and_uninstall_in_a_plain_repository(world):
    before = snapshot(world.path(".git"))
    assert world.hooks("install") == 0
    assert world.states() == ALL_INSTALLED
    assert world.survey().is_whole
    assert world.git("config", "--get-all", "core.hooksPath", check=False) == ""
    assert world.hooks("uninstall") == 0
    after = snapshot(world.path(".git"))
    assert {name: facts[2] for name, facts in after.items()} == {name: facts[2] for name, facts in before.items()}


def test_installing_twice_changes_nothing(world):
    world.hook("pre-push", "exit 0")
    world.hooks("install")
    before = snapshot(world.path(".git"))
    assert world.hooks("install") == 0
    assert snapshot(world.path(".git")) == before


def test_uninstalling_twice_or_with_nothing_there_changes_nothing(world):
    world.hook("pre-push", "exit 0")
    before = snapshot(world.path(".git"))
    assert world.hooks("uninstall") == 0
    assert snapshot(world.path(".git")) == before


def test_hooks_that_were_there_run_and_come_back_as_they_were(world):
    world.hook("pre-commit", "echo pre-commit >>called")
    world.hook("pre-push", "print('hello')", shebang="#!/usr/bin/env python3\n")
    world.write("tools/checkout", "#!/bin/sh\necho post-checkout >>called\n")
    os.chmod(world.path("tools/checkout"), 0o700)
    os.symlink("../../tools/checkout", world.path(".git/hooks/post-checkout"))
    world.write(".git/hooks/post-merge", "#!/bin/sh\r\nnot to be run\r\n")
    os.chmod(world.path(".git/hooks/post-merge"), 0o640)
    world.hook("commit-msg", "exit 0")
    world.write(".git/hooks/pre-commit.sample", "x")
    before = snapshot(world.path(".git/hooks"))
    assert world.hooks("install") == 0
    assert world.states() == ALL_INSTALLED
    world.commit_all()
    world.git("switch", "-q", "-c", "side")
    assert world.called().split() == ["pre-commit", "post-checkout"]
    assert world.hooks("uninstall") == 0
    assert snapshot(world.path(".git/hooks")) == before


def test_a_script_of_ours_that_somebody_changed_is_kept_as_a_copy(world):
    world.hooks("install")
    changed = world.read(".git/hooks/pre-commit").replace(b"exit 0\n", b"echo mine\n")
    world.write(".git/hooks/pre-commit", changed)
    assert world.states()["pre-commit"] == "edited"
    assert world.hooks("install") == 0
    assert world.states() == ALL_INSTALLED
    (copy,) = [name for name in os.listdir(world.path(".git/hooks")) if "edited" in name]
    assert world.read(f".git/hooks/{copy}") == changed
    world.write(".git/hooks/pre-push", world.read(".git/hooks/pre-push") + b"echo mine too\n")
    assert world.hooks("uninstall") == 0
    left = sorted(os.listdir(world.path(".git/hooks")))
    assert [name.partition(".")[0] for name in left] == ["pre-commit", "pre-push"]
    assert all(".edited-" in name for name in left)


def test_a_hook_that_goes_by_its_own_name_is_left_and_the_line_to_add_is_told(world, capfd):
    world.hook("pre-commit", 'exec run-hook "$(basename "$0")"')
    text = world.read(".git/hooks/pre-commit")
    assert world.run("journal", "hooks", "install", check=False).returncode == 20
    ended = world.run("journal", "hooks", "install", "--json", check=False)
    (left,) = [hook for hook in json.loads(ended.stdout)["hooks"] if hook["done"] == "left"]
    assert left["name"] == "pre-commit"
    assert 'git-journal hook pre-commit --store .journal -- "$@"' in left["notes"][1]
    assert world.read(".git/hooks/pre-commit") == text
    assert world.states()["pre-commit"] == "foreign"


def test_the_line_that_is_told_works_in_a_hook_of_ones_own(committed):
    committed.hook("pre-commit", 'name=$(basename "$0")')
    ended = committed.run("journal", "hooks", "install", "--json", check=False)
    line = json.loads(ended.stdout)["hooks"][0]["notes"][1].partition(": ")[2]
    committed.hook("pre-commit", line)
    committed.put("p1", a=2)
    committed.git("add", "-u")
    assert "truth-not-staged" in committed.refused("commit", "-q", "-m", "half")
    committed.git("add", "-A")
    committed.git("commit", "-q", "-m", "whole")


def test_what_an_interrupted_run_left_is_completed_both_ways(world):
    world.hook("pre-commit", "echo old >>called")
    text = world.read(".git/hooks/pre-commit")
    os.rename(world.path(".git/hooks/pre-commit"), world.path(".git/hooks/pre-commit.before-journal"))
    assert world.hooks("install") == 0
    world.commit_all()
    assert world.called() == "old\n"
    os.unlink(world.path(".git/hooks/pre-commit"))
    assert world.hooks("uninstall") == 0
    assert world.read(".git/hooks/pre-commit") == text


def test_no_folder_of_hooks_and_no_identity_are_fine(world):
    assert not world.exists(".git/hooks")
    assert world.hooks("install") == 0
    assert world.states() == ALL_INSTALLED


def test_linked_worktrees_share_the_hooks(committed):
    committed.git("worktree", "add", "-q", "../other")
    other = World(os.path.join(os.path.dirname(committed.folder), "other"))
    assert other.hooks("install") == 0
    assert committed.states() == other.states() == ALL_INSTALLED
    assert committed.survey().driver == other.survey().driver == "ours"
    other.put("p1", a=2)
    other.git("add", "-u")
    assert "truth-not-staged" in other.refused("commit", "-q", "-m", "half")
    other.git("add", "-A")
    other.git("commit", "-q", "-m", "whole")
    assert committed.hooks("uninstall") == 0
    assert set(other.states().values()) == {"missing"}


def test_worktrees_of_a_bare_repository(committed, tmp_path):
    committed.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    bare = World(tmp_path / "bare.git")
    bare.git("worktree", "add", "-q", str(tmp_path / "tree"), "main")
    tree = World(tmp_path / "tree")
    assert tree.hooks("install") == 0
    assert tree.states() == ALL_INSTALLED
    assert os.path.exists(tmp_path / "bare.git" / "hooks" / "pre-commit")
    tree.put("p1", a=2)
    tree.git("add", "-u")
    assert "truth-not-staged" in tree.refused("commit", "-q", "-m", "half")
    tree.git("add", "-A")
    tree.git("commit", "-q", "-m", "whole")
    assert bare.git("config", "core.bare") == "true\n"


def test_a_repository_of_sha256(tmp_path):
    world = World.new(tmp_path / "long", "--object-format=sha256")
    assert world.hooks("install") == 0
    world.put("p1", a=1)
    world.git("add", ".journal/entities")
    assert "truth-not-staged" in world.refused("commit", "-q", "-m", "half")
    world.git("add", "-A")
    world.git("commit", "-q", "-m", "whole")
    world.put("p1", a=2)
    world.git("add", "-u")
    assert "truth-not-staged" in world.refused("commit", "-q", "-m", "half again")


def test_a_clone_has_none_and_gets_its_own(committed, tmp_path):
    committed.hooks("install")
    committed.git("clone", "-q", ".", str(tmp_path / "clone"))
    clone = World(tmp_path / "clone")
    assert not clone.survey().is_installed
    assert clone.hooks("status") == 0
    assert clone.hooks("install") == 0
    assert clone.states() == ALL_INSTALLED


def test_a_second_store_of_the_repository_is_added(committed):
    committed.hooks("install")
    os.makedirs(committed.path("sub"))
    Journal.init(committed.path("sub/.journal"))
    assert committed.hooks("install", "--store", committed.path("sub/.journal")) == 0
    committed.put("p1", a=2)
    with Journal.open(committed.path("sub")) as journal:
        journal.put("plan", "q", {"a": 1})
    committed.git("add", "sub/.journal/entities")
    assert "sub/.journal/entities" in committed.refused("commit", "-q", "-m", "half")
    committed.git("reset", "-q")
    committed.git("add", "-u")
    assert " .journal/entities" in committed.refused("commit", "-q", "-m", "half")


def test_outside_of_git_there_are_no_hooks(tmp_path):
    Journal.init(str(tmp_path))
    ended = World(tmp_path).run("journal", "hooks", "status", check=False)
    assert (ended.returncode, "not in a git work tree" in ended.stderr) == (7, True)


def test_status_tells_what_git_would_not_run(world):
    world.hook("pre-push", "exit 0")
    world.hooks("install")
    os.chmod(world.path(".git/hooks/pre-commit"), 0o644)
    os.unlink(world.path(".git/hooks/pre-push.before-journal"))
    world.hook("post-merge", "exit 0")
    os.unlink(world.path(".git/hooks/post-rewrite"))
    states = world.states()
    assert states["pre-commit"] == "not-executable"
    assert states["pre-push"] == "before-gone"
    assert states["post-merge"] == "foreign"
    assert states["post-rewrite"] == "missing"
    assert world.hooks("status") == 20
    assert world.hooks("install") == 0
    assert world.states() == ALL_INSTALLED


def test_status_tells_that_the_hook_before_may_not_be_executed_any_more(world):
    world.hook("pre-push", "exit 0")
    world.hook("post-merge", "never run")
    os.chmod(world.path(".git/hooks/post-merge"), 0o644)
    world.hooks("install")
    assert world.states() == ALL_INSTALLED, "git did not run post-merge before either"
    os.chmod(world.path(".git/hooks/pre-push.before-journal"), 0o644)
    assert world.states() == {**ALL_INSTALLED, "pre-push": "before-gone"}


def test_status_tells_that_the_program_is_gone(world, monkeypatch):
    world.hooks("install")
    for name in NAMES:
        text = world.read(f".git/hooks/{name}").decode()
        world.write(f".git/hooks/{name}", text.replace("  journal=/", "  journal=/nowhere/"))
    monkeypatch.setenv("PATH", os.path.dirname("/usr/bin/git"))
    survey = world.survey()
    assert not survey.is_program_here
    assert survey.program.startswith("/nowhere/")


def test_status_as_json(world):
    form = json.loads(world.run("journal", "hooks", "status", "--json").stdout)
    assert (form["installed"], form["ok"], form["driver"], form["program"]) == (False, True, "none", None)
    world.hooks("install")
    form = json.loads(world.run("journal", "hooks", "status", "--json").stdout)
    assert (form["installed"], form["ok"], form["driver"]) == (True, True, "ours")
    assert [hook["state"] for hook in form["hooks"]] == ["installed"] * 6


def test_the_merge_driver_comes_and_goes_with_the_hooks(world):
    world.hooks("install")
    assert world.git("config", "--get-regexp", "^merge[.]journal[.]").count("\n") == 2
    world.git("config", "--unset", "merge.journal.driver")
    assert world.survey().driver == "broken"
    assert world.hooks("status") == 20
    world.hooks("install")
    assert world.survey().driver == "ours"
    world.hooks("uninstall")
    assert world.git("config", "--get-regexp", "^merge[.]journal", check=False) == ""


# -- core.hooksPath ------------------------------------------------------------------------------------------------


def test_a_hooks_path_within_the_repository_is_its_own(world):
    world.git("config", "core.hooksPath", ".git/my-hooks")
    world.hook("pre-commit", "echo mine >>called", folder=".git/my-hooks")
    assert world.hooks("install") == 0
    assert world.states() == ALL_INSTALLED
    world.commit_all()
    assert world.called() == "mine\n"
    assert world.hooks("uninstall") == 0
    assert os.listdir(world.path(".git/my-hooks")) == ["pre-commit"]


@pytest.fixture
def everywhere(world, home):
    """A folder of hooks for all repositories of a person, set in their own settings."""
    world.git("config", "--global", "core.hooksPath", "~/my hooks")
    folder = home / "my hooks"
    folder.mkdir()
    (folder / "pre-commit").write_text("#!/bin/sh\necho everywhere >>called\n")
    (folder / "pre-commit").chmod(0o755)
    return folder


def test_a_folder_of_all_repositories_is_left_alone_unless_it_is_said(world, everywhere):
    before = snapshot(everywhere)
    ended = world.run("journal", "hooks", "install", check=False)
    assert ended.returncode == 20
    assert "--shared" in ended.stdout
    assert snapshot(everywhere) == before
    assert world.hooks("install", "--shared") == 0
    assert world.states() == ALL_INSTALLED
    world.put("p1", a=1)
    world.git("add", ".journal/entities")
    assert "truth-not-staged" in world.refused("commit", "-q", "-m", "half")
    assert world.called() == "everywhere\n"
    assert world.hooks("uninstall") == 20
    assert world.hooks("uninstall", "--shared") == 0
    assert snapshot(everywhere) == before
    assert world.git("config", "--global", "core.hooksPath") == "~/my hooks\n"


def test_other_repositories_do_not_notice_scripts_in_a_folder_of_all(world, everywhere, tmp_path):
    world.hooks("install", "--shared")
    other = World(tmp_path / "other")
    os.makedirs(other.folder)
    other.git("init", "-q")
    other.write("file", "1")
    other.git("add", "file")
    ended = other.run("git", "commit", "-q", "-m", "mine")
    assert (ended.stdout, ended.stderr, other.called()) == ("", "", "everywhere\n")


def test_hooks_that_are_turned_off_stay_off(world):
    world.hooks("install")
    world.git("config", "core.hooksPath", os.devnull)
    assert set(world.states().values()) == {"not-looked-at"}
    assert world.hooks("status") == 20
    assert world.hooks("install") == 20
    assert world.git("config", "core.hooksPath").strip() == os.devnull


def test_hooks_in_a_tracked_folder_get_marked_lines_only_if_it_is_said(committed):
    committed.git("config", "core.hooksPath", "tools/hooks")
    committed.hook("pre-commit", "echo mine >>called", folder="tools/hooks")
    committed.write("tools/hooks/pre-push", b"#!/usr/bin/env bash\nset -e\necho pushing >>called")
    committed.write("tools/hooks/post-merge", "#!/usr/bin/env python3\nprint()\n")
    os.chmod(committed.path("tools/hooks/pre-push"), 0o755)
    committed.commit_all()
    committed.called()
    before = snapshot(committed.path("tools"))
    assert committed.hooks("install") == 20
    assert snapshot(committed.path("tools")) == before
    assert committed.hooks("install", "--shared") == 20, "a hook in Python cannot take our lines"
    states = committed.states()
    assert states.pop("post-merge") == "foreign"
    assert set(states.values()) == {"block"}
    changed = snapshot(committed.path("tools"))
    assert committed.hooks("install", "--shared") == 20
    assert snapshot(committed.path("tools")) == changed
    committed.put("p1", a=2)
    committed.git("add", "-u", ".journal")
    assert "truth-not-staged" in committed.refused("commit", "-q", "-m", "half")
    assert committed.called() == "mine\n"
    for text in (changed[name][2] for name in changed):
        assert committed.folder.encode() not in text, "no path of this machine is in a file that others get"
    committed.git("reset", "-q")
    assert committed.hooks("uninstall") == 20
    assert committed.hooks("uninstall", "--shared") == 0
    after = snapshot(committed.path("tools"))
    assert {name: (mode, text) for name, (mode, _, text) in after.items()} == {
        name: (mode, text) for name, (mode, _, text) in before.items()
    }


def test_a_folder_of_hooks_that_is_a_link_into_the_work_tree_is_everybodys(committed):
    committed.hook("pre-commit", "echo mine >>called", folder="tools/hooks")
    os.symlink("../tools/hooks", committed.path(".git/hooks"))
    committed.commit_all()
    before = snapshot(committed.path("tools"))
    assert committed.hooks("install") == 20
    assert snapshot(committed.path("tools")) == before
    assert committed.hooks("install", "--shared") == 0
    assert set(committed.states().values()) == {"block"}
    assert committed.hooks("uninstall") == 20
    assert committed.hooks("uninstall", "--shared") == 0
    assert {name: facts[2] for name, facts in snapshot(committed.path("tools")).items()} == {
        name: facts[2] for name, facts in before.items()
    }


def test_a_very_long_hook_is_not_cut(committed):
    committed.git("config", "core.hooksPath", "tools/hooks")
    committed.hook("pre-commit", "# long\n" * 200_000, folder="tools/hooks")
    text = committed.read("tools/hooks/pre-commit")
    committed.hooks("install", "--shared")
    assert committed.read("tools/hooks/pre-commit").startswith(text)
    committed.hooks("uninstall", "--shared")
    assert committed.read("tools/hooks/pre-commit") == text


def test_a_hooks_path_set_later_is_noticed(world):
    world.hooks("install")
    world.git("config", "core.hooksPath", "tools/hooks")
    assert set(world.states().values()) == {"not-looked-at"}
    assert world.hooks("status") == 20
    with Journal.open(world.folder) as journal:
        found = [finding for finding in journal.doctor().findings if finding.code == "hook-not-run"]
    assert len(found) == 6
    assert world.hooks("uninstall") == 0
    assert os.listdir(world.path(".git/hooks")) == []


# -- doctor --------------------------------------------------------------------------------------------------------


def codes(world):
    with Journal.open(world.folder) as journal:
        report = journal.doctor()
    wanted = ("hook", "driver")
    return sorted({finding.code for finding in report.findings if finding.code.startswith(wanted)})


def test_doctor_has_nothing_to_say_of_no_hooks_or_of_sound_ones(committed):
    assert codes(committed) == []
    committed.hook("pre-commit", "exit 0")
    assert codes(committed) == []
    committed.hooks("install")
    assert codes(committed) == []


def test_doctor_tells_what_git_would_not_run(committed, monkeypatch):
    committed.hooks("install")
    os.chmod(committed.path(".git/hooks/pre-commit"), 0o644)
    committed.write(".git/hooks/pre-push", committed.read(".git/hooks/pre-push") + b"# mine\n")
    assert codes(committed) == ["hook-edited", "hook-not-run"]
    committed.git("config", "--remove-section", "merge.journal")
    assert "driver-missing" in codes(committed)
    committed.git("config", "merge.journal.name", "half of it")
    assert "driver-broken" in codes(committed)
    committed.hooks("install")
    assert codes(committed) == []
    for name in NAMES:
        text = committed.read(f".git/hooks/{name}").decode()
        committed.write(f".git/hooks/{name}", text.replace("  journal=/", "  journal=/nowhere/"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert "hook-program-missing" in codes(committed)


def test_installing_and_uninstalling_run_no_hook(world):
    world.hook("post-checkout", "echo run >>called")
    world.hook("pre-commit", "echo run >>called")
    world.hooks("install")
    world.hooks("status")
    world.hooks("uninstall")
    assert world.called() == ""
