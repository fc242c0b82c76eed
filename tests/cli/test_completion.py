"""Goal: the shells get scripts, and those get verbs, options, types and ids."""

import shutil
import subprocess

import pytest
from journal.cli.completing import candidates


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_the_script_is_printed_and_is_no_nonsense(folder, shell_name):
    script = folder("completion", shell_name).out
    assert "_JOURNAL_COMPLETE" in script
    if shutil.which(shell_name):
        ended = subprocess.run([shell_name, "-n"], input=script, text=True, capture_output=True)
        assert (ended.returncode, ended.stderr) == (0, "")


def offered(shell, monkeypatch, line):
    words = line.split(" ")
    monkeypatch.setenv("_JOURNAL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    return [item.partition(",")[2] for item in shell(status=None).out.splitlines() if item]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("journal comp", ["compact", "completion"]),
        ("journal get p", ["plan"]),
        ("journal get plan P", ["PROJ-1", "PROJ-2"]),
        ("journal -C . get plan PROJ-2", ["PROJ-2"]),
        ("journal get nothing x", []),
        ("journal put plan PROJ-1 --uns", ["--unset"]),
        ("journal completion z", ["zsh"]),
    ],
)
def test_what_is_typed_is_completed(shell, monkeypatch, line, expected):
    for id in ("PROJ-1", "PROJ-2", "other"):
        shell("put", "plan", id, "{}")
    assert offered(shell, monkeypatch, line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("journal kv get st", ["stock/a", "stock/b"]),
        ("journal kv put --local l", ["lease"]),
        ("journal kv list o", ["other"]),
        ("journal read or", ["order/1"]),
        ("journal append v", ["visits"]),
        ("journal log --stream v", ["visits"]),
        ("journal watch --cursor m", ["mail"]),
        ("journal cursors drop m", ["mail"]),
        ("journal read x", []),
    ],
)
def test_keys_streams_and_cursors_are_completed(shell, monkeypatch, line, expected):
    for key in ("stock/a", "stock/b", "other"):
        shell("kv", "put", key, "1")
    shell("kv", "put", "--local", "lease", "1")
    shell("append", "order/1", "E")
    shell("append", "visits", "E")
    shell("watch", "--cursor", "mail", "--once")
    assert offered(shell, monkeypatch, line) == expected


def test_without_a_store_nothing_is_offered_and_nothing_fails(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert candidates("type", {}, "") == []
    assert candidates("id", {"type": "plan"}, "") == []
    assert candidates("stream", {}, "") == candidates("cursor", {}, "") == candidates("key", {}, "") == []
