"""Redaction takes a value out of every byte of the store, and leaves all else as it was."""

import contextlib
import errno
import hashlib
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import zlib

import pytest

from journal import DamagedError, ExpectationError, Fold, GitError, Journal, NotFoundError, RefusedError, UsageError
from journal.disk.files import FileStat
from journal.folds import snapshots
from journal.index import inspection
from journal.upkeep.redacting import redact, searching
from journal.upkeep.redacting.needles import Needles
from tests.support.faults import FilesThatCannotBeRead
from tests.support.stores import fresh_view, meaning, new_store
from tests.support.worktree import WorkTree

SECRET = 'hunter2 "quoted" /é'
OTHER = "nothing to hide"
LAST = Fold("last", seed=None, step=lambda _, event: event.data)


def holding(root, *texts):
    """Return the files below a folder in which a text stands, in any spelling, inflated or not; SQLite's too."""
    needles = Needles.of(texts or [SECRET])
    found = []
    for place, _, names in os.walk(root):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                if needles.is_inside(file.read()):
                    found.append(os.path.relpath(path, root))
    return sorted(found)


def fill(journal):
    """Put the secret into every kind of place: fields, depths, summaries, blobs, packs, checkpoints, other entities."""
    journal.put("user", "u1", {"name": "Ann", "password": SECRET, "n": 1})
    journal.put("user", "u1", set={"n": 2})
    journal.put("user", "u2", {"log": [{"said": f"it is {SECRET}."}, OTHER], "n": 1}, summary=f"told {SECRET}")
    journal.put("user", "long", {"text": SECRET + "x" * 70_000, "n": 1})
    journal.put("user", "longer", {"text": SECRET, "rest": [f"{n:x>90000}" for n in range(4)]})
    journal.put("user", "gone", {"password": SECRET})
    journal.delete("user", "gone")
    journal.checkpoint()
    journal.put("user", "u1", set={"password": "new"}, actor=SECRET)
    journal.compact()
    journal.checkpoint()
    journal.compact()
    journal.put("user", "u3", {"password": SECRET})


def everything(journal):
    def masked(value):
        return json.loads(json.dumps(value).replace(json.dumps(SECRET)[1:-1], "?")) if value is not None else None

    events = [(event.id, event.kind, event.rev, event.action, event.set, event.unset) for event in journal.log()]
    shown = {(entity.type, entity.id): (entity.rev, entity.event, sorted(entity.data)) for entity in journal.list()}
    return events, shown


@pytest.fixture
def root(tmp_path):
    return new_store(tmp_path, options='durability = "os"\nroll_bytes = 4096')


def test_a_value_leaves_every_byte_of_the_store_and_nothing_else_does(root):
    with Journal.open(store=root, actor="bob") as journal:
        fill(journal)
        assert len(holding(root)) > 6
        before = everything(journal)
        done = journal.redact(value=SECRET, reason="leaked")
        (events, shown), (note, *after) = before, everything(journal)[0]
        assert (note[1], after, everything(journal)[1]) == ("note", events, shown)
        assert done.stays == ()
        assert done.is_done
    assert holding(root) == []
    with Journal.open(store=root) as journal:
        assert journal.get("user", "u1").data == {"name": "Ann", "password": "new", "n": 2}
        assert journal.get("user", "u2").data == {"log": [{"said": "[redacted]"}, OTHER], "n": 1}
        assert journal.get("user", "long").data == {"text": "[redacted]", "n": 1}
        assert journal.history("user", "u1")[0].data["password"] == "[redacted]"
        assert journal.history("user", "u2")[0].summary == "[redacted]"
        report = journal.doctor(verify=True)
        assert report.ok, report.findings
        journal.put("user", "u1", set={"n": 3})
        assert journal.get("user", "u1").rev == 4
    assert meaning(fresh_view(root)) == meaning_of(root)


def meaning_of(root):
    with Journal.open(store=root) as journal, journal._engine.reading(history=True) as view:
        return meaning(view)


def test_the_record_says_who_and_why_and_never_what(root):
    with Journal.open(store=root, actor="bob") as journal:
        event = journal.put("user", "u1", {"password": SECRET}).event
        done = journal.redact(value=SECRET, reason="leaked in a chat")
        note = journal.show(done.notes[0])
        assert (note.note, note.actor) == ("redaction", "bob")
        assert note.data == {
            "reason": "leaked in a chat",
            "redacted": [{"paths": ["/data/password"], "events": [event]}],
        }


def test_a_dry_run_tells_and_changes_nothing(root):
    with Journal.open(store=root) as journal:
        fill(journal)
        before = {path: os.stat(os.path.join(root, path)) for path in holding(root) if "local" not in path}
        told = journal.redact(value=SECRET, reason="leaked", dry_run=True)
        assert not told.is_done
        assert {path: os.stat(os.path.join(root, path)) for path in before} == before
        done = journal.redact(value=SECRET, reason="leaked")
        assert (told.events, told.files, told.blobs) == (done.events, done.files, done.blobs)


def test_others_write_while_a_dry_run_looks_through_gits_objects(tree, monkeypatch):
    written = []

    def while_looking(*words):
        with tree.open(lock_timeout_seconds=0.1) as other:
            written.append(other.put("user", "u2", {}).rev)
        return search(*words)

    search = searching.search
    monkeypatch.setattr(searching, "search", while_looking)
    with tree.open() as journal:
        journal.put("user", "u1", {"password": SECRET})
        done = journal.redact(value=SECRET, reason="leaked", dry_run=True)
    assert (done.is_done, len(done.events), done.purge.files, written) == (False, 1, {}, [1])


def test_a_field_of_an_entity_leaves_all_events_that_carry_it(root):
    with Journal.open(store=root) as journal:
        journal.put("user", "u1", {"phone": "555-0100", "n": 1})
        journal.put("user", "u1", set={"n": 2}, summary="was 555-0100 all along")
        journal.put("user", "u2", {"phone": "555-0199"})
        journal.redact(type="user", id="u1", field="phone", reason="asked")
        assert [event.data for event in journal.history("user", "u1")] == [
            {"phone": "[redacted]", "n": 1},
            {"phone": "[redacted]", "n": 2},
        ]
        assert journal.get("user", "u2").data == {"phone": "555-0199"}
    assert holding(root, "555-0100") == []


def test_an_entity_loses_all_its_values_and_an_event_all_of_its_own(root):
    with Journal.open(store=root) as journal:
        journal.put("user", "u1", {"a": SECRET, "b": [1]}, summary=SECRET)
        kept = journal.put("user", "u2", {"a": 1})
        event = journal.put("user", "u2", {"a": 2, "c": {"d": SECRET}}, summary=SECRET).event
        journal.redact(type="user", id="u1", reason="asked")
        journal.redact(event=event, reason="asked")
        assert journal.get("user", "u1").data == {"a": "[redacted]", "b": "[redacted]"}
        assert [event.data for event in journal.history("user", "u2")] == [
            kept.data,
            {"a": "[redacted]", "c": "[redacted]"},
        ]
    assert holding(root) == []


def test_a_number_is_found_as_a_value_and_not_in_other_numbers(root):
    with Journal.open(store=root) as journal:
        journal.put("card", "c1", {"pin": 4711, "other": 47110, "list": [1, 4711.0, 4711]})
        journal.redact(value="4711", reason="pin")
        assert journal.get("card", "c1").data == {
            "pin": "[redacted]",
            "other": 47110,
            "list": [1, 4711.0, "[redacted]"],
        }


def test_what_cannot_be_taken_out_is_told(root):
    with Journal.open(store=root) as journal:
        journal.put("user", "tok-77", {"x": {"tok-77": 1}, "tok-77": 2}, action="tok-77")
        done = journal.redact(value="tok-77", reason="leaked")
        assert [sentence.partition(": ")[2] for sentence in done.stays[:3]] == [
            "in its id",
            "in its action",
            "in the name of a field",
        ]
        assert journal.get("user", "tok-77").data["x"] == "[redacted]"


def test_files_of_a_person_that_hold_it_are_told_by_a_dry_run_too(root):
    with Journal.open(store=root) as journal:
        journal.put("user", "u1", {"password": SECRET})
        for path in ("README.md", "schemas/user.json", "entities/user/notes.txt"):
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, *path.split("/")), "a", encoding="utf-8") as file:
                file.write(json.dumps({"default": SECRET}))
        for dry_run in (True, False):
            done = journal.redact(value=SECRET, reason="leaked", dry_run=dry_run)
            assert [sentence.split()[2].rstrip(":") for sentence in done.stays] == [
                "README.md",
                "entities/user/notes.txt",
                "schemas/user.json",
            ]


def test_what_cannot_be_looked_into_is_told_whatever_it_holds(root):
    with Journal.open(store=root) as journal:
        journal.put("user", "u1", {"password": SECRET})
    paths = ["README.md", "local/parked", "local/scrap", "notes"]
    for path in ("local/parked", "notes"):
        os.makedirs(os.path.join(root, path), exist_ok=True)
    shutil.copy(os.path.join(root, "README.md"), os.path.join(root, "local", "scrap"))
    files = FilesThatCannotBeRead(errno.EACCES, *(os.path.join(root, path) for path in paths))
    with Journal.open(store=root, files=files) as journal:
        done = journal.redact(value=SECRET, reason="leaked", dry_run=True)
        assert done.stays == tuple(f"what {path} may hold: it cannot be read" for path in paths)


def test_a_blob_that_an_entity_refers_to_leaves_with_what_it_holds(root):
    from journal.disk.files import OsFiles
    from journal.store.blobs import write_blob

    ref = write_blob(OsFiles(), root, b"\x00\xff" + SECRET.encode() + b"\x00")
    kept = write_blob(OsFiles(), root, b"harmless")
    with Journal.open(store=root) as journal:
        journal.put("doc", "d", {"file": {**ref, "mime": "x/y"}, "other": kept})
        journal.redact(value=SECRET, reason="leaked")
        assert journal.get("doc", "d").data == {"file": "[redacted]", "other": kept}
    assert holding(root) == []
    assert len(os.listdir(os.path.join(root, "blobs", kept["sha256"][:2]))) == 1


def test_streams_and_keys_lose_it_and_keep_their_order(root):
    with Journal.open(store=root) as journal:
        for number in range(3):
            data = {"card": SECRET, "n": number}
            journal.append("order/1", "Placed", data, meta={"ip": SECRET, "k": 1}, key=f"k{number}")
        journal.kv.put("config/token", SECRET)
        before = [(item.position, item.id, item.key, item.data["n"]) for item in journal.read("order/1")]
        done = journal.redact(value=SECRET, reason="leaked")
        assert {path for paths in done.events.values() for path in paths} == {"/data/card", "/meta/ip", "/data/value"}
        after = list(journal.read("order/1"))
        assert [(item.position, item.id, item.key, item.data["n"]) for item in after] == before
        assert {item.data["card"] for item in after} == {item.meta["ip"] for item in after} == {"[redacted]"}
        assert journal.kv.get("config/token") == "[redacted]"
        assert journal.append("order/1", "Placed", {"n": 3}, expect=3).position == 4
    assert holding(root) == []


def test_copies_that_had_to_give_way_leave_too(root):
    with Journal.open(store=root) as journal:
        journal.put("user", "u1", {"password": "public"})
        path = os.path.join(root, "entities", "user", "u1.json")
        with open(path, "w") as file:
            json.dump({"password": SECRET}, file)
        journal.restore([path])
        for folder, name in (("parked", "unrelated"), ("backups/b", "kept"), ("derived/x", "y")):
            os.makedirs(os.path.join(root, "local", folder), exist_ok=True)
            with open(os.path.join(root, "local", folder, name), "w") as file:
                file.write(SECRET if name == "kept" else "other")
        done = journal.redact(value=SECRET, reason="leaked")
        assert len(done.local) == 3
    assert holding(root) == []
    assert os.listdir(os.path.join(root, "local", "parked")) == ["unrelated"]


def test_it_is_refused_where_something_has_to_be_decided_first(root, tmp_path):
    with Journal.open(store=root, actor="bob") as journal:
        journal.put("user", "u1", {"password": SECRET})
        refused = [
            ({"value": SECRET, "reason": f"it was {SECRET}"}, RefusedError),
            ({"value": SECRET, "reason": " "}, UsageError),
            ({"value": "red", "reason": "x"}, UsageError),
            ({"reason": "x"}, UsageError),
            ({"value": "a", "event": "1", "reason": "x"}, UsageError),
            ({"field": "a", "event": "1", "reason": "x"}, UsageError),
            ({"type": "user", "reason": "x"}, UsageError),
            ({"type": "user", "id": "nobody", "reason": "x"}, NotFoundError),
            ({"event": "77", "reason": "x"}, NotFoundError),
        ]
        for words, error in refused:
            with pytest.raises(error):
                journal.redact(**words)
        path = os.path.join(root, "entities", "user", "u1.json")
        with open(path, "w") as file:
            json.dump({"password": "mine", "more": 1}, file)
        with pytest.raises(RefusedError, match="edited"):
            journal.redact(type="user", id="u1", reason="x")
        journal.absorb()
        journal.redact(value=SECRET, reason="x")
        journal.put("user", "u1", {"password": SECRET})
        segment = sorted(os.listdir(os.path.join(root, "segments")))[-1]
    with open(os.path.join(root, "segments", segment), "r+b") as file:
        file.seek(200)
        file.write(b"\xff")
        file.seek(0, 2)
    with Journal.open(store=root) as journal, contextlib.suppress(DamagedError):
        journal.put("user", "u9", {})
        with pytest.raises(DamagedError):
            journal.redact(value=SECRET, reason="x")


def test_looking_through_the_store_lets_go_of_no_lock_of_the_open_index(root):
    """Another process could write the index anew under an open journal else: closing a file ends the locks on it."""
    ask = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0.1).execute('PRAGMA journal_mode=DELETE')"
    command = [sys.executable, "-c", ask, os.path.join(root, "local", "index.db")]
    with Journal.open(store=root) as journal:
        journal.put("user", "u9", {"name": "somebody-s-name"})
        assert b"is locked" in subprocess.run(command, capture_output=True).stderr
        assert journal.redact(value="somebody-s-name", reason="asked for").stays == ()
        assert journal.get("user", "u9").data == {"name": "[redacted]"}
        assert b"is locked" in subprocess.run(command, capture_output=True).stderr


def test_a_second_time_there_is_nothing_to_do(root):
    with Journal.open(store=root) as journal:
        fill(journal)
        journal.redact(value=SECRET, reason="leaked")
        again = journal.redact(value=SECRET, reason="leaked")
        assert (again.events, again.files, again.notes, again.blobs) == ({}, (), (), ())


def test_a_torn_end_that_holds_it_leaves(root):
    with Journal.open(store=root) as journal:
        journal.put("user", "u1", {"n": 1})
        name = os.listdir(os.path.join(root, "segments"))[0]
        with open(os.path.join(root, "segments", name), "ab") as file:
            file.write(b'{"kind":"entity","seq":2,"data":{"password":"hunter2-torn')
        journal.put("user", "u1", {"n": 2})
        journal.redact(value="hunter2-torn", reason="leaked")
        assert journal.get("user", "u1").data == {"n": 2}
    assert holding(root, "hunter2-torn") == []


# -- git --------------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path):
    return WorkTree(tmp_path / "a")


def reconcile(tree):
    with tree.open() as journal:
        journal.reconcile()
        return {(entity.type, entity.id): entity.data for entity in journal.list()}


def test_it_is_one_commit_and_only_the_stores(tree):
    with tree.open() as journal:
        journal.put("user", "u1", {"password": SECRET})
        journal.commit()
        (tree.path / "staged.txt").write_text("mine")
        tree.git("add", "staged.txt")
        done = journal.redact(value=SECRET, reason="leaked")
        assert done.commit == tree.git("rev-parse", "HEAD").strip()
    assert tree.git("status", "--short") == "A  staged.txt\n"
    assert "staged.txt" not in tree.git("show", "--stat", "HEAD")
    assert holding(tree.store) == []


def test_where_nothing_holds_it_nothing_is_committed(tree):
    with tree.open() as journal:
        journal.put("user", "u1", {"n": 1})
        journal.commit()
        journal.put("user", "u1", {"n": 2})
        before = tree.git("rev-parse", "HEAD")
        done = journal.redact(value=SECRET, reason="leaked")
        assert (done.is_done, done.commit, done.waiting) == (True, None, None)
    assert tree.git("rev-parse", "HEAD") == before
    assert tree.git("diff", "--cached", "--name-only") == ""


def test_a_segment_and_the_pack_that_holds_it_too_become_one_file(tree):
    with tree.open() as journal:
        journal.put("user", "u1", {"password": SECRET})
        journal.commit()
        journal.checkpoint()
        journal.put("user", "u2", {"n": 1})
        assert journal.compact().packs
        assert journal.redact(value=SECRET, reason="leaked").is_done
        assert journal.get("user", "u1").data == {"password": "[redacted]"}
    assert holding(tree.store) == []


def test_passing_files_of_others_do_not_end_a_redaction(tree, monkeypatch):
    with tree.open() as journal:
        journal.put("user", "u1", {"password": SECRET})
        journal.commit()
        there = searching.walk

        def with_one_that_has_gone(files, root, skip):
            yield from there(files, root, skip=skip)
            gone = FileStat("file", 3, 0, 0, 0, 0)
            yield from [("blobs/gone", gone), ("blobs/blob.1-2.journal-tmp", gone)]

        monkeypatch.setattr(searching, "walk", with_one_that_has_gone)
        done = journal.redact(value=SECRET, reason="leaked")
    assert done.is_done
    assert done.purge is not None


def test_copies_that_a_merge_brings_back_are_redacted_on_arrival(tree):
    """A branch from before the redaction: its old segments, its projections, its blobs and its own later events."""
    with tree.open() as journal:
        journal.put("user", "u1", {"password": SECRET, "n": 1})
        journal.put("user", "long", {"text": SECRET + "x" * 70_000})
        journal.commit()
    tree.git("branch", "main2")
    tree.git("checkout", "-q", "-b", "other")
    with tree.open() as journal:
        journal.put("user", "u1", set={"n": 2})
        journal.put("user", "u2", {"n": 1})
        journal.checkpoint()
        journal.commit()
    tree.git("checkout", "-q", "main")
    with tree.open() as journal:
        journal.redact(value=SECRET, reason="leaked")
    assert holding(tree.store) == []
    tree.git("merge", "-q", "-m", "merge", "other", check=False)
    assert set(tree.git("diff", "--name-only", "--diff-filter=U").split()) <= {".journal/entities/user/u1.json"}
    found = reconcile(tree)
    tree.git("add", ".journal/entities")
    tree.git("commit", "-q", "-m", "merge")
    assert found["user", "u1"]["n"] == 2
    # The other branch carried the old value on in a post-image of its own: that event is not known to the redaction.
    assert found["user", "u1"]["password"] == SECRET
    with tree.open() as journal:
        assert [event.data["password"] for event in journal.history("user", "u1")] == ["[redacted]", SECRET]
        journal.redact(value=SECRET, reason="leaked")
        journal.commit()
    assert holding(tree.store) == []
    tree.git("merge", "-q", "-m", "again", "main2")
    assert reconcile(tree)["user", "u1"] == {"password": "[redacted]", "n": 2}
    assert holding(tree.store) == []


def old_copy(tree, tmp_path):
    """Redact here, while a clone has packed the same segment otherwise; return the clone."""
    with tree.open() as journal:
        journal.put("user", "u1", {"password": SECRET, "n": 1})
        journal.put("user", "long", {"text": SECRET + "x" * 70_000})
        journal.commit()
        journal.put("thing", "packed with it", {"n": 1})
        journal.commit()
    other = WorkTree(tmp_path / "b", clone_of=tree)
    with other.open() as journal:
        for _ in range(3):
            journal.put("thing", "t", {"n": _})
            journal.checkpoint()
            journal.commit()
            journal.compact()
            journal.commit()
    assert other.files("archive")
    with tree.open() as journal:
        journal.redact(value=SECRET, reason="leaked")
    tree.git("pull", "-q", "--no-rebase", "--no-edit", str(other.path), "main")
    return other


def test_a_pack_and_a_checkpoint_of_a_clone_are_redacted_on_arrival_and_staged(tree, tmp_path):
    old_copy(tree, tmp_path)
    assert holding(tree.store)
    with tree.open() as journal:
        assert journal.get("user", "u1").data == {"password": "[redacted]", "n": 1}
        journal.reconcile()
        assert holding(tree.store) == []
        staged = tree.git("diff", "--cached", "--name-status")
        assert "D\t.journal/archive/" in staged
        assert "A\t.journal/archive/" in staged
        assert journal.doctor(verify=True).ok, journal.doctor(verify=True).findings
        journal.commit()
    assert tree.git("status", "--short") == ""
    assert meaning(fresh_view(str(tree.store))) == meaning_of(str(tree.store))


def test_a_reader_that_comes_upon_an_old_copy_has_it_written_anew(tree, tmp_path):
    with tree.open() as journal:
        journal.put("user", "u1", {"password": SECRET, "n": 1})
        journal.commit()
    other = WorkTree(tmp_path / "b", clone_of=tree)
    with other.open() as journal:
        for n in range(3):
            journal.put("thing", "t", {"n": n})
            journal.checkpoint()
            journal.commit()
            journal.compact()
            journal.commit()
    with tree.open() as journal:
        journal.redact(value=SECRET, reason="leaked")
        journal.checkpoint()
        journal.commit()
    tree.git("pull", "-q", "--no-rebase", "--no-edit", str(other.path), "main")
    clone = WorkTree(tmp_path / "c", clone_of=tree)
    for path in holding(clone.store):
        if path.startswith("checkpoints/"):
            (clone.store / path).unlink()
    assert holding(clone.store)
    with clone.open() as journal:
        journal.list("user")  # the index is built from a checkpoint: only looking back comes upon the pack
        journal.streams()
    assert holding(clone.store) == []


def test_in_the_middle_of_a_merge_the_value_is_not_shown_and_files_wait(tree, tmp_path):
    other = old_copy(tree, tmp_path)
    tree.git("reset", "-q", "--hard", "ORIG_HEAD")
    reconcile(tree)
    tree.git("pull", "-q", "--no-rebase", "--no-commit", str(other.path), "main")
    assert reconcile(tree)["user", "u1"]["password"] == "[redacted]"
    assert holding(tree.store / "archive")
    with tree.open() as journal, pytest.raises(GitError, match="middle"):
        journal.redact(value="other", reason="x")
    tree.git("commit", "-q", "-m", "merge")
    reconcile(tree)
    assert holding(tree.store) == []


def test_a_clone_that_pulls_the_redaction_keeps_nothing_of_it(tree, tmp_path):
    with tree.open() as journal:
        journal.put("user", "u1", {"password": SECRET, "n": 1})
        journal.append("s", "Said", {"said": SECRET})
        journal.commit()
    other = WorkTree(tmp_path / "b", clone_of=tree)
    with other.open() as journal:
        assert journal.get("user", "u1").data["password"] == SECRET
        assert journal.snapshot(LAST, "s").value == {"said": SECRET}
    with tree.open() as journal:
        journal.redact(value=SECRET, reason="leaked")
    other.git("pull", "-q")
    with other.open() as journal:
        assert journal.get("user", "u1").data["password"] == "[redacted]"
        journal.reconcile()
        assert holding(other.store) == []
    assert other.git("status", "--short") == ""


def test_a_redaction_that_comes_while_somebody_reads_the_index_is_out_of_it_once_nobody_does(tree, tmp_path):
    with tree.open() as journal:
        for number in range(50):
            journal.put("user", f"u{number}", {"password": SECRET, "n": number})
        journal.commit()
    other = WorkTree(tmp_path / "b", clone_of=tree)
    with other.open() as journal:
        assert journal.get("user", "u1").data["password"] == SECRET
    with tree.open() as journal:
        journal.redact(value=SECRET, reason="leaked")
    reader = sqlite3.connect(other.store / "local" / "index.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entities").fetchone()
    other.git("pull", "-q")
    with other.open() as journal:
        journal.reconcile()
        assert journal._engine.indexing.view.index.meta("unclean")
        reader.execute("ROLLBACK")
        reader.close()
        journal.reconcile()
        assert not journal._engine.indexing.view.index.meta("unclean")
        assert holding(other.store) == []


def test_a_redaction_waits_for_who_reads_the_index_and_tells_where_that_does_not_end(tree, monkeypatch):
    monkeypatch.setattr(redact, "_PATIENCE_SECONDS", 0.1)
    with tree.open() as journal:
        for text in (SECRET, "another"):
            journal.put("user", "u1", {"password": text, "n": [text] * 50})
        journal.reconcile()
        reader = sqlite3.connect(tree.store / "local" / "index.db", isolation_level=None, check_same_thread=False)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entities").fetchone()
        done = journal.redact(value=SECRET, reason="leaked")
        assert [sentence for sentence in done.stays if "local/index.db" in sentence]
        monkeypatch.setattr(redact, "_PATIENCE_SECONDS", 60.0)
        ending = threading.Timer(0.3, reader.close)
        ending.start()
        done = journal.redact(value="another", reason="leaked too")
        ending.join()
        assert not [sentence for sentence in done.stays if "local/index" in sentence]
        assert holding(tree.store, SECRET, "another") == []


def test_what_is_derived_and_cannot_be_removed_now_is_removed_later(tree, tmp_path, monkeypatch):
    with tree.open() as journal:
        journal.append("s", "Said", {"said": SECRET})
        journal.commit()
    other = WorkTree(tmp_path / "b", clone_of=tree)
    with other.open() as journal:
        journal.snapshot(LAST, "s")
    with tree.open() as journal:
        journal.redact(value=SECRET, reason="leaked")
    other.git("pull", "-q")
    with other.open() as journal:
        with monkeypatch.context() as patch:
            patch.setattr("journal.store.cleaning.clear_derived", broken_disk)
            journal.reconcile()
        assert holding(other.store) != []
        journal.reconcile()
        assert holding(other.store) == []


def test_a_write_goes_on_where_a_reader_came_while_the_index_was_written_anew(tree, tmp_path, monkeypatch):
    with tree.open() as journal:
        journal.append("s", "Said", {"said": SECRET})
        journal.checkpoint()
        journal.redact(value=SECRET, reason="leaked")
    other = WorkTree(tmp_path / "b", clone_of=tree)
    move_log, turns = inspection._move_log, itertools.cycle([True, False])

    def one_of_two(database):
        if not next(turns):
            raise sqlite3.OperationalError("the index is being read")
        move_log(database)

    with other.open() as journal:
        monkeypatch.setattr(inspection, "_move_log", one_of_two)
        journal.append("s", "Said", {"said": OTHER})
        assert [event.data["said"] for event in journal.read("s")] == ["[redacted]", OTHER]


def broken_disk(*_):
    raise OSError(5, "Input/output error")


def test_a_state_from_before_a_redaction_that_has_come_since_is_not_kept(tree, tmp_path):
    with tree.open() as journal:
        journal.append("s", "Said", {"said": SECRET})
        journal.commit()
    other = WorkTree(tmp_path / "b", clone_of=tree)
    with tree.open() as journal:
        journal.redact(value=SECRET, reason="leaked")
    with other.open() as journal:
        before = journal.fold(LAST, "s")
        other.git("pull", "-q")
        snapshots.save(journal._engine, LAST, ("s",), before)
        assert holding(other.store) == []
        assert journal.snapshot(LAST, "s").value == {"said": "[redacted]"}
    assert list((other.store / "local" / "derived").rglob("*.json"))


def test_doctor_tells_of_old_copies_and_writes_them_anew(tree, tmp_path):
    old_copy(tree, tmp_path)
    with tree.open() as journal:
        journal._engine.indexing.rewrite = None  # nobody comes to it by themselves
        report = journal.doctor()
        assert {finding.code for finding in report.findings if finding.severity != "info"} == {"unredacted"}
        assert "redact-again" in {finding.code for finding in report.findings}
        report = journal.doctor(fix=True)
        assert any("anew" in sentence for sentence in report.fixed), report
        assert report.ok, report.findings
        assert holding(tree.store) == []
        journal.redact(value=SECRET, reason="again")
        journal.put("user", "u1", set={"n": 5})
        journal.redact(value="another one", reason="the other clone is known by now")
        journal.redact(type="user", id="u1", field="n", reason="so that there is a note")
        assert "redact-again" not in {finding.code for finding in journal.doctor().findings}


def test_two_clones_that_redact_the_same_meet_without_a_conflict(tree, tmp_path):
    with tree.open() as journal:
        journal.put("user", "u1", {"password": SECRET, "n": 1})
        journal.put("user", "long", {"text": SECRET + "x" * 300_000, "more": ["y" * 90_000] * 3})
        journal.commit()
    other = WorkTree(tmp_path / "b", clone_of=tree)
    for where in (tree, other):
        with where.open() as journal:
            journal.redact(value=SECRET, reason="leaked")
    tree.git("pull", "-q", "--no-rebase", "--no-edit", str(other.path), "main")
    reconcile(tree)
    assert holding(tree.store) == []
    with tree.open() as journal:
        assert journal.doctor(verify=True).ok, journal.doctor(verify=True).findings


def test_sync_carries_a_redaction(tree, tmp_path):
    bare = tmp_path / "bare.git"
    tree.git_at(None, "init", "-q", "--bare", "-b", "main", str(bare))
    tree.git("remote", "add", "origin", str(bare))
    with tree.open() as journal:
        journal.put("user", "u1", {"password": SECRET, "n": 1})
        journal.commit()
    tree.git("push", "-q", "-u", "origin", "main")
    other = tmp_path / "b"
    tree.git_at(None, "clone", "-q", str(bare), str(other))
    with Journal.open(other) as journal:
        journal.put("user", "u2", {"n": 2})
        journal.commit()
    with tree.open() as journal:
        journal.redact(value=SECRET, reason="leaked")
        journal.sync()
    with Journal.open(other) as journal:
        journal.sync()
        journal.reconcile()
        assert journal.get("user", "u1").data == {"password": "[redacted]", "n": 1}
        assert journal.get("user", "u2").data == {"n": 2}
    assert holding(other / ".journal") == []


def test_a_comparison_with_a_commit_from_before_does_not_show_it(tree):
    with tree.open() as journal:
        journal.put("user", "u1", {"password": SECRET, "n": 1})
        journal.put("user", "long", {"text": SECRET + "x" * 70_000})
        journal.commit()
        journal.checkpoint()
        journal.put("user", "u1", set={"n": 2})
        journal.commit()
        journal.put("user", "u1", set={"password": "new"})
        journal.commit()
        journal.redact(value=SECRET, reason="leaked")
        log = tree.git("log", "--format=%H").split()
        assert len(log) == 4

        def told(old, new):
            fields = [(field.field, field.old) for item in journal.diff(old, new).entities for field in item.fields]
            assert SECRET not in str(fields)
            return fields

        assert told(log[1], log[0]) == told(log[0], None) == []
        assert told(log[3], log[2]) == [("n", 1)]  # the second of them is reached from the first
        assert told(log[2], log[1]) == told(log[2], None) == [("password", "[redacted]")]
        assert told(log[1], log[3]) == [("n", 2), ("password", "new")]


def edited(root, id, **fields):
    """Change a readable file by hand."""
    path = os.path.join(root, "entities", "user", f"{id}.json")
    with open(path, "rb") as file:
        document = json.loads(file.read())
    with open(path, "w") as file:
        json.dump({**document, **fields}, file)


def test_a_hand_edit_from_before_a_redaction_does_not_bring_the_value_back(tree, tmp_path):
    bare = tmp_path / "bare.git"
    tree.git_at(None, "init", "-q", "--bare", "-b", "main", str(bare))
    tree.git("remote", "add", "origin", str(bare))
    with tree.open() as journal:
        journal.put("user", "u1", {"name": "Ann", "deep": {"password": [SECRET], "n": 1}, "n": 1})
        journal.commit()
    tree.git("push", "-q", "-u", "origin", "main")
    other = tmp_path / "b"
    tree.git_at(None, "clone", "-q", str(bare), str(other))
    with Journal.open(other) as journal:
        journal.reconcile()
        edited(journal.root, "u1", name="Anna")
    with tree.open() as journal:
        journal.redact(value=SECRET, reason="leaked")
        journal.sync()
    with Journal.open(other) as journal:
        journal.sync()
        with pytest.raises(ExpectationError, match="'deep' was redacted"):
            journal.absorb()
        assert [event.action for event in journal.history("user", "u1")] == ["create"]
        edited(journal.root, "u1", deep={"password": ["[redacted]"], "n": 2})
        assert [item.set for item in journal.absorb()] == [("deep", "name")]
        assert journal.get("user", "u1").data == {
            "name": "Anna",
            "deep": {"password": ["[redacted]"], "n": 2},
            "n": 1,
        }
        assert holding(journal.root) == []


def test_what_is_typed_in_the_place_of_a_redacted_value_is_an_edit(root):
    with Journal.open(store=root) as journal:
        journal.put("user", "u1", {"name": "Ann", "password": SECRET})
        journal.redact(value=SECRET, reason="leaked")
        edited(root, "u1", password="a new one")
        assert [item.set for item in journal.absorb()] == [("password",)]
        shutil.rmtree(os.path.join(root, "local"))
    with Journal.open(store=root) as journal:
        edited(root, "u1", password="a newer one")
        with pytest.raises(ExpectationError, match="'password' was redacted"):
            journal.absorb()  # nobody knows any more what the file was made from
        journal.absorb(force=True)
        assert journal.get("user", "u1").data["password"] == "a newer one"


def test_the_needles_are_found_in_every_spelling():
    needles = Needles.of([SECRET, "a/b"])
    spellings = [
        SECRET.encode(),
        json.dumps({"x": SECRET}).encode(),
        json.dumps({"x": SECRET}, ensure_ascii=False).encode(),
        json.dumps(SECRET).replace("\\u00e9", "\\u00E9").encode(),
        rb"a\/b",
    ]
    for text in spellings:
        assert needles.is_in(text), text
        whole = zlib.compressobj(6, zlib.DEFLATED, 31)
        data = whole.compress(b"x" * 3_000_000 + text) + whole.flush()
        assert needles.is_inside(data)
        assert needles.is_inside(data[:0] + _member(b"first") + data)
    assert not needles.is_inside(hashlib.sha256(b"").digest())


def _member(text):
    machine = zlib.compressobj(6, zlib.DEFLATED, 31)
    return machine.compress(text) + machine.flush()
