"""Goal: what a brainclaw store holds comes into the journal with its history, and nothing of it changes."""

import os

import pytest

from journal import Journal
from journal.errors import NotFoundError, RefusedError, UsageError
from tests.support import brainclaw
from tests.support.stores import documents, new_store, truth


@pytest.fixture
def base(tmp_path):
    new_store(tmp_path)
    return str(tmp_path / ".brainclaw")


@pytest.fixture
def journal(tmp_path, base):
    with Journal.open(tmp_path, actor="me") as journal:
        yield journal


def notes(journal, kind):
    return [event for event in journal.log(reverse=True) if event.note == kind]


def test_without_a_history_there_is_one_genesis_note_and_one_snapshot_for_each_document(journal, base):
    brainclaw.old_store(base)
    before = brainclaw.contents(base)
    found = journal.migrate_brainclaw(base)
    assert (found.snapshots, found.verified, found.differences, found.stage) == (7, 7, [], "off")
    assert len(notes(journal, "genesis")) == 1
    assert [event.action for event in journal.history("plan", "pln_1")] == ["snapshot"]
    assert journal.get("plan", "pln_1").data == brainclaw.plan(1)
    assert journal.get("claim", "clm_1").data["n"] == 1000.0
    after = brainclaw.contents(base)
    assert after.pop(found.parked_log) == before["events.jsonl"]
    assert after == before


def test_a_second_run_finds_nothing_to_do(journal, base):
    brainclaw.new_store(base, damaged=True)
    journal.migrate_brainclaw(base)
    events = [event.event for event in journal.log()]
    found = journal.migrate_brainclaw(base)
    assert (found.records, found.snapshots, found.updates) == (0, 0, [])
    assert [event.event for event in journal.log()] == events


def test_a_dry_run_tells_what_a_run_does_and_touches_nothing(journal, base):
    brainclaw.new_store(base, damaged=True)
    files, before = brainclaw.contents(base), truth(journal.root)
    told = journal.migrate_brainclaw(base, dry_run=True)
    assert (brainclaw.contents(base), truth(journal.root)) == (files, before)
    assert journal.stage_report().stage is None
    done = journal.migrate_brainclaw(base)
    names = ("records", "snapshots", "updates", "gone", "problems", "same")
    assert {name: getattr(told, name) for name in names} == {name: getattr(done, name) for name in names}


def test_each_record_of_a_history_is_one_event_with_its_agent_time_and_summary(journal, base):
    brainclaw.new_store(base)
    found = journal.migrate_brainclaw(base, actor="me")
    assert (found.records, found.problems, found.differences) == (9, [], [])
    history = list(journal.history("plan", "pln_1"))
    assert [(event.action, event.actor, event.ts) for event in history[:2]] == [
        ("backfill", "system", "2026-03-01T09:30:02.000Z"),
        ("update", "ana", "2026-03-01T09:30:03.000Z"),
    ]
    assert history[1].summary == "step done"
    assert (list(history[2].set), history[2].actor) == (["title"], "me")
    assert found.updates == ["coordination/plans/pln_1.json"]
    assert journal.get("plan", "pln_1").data["title"] == "changed since its last event"
    assert [event.action for event in journal.history("plan", "pln_2")] == ["create", "delete"]
    assert journal.get("handoff", "hnd_1").data["diff"] == "x" * 200
    assert [event.action for event in journal.history("trap", "trp_1")] == ["upgrade"]
    records = [event.data["record"] for event in notes(journal, "import") if "record" in event.data]
    assert [item["action"] for item in records] == ["journal_note", "session_start", "checkpoint_ref"]
    assert found.snapshots == 1


def test_damage_costs_what_it_hit_and_is_told(journal, base):
    brainclaw.new_store(base, damaged=True)
    found = journal.migrate_brainclaw(base)
    assert {item.path for item in found.problems} == {"events/seg-00000012.jsonl"}
    assert [(item.code, item.line) for item in found.problems] == [
        ("gap", 2),
        ("rev", 2),
        ("damaged", 4),
        ("duplicate", 6),
        ("refused", 8),
        ("torn", 9),
    ]
    assert [event.summary for event in journal.history("plan", "pln_1")][-1].startswith("as its document says")
    assert found.differences == []


def test_what_is_no_document_is_listed_with_its_reason_and_stays(journal, base):
    brainclaw.damaged_store(base)
    os.symlink("/etc", os.path.join(base, "plans", "link.json"))
    before = brainclaw.contents(base)
    found = journal.migrate_brainclaw(base)
    assert sorted(item.path for item in found.old.unreadable) == [
        "plans/huge.json",
        "plans/link.json",
        "plans/list.json",
        "plans/pln_bad.json",
        "plans/pln_merge.json",
    ]
    assert found.old.duplicates == [("plans/pln_1.json", "coordination/plans/pln_1.json")]
    assert found.old.renamed == ["plans/renamed.json"]
    assert found.old.unversioned == ["plans/no-id.json"]
    assert found.old.unknown == {"lore": 1, "inbox/accepted": 1}
    assert journal.get("plan", "pln_1").data["title"] == "the newer layout counts"
    assert journal.get("plan", "no-id").data == {"title": "its name is its id"}
    assert journal.get("inbox/accepted", "can_1").data["id"] == "can_1"
    assert {path: text for path, text in brainclaw.contents(base).items() if path in before} == before


def test_a_history_that_begins_later_starts_from_the_checkpoint_before_it(journal, base):
    records = brainclaw.history(base)
    brainclaw.put_segment(base, records[5:])
    found = journal.migrate_brainclaw(base)
    assert [(event.action, event.summary) for event in journal.history("trap", "trp_1")] == [
        ("snapshot", "from ckpt-00000005.json"),
        ("upgrade", None),
    ]
    assert not [item for item in found.problems if item.code == "gap"]


def test_a_checkpoint_that_is_not_what_the_journal_says_is_not_used(journal, base):
    records = brainclaw.history(base)
    ref = {"file": "ckpt-00000005.json", "sha256": "0" * 64}
    brainclaw.put_segment(base, [{**records[6], "seq": 1, "checkpoint_ref": ref}])
    found = journal.migrate_brainclaw(base)
    assert [item.code for item in found.problems] == ["checkpoint", "checkpoint"]
    assert journal.list("trap") == []


def test_an_entity_without_a_document_is_kept_unless_asked_for(journal, base):
    brainclaw.new_store(base)
    os.unlink(os.path.join(base, "memory", "traps", "trp_1.json"))
    found = journal.migrate_brainclaw(base)
    assert [item.key for item in found.gone] == [("trap", "trp_1")]
    assert ("trap", "trp_1") in documents(journal)
    assert journal.migrate_brainclaw(base, deleted=True).deletes == 1
    assert ("trap", "trp_1") not in documents(journal)
    assert journal.migrate_brainclaw(base).gone == []


def test_while_the_stage_is_off_the_old_tool_goes_on_and_a_run_follows(journal, base):
    brainclaw.new_store(base)
    journal.migrate_brainclaw(base)
    later = brainclaw.plan(1, status="reopened")
    brainclaw.put_segment(base, [brainclaw.record(10, "update", "plan", "pln_1", entity_rev=3, payload=later)])
    brainclaw.put(base, "coordination/plans/pln_1.json", later)
    brainclaw.put(base, "coordination/plans/pln_7.json", brainclaw.plan(7))
    found = journal.migrate_brainclaw(base)
    assert (found.records, found.snapshots, found.updates) == (1, 1, [])
    assert journal.get("plan", "pln_1").data == later


def test_what_is_no_old_store_is_refused_before_anything_is_written(journal, base, tmp_path):
    before = truth(journal.root)
    with pytest.raises(NotFoundError):
        journal.migrate_brainclaw(base)
    os.makedirs(base)
    with pytest.raises(NotFoundError):
        journal.migrate_brainclaw(base)
    for place in (tmp_path.parent, tmp_path, tmp_path / ".git" / "x", journal.root):
        with pytest.raises(RefusedError):
            journal.migrate_brainclaw(place)
    assert truth(journal.root) == before
    brainclaw.old_store(base)
    journal.migrate_brainclaw(base)
    with pytest.raises(UsageError):
        journal.migrate_brainclaw(tmp_path / "other")


def test_texts_that_no_line_may_have_are_cut_and_cleaned(journal, base):
    odd = brainclaw.record(
        1, "upd\nate", "plan", "p", payload={"id": "p"}, summary="x" * 900, agent="a\x00b", ts="soon"
    )
    brainclaw.put_segment(base, [odd])
    brainclaw.put(base, "plans/p.json", {"id": "p"})
    journal.migrate_brainclaw(base)
    (event,) = journal.history("plan", "p")
    assert (event.action, event.actor, len(event.summary)) == ("upd ate", "a b", 500)
    assert event.ts != "soon"
