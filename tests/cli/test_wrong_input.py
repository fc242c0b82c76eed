"""Goal: what a command line cannot mean is told with the documented status, and how to say it right."""

import json
import os
import sys
import time
import weakref

import pytest
from journal.cli.moments import moment, with_zone


@pytest.mark.parametrize("words", [("list", "--limit", "-1"), ("log", "-n", "-1"), ("kv", "list", "--limit", "-1")])
def test_a_limit_below_nothing_makes_no_sense(shell, words):
    assert f"{words[-2]} is a whole number, 0 or more" in shell(*words, "--json", status=2).error["message"]


@pytest.mark.parametrize(
    "words",
    [
        ("read", "s", "--from", "9" * 30),
        ("log", "-n", "9" * 30),
        ("append", "s", "E", "--expect", "9" * 5000),
        ("truncate", "s", "--through", "9" * 30),
    ],
)
def test_a_number_that_nothing_has_makes_no_sense(shell, words):
    assert shell(*words, "--json", status=2).error["hint"]


@pytest.mark.parametrize("words", [("--last", "0"), ("--from", "0"), ("--event", "E"), ("s",)])
def test_the_whole_journal_is_not_read_by_what_is_of_one_stream(shell, words):
    assert "--all goes with" in shell("read", "--all", *words, "--json", status=2).error["message"]


def test_a_bare_text_as_a_value_is_refused_with_how_to_quote_it(shell):
    refused = shell("kv", "put", "greeting", "hello", "--json", status=6)
    assert refused.error["hint"] == """a text has quotes of its own, for instance '"hello"'"""
    assert shell("kv", "put", "greeting", "[1", "--json", status=6).error["hint"] is None


def test_what_has_to_be_an_object_is_named(work):
    assert "what an event says is a JSON object" in work("append", "s", "E", "[1]", status=6).err
    assert "--meta: it is a JSON object" in work("append", "s", "E", "--meta", "3", status=6).err
    assert "the reference: it is a JSON object" in work("blob", "get", "-", input="3", status=6).err
    assert "an entity is a JSON object" in work("put", "plan", "p", "3", status=6).err


def test_a_stream_that_is_not_as_expected_is_told_without_heads_and_how_to_read_it(work):
    told = work("append", "my order", "E", "--expect", "exists", status=4).err
    assert told.splitlines() == [
        "journal: the stream 'my order': expected exists, found 0; nothing was written",
        "  hint: look at it with `journal read 'my order'`, then decide again",
        "  expected: exists",
        "  actual:   0",
    ]


def test_where_nothing_is_it_is_said_beside_the_answer(work):
    assert (work("streams").out, work("streams").err) == ("", "no streams\n")
    assert (work("read", "s").out, work("read", "s").err) == ("", "no events in s\n")
    assert work("read", "s", "--quiet").err == work("read", "s", "--json").err == work("streams", "--json").err == ""


def test_digits_that_are_no_numbers_are_no_numbers(work):
    work("put", "t", "a", '{"labels": ["x"]}')
    assert "not a time" in work("log", "--since", "²d", status=2).err
    assert work("list", "--where", "labels.²=x", "--ids").out == ""
    assert work("list", "--where", f"labels.{'1' * 5000}=x", "--ids").out == ""
    assert work("list", "--where", "labels.0=x", "--ids").out == "t a\n"


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_times_at_the_ends_of_the_calendar_are_printed_as_they_are_where_local_time_has_none(zone, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for stamp in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"):
            assert moment(stamp)[:4] in ("0001", "9999", "1-01")
        assert moment("2026-01-31T12:00:00Z") != "2026-01-31T12:00:00Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_time_without_a_zone_is_local_time_as_it_is_shown(work, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        work("append", "s", "E")
        shown = " ".join(work("log", "-n", 1).out.split()[1:3])  # to the minute
        assert "s" in work("log", "--since", shown, "--stream", "s").out
        assert "E" in work("read", "s", "--since", shown).out
        assert work("read", "s", "--before", shown).out == ""
        assert work("read", "s", "--since", shown.replace(" ", "T") + "-12:00").out == ""
        assert "E" in work("read", "s", "--since", "1h").out
    finally:
        monkeypatch.undo()
        time.tzset()


def test_migrating_a_file_that_is_not_there_ends_with_3(work):
    assert "no such file" in work("migrate", "folder", "nosuch.json", "--type", "x", status=3).err


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode there")
def test_a_folder_whose_name_is_not_utf_8_is_a_folder_like_any_other(folder, monkeypatch):
    name = os.fsdecode(os.fsencode(folder.folder) + b"/nu\xff")
    os.mkdir(name)
    folder.folder = name
    folder.git("init", "-q")
    folder("init")
    assert folder("init", "--json").json["store"].endswith("/nu\ufffd/.journal")
    folder("put", "t", "a", "{}")
    lane = folder("status", "--json").json["lane"]
    folder("put", "t", "b", "{}")
    assert folder("status", "--json").json["lane"] == lane  # its memory is known again
    assert folder("status").out.startswith("store        /")
    assert len(folder("list", "--json").lines) == 2
    assert folder("commit", "--json").json["commit"]
    assert folder("doctor", "--verify", "--json").json["ok"]
    folder("hooks", "status", "--json", status=None)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59:59", "2h", "no time", None])
def test_what_has_no_local_time_is_left_as_it_is(text):
    assert with_zone(text) in (text, f"{text}T00:00:00+00:00", f"{text}+00:00")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes always wait there")
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("put", "t", "a", "-"), ("get", "t", "a")),
        (("kv", "put", "k", "-"), ("kv", "get", "k")),
        (("blob", "put", "-"), None),
    ],
)
def test_a_stdin_that_does_not_wait_is_waited_for(work, words, shown):
    """Whoever started the command may have made it so, as Node does."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with work.started(*words, stdin=reader) as process:
        for part in (b'{"n": 12', b'3, "m":', b" 4}"):
            time.sleep(0.15)
            os.write(writer, part)
        os.close(writer)
        assert process.wait(20) == 0, process.stderr.read()
        told = process.stdout.read()
    os.close(reader)
    if shown is None:
        assert json.loads(told)["bytes"] == 18
    else:
        found = json.loads(work(*shown, "--json").out)
        assert (found["value"] if "value" in found else found["data"]) == {"n": 123, "m": 4}


def test_an_error_in_json_steers_no_terminal(shell):
    nasty = "nope\u202e\u009b5m"
    ended = shell("-C", nasty, "list", "--json", terminal=True, status=3)
    assert "nope\\u202e\\u009b5m" in ended.err
    assert json.loads(ended.err)["error"]["path"] == nasty
    assert nasty in shell("-C", nasty, "list", "--json", status=3).err


def test_a_lack_of_memory_is_told_as_that_and_what_filled_it_is_let_go(shell, monkeypatch):
    from journal.cli import running

    def fill(call):
        held = object_that_is_large()
        raise MemoryError(held and "")

    class Large:
        pass

    def object_that_is_large():
        large = Large()
        kept.append(weakref.ref(large))
        return large

    kept = []
    monkeypatch.setattr(running, "execute", fill)
    ended = shell("list", "--json", status=1)
    assert ended.error["code"] == "system"
    assert "memory" in ended.error["message"]
    assert kept[0]() is None
