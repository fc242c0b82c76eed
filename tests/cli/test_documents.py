"""Goal: docs/cli.md, the man pages and docs/json.md say what the program does."""

import json
import os
import re
import shutil
import sqlite3
import subprocess

import pytest
from journal.cli import catalogue, reference

DOCS = os.path.join(os.path.dirname(__file__), "..", "..", "docs")


@pytest.mark.parametrize("name", ["cli.md", "man/journal.1", "man/git-journal.1"])
def test_what_is_generated_is_up_to_date(name):
    """Else run ``python -m journal.cli.reference docs``."""
    with open(os.path.join(DOCS, name), encoding="utf-8") as file:
        assert file.read() == reference.documents()[name]


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff to read the man page")
def test_the_man_page_is_without_fault():
    page = reference.documents()["man/journal.1"].encode()
    ended = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8"], input=page, capture_output=True)
    assert ended.stderr == b""


def examples():
    with open(os.path.join(DOCS, "json.md"), encoding="utf-8") as file:
        return {name: json.loads(text) for name, text in re.findall(r"```json ([^\n]+)\n(.*?)\n```", file.read(), re.S)}


def test_every_verb_that_prints_json_is_documented():
    documented = {" ".join(name.split()[: 2 if name.split()[0] in catalogue.GROUPS else 1]) for name in examples()}
    verbs = {name for name in catalogue.names() if catalogue.load(name).has_json}
    assert verbs - documented == {"new", "delete", "edit", "resolve", "log"}  # as put, as show


def shape(value, example):
    """Return the member names of a value wherever the example has an object."""
    if isinstance(example, dict) and isinstance(value, dict):
        return {name: shape(value[name], example[name]) for name in value if name in example} | {
            name: "not documented" for name in value if name not in example
        }
    if isinstance(example, list) and example and isinstance(value, list) and isinstance(example[0], dict):
        return [shape(item, example[0]) for item in value[:1]]
    return None


CALLERS_OWN = ("data", "checked", "entities", "kv", "types", "problem_counts")
"""Members whose own members are what a caller chose, or what is counted."""


def same_members(value, example):
    data = {"data": {}} if "data" in value and value["data"] is not None else {}
    value, example = value | data, example | ({"data": {}} if "data" in example else {})
    assert set(value) == set(example)
    for name, item in example.items():
        if isinstance(item, dict) and isinstance(value[name], dict) and name not in CALLERS_OWN:
            same_members(value[name], item)
        if isinstance(item, list) and item and isinstance(item[0], dict):
            for found in value[name]:
                same_members(found, item[0])


def test_json_has_the_members_that_are_documented(work):
    work("put", "plan", "p1", '{"title": "Ship it"}')
    work("put", "plan", "p1", '{"title": "Ship"}')
    with open(work.path("trace.jsonl"), "w", encoding="utf-8") as file:
        fields = {"item_type": "issue", "item_id": "i", "action": "create", "payload": {}, "ts": "2025-01-01T00:00:00Z"}
        file.write(json.dumps(fields | {"author": "a", "commit": "c"}) + "\n")
    with open(work.store("entities", "plan", "p1.json"), "w", encoding="utf-8") as file:
        file.write('{"title": "Send"}')
    for name, text in {"broken.json": "{", "good.json": "{}"}.items():
        with open(work.path(name), "w", encoding="utf-8") as file:
            file.write(text)
    sqlite3.connect(work.path("app.db")).close()
    work.git("init", "-q", "--bare", "hub.git")
    work.git("remote", "add", "origin", "hub.git")
    calls = {
        "restore": "restore",
        "get": "get plan p1",
        "list": "list",
        "list --ids": "list --ids",
        "put": "put plan p2 {}",
        "revert": "revert 2",
        "history": "history plan p1",
        "blame": "blame plan p1",
        "show": "show 1",
        "diff": "diff 1 2",
        "init": "init",
        "status": "status",
        "stage": "stage",
        "commit": "commit -m x",
        "hooks install": "hooks install",
        "hooks status": "hooks status",
        "sync": "sync origin",
        "doctor": "doctor",
        "reconcile": "reconcile",
        "checkpoint": "checkpoint",
        "compact": "compact",
        "stats": "stats",
        "blob put": "blob put trace.jsonl",
        "blob list": "blob list",
        "blob verify": "blob verify",
        "watch": "watch --cursor feed --type plan --once",
        "cursors list": "cursors list",
        "cursors adopt": "cursors adopt feed",
        "cursors replay": "cursors replay feed",
        "cursors drop": "cursors drop feed",
        "append": "append s E",
        "read": "read s",
        "read all": "read --all",
        "streams": "streams",
        "truncate": "truncate s --through 1",
        "position": "position",
        "kv put": "kv put k 4",
        "kv cas": "kv cas k 4 3",
        "kv get": "kv get k",
        "kv list": "kv list",
        "kv delete": "kv delete k",
        "migrate folder": f"migrate folder {work.path('{id}.json')} --type plan",
        "migrate runs": "migrate runs",
        "migrate sqlite": "migrate sqlite app.db --type t --query",
        "migrate undo": "migrate undo --dry-run",
        "migrate git-history": "migrate git-history {id}.json --type old",
        "migrate jsonl": "migrate jsonl trace.jsonl --type event --id-field item_id",
        "migrate format": "migrate format",
        "import": "import trace trace.jsonl",
        "export json": "export json",
        "version": "version",
    }
    documented = examples()
    for name, line in calls.items():
        words = [*line.split(), *(["SELECT 1 AS id"] if line.endswith("--query") else [])]
        out = work(*words, "--json", status=20 if name == "migrate folder" else 0).out
        same_members(json.loads(out if name == "export json" else out.splitlines()[0]), documented[name])
    with open(work.store("entities", "plan", "p1.json"), "w", encoding="utf-8") as file:
        file.write('{"title": "Send"}')
    same_members(work("absorb", "--json").json, documented["absorb"])
    notes = [event for event in work("log", "--json").lines if event["kind"] == "note"]
    same_members(notes[0], documented["note"])


def test_the_forms_of_put_hold_for_new_delete_and_edit(shell, monkeypatch):
    example = examples()["put"]
    same_members(shell("new", "plan", "{}", "--json").json, example)
    shell("put", "plan", "p1", "{}")
    monkeypatch.setenv("EDITOR", """sh -c 'echo "{\\"a\\": 1}" > "$0"' """)
    same_members(shell("edit", "plan", "p1", "--json").json, example)
    same_members(shell("delete", "plan", "p1", "--json").json, example)
    same_members(shell("log", "-n", 1, "--json").json, examples()["show"])


def test_errors_have_the_members_that_are_documented(shell):
    documented = examples()
    shell("put", "plan", "p1", "{}")
    same_members(json.loads(shell("get", "plan", "p9", "--json", status=3).err), documented["error"])
    ended = shell("put", "plan", "p1", "{}", "--expect-rev", 0, "--json", status=4)
    same_members(json.loads(ended.err), documented["expectation"])
    shell("append", "s", "E", "--key", "k")
    ended = shell("append", "s", "E", "--expect", 0, "--json", status=4)
    same_members(json.loads(ended.err), documented["append conflict"])
    ended = shell("append", "s", "F", "--key", "k", "--json", status=4)
    assert ended.error["conflict"]["heads"] == ["2@" + shell("status", "--json").json["lane"]]


def test_what_later_changes_stand_against_is_a_conflict_without_that_member(shell):
    event = shell("put", "plan", "p1", '{"n": 1}', "--json").json["event"]
    shell("put", "plan", "p1", '{"n": 2}')
    error = shell("revert", event, "--json", status=4).error
    assert (error["code"], "conflict" in error) == ("conflict", False)
