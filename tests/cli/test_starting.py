"""Goal: a command loads what it needs and no more: imports are the latency of the command line."""

import os
import subprocess
import sys

import pytest

import journal

HEAVY = {"click", "dulwich", "portalocker", "orjson", "sqlite3", "journal.facade"}


def loaded(folder, *words):
    """Return which of the heavy modules a command line loads, in a process of its own."""
    code = (
        "import sys\nfrom journal.cli import main\n"
        f"main({list(words)!r})\n"
        f"print('loaded', *[name for name in {sorted(HEAVY)!r} if name in sys.modules], file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    return set(ended.stderr.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("words", [["--help"], ["put", "--help"], ["--version"], ["nonsense"]])
def test_help_and_usage_load_click_alone(shell, words):
    assert loaded(shell.folder, *words) == {"click"}


@pytest.mark.parametrize("words", [["get", "plan", "p1"], ["list"], ["put", "plan", "p1", '{"a": 1}']])
def test_daily_verbs_load_neither_click_nor_dulwich(shell, words):
    shell("put", "plan", "p1", "{}")
    assert not loaded(shell.folder, *words) & {"click", "dulwich"}


def test_the_merge_driver_loads_next_to_nothing(shell):
    for name, text in {"o": '{"a": 1}', "a": '{"a": 2}', "b": '{"a": 3}'}.items():
        with open(shell.path(name), "w") as file:
            file.write(text)
    assert loaded(shell.folder, "merge-driver", "o", "a", "b", ".journal/entities/plan/p1.json") == {"orjson"}
    with open(shell.path("a")) as file:
        assert file.read() == '{\n  "a": 3\n}\n'


def test_nothing_is_loaded_before_the_command_line_heeds_ctrl_c():
    code = (
        "import sys, gc; before = set(sys.modules); import journal; print(*sorted(set(sys.modules) - before))\n"
        "sys.path.insert(0, 'cli'); journal.__path__.append('.'); before = set(sys.modules)\n"
        "import journal.cli; print(*sorted(set(sys.modules) - before))"
    )
    top = os.path.dirname(os.path.dirname(journal.__file__))
    ended = subprocess.run([sys.executable, "-S", "-c", code], cwd=top, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == ["journal", "journal.cli"]


def test_an_interrupt_while_the_command_line_starts_ends_with_130_and_no_traceback(shell):
    code = (
        "import builtins, journal.cli\nload = builtins.__import__\n"
        "def interrupted(name, *given):\n"
        "    if name == 'ending': raise KeyboardInterrupt\n"
        "    return load(name, *given)\n"
        "builtins.__import__ = interrupted\nraise SystemExit(journal.cli.main())"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=shell.folder, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (130, "")


def test_nothing_outside_of_journal_cli_imports_click():
    code = "import sys, journal.facade, journal.upkeep.exporting; sys.exit('click' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
