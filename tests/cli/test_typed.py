"""Goal: an error names what was typed, in no words of Python's; and all that is typed is UTF-8, or refused at once."""

import os
import re
import subprocess
import sys

import pytest
from journal.cli import catalogue
from journal.cli.declare import INPUT, INTEGER, NUMBER, PATH, TEXT, Argument

NUMBERS = [
    ("read s --from {}", "--from", "-1"),
    ("read s --to {}", "--to", "18446744073709551616"),
    ("read s --last {}", "--last", "-1"),
    ("log -n {}", "--max-count", "-1"),
    ("list --limit {}", "--limit", "-1"),
    ("kv list --limit {}", "--limit", "-1"),
    ("kv list --local --limit {}", "--limit", "-1"),
    ("put n a {{}} --expect-rev {}", "--expect-rev", "18446744073709551616"),
    ("delete n a --expect-rev {}", "--expect-rev", "18446744073709551616"),
    ("get n a --rev {}", "--rev", "18446744073709551616"),
    ("list --lock-timeout {}", "--lock-timeout", "1e30"),
    ("list --lock-timeout {}", "--lock-timeout", "nan"),
    ("list --lock-timeout={}", "--lock-timeout", "-1"),
    ("kv put k 1 --local --ttl {}", "--ttl", "1e30"),
    ("kv put k 1 --local --ttl={}", "--ttl", "-1"),
    ("kv cas k none 1 --local --ttl {}", "--ttl", "nan"),
    ("watch --once --lease {}", "--lease", "1e30"),
    ("watch --once --lease={}", "--lease", "-1"),
    ("sync --timeout={}", "--timeout", "-1"),
    ("truncate s --through {}", "--through", "18446744073709551616"),
    ("migrate payloads --type n --to {}", "--to", "18446744073709551616"),
]
PYTHON = re.compile(r"\b(int|float|str|list of str|surrogate|None|\w+_\w+)\b|\(.*,\)|^\w+: ")


@pytest.mark.parametrize(("line", "typed", "value"), NUMBERS)
def test_a_number_that_does_not_fit_is_named_as_it_was_typed(work, line, typed, value):
    error = work(*line.format(value).split(), "--json", status=2).error
    assert re.match(f"{typed}( / -n)? is a ", error["message"]), error
    assert not PYTHON.search(error["message"]), error
    assert not PYTHON.search(error["hint"]), error


def test_every_option_that_is_a_number_is_tested_here():
    tested = {(line.partition(" -")[0], typed) for line, typed, _ in NUMBERS}
    for name in catalogue.names():
        for option in catalogue.load(name).options:
            if option.kind in (INTEGER, NUMBER):
                assert any(line.startswith(name) and typed in option.names for line, typed in tested), (name, option)


@pytest.mark.parametrize(
    ("line", "typed"), [("watch --once --type=", "--type"), ("watch --once --cursor c --stream=", "--stream")]
)
def test_an_empty_name_is_named_as_it_was_typed(work, line, typed):
    assert work(*line.split(), "--json", status=2).error["message"].startswith(f"{typed} is a list of names")


def test_two_options_that_exclude_each_other_are_named_as_they_are_typed(work):
    assert work("get", "n", "a", "--rev", "1", "--at", "2", "--json", status=2).error["message"] == (
        "--rev and --at exclude each other"
    )


@pytest.mark.parametrize("name", [*catalogue.names(), *catalogue.HIDDEN])
def test_what_is_not_utf_8_is_refused_by_the_name_of_what_was_typed(work, name):
    """Whatever the verb: of all that is no path."""
    verb = catalogue.load(name)
    given = [item.choices[0] if item.choices else "1" for item in verb.arguments if item.required]
    for item in (*verb.arguments, *verb.all_options()):
        if item.kind not in (TEXT, INPUT) or getattr(item, "choices", ()):
            continue
        if isinstance(item, Argument):
            at = verb.arguments.index(item)
            words = [*(other.choices[0] if other.choices else "1" for other in verb.arguments[:at]), "caf\udce9"]
            words += given[len(words) :]
        else:
            words = [*given, item.names[0], "caf\udce9"]
        ended = work(*name.split(), *words, status=6)
        assert ended.err == f"journal: {item.word} is not UTF-8: caf\\xe9\n  hint: only paths may have other bytes\n"


def test_who_writes_is_utf_8_wherever_it_is_said(work, monkeypatch):
    monkeypatch.setenv("JOURNAL_ACTOR", "caf\udce9")
    assert "$JOURNAL_ACTOR is not UTF-8" in work("put", "n", "a", "{}", status=6).err


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names of files have to be UTF-8 there")
def test_a_path_may_have_other_bytes(work):
    with open(os.fsencode(work.path()) + b"/caf\xe9.json", "wb") as file:
        file.write(b'{"x": 1}')
    work("put", "n", "a", "@caf\udce9.json")
    assert work("get", "n", "a", "--json").json["data"] == {"x": 1}
    work("blob", "put", "caf\udce9.json")
    os.mkdir(os.fsencode(work.path()) + b"/d\xe9")
    work("-C", "d\udce9", "get", "n", "a")


@pytest.mark.skipif(sys.platform == "win32", reason="no such locales")
def test_a_text_is_utf_8_whatever_the_locale_takes_bytes_for(work):
    surroundings = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "journal.cli", "put", "n", "ü", '{"name": "Müller"}', "--set", "größe=1"]
    subprocess.run(command[:-2], cwd=work.folder, env=surroundings, check=True, capture_output=True)
    assert work("get", "n", "ü", "--json").json["data"] == {"name": "Müller"}


def test_a_json_argument_may_begin_as_a_file_may(work):
    work("put", "n", "a", '\ufeff{"x": 1}')
    assert work("get", "n", "a", "--json").json["data"] == {"x": 1}


@pytest.mark.parametrize("option", ["--actor", "--store", "--directory"])
def test_an_option_that_an_unset_variable_made_empty_is_refused(work, option):
    for words in (("put", "n", "a", "{}", option, ""), (option, "", "put", "n", "a", "{}")):
        assert f"{option} is given nothing" in work(*words, status=2).err
    assert work("list", "--ids").out == ""


def test_a_name_without_a_character_is_told_as_a_name(work):
    assert "the name of the type is empty" in work("put", "", "a", "{}", status=6).err
    assert "the id is empty" in work("put", "n", "", "{}", status=6).err
    assert "the name of the stream is empty" in work("append", "", "E", status=6).err
    assert "the name of the key is empty" in work("kv", "put", "", "1", status=6).err


def test_paths_are_declared_as_paths():
    for name in catalogue.names():
        verb = catalogue.load(name)
        for item in (*verb.arguments, *verb.options):
            if item.metavar in ("FILE", "DIR", "PATH") or getattr(item, "name", "") == "file":
                assert item.kind == PATH, (name, item)
            if "@FILE" in item.help or item.metavar == "JSON":
                assert item.kind == INPUT, (name, item)
