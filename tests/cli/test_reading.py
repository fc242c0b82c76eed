"""Goal: every reading verb answers from what was written, as a table and as JSON."""

import os
import shutil

import pytest

from tests.support.stores import truth


@pytest.fixture
def plans(shell):
    shell("put", "plan", "p1", '{"title": "Ship it", "status": "open", "priority": 2, "owner": {"name": "ana"}}')
    shell("put", "plan", "p2", '{"title": "Rest", "status": "done", "priority": 1}')
    shell("put", "note", "n1", '{"text": "remember"}', "--actor", "ben", "--summary", "why not")
    return shell


def ids(ended):
    return [line["id"] for line in ended.lines]


def test_list_filters_sorts_and_cuts(plans):
    assert ids(plans("list", "--json")) == ["n1", "p1", "p2"]
    assert ids(plans("list", "plan", "--json", "--sort", "priority")) == ["p2", "p1"]
    assert ids(plans("list", "plan", "--json", "--sort", "-priority", "--limit", 1)) == ["p1"]
    assert ids(plans("list", "--json", "--where", "priority<2")) == ["p2"]
    assert ids(plans("list", "--json", "--where", "owner.name=ana", "--where", "title~=Ship")) == ["p1"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("priority>=2", ["p1"]),
        ("priority>=1", ["p1", "p2"]),
        ("priority<=1", ["p2"]),
        ("title>=Ship it", ["p1"]),
        ("title<=Rest", ["p2"]),
        ('title="=x"', ["p3"]),
        ("title~==x", ["p3"]),
    ],
)
def test_conditions_at_least_and_at_most(plans, condition, found):
    plans("put", "plan", "p3", '{"title": "=x"}')
    expected = {*found, *(["p3"] if condition == "title<=Rest" else [])}  # "=" comes before all letters
    assert set(ids(plans("list", "plan", "--json", "--where", condition))) == expected


@pytest.mark.parametrize(
    ("written", "meant"), [("==", "="), ("=>", ">="), ("=<", "<="), ("<>", "!="), ("!==", "!="), (">==", ">=")]
)
def test_operators_of_other_languages_are_refused_and_ours_is_told(plans, written, meant):
    told = plans("list", "--where", f"priority{written}2", status=2).err
    assert f"there is no {written}" in told
    assert f"write priority{meant}2;" in told


def test_list_prints_ids_for_other_commands(plans):
    assert plans("list", "plan", "--ids").out == "p1\np2\n"
    assert plans("list", "--ids").out == "note n1\nplan p1\nplan p2\n"


def test_list_takes_fields_and_leaves_out_what_is_missing(plans):
    lines = plans("list", "plan", "--json", "--fields", "title,owner.name").lines
    assert [line["data"] for line in lines] == [{"title": "Ship it", "owner.name": "ana"}, {"title": "Rest"}]
    assert plans("list", "plan", "--fields", "owner.name").out.splitlines() == [
        "ID  REV  OWNER.NAME",
        "p1    1  ana",
        "p2    1  ",
    ]


def test_list_shows_deleted_ones_where_asked(plans):
    plans("delete", "plan", "p2")
    assert ids(plans("list", "plan", "--json")) == ["p1"]
    assert plans("list", "plan", "--json", "--deleted").lines[0]["data"] is None
    assert "p2" in plans("list", "--deleted").out


def test_an_empty_list_prints_nothing_and_says_so_on_stderr(plans):
    ended = plans("list", "nothing")
    assert (ended.out, ended.err) == ("", "nothing to list\n")


def test_get_shows_the_past(plans):
    plans("put", "plan", "p1", '{"title": "Later"}')
    assert plans("get", "plan", "p1", "--rev", 1, "--json").json["data"]["title"] == "Ship it"
    assert "Ship it" in plans("get", "plan", "p1", "--at", 2).out
    plans("get", "plan", "p1", "--rev", 9, status=3)
    plans("get", "plan", "p1", "--rev", 1, "--at", 1, status=2)


def test_history_tells_who_changed_what(plans):
    plans("put", "plan", "p1", "--set", "status=done", "--unset", "owner", "--action", "finish")
    last = plans("history", "plan", "p1", "--json").lines[-1]
    assert (last["action"], last["set"], last["unset"], last["rev"]) == ("finish", ["status"], ["owner"], 2)
    table = plans("history", "plan", "p1").out
    assert "finish" in table
    assert "status -owner" in table
    patch = plans("history", "plan", "p1", "--patch").out
    assert '  - status: "open"\n  + status: "done"\n' in patch
    assert '  - owner: {"name": "ana"}\n' in patch


def test_blame_tells_who_gave_each_field_its_value(plans):
    plans("put", "plan", "p2", "--set", "status=open", "--actor", "cleo")
    who = {line["field"]: line["actor"] for line in plans("blame", "plan", "p2", "--json").lines}
    assert who == {"title": "Ana", "priority": "Ana", "status": "cleo"}
    assert "cleo" in plans("blame", "plan", "p2").out


def test_blame_of_what_is_deleted_is_status_3(plans):
    plans("delete", "plan", "p2")
    ended = plans("blame", "plan", "p2", status=3)
    assert ended.err == "journal: plan 'p2' is deleted\n  hint: its history tells by whom\n"
    plans("put", "plan", "p3", "{}")
    assert plans("blame", "plan", "p3", "--json").out == ""


def test_log_is_newest_first_and_can_be_narrowed(plans):
    assert [line["seq"] for line in plans("log", "--json").lines] == [3, 2, 1]
    assert [line["seq"] for line in plans("log", "--json", "--reverse", "-n", 2).lines] == [2, 3]
    assert [line["seq"] for line in plans("log", "--json", "--type", "note").lines] == [3]
    assert [line["seq"] for line in plans("log", "--json", "--actor", "ben").lines] == [3]
    assert plans("log", "--since", "2100-01-01").out == ""
    assert "create note n1  why not" in plans("log", "-n", 1).out


def test_show_prints_one_event_whole(plans):
    event = plans("log", "--json", "-n", 1).json["event"]
    assert plans("show", event, "--json").json == plans("show", 3, "--json").json
    shown = plans("show", 3).out
    assert "why not" in shown
    assert '"text": "remember"' in shown
    plans("show", 99, status=3)
    plans("show", "nonsense", status=2)


def test_what_is_not_there_is_status_3(plans):
    for words in (
        ["get", "plan", "p9"],
        ["history", "plan", "p9"],
        ["blame", "plan", "p9"],
        ["put", "plan", "x", "@no"],
    ):
        plans(*words, status=3)


def test_export_gives_everything_in_each_format(plans):
    assert ids(plans("export", "jsonl")) == ["n1", "p1", "p2"]
    assert [line["seq"] for line in plans("export", "events").lines] == [1, 2, 3]
    assert plans("export", "json").json["entities"]["note"] == {"n1": {"text": "remember"}}
    plans("export", "xml", status=2)


def test_an_export_of_nothing_is_still_json(shell):
    assert shell("export", "json").json == {"entities": {}, "kv": {}}
    assert shell("export", "jsonl").out == ""


def test_damage_is_a_warning_and_status_20_and_the_answer_is_printed(plans):
    (name,) = os.listdir(plans.store("segments"))
    with open(plans.store("segments", name), "r+b") as file:
        text = file.read()
        file.seek(text.index(b"Rest"))
        file.write(b"r")
    plans("put", "plan", "p3", "{}", status=None)
    shutil.rmtree(plans.store("local"))
    ended = plans("list", "--json", status=20)
    assert {"p1", "p3"} <= set(ids(ended))
    assert '{"warning": {"code": "damaged"' in ended.err


@pytest.mark.parametrize(
    "asked",
    [
        ("get", "plan", "lost"),
        ("get", "plan", "lost", "--rev", "1"),
        ("history", "plan", "lost"),
        ("blame", "plan", "lost"),
        ("show", "EVENT"),
        ("kv", "get", "lost"),
        ("kv", "delete", "lost"),
        ("delete", "plan", "lost"),
        ("edit", "plan", "lost"),
        ("revert", "EVENT"),
        ("redact", "--event", "EVENT", "--reason", "asked", "--yes"),
        ("resolve", "plan", "lost", "title", "--value", "1"),
        ("truncate", "lost", "--through", "1"),
    ],
)
def test_what_is_not_found_may_be_what_damage_has_cost(plans, asked):
    import os

    event = plans("put", "plan", "lost", "{}", "--json").lines[0]["event"]
    plans("put", "plan", "p3", "{}")
    assert plans("get", "plan", "none", status=3).err
    (name,) = os.listdir(plans.store("segments"))
    with open(plans.store("segments", name), "r+b") as file:
        text = file.read()
        file.seek(text.index(b'"lost"'))
        file.write(b'"LOST"')
    ended = plans(*(event if word == "EVENT" else word for word in asked), "--json", status=20)
    assert '"code": "damaged"' in ended.err
    assert "1 event lost" in ended.err


@pytest.mark.parametrize("asked", [("schema", "check"), ("checkpoint",), ("compact", "--dry-run")])
def test_what_needs_the_whole_truth_ends_with_20_where_some_is_damaged_and_its_help_says_so(plans, asked):
    (name,) = os.listdir(plans.store("segments"))
    with open(plans.store("segments", name), "r+b") as file:
        file.seek(file.read().index(b'"Rest"'))
        file.write(b'"REST"')
    assert '"code": "damaged"' in plans(*asked, "--json", status=20).err
    assert "\n  20 " in plans(*asked[: 2 if asked[0] == "schema" else 1], "--help").out


def test_a_store_is_found_upwards_by_option_and_by_environment(plans, monkeypatch):
    import os

    os.makedirs(plans.path("deep", "er"))
    elsewhere = os.path.dirname(plans.folder)
    plans.folder = os.path.join(plans.folder, "deep", "er")
    assert len(plans("list", "--json").lines) == 3
    root, plans.folder = os.path.dirname(os.path.dirname(plans.folder)), elsewhere
    assert "make one with: journal init" in plans("list", status=3).err
    assert len(plans("-C", root, "list", "--json").lines) == 3
    assert len(plans("list", "--json", "-C", root).lines) == 3
    assert len(plans("list", "--json", "--store", f"{root}/.journal").lines) == 3
    monkeypatch.setenv("JOURNAL_STORE", f"{root}/.journal")
    assert len(plans("list", "--json").lines) == 3
    plans("-C", f"{root}/nowhere", "list", status=3)


@pytest.mark.parametrize(
    "asked",
    [
        ("get", "plan", "p1"),
        ("list",),
        ("history", "plan", "p1"),
        ("log",),
        ("read", "order/1"),
        ("read", "--all"),
        ("streams",),
        ("kv", "list"),
        ("conflicts",),
        ("status",),
        ("stats",),
        ("export", "json"),
        ("reconcile",),
        ("doctor", "--verify"),
        ("watch", "--once", "--since", "start"),
    ],
    ids=" ".join,
)
def test_a_read_with_nothing_in_local_writes_nothing_to_the_truth(plans, asked):
    plans("append", "order/1", "Paid")
    plans("kv", "put", "k", "1")
    before = truth(plans.store())
    for lost in ("local", "entities", "kv"):
        shutil.rmtree(plans.store(lost), ignore_errors=True)
    plans(*asked, status=None)
    assert truth(plans.store()) == before
    assert ids(plans("list", "plan", "--json")) == ["p1", "p2"]
