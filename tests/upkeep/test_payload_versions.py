"""Lifting what is stored, and what doctor says of versions."""

import os
import shutil

import pytest

from journal import Journal, NotAppliedError, Upcasters, UsageError
from journal.store import plugins
from journal.upkeep.migrating import payloads
from tests.support.stores import clone, new_store, truth


def upcasters(*, fails_on: str = "nothing") -> Upcasters:
    """Lead from 0 to 2; one title cannot be lifted."""
    made = Upcasters()

    @made.register("plan", 0)
    def to_1(plan):
        return {**plan, "schema_version": 1}

    @made.register("plan", 1)
    def to_2(plan):
        if plan["title"] == fails_on:
            raise ValueError("not this one")
        return {"name": plan["title"], "schema_version": 2}

    return made


@pytest.fixture
def root(tmp_path):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.put("plan", "a", {"title": "a"})
        journal.put("plan", "b", {"title": "b", "schema_version": 1})
        journal.put("plan", "c", {"name": "c", "schema_version": 2})
        journal.put("note", "n", {"title": "n"})
    return root


def codes(journal: Journal) -> dict[str, str]:
    """Return what doctor says of payloads, by code."""
    found = {item.code: item.message for item in journal.doctor().findings}
    return {code: text for code, text in found.items() if code.startswith(("payload", "plugin"))}


def test_old_payloads_are_written_anew_by_ordinary_events(root):
    with Journal.open(store=root, upcasters=upcasters(), actor="ann") as journal:
        done = journal.migrate_payloads("plan")
        assert (done.to, done.written, done.current, done.left) == (2, 2, 1, [])
        shown = [entity.data for entity in journal.list("plan", as_written=True)]
        assert shown == [{"name": name, "schema_version": 2} for name in "abc"]
        last = journal.history("plan", "a", as_written=True)[-1]
        assert (last.action, last.actor, last.summary) == ("migrate", "ann", "schema_version 0 to 2")
        assert (last.set, last.unset) == (("name", "schema_version"), ("title",))
        assert journal.get("plan", "a", rev=1, as_written=True).data == {"title": "a"}
        assert journal.get("note", "n").rev == 1
        journal.revert(last.id)
        assert journal.get("plan", "a", as_written=True).data == {"title": "a"}


def test_a_second_run_finds_nothing_to_do(root):
    with Journal.open(store=root, upcasters=upcasters()) as journal:
        journal.migrate_payloads("plan")
        before = truth(root)
        done = journal.migrate_payloads("plan")
        assert (done.written, done.current) == (0, 3)
        assert truth(root) == before


def test_a_dry_run_tells_the_same_and_writes_nothing(root):
    with Journal.open(store=root, upcasters=upcasters(fails_on="b")) as journal:
        before = truth(root)
        told = journal.migrate_payloads("plan", dry_run=True)
        assert truth(root) == before
        assert told == journal.migrate_payloads("plan")
        assert told.written == 1


def test_a_version_between_is_reached_alone(root):
    with Journal.open(store=root, upcasters=upcasters()) as journal:
        done = journal.migrate_payloads("plan", to=1)
        assert (done.written, done.current) == (1, 2)
        assert journal.get("plan", "a", as_written=True).data == {"title": "a", "schema_version": 1}
        for wrong in (0, 3):
            with pytest.raises(UsageError, match="lead up to version 2"):
                journal.migrate_payloads("plan", to=wrong)
        with pytest.raises(UsageError, match="no upcaster"):
            journal.migrate_payloads("note")


def test_what_cannot_be_lifted_is_left_and_costs_none_of_the_others(root):
    with Journal.open(store=root, upcasters=upcasters(fails_on="a")) as journal:
        journal.put("plan", "d", {"title": "d", "schema_version": "new"})
        done = journal.migrate_payloads("plan")
        assert done.written == 1
        assert [(item.id, item.why.split(":")[0]) for item in done.left] == [
            ("a", "the upcaster from version 1 failed"),
            ("d", "its schema_version is no whole number"),
        ]


def test_open_conflicts_are_left_and_told(root, tmp_path):
    other = clone(root, tmp_path / "other")
    with Journal.open(store=other) as theirs:
        theirs.put("plan", "b", set={"title": "theirs"})
    with Journal.open(store=root, upcasters=upcasters()) as journal:
        journal.put("plan", "x", {"title": "x"})
    with Journal.open(store=root) as journal:
        journal.put("plan", "b", set={"title": "ours"})
    for name in set(os.listdir(f"{other}/segments")) - set(os.listdir(f"{root}/segments")):
        shutil.copy(f"{other}/segments/{name}", f"{root}/segments/{name}")
    with Journal.open(store=root, upcasters=upcasters()) as journal:
        done = journal.migrate_payloads("plan")
        assert [(item.id, item.why) for item in done.left] == [("b", "it has open conflicts: settle them first")]
        assert journal.get("plan", "b", as_written=True).data["schema_version"] == 1


def test_what_somebody_writes_meanwhile_is_not_overwritten(root, monkeypatch):
    """Another process writes between the listing and the transaction."""
    monkeypatch.setattr(payloads, "_ENTITIES_AT_ONCE", 1)

    def write_b(what, done, of):
        if done == 1:
            with Journal.open(store=root) as other:
                other.put("plan", "b", {"title": "late", "schema_version": 1})

    with Journal.open(store=root, upcasters=upcasters(), progress=write_b) as journal:
        journal.migrate_payloads("plan")
        assert journal.get("plan", "b", as_written=True).data == {"name": "late", "schema_version": 2}


def test_a_run_that_is_cut_short_is_run_again(root, monkeypatch):
    monkeypatch.setattr(payloads, "_ENTITIES_AT_ONCE", 1)

    def stop(what, done, of):
        raise NotAppliedError("the disk is full")

    with Journal.open(store=root, upcasters=upcasters(), progress=stop) as journal, pytest.raises(NotAppliedError):
        journal.migrate_payloads("plan")
    with Journal.open(store=root, upcasters=upcasters()) as journal:
        done = journal.migrate_payloads("plan")
        assert (done.written, done.current) == (1, 2)
        assert [event.rev for event in journal.history("plan", "a")] == [1, 2]


# -- doctor -----------------------------------------------------------------------------------------


def test_doctor_tells_which_versions_live_in_the_truth_and_that_each_has_a_path(root):
    with Journal.open(store=root, upcasters=upcasters()) as journal:
        said = "plan: schema_version 0: 1 event, schema_version 1: 1 event, schema_version 2: 1 event"
        assert codes(journal) == {"payload-versions": f"{said}; upcasters lift to 2"}
        assert journal.doctor().ok
        journal.migrate_payloads("plan")
        assert "schema_version 0: 1 event, schema_version 1: 1 event, schema_version 2: 3" in str(codes(journal))


def test_doctor_tells_of_a_version_without_a_path_and_of_what_is_served_as_written(root):
    gap = Upcasters()
    gap.register("plan", 1)(lambda plan: plan)
    with Journal.open(store=root, upcasters=gap) as journal:
        report = codes(journal)
        assert report["payload-no-path"] == "plan: no upcaster leads from version 0 to 2: 1 event"
        assert "'b' is served as written: the upcaster from version 1 returned" in report["payload-not-lifted"]
        assert not journal.doctor().ok


def test_without_upcasters_versions_are_information_alone(root):
    with Journal.open(store=root) as journal:
        assert "no upcaster is registered here" in codes(journal)["payload-versions"]
        assert journal.doctor().ok


def test_a_store_without_versions_is_told_nothing(tmp_path):
    with Journal.open(store=new_store(tmp_path)) as journal:
        journal.put("plan", "a", {"title": "a"})
        assert codes(journal) == {}
        assert journal._engine.lifting is None


def test_doctor_tells_of_a_package_that_cannot_be_used(root, monkeypatch):
    broken = plugins.Plugins(Upcasters(), ("the plug-in acme (acme:register) failed: ImportError: no",))
    monkeypatch.setattr(plugins, "find_plugins", lambda folder: broken)
    monkeypatch.setattr("journal.upkeep.checks.payloads.find_plugins", lambda folder: broken)
    with Journal.open(store=root) as journal:
        assert "acme" in codes(journal)["plugin-broken"]
