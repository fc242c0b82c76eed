"""Goal: off → dual → primary and back, each step verified and reversible, and no change of anybody's is ever lost."""

import contextlib
import errno
import json
import os
import shutil
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journal import FormatError, Journal, PromotionRefusedError, UsageError
from journal.disk.files import OsFiles
from journal.upkeep.stages import mirror, place
from tests.support import brainclaw
from tests.support.power import SimulatedDisk
from tests.support.stores import clone, new_store, segments, truth


@pytest.fixture
def base(tmp_path):
    new_store(tmp_path)
    base = str(tmp_path / ".brainclaw")
    brainclaw.old_store(base)
    return base


@pytest.fixture
def journal(tmp_path, base):
    with Journal.open(tmp_path, actor="me") as journal:
        journal.migrate_brainclaw(base)
        yield journal


@pytest.fixture
def dual(journal):
    journal.change_stage("dual")
    return journal


def document(base, path):
    with open(os.path.join(base, *path.split("/")), "rb") as file:
        return file.read()


def words(journal):
    return {(item.word, item.path) for item in journal.stage_report().standings}


def test_a_stage_in_which_nothing_changes_keeps_every_byte(journal, base):
    before = brainclaw.contents(base)
    for stage in ("dual", "primary", "dual", "off", "dual", "primary", "off"):
        done = journal.change_stage(stage)
        assert (done.taken, done.written, done.backup, done.after) == ([], [], None, stage)
        assert done.verified == 7
        assert brainclaw.contents(base) == before
        assert journal.stage_report().stage == stage


def test_each_change_of_the_stage_is_noted_once_and_stands_in_the_configuration(dual):
    dual.change_stage("dual")
    dual.change_stage("primary")
    said = [event.data for event in dual.log(reverse=True) if event.note == "store_marker"]
    assert [(item["from"], item["to"]) for item in said] == [("off", "dual"), ("dual", "primary")]
    with open(os.path.join(dual.root, "journal.toml"), encoding="utf-8") as file:
        text = file.read()
    assert text.count("[old_store]") == 1
    assert 'stage = "primary"' in text


def test_in_dual_one_changed_field_is_one_changed_line_of_its_document(dual, base):
    before = document(base, "plans/pln_1.json")
    dual.put("plan", "pln_1", set={"status": "done"})
    after = document(base, "plans/pln_1.json")
    differing = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    assert differing == [(b'  "status": "open",', b'  "status": "done",')]
    assert words(dual) == set()


def test_in_dual_every_kind_of_mutation_reaches_the_documents(dual, base, tmp_path):
    dual.put("plan", "pln_new", {"id": "pln_new", "steps": [], "schema_version": 3, "title": "new"})
    order = list(json.loads(document(base, "plans/pln_new.json")))
    assert order == ["schema_version", "id", "title", "steps"]
    with dual.transaction() as tx:
        tx.put("plan", "pln_2", set={"title": "in a transaction"})
        tx.delete("plan", "pln_3")
    assert b"in a transaction" in document(base, "plans/pln_2.json")
    assert not os.path.exists(os.path.join(base, "plans", "pln_3.json"))
    projection = os.path.join(dual.root, "entities", "plan", "pln_2.json")
    with open(projection, encoding="utf-8") as file:
        shown = json.load(file)
    with open(projection, "w", encoding="utf-8") as file:
        json.dump({**shown, "title": "absorbed"}, file)
    dual.absorb()
    assert b"absorbed" in document(base, "plans/pln_2.json")
    trace = tmp_path / "trace.jsonl"
    line = {"item_type": "plan", "item_id": "pln_2", "action": "update", "ts": "2026-01-01T00:00:00Z", "author": "x"}
    trace.write_text(json.dumps({**line, "commit": "c", "payload": {"id": "pln_2", "title": "imported"}}) + "\n")
    dual.import_trace(trace)
    assert json.loads(document(base, "plans/pln_2.json")) == {"id": "pln_2", "title": "imported"}
    assert words(dual) == set()


def change_configuration(journal, text='\n[types.plan]\nprefix = "pln"\n'):
    with open(os.path.join(journal.root, "journal.toml"), "a") as file:
        file.write(text)


def test_the_documents_follow_too_after_something_else_of_the_configuration_has_changed(dual, base):
    change_configuration(dual)
    dual.put("plan", "pln_1", set={"status": "done"})
    assert b'"status": "done"' in document(base, "plans/pln_1.json")
    assert words(dual) == set()


def test_a_process_that_was_open_before_goes_by_the_stage_that_another_one_set(journal, base, tmp_path):
    with Journal.open(tmp_path, actor="b") as other:
        assert other.put("plan", "pln_1", set={"status": "in off"}).data["status"] == "in off"
        journal.change_stage("dual")
        other.put("plan", "pln_1", set={"status": "in dual"})
        assert b'"status": "in dual"' in document(base, "plans/pln_1.json")
        assert other.change_stage("off").before == "dual"
        journal.put("plan", "pln_1", set={"status": "off again"})
        assert b'"status": "in dual"' in document(base, "plans/pln_1.json")
        assert journal.stage_report().stage == "off"


def test_a_process_that_was_open_before_this_checkout_was_let_write_writes_the_documents(dual, base, tmp_path):
    there = tmp_path / "there"
    other = clone(dual.root, there)
    shutil.copytree(base, there / ".brainclaw")
    with Journal.open(there, actor="b") as before, Journal.open(store=other, actor="c") as after:
        before.put("plan", "pln_1", set={"status": "not here"})
        assert b"not here" not in document(str(there / ".brainclaw"), "plans/pln_1.json")
        after.change_stage("dual")  # the configuration said so before
        before.put("plan", "pln_1", set={"status": "here"})
        assert b'"here"' in document(str(there / ".brainclaw"), "plans/pln_1.json")
        assert words(after) == set()


def test_what_else_was_changed_in_the_configuration_is_followed_behind_a_change_of_the_stage(dual, monkeypatch):
    real = place.with_old_store

    def with_more(text, options):
        return real(text, options) + b'\n[types.plan]\nmerge = { tags = "union" }\n'

    monkeypatch.setattr(place, "with_old_store", with_more)  # as who saves the file just then
    dual.change_stage("primary")
    with dual._engine.reading() as view:
        assert view.strategies("plan") == {"tags": "union"}


def test_an_old_store_whose_path_toml_cannot_hold_as_it_is(tmp_path):
    new_store(tmp_path)
    base = str(tmp_path / 'a"b' / ".brainclaw")
    brainclaw.old_store(base)
    with Journal.open(tmp_path, actor="me") as journal:
        journal.migrate_brainclaw(base)
        journal.change_stage("dual")
    with Journal.open(tmp_path, actor="me") as journal:
        assert journal.stage_report().path == 'a"b/.brainclaw'
        assert journal.stage_report().is_active


def test_a_change_that_a_merge_brings_reaches_the_documents(dual, base, tmp_path):
    other = clone(dual.root, tmp_path / "other")
    with Journal.open(store=other, actor="bob") as there:
        there.put("plan", "pln_1", set={"title": "from another clone"})
    segments = set(os.listdir(os.path.join(other, "segments"))) - set(os.listdir(os.path.join(dual.root, "segments")))
    for name in segments:
        os.replace(os.path.join(other, "segments", name), os.path.join(dual.root, "segments", name))
    assert dual.get("plan", "pln_1").data["title"] == "from another clone"
    assert b"from another clone" in document(base, "plans/pln_1.json")


def test_what_the_old_tool_changes_in_dual_is_found_and_never_written_over(dual, base):
    mine = brainclaw.put(base, "plans/pln_1.json", brainclaw.plan(1, status="by the old tool"))
    assert words(dual) == {("changed", "plans/pln_1.json")}
    dual.put("plan", "pln_1", set={"title": "by the journal"})
    assert document(base, "plans/pln_1.json") == mine
    done = dual.change_stage("dual")
    assert [item.path for item in done.taken] == ["plans/pln_1.json"]
    data = dual.get("plan", "pln_1").data
    assert (data["status"], data["title"]) == ("by the old tool", "by the journal")
    assert json.loads(document(base, "plans/pln_1.json")) == data
    assert done.backup is not None
    with open(os.path.join(dual.root, done.backup, "files", "plans", "pln_1.json"), "rb") as file:
        assert file.read() == mine


def test_what_the_old_tool_sets_back_in_dual_is_its_change_and_no_lag(dual, base):
    first = document(base, "plans/pln_1.json")
    dual.put("plan", "pln_1", set={"status": "done"})
    brainclaw.put_bytes(base, "plans/pln_1.json", first)
    assert words(dual) == {("changed", "plans/pln_1.json")}
    dual.change_stage("dual")
    assert dual.get("plan", "pln_1").data["status"] == "open"


def test_what_the_old_tool_removes_in_dual_is_deleted_only_where_that_is_asked_for(dual, base):
    os.unlink(os.path.join(base, "plans", "pln_1.json"))
    os.unlink(os.path.join(base, "plans", "pln_2.json"))
    dual.put("plan", "pln_1", set={"title": "goes on"})
    assert words(dual) == {("missing", "plans/pln_1.json"), ("missing", "plans/pln_2.json")}
    assert [item.path for item in dual.change_stage("dual", dry_run=True).written] == [
        "plans/pln_1.json",
        "plans/pln_2.json",
    ]
    dual.change_stage("dual", deleted=True)
    assert [entity.id for entity in dual.list("plan")] == ["pln_3"]


def test_a_new_document_of_the_old_tool_comes_in(dual, base):
    brainclaw.put(base, "plans/pln_8.json", brainclaw.plan(8))
    assert words(dual) == {("new", "plans/pln_8.json")}
    assert dual.migrate_brainclaw(base).snapshots == 1
    assert dual.get("plan", "pln_8").data == brainclaw.plan(8)
    assert words(dual) == set()


@pytest.mark.parametrize("harm", ["change", "remove", "add"])
def test_promotion_is_refused_while_anything_differs(dual, base, harm):
    before = truth(dual.root)
    if harm == "change":
        brainclaw.put(base, "plans/pln_1.json", brainclaw.plan(1, status="other"))
    elif harm == "remove":
        os.unlink(os.path.join(base, "plans", "pln_1.json"))
    else:
        brainclaw.put(base, "plans/pln_8.json", brainclaw.plan(8))
    with pytest.raises(PromotionRefusedError) as error:
        dual.change_stage("primary")
    assert "migrate dual" in error.value.hint
    assert (dual.stage_report().stage, truth(dual.root)) == ("dual", before)
    dual.change_stage("dual")
    dual.change_stage("primary")


def test_promotion_is_refused_while_doctor_finds_damage(dual):
    dual.close()
    path = segments(dual.root)[0]
    with open(path, "r+b") as file:
        file.seek(700)
        file.write(b"#")
    with Journal.open(store=dual.root) as again, pytest.raises(PromotionRefusedError, match="damaged"):
        again.change_stage("primary")


def test_doctor_tells_how_documents_stand_and_changes_none(dual, base):
    assert dual.doctor(verify=True).ok
    brainclaw.put(base, "plans/pln_1.json", brainclaw.plan(1, status="other"))
    os.unlink(os.path.join(base, "plans", "pln_2.json"))
    brainclaw.put(base, "plans/pln_8.json", brainclaw.plan(8))
    brainclaw.put_bytes(base, "plans/broken.json", b"{")
    before = brainclaw.contents(base)
    report = dual.doctor(verify=True, fix=True)
    assert not report.ok
    assert {(item.code, item.path) for item in report.findings if item.code.startswith("old-")} == {
        ("old-changed", ".brainclaw/plans/pln_1.json"),
        ("old-missing", ".brainclaw/plans/pln_2.json"),
        ("old-new", ".brainclaw/plans/pln_8.json"),
        ("old-unreadable", ".brainclaw/plans/broken.json"),
    }
    assert brainclaw.contents(base) == before
    dual.change_stage("off", deleted=True)
    assert {item.code for item in dual.doctor().findings if item.code.startswith("old-")} == {"old-unreadable"}
    brainclaw.put(base, "plans/pln_1.json", brainclaw.plan(1, status="in off"))
    assert "old-store-ahead" in {item.code for item in dual.doctor().findings}
    assert dual.doctor().ok


def test_from_off_there_is_no_way_to_primary_but_through_dual(journal, tmp_path):
    with pytest.raises(PromotionRefusedError):
        journal.change_stage("primary")
    new_store(tmp_path / "alone")
    with Journal.open(tmp_path / "alone") as alone, pytest.raises(UsageError):
        alone.change_stage("dual")


def test_in_primary_a_hand_edit_is_left_then_parked_or_taken_in(dual, base):
    dual.change_stage("primary")
    edit = brainclaw.put(base, "plans/pln_1.json", brainclaw.plan(1, status="by hand"))
    dual.put("plan", "pln_1", set={"title": "by the journal"})
    assert document(base, "plans/pln_1.json") == edit
    assert words(dual) == {("changed", "plans/pln_1.json")}
    done = dual.change_stage("primary")
    with open(os.path.join(dual.root, done.parked[0]), "rb") as file:
        assert file.read() == edit
    assert json.loads(document(base, "plans/pln_1.json")) == dual.get("plan", "pln_1").data
    assert dual.get("plan", "pln_1").data["status"] == "open"
    brainclaw.put(base, "plans/pln_1.json", brainclaw.plan(1, status="by hand again", title="by the journal"))
    dual.change_stage("dual")
    assert dual.get("plan", "pln_1").data["status"] == "by hand again"


def test_in_primary_a_document_that_is_gone_is_made_again(dual, base):
    dual.change_stage("primary")
    os.unlink(os.path.join(base, "plans", "pln_1.json"))
    dual.put("plan", "pln_1", set={"title": "again"})
    assert json.loads(document(base, "plans/pln_1.json"))["title"] == "again"


def test_going_back_to_off_leaves_the_old_files_complete_and_lets_go_of_them(dual, base):
    dual.change_stage("primary")
    dual.put("plan", "pln_1", set={"status": "done"})
    dual.put("plan", "pln_9", brainclaw.plan(9))
    brainclaw.put(base, "plans/pln_2.json", brainclaw.plan(2, status="at the last moment"))
    dual.change_stage("off")
    shown = {entity.id: entity.data for entity in dual.list("plan")}
    assert shown["pln_2"]["status"] == "at the last moment"
    for id, data in shown.items():
        assert json.loads(document(base, f"plans/{id}.json")) == data
    before = brainclaw.contents(base)
    dual.put("plan", "pln_1", set={"status": "only in the journal"})
    assert brainclaw.contents(base) == before


def test_while_it_is_off_the_document_is_the_truth(journal, base):
    journal.put("plan", "pln_1", set={"status": "only in the journal"})
    assert words(journal) == {("changed", "plans/pln_1.json")}
    journal.change_stage("dual")
    assert journal.get("plan", "pln_1").data == brainclaw.plan(1)


def test_an_unreadable_file_is_never_touched_and_blocks_nothing(dual, base):
    broken = b'{"id": "pln_1", "title":'
    brainclaw.put_bytes(base, "plans/pln_1.json", broken)
    dual.put("plan", "pln_1", set={"status": "done"})
    dual.delete("plan", "pln_2")
    brainclaw.put_bytes(base, "plans/pln_2.json", broken)
    for stage in ("dual", "primary", "dual", "off"):
        done = dual.change_stage(stage)
        assert [item.path for item in done.unreadable] == ["plans/pln_1.json", "plans/pln_2.json"]
        assert document(base, "plans/pln_1.json") == document(base, "plans/pln_2.json") == broken


def test_a_type_that_the_old_store_has_no_folder_for_stays_in_the_journal(dual, base):
    dual.put("recipe", "r1", {"name": "soup"})
    dual.put("plan", "../../escape", {"name": "no file's name"})
    dual.put("lore", "l1", {"id": "l1"})
    done = dual.change_stage("primary")
    assert dict(done.unplaced) == {"recipe": 1, "plan": 1, "lore": 1}
    assert not os.path.exists(os.path.join(base, "recipe"))


def test_after_the_index_is_lost_what_lags_is_written_and_what_somebody_changed_is_kept(dual, base, tmp_path):
    changed = brainclaw.put(base, "plans/pln_2.json", brainclaw.plan(2, status="by the old tool"))
    older = document(base, "plans/pln_1.json")
    dual.put("plan", "pln_1", set={"status": "done"})
    dual.close()
    brainclaw.put_bytes(base, "plans/pln_1.json", older)
    os.unlink(os.path.join(dual.root, "local", "index.db"))
    with Journal.open(tmp_path) as again:
        assert again.get("plan", "pln_1").data["status"] == "done"
        assert b'"status": "done"' in document(base, "plans/pln_1.json")
        assert document(base, "plans/pln_2.json") == changed
        assert words(again) == {("changed", "plans/pln_2.json")}


def test_a_repository_that_somebody_else_made_writes_no_old_files(dual, base, tmp_path):
    other = clone(dual.root, tmp_path / "clone")
    brainclaw.old_store(str(tmp_path / "clone" / ".brainclaw"))
    before = brainclaw.contents(str(tmp_path / "clone" / ".brainclaw"))
    with Journal.open(store=other) as there:
        assert (there.stage_report().stage, there.stage_report().is_active) == ("dual", False)
        there.put("plan", "pln_1", set={"status": "done"})
        assert brainclaw.contents(str(tmp_path / "clone" / ".brainclaw")) == before
        there.change_stage("dual")
        assert there.stage_report().is_active
        assert b'"status": "done"' in document(str(tmp_path / "clone" / ".brainclaw"), "plans/pln_1.json")


@pytest.mark.parametrize("path", ["../x", "/etc", ".git/x", "a//b", ".", "a/.GIT", "C:/x"])
def test_a_configuration_that_names_another_place_is_refused(journal, path):
    config = os.path.join(journal.root, "journal.toml")
    with open(config, encoding="utf-8") as file:
        text = file.read()
    journal.close()
    with open(config, "w", encoding="utf-8") as file:
        file.write(text.replace('path = ".brainclaw"', f'path = "{path}"'))
    with pytest.raises(FormatError):
        Journal.open(store=journal.root)


def test_a_link_in_the_old_store_is_never_written_through(dual, base, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "pln_1.json").write_bytes(document(base, "plans/pln_1.json"))
    os.rename(os.path.join(base, "plans"), os.path.join(base, "was"))
    os.symlink(outside, os.path.join(base, "plans"))
    before = (outside / "pln_1.json").read_bytes()
    dual.put("plan", "pln_1", set={"status": "done"})
    assert (outside / "pln_1.json").read_bytes() == before


def test_a_dry_run_of_a_stage_touches_nothing(journal, base):
    brainclaw.put(base, "plans/pln_1.json", brainclaw.plan(1, status="other"))
    journal.put("plan", "pln_7", brainclaw.plan(7))
    files, before = brainclaw.contents(base), truth(journal.root)
    told = journal.change_stage("dual", dry_run=True)
    assert ([item.path for item in told.taken], [item.path for item in told.written]) == (
        ["plans/pln_1.json"],
        ["plans/pln_7.json"],
    )
    assert (brainclaw.contents(base), truth(journal.root)) == (files, before)
    assert journal.stage_report().stage == "off"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "delete", "tool writes", "tool removes", "take in", "reopen", "forget"]),
        st.sampled_from(["pln_1", "pln_2", "pln_x"]),
    ),
    max_size=14,
)


@settings(max_examples=10)
@given(STEPS)
def test_whatever_two_writers_do_in_dual_nothing_of_either_is_lost(steps):
    with tempfile.TemporaryDirectory() as folder:
        root, base = new_store(folder), os.path.join(folder, ".brainclaw")
        for number in (1, 2):
            brainclaw.put(base, f"plans/pln_{number}.json", brainclaw.plan(number))
        journal = Journal.open(store=root, actor="me")
        journal.migrate_brainclaw(base)
        journal.change_stage("dual")
        theirs: dict[str, bytes | None] = {}
        said: list[tuple[str, str]] = []
        for at, (step, id) in enumerate(steps):
            path = os.path.join(base, "plans", f"{id}.json")
            if step == "put":
                journal.put("plan", id, set={"id": id, "ours": f"{step} {at}"})
                said.append((id, f"{step} {at}"))
            elif step == "delete" and any(entity.id == id for entity in journal.list("plan")):
                journal.delete("plan", id)
            elif step == "tool writes":
                theirs[id] = brainclaw.put(base, f"plans/{id}.json", {"id": id, "theirs": f"{step} {at}"})
            elif step == "tool removes" and os.path.exists(path):
                os.unlink(path)
                theirs[id] = None
            elif step == "take in":
                journal.change_stage("dual")
                said += _written_by(theirs)
                theirs.clear()
            elif step in ("reopen", "forget"):
                journal.close()
                if step == "forget":
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(os.path.join(root, "local", "index.db"))
                    theirs = {name: text for name, text in theirs.items() if text is not None}
                journal = Journal.open(store=root, actor="me")
            for name, text in theirs.items():
                full = os.path.join(base, "plans", f"{name}.json")
                assert (document(base, f"plans/{name}.json") if os.path.exists(full) else None) == text
        journal.change_stage("dual")
        assert words(journal) == set()
        for entity in journal.list("plan"):
            assert json.loads(document(base, f"plans/{entity.id}.json")) == entity.data
        for id, text in [*said, *_written_by(theirs)]:
            assert any(text in (event.data or {}).values() for event in journal.history("plan", id))
        journal.close()


def _written_by(theirs):
    """Return what the old tool's documents say that were there when they were taken in."""
    return [(id, json.loads(text)["theirs"]) for id, text in theirs.items() if text is not None]


def test_a_document_that_the_disk_refuses_lags_and_is_caught_up(dual, base, monkeypatch):
    def refuse(*_arguments, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = document(base, "plans/pln_1.json")
    with monkeypatch.context() as patch:
        patch.setattr(mirror, "write_whole", refuse)
        assert dual.put("plan", "pln_1", set={"status": "done"}).rev == 2
        assert document(base, "plans/pln_1.json") == before
        assert words(dual) == {("lagging", "plans/pln_1.json")}
        assert {item.code for item in dual.doctor().findings if item.code.startswith("old-")} == {"old-lagging"}
    dual.put("plan", "pln_2", set={"status": "done"})
    assert words(dual) == set()
    assert b'"status": "done"' in document(base, "plans/pln_1.json")


def test_an_old_store_behind_a_link_is_never_written_and_stops_nobody(dual, base, tmp_path):
    dual.close()
    os.rename(base, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", base)
    before = brainclaw.contents(str(tmp_path / "elsewhere"))
    with Journal.open(tmp_path) as journal:
        journal.put("plan", "pln_1", set={"status": "done"})
        assert "old-store-unsafe" in {item.code for item in journal.doctor().findings}
    assert brainclaw.contents(str(tmp_path / "elsewhere")) == before


def test_a_folder_of_the_old_store_that_cannot_be_read_is_named(dual, base, monkeypatch):
    shut, listed = os.path.join(base, "plans"), OsFiles.list

    def refuse(files, folder):
        if folder == shut:
            raise PermissionError(13, "Permission denied", folder)
        return listed(files, folder)

    monkeypatch.setattr(OsFiles, "list", refuse)
    (found,) = (item for item in dual.doctor().findings if item.code == "old-store-unsafe")
    assert (found.path, found.severity) == (".brainclaw/plans", "error")


def test_the_cost_of_a_change_in_dual_does_not_grow_with_the_number_of_documents(tmp_path):
    costs = []
    for many in (3, 60):
        folder = tmp_path / str(many)
        root, base = new_store(folder), str(folder / ".brainclaw")
        for number in range(many):
            brainclaw.put(base, f"plans/pln_{number}.json", brainclaw.plan(number % 9, id=f"pln_{number}"))
        with Journal.open(store=root) as journal:
            journal.migrate_brainclaw(base)
            journal.change_stage("dual")
        disk = SimulatedDisk(str(folder))
        with Journal.open(store=root, files=disk) as journal:
            journal.put("plan", "pln_1", set={"title": "first"})
            before = disk.calls.copy()
            journal.put("plan", "pln_1", set={"title": "second"})
            journal.put("plan", "pln_new", {"title": "new"})
            journal.delete("plan", "pln_2")
            made = disk.calls - before
            # How often the store's own folders are looked at depends on how much time their stamps tell apart.
            costs.append({name: made[name] for name in ("read", "create", "replace", "remove", "sync", "write")})
    assert costs[0] == costs[1]


def markers(ours: bytes, theirs: bytes) -> bytes:
    """Return two documents of equal length as git leaves them where their lines differ."""
    lines = []
    for mine, other in zip(ours.splitlines(), theirs.splitlines(), strict=True):
        lines += [mine] if mine == other else [b"<<<<<<< HEAD", mine, b"=======", other, b">>>>>>> theirs"]
    return b"\n".join(lines) + b"\n"


@pytest.mark.parametrize("wins", ["by me", "by bob"])
def test_what_git_could_not_merge_is_written_anew_where_both_sides_are_ours(dual, base, tmp_path, wins):
    other = clone(dual.root, tmp_path / "other")
    with Journal.open(store=other, actor="bob") as there:
        if wins == "by bob":
            there.put("plan", "pln_2", set={"title": "so that the seq is greater"})
        there.put("plan", "pln_1", set={"title": "by bob"})
    if wins == "by me":
        dual.put("plan", "pln_2", set={"title": "so that the seq is greater"})
    dual.put("plan", "pln_1", set={"title": "by me"})
    ours = document(base, "plans/pln_1.json")
    theirs = ours.replace(b"by me", b"by bob")
    brainclaw.put_bytes(base, "plans/pln_1.json", markers(ours, theirs))
    assert words(dual) == {("unreadable", "plans/pln_1.json")}
    for name in set(os.listdir(os.path.join(other, "segments"))) - set(os.listdir(os.path.join(dual.root, "segments"))):
        os.replace(os.path.join(other, "segments", name), os.path.join(dual.root, "segments", name))
    dual.reconcile()
    assert words(dual) == set()
    assert json.loads(document(base, "plans/pln_1.json")) == dual.get("plan", "pln_1").data
    assert document(base, "plans/pln_1.json") == (ours if wins == "by me" else theirs)


def test_what_git_could_not_merge_with_a_change_of_somebody_else_is_theirs(dual, base):
    dual.put("plan", "pln_1", set={"title": "by me"})
    ours = document(base, "plans/pln_1.json")
    mixed = markers(ours, ours.replace(b"by me", b"by the old tool"))
    brainclaw.put_bytes(base, "plans/pln_1.json", mixed)
    dual.put("plan", "pln_1", set={"status": "done"})
    dual.change_stage("dual")
    assert document(base, "plans/pln_1.json") == mixed
    assert words(dual) == {("unreadable", "plans/pln_1.json")}
