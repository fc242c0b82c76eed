"""Payload versions on the command line: what an installed package lifts, and what is said of it."""

import sys

import pytest
from test_documents import examples, same_members

REGISTER = """
def register(upcasters):
    @upcasters.register("plan", 1)
    def to_2(plan):
        return {"name": plan["title"], "schema_version": 2}
"""


@pytest.fixture
def lifting(shell, tmp_path_factory, monkeypatch):
    """A store with an old plan and a broken one, and a package that lifts plans."""
    site = tmp_path_factory.mktemp("site")
    (site / "acme_for_plans.py").write_text(REGISTER)
    info = site / "acme_plans-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme_plans\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[journal.upcasters]\nacme = acme_for_plans:register\n")
    monkeypatch.syspath_prepend(str(site))
    shell("put", "plan", "p1", '{"title": "Ship", "schema_version": 1}')
    shell("put", "plan", "p2", '{"schema_version": 1}')
    yield shell
    sys.modules.pop("acme_for_plans", None)


def test_get_and_list_print_what_is_lifted_and_mark_it(lifting):
    assert lifting("get", "plan", "p1").json == {"name": "Ship", "schema_version": 2}
    form = lifting("get", "plan", "p1", "--json").json
    assert (form["data"]["name"], form["lifted_from"]) == ("Ship", 1)
    assert lifting("get", "plan", "p1", "--rev", "1", "--json").json["lifted_from"] == 1
    assert [line.get("lifted_from") for line in lifting("list", "plan", "--json").lines] == [1, None]
    assert lifting("list", "plan", "--where", "name=Ship", "--ids").out == "p1\n"
    assert lifting("history", "plan", "p1", "--json").json["lifted_from"] == 1


def test_as_written_prints_what_is_stored(lifting):
    assert lifting("get", "plan", "p1", "--as-written").json == {"title": "Ship", "schema_version": 1}
    assert lifting("list", "--where", "title=Ship", "--ids", "--as-written").out == "plan p1\n"
    assert "lifted_from" not in lifting("history", "plan", "p1", "--json", "--as-written").json
    assert "+ title" in lifting("history", "plan", "p1", "--patch").out
    assert '"title"' in lifting("export", "jsonl").out
    assert '"name"' in lifting("export", "jsonl", "--lift").out


def test_what_cannot_be_lifted_is_printed_as_written_with_a_word_of_warning(lifting):
    ended = lifting("get", "plan", "p2")
    assert ended.json == {"schema_version": 1}
    assert "plan 'p2' is shown as written: the upcaster from version 1 failed: KeyError: 'title'" in ended.err
    assert "failed" in lifting("get", "plan", "p2", "--json").json["lift_error"]
    assert "(and" not in lifting("list", "--ids").err


def test_a_field_is_set_on_the_lifted_document(lifting):
    lifting("put", "plan", "p1", "--set", "done=true")
    assert lifting("get", "plan", "p1", "--as-written").json == {"name": "Ship", "done": True, "schema_version": 2}
    assert "cannot be lifted" in lifting("put", "plan", "p2", "--set", "done=true", status=6).err


def test_an_editor_shows_what_is_lifted(lifting, monkeypatch):
    monkeypatch.setenv("EDITOR", "sed -i s/Ship/Sail/")
    lifting("edit", "plan", "p1")
    assert lifting("get", "plan", "p1", "--as-written").json == {"name": "Sail", "schema_version": 2}


def test_migrate_payloads_lifts_what_is_stored(lifting):
    told = lifting("migrate", "payloads", "--type", "plan", "--dry-run", "--json").json
    same_members(told, examples()["migrate payloads"])
    assert (told["written"], told["dry_run"]) == (1, True)
    out = lifting("migrate", "payloads", "--type", "plan").out
    assert out.splitlines()[0].startswith("left  plan p2: the upcaster from version 1 failed")
    assert out.splitlines()[1] == "lifted 1 of plan to version 2; 0 are there already, 1 left as they are"
    assert lifting("get", "plan", "p1", "--as-written").json["schema_version"] == 2
    assert "payload-not-lifted" in lifting("doctor", status=20).out


def test_a_wrong_call_says_what_is_missing(shell):
    assert "--type" in shell("migrate", "payloads", status=2).err
    assert "no upcaster of 'plan'" in shell("migrate", "payloads", "--type", "plan", status=2).err
