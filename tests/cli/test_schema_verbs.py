"""Schemas on the command line, and the page that shows them."""

import json
import os
import sys

import pytest
from test_documents import examples, same_members

pytest.importorskip("jsonschema", reason="an optional library")

SCHEMA = '{"required": ["title"], "properties": {"status": {"enum": ["open", "done"]}}}'


def test_a_type_has_a_schema_from_when_it_is_put(shell):
    shell("put", "plan", "old", "{}")
    ended = shell("schema", "put", "plan", SCHEMA)
    assert ended.out == "plan has the schema .journal/schemas/plan.json\n"
    assert "1 of plan do not fit it" in ended.err
    assert "/status" in shell("put", "plan", "p", '{"title": "a", "status": "x"}', status=6).err
    assert shell("schema", "list").out == "plan  schemas/plan.json  refuses what does not fit\n"
    assert shell("schema", "check", status=20).out == "plan old  the document: lacks 'title'\n"
    assert "schema-violated" in shell("doctor", status=20).out
    shell("put", "plan", "old", "--set", "title=a")
    assert shell("schema", "check", "plan").out == "everything fits\n"
    shell("schema", "delete", "plan")
    assert shell("schema", "list").out == ""
    assert "has no schema" in shell("schema", "check", "plan", status=3).err
    assert "has no schema" in shell("schema", "delete", "plan", status=3).err


def test_a_wrong_schema_is_refused_with_its_place(shell):
    assert "/type" in shell("schema", "put", "plan", '{"type": 3}', status=6).err
    assert "leaves the schema" in shell("schema", "put", "plan", '{"$ref": "http://x"}', status=6).err
    assert not os.path.exists(os.path.join(shell.folder, ".journal", "schemas"))


def test_editors_are_told(shell):
    shell("schema", "put", "plan", SCHEMA)
    assert json.loads(shell("schema", "editors", "--print").out)["json.schemas"][0]["url"].endswith("plan.json")
    assert shell("schema", "editors").out == "wrote .vscode/settings.json\n"
    assert shell("schema", "editors").out == ".vscode/settings.json is as it should be\n"
    with open(os.path.join(shell.folder, ".vscode", "settings.json"), "w", encoding="utf-8") as file:
        file.write("// mine\n{}")
    ended = shell("schema", "editors")
    assert "was left as it is" in ended.err
    assert "json.schemas" in json.loads(ended.out)


def test_json_has_the_members_that_are_documented(shell):
    documented = examples()
    shell("put", "plan", "old", "{}")
    calls = {"schema put": ["plan", SCHEMA], "schema list": [], "schema check": [], "schema editors": []}
    for name, words in calls.items():
        ended = shell(*name.split(), *words, "--json", status=20 if name == "schema check" else 0)
        same_members(json.loads(ended.out.splitlines()[0]), documented[name])
    same_members(shell("schema", "delete", "plan", "--json").json, documented["schema delete"])


def test_the_page_on_payloads_shows_what_is_printed(tmp_path, monkeypatch):
    """Its transcripts need the library, so they run here and not with the other pages."""
    from pathlib import Path

    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "truth"))
    import transcripts

    text = (Path(__file__).parent.parent.parent / "docs" / "payloads.md").read_text(encoding="utf-8")
    page = tmp_path / "payloads.md"
    page.write_text(text.replace("```python", "```other").replace("```session", "```console"), encoding="utf-8")
    assert len(transcripts.commands(page)) >= 5
    (tmp_path / "run").mkdir()
    assert transcripts.run(page, tmp_path / "run") == []
    sys.modules.pop("transcripts", None)
