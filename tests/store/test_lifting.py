"""Payloads of old versions, in a store: lifted for callers, kept as written everywhere else."""

import os
import shutil
import subprocess
import sys

import pytest

from journal import Conflict, Fold, Journal, RefusedError, Upcasters
from journal.format import values
from journal.store import plugins
from tests.support.stores import clone, configure, new_store, truth

OLD = {"title": "Ship", "state": "open", "schema_version": 1}
NEW = {"name": "Ship", "done": False, "schema_version": 2}


def renaming() -> Upcasters:
    """Register what renames ``title`` and makes a flag of ``state``."""
    upcasters = Upcasters()

    @upcasters.register("plan", 1)
    def to_2(plan):
        rest = {name: value for name, value in plan.items() if name not in ("title", "state")}
        return {**rest, "name": plan["title"], "done": plan["state"] == "done", "schema_version": 2}

    return upcasters


@pytest.fixture
def root(tmp_path):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.put("plan", "a", OLD)
        journal.put("plan", "b", {"title": "Rest", "state": "done", "schema_version": 1})
        journal.put("note", "n", {"text": "x", "schema_version": 1})
    return root


@pytest.fixture
def journal(root):
    with Journal.open(store=root, upcasters=renaming()) as journal:
        yield journal


def test_get_list_and_history_give_what_is_lifted_and_say_from_which_version(journal):
    entity = journal.get("plan", "a")
    assert entity.data == NEW
    assert (entity.lifted_from, entity.lift_error) == (1, None)
    assert [item.data["name"] for item in journal.list("plan")] == ["Ship", "Rest"]
    assert [(event.data, event.lifted_from) for event in journal.history("plan", "a")] == [(NEW, 1)]
    assert journal.get("note", "n").lifted_from is None


def test_the_past_is_lifted_too(journal):
    first = journal.get("plan", "a")
    journal.put("plan", "a", {**NEW, "done": True})
    assert journal.get("plan", "a", rev=1).data == NEW
    assert journal.get("plan", "a", at=first.event).data == NEW
    assert journal.get("plan", "a", rev=2).lifted_from is None


def test_filters_and_sorting_see_what_is_lifted(journal):
    assert [item.id for item in journal.list("plan", where=["done=true"])] == ["b"]
    assert [item.id for item in journal.list("plan", where=["title=Ship"])] == []
    assert [item.id for item in journal.list("plan", sort="name")] == ["b", "a"]
    assert [item.id for item in journal.list("plan", where=["title=Ship"], as_written=True)] == ["a"]


def test_as_written_gives_what_is_stored(journal):
    assert journal.get("plan", "a", as_written=True).data == OLD
    assert journal.history("plan", "a", as_written=True)[0].data == OLD
    assert journal.show(journal.get("plan", "a").event).data == OLD
    assert [line.field for line in journal.blame("plan", "a")] == ["schema_version", "state", "title"]


def test_reading_changes_nothing_in_the_store(root, journal):
    before = truth(root)
    journal.get("plan", "a")
    journal.list("plan", sort="name")
    journal.reconcile()
    assert truth(root) == before
    with open(f"{root}/entities/plan/a.json", "rb") as file:
        assert values.decode(file.read()) == OLD


def test_clones_with_different_code_hold_the_same_bytes(root, journal, tmp_path):
    journal.get("plan", "a")
    other = clone(root, tmp_path / "other")
    with Journal.open(store=other) as plain:
        assert plain.get("plan", "a").data == OLD
        assert plain.texts("plan", "a").data == journal.texts("plan", "a").data


def test_a_function_changes_the_lifted_document_and_the_newest_version_is_written(journal):
    journal.mutate("plan", "a", lambda plan: {**plan, "done": True})
    assert journal.get("plan", "a", as_written=True).data == {**NEW, "done": True}
    event = journal.history("plan", "a")[-1]
    assert set(event.set) == {"name", "done", "schema_version"}
    assert set(event.unset) == {"title", "state"}


def test_single_fields_are_set_on_the_lifted_document(journal):
    journal.put("plan", "a", set={"done": True}, unset=["name"])
    assert journal.get("plan", "a", as_written=True).data == {"done": True, "schema_version": 2}
    with journal.transaction() as transaction:
        transaction.put("plan", "b", merge={"owner": "ann"})
        transaction.put("plan", "b", set={"done": False})
    assert journal.get("plan", "b").data == {"name": "Rest", "done": False, "owner": "ann", "schema_version": 2}


def test_an_expectation_is_about_the_entity_as_it_stands(journal):
    entity = journal.get("plan", "a")
    assert isinstance(journal.put("plan", "a", set={"done": True}, expect_rev=7), Conflict)
    assert journal.put("plan", "a", set={"done": True}, expect_event=entity.event).rev == 2


def test_two_clones_that_lift_as_they_write_conflict_only_where_one_changed_a_lifted_field(root, journal, tmp_path):
    other = clone(root, tmp_path / "other")
    with Journal.open(store=other, upcasters=renaming()) as theirs:
        theirs.put("plan", "a", set={"owner": "bob"})
        theirs.put("plan", "b", set={"owner": "bob"})
    journal.put("plan", "a", set={"team": "sea"})
    journal.put("plan", "b", set={"done": False})
    for name in set(os.listdir(f"{other}/segments")) - set(os.listdir(f"{root}/segments")):
        shutil.copy(f"{other}/segments/{name}", f"{root}/segments/{name}")
    assert journal.get("plan", "a").data == {**NEW, "team": "sea", "owner": "bob"}
    assert [(item.id, item.field) for item in journal.conflicts()] == [("b", "done")]


def test_a_revert_and_a_hand_edit_are_of_what_is_written(root, journal):
    journal.put("plan", "b", {**OLD, "title": "Later"})
    journal.revert(journal.history("plan", "b")[-1].id)
    assert journal.get("plan", "b", as_written=True).data == {"title": "Rest", "state": "done", "schema_version": 1}
    with open(f"{root}/entities/plan/a.json", "w") as file:
        file.write(values.pretty({**OLD, "title": "Typed"}).decode())
    journal.absorb()
    assert journal.get("plan", "a", as_written=True).data == {**OLD, "title": "Typed"}


def test_what_cannot_be_lifted_is_served_as_written_and_marked(root):
    upcasters = renaming()
    upcasters.register("plan", 2)(lambda plan: plan)
    with Journal.open(store=root, upcasters=upcasters) as journal:
        entity = journal.get("plan", "a")
        assert entity.data == OLD
        assert "returned schema_version 2, not 3" in entity.lift_error
        assert [item.lift_error is None for item in journal.list()] == [True, False, False]
        assert journal.history("plan", "a")[0].lift_error is not None


def test_a_writer_is_refused_what_cannot_be_lifted(root):
    upcasters = renaming()
    upcasters.register("plan", 2)(lambda plan: plan)
    with Journal.open(store=root, upcasters=upcasters) as journal:
        before = truth(root)
        with pytest.raises(RefusedError, match="cannot be lifted"):
            journal.mutate("plan", "a", lambda plan: plan)
        with pytest.raises(RefusedError, match="cannot be lifted"):
            journal.put("plan", "a", set={"done": True})
        assert truth(root) == before
        journal.put("plan", "a", {"schema_version": 3})


def test_what_is_registered_after_opening_counts_from_then_on(root):
    with Journal.open(store=root) as journal:
        assert journal.get("plan", "a").data == OLD
        journal.upcasters.register("plan", 1)(lambda plan: {"schema_version": 2})
        assert journal.get("plan", "a").data == {"schema_version": 2}


def test_a_payload_without_a_version_is_lifted_where_the_caller_registered_a_function(tmp_path):
    with Journal.open(store=new_store(tmp_path)) as journal:
        journal.put("plan", "a", {"title": "Ship"})
        journal.upcasters.register("plan", 0)(lambda plan: {**plan, "schema_version": 1})
        assert journal.get("plan", "a").lifted_from == 0


# -- plug-ins ---------------------------------------------------------------------------------------


def install(folder, code: str, name: str = "acme", entry: str = "acme = acme_upcasters:register") -> None:
    """Put what pip would install into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "acme_upcasters.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[journal.upcasters]\n{entry}\n")


GOOD = """
def register(upcasters):
    @upcasters.register("plan", 1)
    def to_2(plan):
        return {"schema_version": 2, "by": "plug-in"}

    @upcasters.register("memo", 0)
    def to_1(memo):
        return {**memo, "schema_version": 1}
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    plugins.find_plugins.cache_clear()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    plugins.find_plugins.cache_clear()
    sys.modules.pop("acme_upcasters", None)


def test_an_installed_plug_in_lifts_and_gives_way_to_the_caller(root, site):
    install(site, GOOD)
    with Journal.open(store=root) as journal:
        assert journal.get("plan", "a").data == {"schema_version": 2, "by": "plug-in"}
    with Journal.open(store=root, upcasters=renaming()) as journal:
        assert journal.get("plan", "a").data == NEW


def test_a_payload_without_a_version_is_a_plug_ins_only_where_its_type_is_versioned(tmp_path, site):
    install(site, GOOD)
    root = new_store(tmp_path / "repo", types="[types.memo]\nversioned = true")
    with Journal.open(store=root) as journal:
        journal.put("memo", "m", {"text": "x"})
        assert journal.get("memo", "m").data == {"text": "x", "schema_version": 1}
    with Journal.open(store=new_store(tmp_path / "plain")) as journal:
        journal.put("plan", "v", {"schema_version": 1})
        journal.put("memo", "m", {"text": "x"})
        assert journal.get("plan", "v").lifted_from == 1
        assert journal.get("memo", "m").data == {"text": "x"}


def test_folds_go_by_what_is_versioned_now(tmp_path, site):
    install(site, GOOD)
    root = new_store(tmp_path / "repo")
    last = Fold("last", seed=None, step=lambda _, event: event.data)
    with Journal.open(store=root) as journal:
        journal.append("s", "memo", {"text": "x"})
        view = journal.view(last, "s")
        assert view.read() == journal.snapshot(last, "s").value == {"text": "x"}
        configure(root, types="[types.memo]\nversioned = true")
        assert view.read() == journal.fold(last, "s").value == {"text": "x", "schema_version": 1}
        configure(root)
        assert view.read() == journal.fold(last, "s").value == {"text": "x"}


def test_a_broken_plug_in_breaks_no_read(root, site):
    install(site, "raise RuntimeError('no')")
    with Journal.open(store=root) as journal:
        assert journal.get("plan", "a").data == OLD
    assert "failed: RuntimeError: no" in plugins.find_plugins(str(root) + "/..").problems[0]


def test_a_repository_brings_no_plug_in(root, tmp_path, monkeypatch):
    """Its folder may be where Python's path begins, as with ``python -m``; it still is nobody's installation."""
    install(tmp_path, GOOD)
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins.find_plugins.cache_clear()
    with Journal.open(store=root) as journal:
        assert journal.get("plan", "a").data == OLD
    plugins.find_plugins.cache_clear()


def test_a_read_without_versions_loads_nothing_of_this(tmp_path):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.put("plan", "a", {"title": "Ship"})
    code = f"""
import sys
from journal.cli import main
try:
    main(["--store", {root!r}, "get", "plan", "a"])
except SystemExit:
    pass
print([name for name in ("journal.state.upcasting", "journal.store.plugins", "jsonschema")
       if name in sys.modules])
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"
