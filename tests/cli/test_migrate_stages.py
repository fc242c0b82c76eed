"""Goal: a brainclaw store goes through its stages from the command line, and every refusal has its status."""

import json
import os

import pytest

from tests.support import brainclaw


@pytest.fixture
def harbour(shell):
    brainclaw.new_store(shell.path(".brainclaw"), damaged=True)
    return shell


def test_everything_that_is_not_as_it_should_be_is_printed_and_the_status_says_so(harbour):
    told = harbour("migrate", "brainclaw", ".brainclaw", "--dry-run", status=20)
    for part in ("brought in: 10", "seg-00000012.jsonl:2: gap", "coordination/plans/pln_1.json", "nothing was written"):
        assert part in told.out
    found = harbour("migrate", "brainclaw", ".brainclaw", "--json", status=20).json
    assert (found["records"], found["snapshots"], found["verified"], found["differences"]) == (10, 1, 4, [])
    assert {item["code"] for item in found["problems"]} >= {"gap", "rev", "damaged", "duplicate", "refused", "torn"}
    assert os.path.isdir(harbour.store(*found["backup"].split("/")))


def test_a_whole_way_there_and_back(shell):
    brainclaw.old_store(shell.path(".brainclaw"))
    before = brainclaw.contents(shell.path(".brainclaw"))
    assert shell("migrate", "status").out == "this journal stands beside no old store\n"
    assert shell("migrate", "status", "--json").json["stage"] is None
    shell("migrate", "dual", status=2)
    shell("migrate", "brainclaw", ".brainclaw")
    refused = shell("migrate", "primary", "--json", status=20)
    assert refused.error["code"] == "promotion-refused"
    for stage in ("dual", "primary", "dual", "off"):
        assert shell("migrate", stage, "--dry-run").out.endswith("nothing was written\n")
        assert f"→ {stage}" in shell("migrate", stage).out
        assert shell("migrate", "status", "--json").json["stage"] == stage
        assert shell("doctor", "--verify", "--json").json["ok"]
    after = brainclaw.contents(shell.path(".brainclaw"))
    assert {path: text for path, text in after.items() if not path.startswith("archive/")} == before


def test_a_command_line_in_dual_writes_the_document_and_tells_of_those_that_others_changed(shell):
    brainclaw.old_store(shell.path(".brainclaw"))
    shell("migrate", "brainclaw", ".brainclaw")
    shell("migrate", "dual")
    shell("put", "plan", "pln_1", "--set", "status=done")
    path = shell.path(".brainclaw", "plans", "pln_1.json")
    with open(path, encoding="utf-8") as file:
        shown = json.load(file)
    assert shown["status"] == "done"
    brainclaw.put(shell.path(".brainclaw"), "plans/pln_1.json", {**shown, "title": "theirs"})
    assert "plans/pln_1.json: plan pln_1, changed by somebody else" in shell("migrate", "status").out
    assert "old-changed" in shell("doctor", status=20).out
    refused = shell("migrate", "primary", status=20)
    assert "journal migrate dual takes them in" in refused.err
    taken = shell("migrate", "dual", "--json").json
    assert [(item["standing"], item["path"]) for item in taken["taken"]] == [("changed", "plans/pln_1.json")]
    assert json.loads(shell("get", "plan", "pln_1").out)["title"] == "theirs"


def test_what_is_no_old_store_is_told_with_its_status(shell):
    assert "there is no such folder" in shell("migrate", "brainclaw", "nowhere", status=3).err
    os.mkdir(shell.path("empty"))
    shell("migrate", "brainclaw", "empty", status=3)
    shell("migrate", "brainclaw", "/", status=6)
