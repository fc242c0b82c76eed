"""Schemas of a store: what they refuse, what they cannot, and what hostile ones come to."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jsonschema", reason="an optional library")

from journal import Journal, NotFoundError, RefusedError
from journal.format import values
from journal.store.batch import Put
from tests.support.stores import clone, configure, new_store, truth
from tests.support.worktree import WorkTree

PLAN = {"required": ["title"], "properties": {"status": {"enum": ["open", "done"]}}}


@pytest.fixture
def root(tmp_path):
    return new_store(tmp_path)


@pytest.fixture
def journal(root):
    with Journal.open(store=root) as journal:
        journal.schemas.put("plan", PLAN)
        yield journal


def codes(journal: Journal) -> list[str]:
    return [item.code for item in journal.doctor().findings if item.code.startswith("schema")]


def test_what_does_not_fit_is_refused_before_anything_is_written(root, journal):
    journal.put("plan", "a", {"title": "a", "status": "open"})
    before = truth(root)
    for call in (
        lambda: journal.put("plan", "b", {"status": "gone"}),
        lambda: journal.put("plan", "a", set={"status": "gone"}),
        lambda: journal.put("plan", "a", unset=["title"]),
        lambda: journal.mutate("plan", "a", lambda plan: {}),
        lambda: journal.new("plan", {}),
        lambda: journal.write([Put(type="note", id="n", data={}), Put(type="plan", id="c", data={})]),
    ):
        with pytest.raises(RefusedError, match="does not fit its schema"):
            call()
    transaction = journal.transaction()
    transaction.put("note", "n", {})
    transaction.put("plan", "c", {})
    with pytest.raises(RefusedError):
        transaction.__exit__(None, None, None)
    assert truth(root) == before


def test_the_place_and_the_reason_are_told(journal):
    with pytest.raises(RefusedError) as caught:
        journal.put("plan", "b", {"status": "gone"})
    said = "plan 'b' does not fit its schema: /status: is none of \"open\", \"done\"; the document: lacks 'title'"
    assert sorted(caught.value.message.split(": ", 1)[1].split("; ")) == sorted(said.split(": ", 1)[1].split("; "))


def test_other_types_and_deletes_and_keys_are_not_concerned(journal):
    journal.put("plan", "a", {"title": "a"})
    journal.put("note", "n", {"status": "gone"})
    journal.delete("plan", "a")
    journal.kv.put("k", 1)


def test_a_hand_edit_that_does_not_fit_is_not_absorbed(root, journal):
    journal.put("plan", "a", {"title": "a"})
    Path(root, "entities/plan/a.json").write_text('{"status": "gone"}')
    with pytest.raises(RefusedError, match="/status"):
        journal.absorb()


def test_another_process_that_puts_a_schema_is_heeded_at_once(root, journal):
    with Journal.open(store=root) as other:
        other.schemas.put("plan", {"required": ["owner"]})
        with pytest.raises(RefusedError, match="owner"):
            journal.put("plan", "a", {"title": "a"})
        other.schemas.delete("plan")
        assert journal.put("plan", "a", {}).rev == 1
        with pytest.raises(NotFoundError):
            other.schemas.delete("plan")


def test_a_type_may_have_its_schema_reported_only(root, journal):
    configure(root, types='[types.plan]\nschema = "report"')
    with Journal.open(store=root) as lenient:
        assert lenient.put("plan", "a", {}).rev == 1
        assert [(item.type, item.refuses) for item in lenient.schemas.list()] == [("plan", False)]
        assert codes(lenient) == ["schema-violated"]


def test_what_a_merge_brings_is_never_refused_and_doctor_tells_of_it(root, journal, tmp_path):
    other = clone(root, tmp_path / "other")
    shutil.rmtree(f"{other}/schemas")
    with Journal.open(store=other) as theirs:
        theirs.put("plan", "b", {"status": "gone"})
    for name in set(os.listdir(f"{other}/segments")) - set(os.listdir(f"{root}/segments")):
        shutil.copy(f"{other}/segments/{name}", f"{root}/segments/{name}")
    assert journal.get("plan", "b").data == {"status": "gone"}
    assert codes(journal) == ["schema-violated"]
    assert sorted((item.id, item.pointer) for item in journal.schemas.check()) == [("b", ""), ("b", "/status")]
    with Journal.open(store=other) as theirs:
        assert theirs.texts("plan", "b") == journal.texts("plan", "b")


def test_ids_and_types_of_every_kind_have_their_own_file(journal):
    for type in ("Plan", "a.b", "con", "größe", "ex ample"):
        journal.schemas.put(type, {"required": ["x"]})
        with pytest.raises(RefusedError):
            journal.put(type, "1", {})
    assert [item.type for item in journal.schemas.list()] == sorted(["Plan", "a.b", "con", "größe", "ex ample", "plan"])
    with pytest.raises(RefusedError):
        journal.schemas.put("$kv", {})


@pytest.mark.parametrize("schema", [{"$ref": "http://127.0.0.1:9/x"}, {"type": 3}, {"pattern": "(?=a)"}])
def test_what_is_no_schema_is_not_put(root, journal, schema):
    before = Path(root, "schemas/plan.json").read_bytes()
    with pytest.raises(RefusedError):
        journal.schemas.put("plan", schema)
    assert Path(root, "schemas/plan.json").read_bytes() == before


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"$ref": "file:///etc/passwd"}', '{"pattern": "(a)\\\\1"}', "<<<<<<< ours\n"]
)
def test_a_broken_or_hostile_file_refuses_its_type_and_hinders_no_other(root, journal, text):
    Path(root, "schemas/plan.json").write_text(text)
    with pytest.raises(RefusedError, match="schema of 'plan' is none"):
        journal.put("plan", "a", {"title": "a"})
    assert journal.put("note", "n", {}).rev == 1
    assert journal.list() != []
    assert codes(journal) == ["schema-broken"]


def test_no_link_among_the_schemas_is_followed(root, journal, tmp_path):
    (tmp_path / "outside.json").write_text("{}")
    os.remove(f"{root}/schemas/plan.json")
    os.symlink(tmp_path / "outside.json", f"{root}/schemas/plan.json")
    with pytest.raises(Exception, match=r"link|not applied|refused") as caught:
        journal.put("plan", "a", {"title": "a"})
    assert not isinstance(caught.value, AssertionError)
    shutil.rmtree(f"{root}/schemas")
    os.symlink(tmp_path, f"{root}/schemas")
    with pytest.raises(Exception, match="link"):
        journal.schemas.put("plan", {})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".journal", "outside.json"]


def test_a_write_of_a_type_without_a_schema_loads_no_library(root):
    code = f"""
import sys
from journal import Journal
with Journal.open(store={root!r}) as journal:
    journal.put("plan", "a", {{}})
print([name for name in ("jsonschema", "journal.schemas") if name in sys.modules])
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_without_the_library_a_type_with_a_schema_is_refused_and_the_rest_goes_on(journal, monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    journal._engine.schemas._known.clear()
    with pytest.raises(RefusedError, match="not installed") as caught:
        journal.put("plan", "a", {"title": "a"})
    assert "git-journal[schema]" in caught.value.hint
    assert journal.put("note", "n", {}).rev == 1
    assert codes(journal) == ["schema-unchecked"]
    assert journal.doctor().ok


def test_payloads_that_a_schema_refuses_are_left_by_a_migration(journal):
    journal.put("plan", "a", {"title": "a"})
    journal.put("plan", "b", {"title": "b", "status": "open"})
    journal.upcasters.register("plan", 0)(lambda plan: {**plan, "schema_version": 1})
    journal.schemas.put("plan", {"required": ["status"]})
    done = journal.migrate_payloads("plan")
    assert (done.written, [item.id for item in done.left]) == (1, ["a"])
    assert "does not fit" in done.left[0].why


def test_schemas_are_committed_and_taken_away_with_the_store(tmp_path, monkeypatch):
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Ana")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ana@example.org")
    work = WorkTree(tmp_path / "work")
    with work.open() as journal:
        journal.schemas.put("plan", PLAN)
        journal.commit("schemas")
        assert values.decode(work.git("show", "HEAD:.journal/schemas/plan.json")) == PLAN
        assert journal.commit() is None
        journal.schemas.delete("plan")
        journal.commit("none")
    assert "schemas" not in work.git("ls-tree", "-r", "--name-only", "HEAD")
    assert work.git("status", "--porcelain") == ""


# -- editors ----------------------------------------------------------------------------------------

ENTRY = {
    "fileMatch": ["/.journal/entities/plan/*.json", "/.journal/entities/plan/*/*.json"],
    "url": "./.journal/schemas/plan.json",
}


def settings(root) -> Path:
    return Path(root).parent / ".vscode" / "settings.json"


def test_editors_are_told_where_nothing_is_set_yet(root, journal):
    assert journal.schemas.editors().is_written
    assert json.loads(settings(root).read_text()) == {"json.schemas": [ENTRY]}
    assert not journal.schemas.editors().is_written


def test_other_settings_stay_and_what_is_ours_is_brought_up_to_date(root, journal):
    settings(root).parent.mkdir()
    theirs = {"url": "https://example.com/x.json", "fileMatch": ["x.json"]}
    old = {"url": "./.journal/schemas/gone.json", "fileMatch": ["gone"]}
    settings(root).write_text(json.dumps({"a": 1, "json.schemas": [old, theirs], "z": None}, indent=4))
    assert journal.schemas.editors().is_written
    text = settings(root).read_text()
    assert json.loads(text) == {"a": 1, "json.schemas": [theirs, ENTRY], "z": None}
    assert text.startswith('{\n    "a"')


@pytest.mark.parametrize(
    "text", ['{\n  // mine\n  "a": 1\n}', '{"a": 1,}', "[]", '{"json.schemas": 3}', "", '{"a":1,"a":2}']
)
def test_settings_with_comments_are_left_alone_and_told(root, journal, text):
    settings(root).parent.mkdir()
    settings(root).write_text(text)
    told = journal.schemas.editors()
    assert (told.is_written, told.settings) == (False, {"json.schemas": [ENTRY]})
    assert told.why
    assert settings(root).read_text() == text


def test_no_link_is_followed_on_the_way_to_the_settings(root, journal, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", settings(root).parent)
    with pytest.raises(Exception, match="link"):
        journal.schemas.editors()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_telling_alone_writes_nothing(root, journal):
    assert journal.schemas.editors(write=False).settings == {"json.schemas": [ENTRY]}
    assert not settings(root).exists()
