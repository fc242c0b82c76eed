"""Goal: the merge driver stands in git's settings whole or not at all, and harms nobody where it is not."""

import subprocess

import pytest

from journal.git.driver import driver_state, set_driver, unset_driver
from journal.projections.driver import DRIVER_TITLE, driver_command


def settings(work):
    return work.git("config", "--local", "--get-regexp", r"^merge\.", check=False)


def test_a_driver_is_set_and_taken_out_again(work):
    assert driver_state(work.repository) == "none"
    assert set_driver(work.repository)
    assert not set_driver(work.repository)
    assert driver_state(work.repository) == "ours"
    assert work.git("config", "merge.journal.name").strip() == DRIVER_TITLE
    assert work.git("config", "merge.journal.driver").strip() == driver_command()
    assert unset_driver(work.repository)
    assert not unset_driver(work.repository)
    assert settings(work) == ""


def test_a_second_value_and_a_foreign_key_are_replaced_and_removed(work):
    work.git("config", "--add", "merge.journal.driver", "false")
    work.git("config", "--add", "merge.journal.driver", "true")
    work.git("config", "merge.journal.recursive", "binary")
    assert driver_state(work.repository) == "foreign"
    assert set_driver(work.repository)
    assert work.git("config", "--get-all", "merge.journal.driver").count("merge-driver") == 1
    assert unset_driver(work.repository)
    assert settings(work) == ""


def test_a_section_without_a_command_is_told(work):
    work.git("config", "merge.journal.name", "half")
    assert driver_state(work.repository) == "broken"
    set_driver(work.repository)
    assert driver_state(work.repository) == "ours"


def test_linked_work_trees_share_it(work, tmp_path):
    work.git("worktree", "add", "-q", str(tmp_path / "second"))
    second = type(work)(tmp_path / "second")
    set_driver(second.repository)
    assert driver_state(work.repository) == "ours"


@pytest.mark.parametrize("program", ["git-journal", "/opt/a folder/it's/journal"])
def test_where_the_program_is_gone_git_merges_lines(tmp_path, program):
    for name, text in {"o": "a\n", "a": "b\n", "b": "c\n"}.items():
        (tmp_path / name).write_text(text)
    command = driver_command(program)
    for place, name in {"%O": "o", "%A": "a", "%B": "b", "%P": "p.json"}.items():
        command = command.replace(place, name)
    ended = subprocess.run(["sh", "-c", command], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True)
    assert ended.returncode == 1
    assert (tmp_path / "a").read_text() == "<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\n"
