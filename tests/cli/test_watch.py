"""Goal: ``watch`` hands over each event once it is handled, ends well, and runs nothing but what it was told to run."""

import json
import os
import signal
import sys
import time

import pytest
from cli_support import until


def ids(lines):
    return [line["id"] for line in lines]


@pytest.fixture
def plans(shell):
    for id in ("p1", "p2"):
        shell("put", "plan", id, "{}")
    shell("put", "note", "n1", "{}")
    return shell


def test_a_cursor_goes_on_where_it_was(plans):
    assert ids(plans("watch", "--cursor", "feed", "--once").lines) == ["p1", "p2", "n1"]
    plans("put", "plan", "p3", "{}")
    assert ids(plans("watch", "--cursor", "feed", "--once").lines) == ["p3"]
    assert plans("watch", "--cursor", "feed", "--once").out == ""


def test_a_token_of_a_line_is_where_to_go_on(plans):
    token = plans("watch", "--since", "start", "--once").lines[0]["token"]
    assert ids(plans("watch", "--since", token, "--once").lines) == ["p2", "n1"]
    assert plans("watch", "--once").out == "", "without --since from now on"
    assert "is a position token, start or now" in plans("watch", "--since", "rubbish", "--once", status=2).err


def test_types_choose(plans):
    assert ids(plans("watch", "--since", "start", "--once", "--type", "plan").lines) == ["p1", "p2"]
    assert ids(plans("watch", "--since", "start", "--once", "--type", "n*", "--type", "x").lines) == ["n1"]


def handler(plans, status):
    """Return a command that keeps what it is given and ends with a status."""
    script = plans.path("handle.py")
    with open(script, "w", encoding="utf-8") as file:
        file.write(f"import sys\nopen('given', 'a').write(sys.stdin.read())\nsys.exit({status})\n")
    return f"{sys.executable} {script}"


def given(plans):
    with open(plans.path("given"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_a_program_that_ends_with_0_acknowledges(plans):
    plans("watch", "--cursor", "feed", "--once", "--exec", handler(plans, 0))
    assert ids(given(plans)) == ["p1", "p2", "n1"]
    assert plans("watch", "--cursor", "feed", "--once").out == ""


def test_a_program_that_fails_gets_the_event_again_and_in_the_end_it_is_parked(plans, monkeypatch):
    clock = [1_000_000.0]
    monkeypatch.setattr("journal.disk.clock.SystemClock.now", lambda _: clock[0])
    words = ("watch", "--cursor", "feed", "--type", "note", "--once", "--exec", handler(plans, 3))
    for number in range(6):
        ended = plans(*words, status=1 if number < 5 else 0)
        assert ("failed with status 3, to be tried again" in ended.err) is (number < 5)
        clock[0] += 1000
    assert [line["attempt"] for line in given(plans)] == [1, 2, 3, 4, 5]
    (parked,) = plans("cursors", "parked", "feed", "--json").lines
    assert (parked["attempts"], parked["cause"]) == (5, "ChildProcessError")
    assert "ChildProcessError" in plans("cursors", "parked", "feed").out
    assert plans("cursors", "replay", "feed", parked["event"], "--json").json == {"name": "feed", "replayed": 1}
    plans("cursors", "replay", "feed", parked["event"], status=3)
    plans("watch", "--cursor", "feed", "--once", "--exec", handler(plans, 0))
    assert given(plans)[-1]["attempt"] == 1


def test_without_a_cursor_a_failure_is_not_said_to_be_tried_again(plans):
    ended = plans("watch", "--since", "start", "--type", "note", "--once", "--exec", handler(plans, 3), status=1)
    assert ended.err.endswith("failed with status 3, not to be tried again, without a cursor\n")


def test_nothing_of_an_event_gets_into_the_command(shell):
    shell("put", "plan", "p1", '{"title": "$(touch owned); `touch owned`"}')
    shell("watch", "--since", "start", "--once", "--exec", f"{handler(shell, 0)} $(touch owned)")
    assert given(shell)[0]["data"]["title"].startswith("$(touch")
    assert not os.path.exists(shell.path("owned"))


def test_a_program_that_is_not_there_is_told_before_an_event_is_taken(plans):
    assert "no program" in plans("watch", "--cursor", "feed", "--exec", "nosuchprogram", status=3).err
    plans("watch", "--exec", "", status=2)
    plans("watch", "--exec", "'", status=2)
    assert plans("cursors", "list", "--json").out == ""


@pytest.mark.parametrize("verb", ["parked", "replay", "drop", "adopt"])
def test_a_cursor_that_is_not_there_is_told(plans, verb):
    assert "no cursor 'never'" in plans("cursors", verb, "never", "--json", status=3).error["message"]


def test_cursors_are_listed_and_dropped(plans):
    assert plans("cursors", "list").err == "no cursors\n"
    plans("watch", "--cursor", "feed", "--once", "--type", "plan")
    (line,) = plans("cursors", "list", "--json").lines
    assert (line["name"], line["types"], line["to_come"]) == ("feed", ["plan"], 0)
    assert "feed" in plans("cursors", "list").out
    plans("watch", "--cursor", "feed", "--once", "--type", "note", status=6)
    plans("cursors", "drop", "feed")
    for verb in ("drop", "replay", "parked", "adopt"):
        assert "there is no cursor 'feed' here" in plans("cursors", verb, "feed", status=3).err
    assert ids(plans("watch", "--cursor", "feed", "--once").lines) == ["p1", "p2", "n1"]


def test_a_cursor_that_cannot_be_read_is_told_and_the_others_are_listed(plans):
    for name in ("bad", "good"):
        plans("watch", "--cursor", name, "--once")
    with open(plans.store("local", "cursors", "bad", "state.json"), "w", encoding="utf-8") as file:
        file.write("rubbish")
    ended = plans("cursors", "list", "--json", status=20)
    assert [line["name"] for line in ended.lines] == ["good"]
    assert "'bad'" in ended.err


def test_it_follows_and_ends_with_130_at_ctrl_c(plans):
    with plans.started("watch", "--cursor", "feed") as process:
        for id in (b"p1", b"p2", b"n1"):
            assert b'"id":"' + id in process.stdout.readline()
        plans("put", "plan", "p3", "{}")
        assert b'"id":"p3"' in process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, b"", b"journal: interrupted\n")
    assert plans("watch", "--cursor", "feed", "--once").out == ""


def test_a_closed_pipe_ends_it_quietly_and_what_nobody_read_comes_again(plans):
    with plans.started("watch", "--cursor", "feed") as process:
        for _ in range(3):
            process.stdout.readline()
        time.sleep(0.2)
        process.stdout.close()
        plans("put", "plan", "p3", "{}")
        assert process.wait(20) == 0
        assert process.stderr.read() == b""
    assert ids(plans("watch", "--cursor", "feed", "--once").lines) == ["p3"]


def test_a_gap_is_a_line_of_its_own(work):
    work("put", "plan", "p1", "{}")
    work("commit", "-m", "one")
    work.git("switch", "-q", "-c", "side")
    work("put", "plan", "p2", "{}")
    work("commit", "-m", "two")
    assert len(work("watch", "--cursor", "feed", "--once").lines) == 2
    work.git("switch", "-q", "main")
    (line,) = work("watch", "--cursor", "feed", "--once").lines
    assert (line["gap"]["gone"], line["gap"]["unreadable"]) == (1, 0)
    assert line["gap"]["events"][0].startswith("2@")
    assert work("watch", "--cursor", "feed", "--once").out == ""
    work.git("switch", "-q", "side")
    assert work("watch", "--cursor", "feed", "--once").out == ""


def test_a_reader_is_warned_of_events_that_a_token_names_and_that_are_gone(work):
    work("append", "s", "Start", "--json")
    work("commit", "-m", "one")
    work.git("switch", "-q", "-c", "side")
    token = work("append", "s", "Gone", "--json").json["token"]
    work("commit", "-m", "two")
    assert work("read", "s", "--since", token).err == "no events in s\n"
    work.git("switch", "-q", "main")
    for words in (("s",), ("--all",)):
        read = work("read", *words, "--since", token, "--json")
        warning = json.loads(read.err)["warning"]
        assert (read.out, warning["code"]) == ("", "gap")
        assert warning["message"] == "1 event is not here any more that the token names"


def test_a_follower_is_warned_of_events_that_leave(work):
    work("put", "plan", "p1", "{}")
    work("commit", "-m", "one")
    work.git("switch", "-q", "-c", "side")
    work("put", "plan", "p2", "{}")
    work("commit", "-m", "two")
    with work.started("log", "--follow", "--json") as process:
        for id in (b"p1", b"p2"):
            assert b'"id":"' + id in process.stdout.readline()
        work.git("switch", "-q", "main")
        warning = json.loads(process.stderr.readline())["warning"]
        work("put", "plan", "p3", "{}")
        assert b'"id":"p3"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert warning == {"code": "gap", "message": "1 event is not here any more"}


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_too_and_the_event_comes_to_the_next_at_once(plans, number):
    script = plans.path("slow.py")
    with open(script, "w", encoding="utf-8") as file:
        file.write("import time\nopen('begun', 'w').close()\ntime.sleep(60)\nopen('ended', 'w').close()\n")
    with plans.started("watch", "--cursor", "feed", "--exec", f"{sys.executable} {script}") as process:
        until(lambda: os.path.exists(plans.path("begun")))
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert ids(plans("watch", "--cursor", "feed", "--once").lines) == ["p1", "p2", "n1"]
    assert not os.path.exists(plans.path("ended"))
