"""Goal: what the writing verbs report is what the store then holds, and each refusal has its exit status."""

import json
import os
import re

import pytest


def test_put_writes_the_whole_document_and_get_prints_its_projection(shell):
    shell("put", "plan", "p1", '{"title": "Ship", "n": 1}')
    with open(shell.store("entities", "plan", "p1.json"), encoding="utf-8") as file:
        assert shell("get", "plan", "p1").out == file.read() == '{\n  "n": 1,\n  "title": "Ship"\n}\n'


def test_put_reports_rev_and_event(shell):
    written = shell("put", "plan", "p1", "{}", "--json").json
    assert written["rev"] == 1
    assert shell("get", "plan", "p1", "--json").json["event"] == written["event"]


def test_single_fields_change_and_the_rest_stays(shell):
    shell("put", "plan", "p1", '{"a": 1, "b": 2, "c": 3}')
    shell("put", "plan", "p1", "--set", "a=9", "--unset", "b", "--merge", '{"d": [1]}')
    assert shell("get", "plan", "p1", "--json").json["data"] == {"a": 9, "c": 3, "d": [1]}


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ('"3"', "3"), ("three", "three"), ("null", None), ("", ""), ("a=b", "a=b"), ("[1]", [1])],
)
def test_a_value_is_json_if_it_parses_as_json(shell, text, value):
    shell("put", "plan", "p1", "--set", f"f={text}")
    assert shell("get", "plan", "p1", "--json").json["data"] == {"f": value}


def test_json_comes_from_a_file_or_from_stdin(shell):
    with open(shell.path("plan.json"), "w", encoding="utf-8") as file:
        file.write('{"from": "file"}')
    shell("put", "plan", "p1", "@plan.json")
    shell("put", "plan", "p2", "-", input='{"from": "stdin"}')
    assert [line["data"]["from"] for line in shell("list", "plan", "--json").lines] == ["file", "stdin"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": NaN}', "NaN"),
        ("{", "column"),
        ("[1]", "object"),
        ('{"a": 99999999999999999999999}', "64 bits"),
    ],
)
def test_bad_json_is_refused_with_status_6_and_nothing_is_written(shell, text, why):
    assert why in shell("put", "plan", "p1", text, status=6).err
    assert shell("list", "--json").out == ""


def test_an_expectation_that_is_not_met_ends_with_4_and_tells_what_is_there(shell):
    event = shell("put", "plan", "p1", "{}", "--json").json["event"]
    error = shell("put", "plan", "p1", '{"a": 1}', "--expect-rev", 0, "--json", status=4).error
    assert error["code"] == "conflict"
    assert error["conflict"] == {"type": "plan", "id": "p1", "expected": 0, "actual": 1, "heads": [event]}
    ended = shell("delete", "plan", "p1", "--expect-event", "9@k3f9x2a7b4c5d", status=4)
    assert event in ended.err
    assert ended.out == ""


def test_with_the_right_event_it_is_written(shell):
    event = shell("put", "plan", "p1", "{}", "--json").json["event"]
    shell("put", "plan", "p1", '{"a": 1}', "--expect-event", event)
    assert shell("get", "plan", "p1", "--json").json["rev"] == 2


def test_what_is_expected_may_be_named_as_every_event(shell):
    event = shell("put", "plan", "p1", "{}", "--json").json["event"]
    seq = event.split("@")[0]
    assert shell("put", "plan", "p1", '{"a": 1}', "--expect-event", seq, "--json").json["rev"] == 2
    shell("put", "plan", "p1", '{"a": 2}', "--expect-event", seq, status=4)
    shell("delete", "plan", "p1", "--expect-event", seq, status=4)
    shell("delete", "plan", "p1", "--expect-event", "99", status=3)
    shell("delete", "plan", "p1", "--expect-event", int(seq) + 1)


@pytest.mark.parametrize(
    ("option", "value"), [("--expect-event", "foo"), ("--expect-event", "1@x"), ("--expect-rev", -1)]
)
def test_what_no_entity_can_be_expected_to_be_is_a_wrong_call(shell, option, value):
    shell("put", "plan", "p1", "{}")
    assert str(value) in shell("put", "plan", "p1", '{"a": 1}', option, value, status=2).err


def test_new_prints_the_id_alone(shell):
    id = shell("new", "plan", '{"title": "Ship"}', "--set", "n=1").out.strip()
    assert id.startswith("pla_")
    assert shell("get", "plan", id, "--json").json["data"] == {"n": 1, "title": "Ship"}


def test_new_ids_have_64_random_bits_and_do_not_count_up(shell):
    ids = [shell("new", "plan").out.strip().partition("_")[2] for _ in range(3)]
    assert len(set(ids)) == len({id[:6] for id in ids}) == 3
    assert all(re.fullmatch("[0-9a-hjkmnp-z]{13}", id) for id in ids)


def test_fields_of_an_entity_that_was_deleted_make_one_of_these_alone_unless_its_event_is_expected(shell):
    read = shell("put", "plan", "p1", '{"title": "Ship", "status": "open"}', "--json").json["event"]
    shell("delete", "plan", "p1")
    shell("put", "plan", "p1", "--set", "status=done", "--expect-event", read, status=4)
    shell("get", "plan", "p1", status=3)
    assert shell("put", "plan", "p1", "--set", "status=done", "--json").json["data"] == {"status": "done"}


def test_a_deleted_entity_is_not_found_and_its_history_stays(shell):
    shell("put", "plan", "p1", "{}")
    shell("delete", "plan", "p1", "--summary", "done")
    assert "journal history plan p1" in shell("get", "plan", "p1", status=3).err
    assert shell("history", "plan", "p1", "--json").lines[-1]["action"] == "delete"
    shell("delete", "plan", "p1", status=3)


def test_revert_undoes_an_event_and_refuses_over_later_changes(shell):
    shell("put", "plan", "p1", '{"a": 1}')
    shell("put", "plan", "p1", "--set", "a=2")
    shell("revert", 2)
    assert shell("get", "plan", "p1", "--json").json["data"] == {"a": 1}
    shell("revert", 1, status=4)
    shell("revert", 1, "--force")
    shell("get", "plan", "p1", status=3)


def test_the_actor_is_as_told_then_of_the_environment_then_gits_user(shell, monkeypatch):
    shell("put", "plan", "p1", '{"n": 1}')
    monkeypatch.setenv("JOURNAL_ACTOR", "agent-7")
    shell("put", "plan", "p1", '{"n": 2}')
    shell("put", "plan", "p1", '{"n": 3}', "--actor", "ben")
    shell("--actor", "cleo", "put", "plan", "p1", '{"n": 4}')
    assert [line["actor"] for line in shell("history", "plan", "p1", "--json").lines] == [
        "Ana",
        "agent-7",
        "ben",
        "cleo",
    ]


def test_quiet_says_nothing(shell):
    ended = shell("put", "plan", "p1", "{}", "-q")
    assert (ended.out, ended.err) == ("", "")


def test_nothing_to_write_is_a_usage_error(shell):
    shell("put", "plan", "p1", status=2)
    shell("put", "plan", "p1", "--set", "novalue", status=2)


def editor(shell, monkeypatch, script):
    path = shell.path("editor.sh")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\n{script}\n")
    os.chmod(path, 0o755)
    monkeypatch.setenv("EDITOR", path)


def test_edit_writes_what_changed(shell, monkeypatch):
    shell("put", "plan", "p1", '{"a": 1, "b": 2}')
    editor(shell, monkeypatch, """printf '{"a": 1, "c": 3}' > "$1" """)
    shell("edit", "plan", "p1", "--summary", "by hand")
    event = shell("history", "plan", "p1", "--json").lines[-1]
    assert (event["set"], event["unset"], event["summary"]) == (["c"], ["b"], "by hand")


def test_an_edit_that_changes_nothing_says_so_and_writes_nothing(shell, monkeypatch):
    shell("put", "plan", "p1", '{"a": 1}')
    editor(shell, monkeypatch, "true")
    assert "unchanged" in shell("edit", "plan", "p1").err
    assert shell("get", "plan", "p1", "--json").json["rev"] == 1


def test_one_and_true_and_one_point_zero_are_different_to_who_edits(shell, monkeypatch):
    shell("put", "plan", "p1", '{"a": true, "b": [1], "c": 1}')
    editor(shell, monkeypatch, """printf '{"a": 1, "b": [1.0], "c": 1}' > "$1" """)
    shell("edit", "plan", "p1")
    assert shell("get", "plan", "p1", "--json").out.count('"data":{"a":1,"b":[1.0],"c":1}') == 1
    patch = shell("history", "plan", "p1", "--patch").out
    assert "  - a: true\n  + a: 1\n  - b: [1]\n  + b: [1.0]\n" in patch


def test_edited_text_that_is_no_json_is_kept_in_a_file_that_is_named(shell, monkeypatch):
    shell("put", "plan", "p1", '{"a": 1}')
    editor(shell, monkeypatch, """printf 'my long work {' > "$1" """)
    ended = shell("edit", "plan", "p1", "--json", status=6)
    with open(ended.error["hint"].split()[-1], encoding="utf-8") as file:
        assert file.read() == "my long work {"
    os.unlink(ended.error["hint"].split()[-1])


def test_an_edit_that_somebody_overtook_ends_with_4_and_keeps_the_text(shell, monkeypatch):
    shell("put", "plan", "p1", '{"a": 1}')
    meanwhile = f"cd {shell.folder} && {os.sys.executable} -m journal.cli put plan p1 --set a=5 -q"
    editor(shell, monkeypatch, f"""({meanwhile}); printf '{{"a": 2}}' > "$1" """)
    ended = shell("edit", "plan", "p1", "--json", status=4)
    assert shell("get", "plan", "p1", "--json").json["data"] == {"a": 5}
    path = ended.error["hint"].split("kept in ")[1].split(";")[0]
    with open(path, encoding="utf-8") as file:
        assert json.load(file) == {"a": 2}
    os.unlink(path)


def test_an_editor_that_fails_writes_nothing(shell, monkeypatch):
    shell("put", "plan", "p1", '{"a": 1}')
    editor(shell, monkeypatch, "exit 3")
    assert "status 3" in shell("edit", "plan", "p1", status=1).err
