"""Goal: ``journal diff`` prints which entities and fields differ, for people and for programs."""

import json
import os

import pytest


@pytest.fixture
def two(work):
    """A committed plan, changed since; and an event of each kind of change."""
    work("put", "plan", "p1", '{"title": "Ship", "n": 1, "gone": [1]}', "--actor", "ana")
    work("put", "plan", "p2", '{"title": "Paint"}', "--actor", "ana")
    work("commit", "-qm", "base")
    work("put", "plan", "p1", "--set", "n=2", "--unset", "gone", "--actor", "bob")
    work("delete", "plan", "p2", "--actor", "bob")
    work("put", "note", "n1", "{}", "--actor", "cid")
    return work


def table(text):
    return [line.split() for line in text.splitlines()]


def test_the_table_has_a_row_a_field(two):
    assert table(two("diff").out) == [
        ["CHANGE", "TYPE", "ID", "FIELD", "OLD", "NEW", "WHO"],
        ["added", "note", "n1"],
        ["changed", "plan", "p1", "gone", "[1]", "(absent)", "bob"],
        ["changed", "plan", "p1", "n", "1", "2", "bob"],
        ["removed", "plan", "p2", "title", "Paint", "bob"],
    ]


def test_events_are_shown_when_they_are_asked_for(two):
    (row,) = [row for row in table(two("diff", "--events").out) if "n" in row]
    assert two("show", row[-1], "--json").json["set"] == ["n"]


def test_stat_has_no_values(two):
    assert table(two("diff", "--stat").out) == [
        ["CHANGE", "TYPE", "ID", "FIELDS"],
        ["added", "note", "n1"],
        ["changed", "plan", "p1", "gone", "n"],
        ["removed", "plan", "p2", "title"],
        ["1", "added,", "1", "changed,", "1", "removed"],
    ]


def test_json_has_a_line_an_entity_and_leaves_out_what_is_absent(two):
    lines = two("diff", "HEAD", "--json").lines
    assert [(line["type"], line["id"], line["change"]) for line in lines] == [
        ("note", "n1", "added"),
        ("plan", "p1", "changed"),
        ("plan", "p2", "removed"),
    ]
    gone, changed = lines[1]["fields"]
    assert (gone["field"], gone["old"], "new" in gone) == ("gone", [1], False)
    assert (changed["old"], changed["new"], changed["actor"]) == (1, 2, "bob")
    assert "new" not in lines[2]["fields"][0]
    assert two("diff", "--type", "note", "--json").lines == lines[:1]


def test_nothing_is_said_where_nothing_differs(two):
    ended = two("diff", "HEAD..HEAD")
    assert (ended.out, ended.err) == ("", "no difference\n")
    assert two("diff", "HEAD..HEAD", "--json").out == ""
    assert two("diff", "HEAD..HEAD", "-q").err == ""


def test_a_table_fits_the_terminal_and_steers_it_nowhere(two, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    two("put", "plan", "p1", "--set", "title=" + "long " * 40 + "\x1b]0;x\x07")
    ended = two("diff", terminal=True)
    plain = ended.out.replace("\x1b[0m", "")
    assert "\x1b]" not in plain
    assert "…" in plain


def test_events_and_commits_that_are_not_there_end_with_3(two):
    for words in (["99"], ["nothing"], ["main..nothing"], ["1", "99"]):
        assert two("diff", *words, "--json", status=3).error["code"] == "not-found"
    two("diff", "1...main", status=2)
    two("diff", "a", "b", "c", status=2)


def test_outside_of_git_a_commit_ends_with_7_and_an_event_does_not(shell):
    shell("put", "plan", "p1", '{"n": 1}')
    shell("put", "plan", "p1", '{"n": 2}')
    assert "not in a git work tree" in shell("diff", status=7).err
    assert json.loads(shell("diff", "1", "--json").out)["fields"][0]["new"] == 2


def test_before_the_first_commit_there_is_nothing_to_compare_with(work):
    work("put", "plan", "p1", "{}")
    assert "no commit yet" in work("diff", status=3).err


def test_damage_ends_with_20_and_the_answer_is_printed(two):
    name = max(os.listdir(two.store("segments")), key=lambda name: os.stat(two.store("segments", name)).st_size)
    with open(two.store("segments", name), "r+b") as file:
        text = file.read()
        file.seek(text.index(b'"Ship"'))
        file.write(b'"Shop"')
    ended = two("diff", "HEAD", status=20)
    assert "is damaged" in ended.err
    assert ended.out.startswith("CHANGE")
