"""The examples of the documentation run, and being killed at any moment changes nothing of their outcome.

An example is a program of ``docs/examples/``: it gets the folder of a store, prints lines of progress that begin with
``- ``, and at the end its result.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.worktree import WorkTree

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))
KILL_AFTER_LINES = (2, 5)
TRIES_MAX = 10
"""On a busy machine a program may come to its end before the signal does."""
ENDS_SECONDS = 120

each_example = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)


def start(program, folder):
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, str(program), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def result(lines):
    return [line for line in lines if not line.startswith("- ")]


def run(program, folder):
    """Run a program to its end; return (lines of progress, its result)."""
    process = start(program, folder)
    said, _ = process.communicate(timeout=ENDS_SECONDS)
    assert process.returncode == 0, said
    lines = said.splitlines()
    return len(lines) - len(result(lines)), result(lines)


def run_and_kill(program, folder, after_lines):
    """Kill a program once it has printed so many lines of progress; True if that was before its end."""
    process = start(program, folder)
    printed = 0
    for line in process.stdout:
        printed += line.startswith("- ")
        if printed >= after_lines:
            process.kill()
            break
    process.stdout.close()
    return process.wait(ENDS_SECONDS) == -signal.SIGKILL


@each_example
def test_an_example_that_is_killed_and_started_again_ends_as_one_that_was_not(program, tmp_path):
    progress, undisturbed = run(program, tmp_path / "undisturbed")
    assert progress >= 4
    assert undisturbed
    for attempt in range(TRIES_MAX):
        folder = tmp_path / f"killed-{attempt}"
        kills = [run_and_kill(program, folder, lines) for lines in KILL_AFTER_LINES]
        assert run(program, folder)[1] == undisturbed
        if any(kills):
            return
    raise AssertionError("it was never hit: it ended before the signal came")


@pytest.mark.soak
@each_example
def test_an_example_survives_kills_at_random(program, tmp_path):
    chance = random.Random(program.stem)
    undisturbed = run(program, tmp_path / "undisturbed")[1]
    for number in range(20):
        folder = tmp_path / str(number)
        for _ in range(chance.randint(1, 4)):
            process = start(program, folder)
            try:
                process.wait(chance.uniform(0.05, 0.8))
            except subprocess.TimeoutExpired:
                process.kill()
            process.stdout.close()
            process.wait(ENDS_SECONDS)
        assert run(program, folder)[1] == undisturbed
        assert run(program, folder)[1] == undisturbed, "a further run changes nothing"


def test_examples_keep_to_their_folders_also_in_a_repository(tmp_path):
    """Else those that are run in a clone of this project would share one store, at its top."""
    clone = WorkTree(tmp_path / "clone")
    shutil.rmtree(clone.store)
    for program in PROGRAMS:
        assert run(program, clone.path / program.stem) == run(program, tmp_path / program.stem)
    assert not clone.store.exists()


def test_half_a_line_of_the_feed_is_none(tmp_path):
    """As a power cut leaves it, or a full disk."""
    program = EXAMPLES / "activity_feed.py"
    undisturbed = run(program, tmp_path / "undisturbed")[1]
    assert run_and_kill(program, tmp_path / "torn", 9)
    with (tmp_path / "torn" / "feed.txt").open("ab") as feed:
        feed.write(b"9@k3f9x2a7b4c5d ben chan")
    assert run(program, tmp_path / "torn")[1] == undisturbed


def test_the_search_index_is_made_again_without_its_file(tmp_path):
    program = EXAMPLES / "search_index.py"
    undisturbed = run(program, tmp_path)[1]
    (tmp_path / "search.db").unlink()
    assert run(program, tmp_path)[1] == undisturbed


@each_example
def test_an_example_is_short_and_in_the_table(program):
    assert len(program.read_text(encoding="utf-8").splitlines()) < 100
    assert f"]({program.name})" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


def test_every_example_of_the_table_is_there():
    named = re.findall(r"\]\((\w+\.py)\)", (EXAMPLES / "README.md").read_text(encoding="utf-8"))
    assert sorted(named) == [program.name for program in PROGRAMS]
