"""Goal: the answer on stdout, talk on stderr, nothing that steers a terminal, and a good end whatever happens."""

import os
import signal
import subprocess
import time

import pytest
from journal.cli.output import Output, json_for_terminal, shown


@pytest.fixture
def wide(shell):
    shell("put", "plan", "p1", '{"title": "' + "long " * 40 + '", "status": "open"}')
    shell("put", "plan", "p2", '{"title": "' + "日本語の題 " * 20 + '", "status": "done"}')
    return shell


def columns_of(line):
    from journal.cli.width import width

    return width(line)


@pytest.mark.parametrize("columns", [30, 50, 80])
def test_a_table_fits_the_terminal(wide, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    for words in (["list"], ["history", "plan", "p1"], ["blame", "plan", "p2"], ["log"]):
        lines = wide(*words, terminal=True).out.splitlines()
        assert len(lines) >= 2
        if words[0] == "list" or columns >= 80:
            assert max(map(columns_of, lines)) <= columns, words
    assert "…" in wide("list", terminal=True).out


def test_elsewhere_nothing_is_cut_or_coloured(wide, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    out = wide("list").out
    assert "long " * 40 in out
    assert "日本語の題 " * 19 in out
    assert "\x1b" not in out
    assert "\t" not in out


def test_colour_is_for_terminals_and_flags_win(wide, monkeypatch):
    assert "\x1b[" in wide("list", terminal=True).out
    assert "\x1b[" not in wide("list", "--no-color", terminal=True).out
    assert "\x1b[" in wide("list", "--color").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in wide("list", terminal=True).out
    assert "\x1b[" in wide("list", "--color", terminal=True).out


EVIL = "\x1b]0;owned\x07\x1b[2J\r\n\u202egnp\x7f\x9b31m"


@pytest.mark.parametrize(
    "verb", ["list", "get plan p1", "history plan p1 -p", "blame plan p1", "log", "show 1", "get plan p1 --json"]
)
def test_data_cannot_steer_a_terminal(shell, verb):
    import json

    shell("put", "plan", "p1", json.dumps({"title": EVIL}), "--summary", "calm", "--actor", "a\u202eb")
    out = shell(*verb.split(), "--no-color", terminal=True).out
    assert not set(out) & set("\x1b\x07\r\x7f\x9b\u202e")


def test_in_a_table_data_is_escaped_wherever_it_goes(shell):
    import json

    shell("put", "plan", "p1", json.dumps({"title": EVIL}))
    assert len(shell("list").out.splitlines()) == 2
    assert "\\x1b]0;owned" in shell("list").out


def test_escaped_json_reads_the_same():
    import json

    text = json.dumps({"a": EVIL, "b": "日本語 \U0001f600 \U000e0041"}, ensure_ascii=False)
    escaped = json_for_terminal(text)
    assert json.loads(escaped) == json.loads(text)
    assert "日本語 \U0001f600" in escaped
    assert "\U000e0041" not in escaped
    assert shown("a\tb") == "a\\tb"


def test_get_is_byte_for_byte_elsewhere(shell):
    shell("put", "plan", "p1", '{"a": "\\u007f\\u202e"}')
    with open(shell.store("entities", "plan", "p1.json"), encoding="utf-8", newline="") as file:
        assert shell("get", "plan", "p1").out == file.read()


def test_a_terminal_that_cannot_show_a_character_gets_it_escaped(monkeypatch):
    import io
    import sys

    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    Output().line("日 é")
    sys.stdout.flush()
    assert raw.getvalue() == "\\u65e5 é\n".encode("latin-1")


def test_a_closed_pipe_ends_quietly(shell):
    with open(shell.path("trace.jsonl"), "w", encoding="utf-8") as file:
        for number in range(3000):
            fields = f'"item_type": "issue", "item_id": "i{number}", "action": "create", "payload": {{"n": {number}}}'
            file.write(f'{{{fields}, "ts": "2025-01-01T00:00:00Z", "author": "a", "commit": "c"}}\n')
    shell("import", "trace", "trace.jsonl")
    for words in (["list", "--json"], ["log"], ["export", "events"]):
        with shell.started(*words) as process:
            process.stdout.readline()
            process.stdout.close()
            err = process.stderr.read()
        assert (process.returncode, err) == (0, b""), words


def test_a_reader_that_is_gone_from_the_start_is_no_error(shell):
    read, write = os.pipe()
    os.close(read)
    ended = shell.process("put", "plan", "p1", "{}", stdout=write)
    os.close(write)
    assert (ended.status, ended.err) == (0, "")
    assert shell("get", "plan", "p1").out == "{}\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is full")
def test_an_answer_that_cannot_be_written_is_an_error(shell):
    with open("/dev/full", "w", encoding="utf-8") as full:
        ended = shell.process("version", stdout=full)
    assert ended.status == 1
    assert "No space left" in ended.err


def test_ctrl_c_ends_with_130_and_one_line(shell):
    shell("put", "plan", "p1", "{}")
    with shell.started("log", "--follow") as process:
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (130, b"", b"journal: interrupted\n")


def test_follow_prints_what_arrives(shell):
    shell("put", "plan", "p1", "{}")
    with shell.started("log", "--follow", "--json") as process:
        assert b'"id":"p1"' in process.stdout.readline()
        shell("put", "note", "n1", "{}")
        assert b'"id":"n1"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)


def test_a_narrow_terminal_a_flag_and_a_pipe_as_real_processes(wide):
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "20"}
    ended = wide.process("list", env=environment)
    assert "long " * 40 in ended.out
    piped = subprocess.run(
        f"{os.sys.executable} -m journal.cli list --json | head -n 1",
        shell=True, cwd=wide.folder, capture_output=True, text=True,
    )  # fmt: skip
    assert (piped.stdout.count("\n"), piped.stderr) == (1, "")


def test_progress_is_drawn_on_a_terminal_only(monkeypatch, capsys):
    from journal.cli.progress import Bar, bar_text

    Bar().show("import", 1, 2)
    assert capsys.readouterr().err == ""
    assert bar_text("importing", 50, 100, 2.0, 60).startswith("importing [#####")
    for columns in range(10, 90):
        assert len(bar_text("importing", 12_345, 66_801, 10.0, columns)) <= columns


def test_lines_of_json_are_written_in_few_calls(monkeypatch):
    import io
    import sys

    class Counting(io.BytesIO):
        writes = 0

        def write(self, data):
            self.writes += 1
            return super().write(data)

    raw = Counting()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8"))
    output = Output(is_json=True)
    for number in range(1000):
        output.json({"n": number})
    sys.stdout.flush()
    assert raw.writes < 10


def test_names_of_fields_cannot_steer_a_terminal_either(shell):
    import json

    shell("put", "plan", "p1", json.dumps({"a\x1b[2J\nb": 1}))
    for line in ("list", "blame plan p1", "history plan p1", "history plan p1 -p", "log", "show 1"):
        out = shell(*line.split(), "--no-color", terminal=True).out
        assert "\x1b" not in out, line


def test_blanks_and_joiners_of_scripts_are_shown_as_they_are():
    assert shown("全角\u3000空白 می\u200cخواهم 👩\u200d💻") == "全角\u3000空白 می\u200cخواهم 👩\u200d💻"
