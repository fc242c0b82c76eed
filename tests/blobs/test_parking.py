"""Goal: a blob that nothing uses leaves in the end, one that is used or about to be stays, and none is ever lost."""

import os
import shutil

import pytest

from journal import Journal, NotFoundError
from journal.store.blobs import CHUNK_BYTES, blob_path
from journal.upkeep.blob_parking import may_leave, still_idle
from tests.support.stores import clone
from tests.support.worktree import WorkTree


def names(journal):
    return {blob.sha256 for blob in journal.blobs.list()}


def rounds(journal, count=1):
    """Let events come and compact, so often; return what was put aside."""
    parked = []
    for number in range(count):
        journal.put("tick", "t", {"n": os.urandom(4).hex(), "of": number})
        parked += journal.compact().parked
    return parked


def test_a_blob_that_was_idle_at_two_checkpoints_is_put_aside_and_still_found(journal, root):
    idle = journal.blobs.put(b"idle")
    assert rounds(journal) == []
    assert journal.compact().parked == ()
    assert rounds(journal) == [blob_path(idle["sha256"])]
    assert names(journal) == set()
    assert journal.blobs.get(idle) == b"idle"
    assert not journal.blobs.has(idle)  # others do not have it: who refers to it puts it again
    assert journal.doctor(verify=True).ok
    assert journal.blobs.put(b"idle") == idle
    assert names(journal) == {idle["sha256"]}


def test_who_reads_a_blob_while_it_is_put_aside_reads_it_to_its_end(journal, root):
    data = os.urandom(3 * CHUNK_BYTES)
    ref = journal.blobs.put(data)
    rounds(journal)
    with journal.blobs.open(ref) as file, journal.blobs.open(ref) as other:
        begin, first = file.read(10), other.read(1)
        assert rounds(journal) == [blob_path(ref["sha256"])]
        assert begin + file.read() == data
        shutil.rmtree(os.path.join(root, "local", "parked"))
        with pytest.raises(NotFoundError):
            other.read()
    assert first == data[:1]


def test_whatever_an_event_refers_to_stays(journal):
    refs = [journal.blobs.put(bytes([number])) for number in range(4)]
    journal.put("order", "o", {"deep": [{"invoice": refs[0]}]})
    journal.put("order", "o", {"deep": None})
    journal.put("order", "gone", {"a": refs[1]})
    journal.delete("order", "gone")
    journal.put("order", "large", {"text": "x" * 70_000, "at": {"the": refs[2]}})
    journal.kv.put("newest", refs[3])
    kept = names(journal)
    assert len(kept) == 5
    assert rounds(journal, 5) == []
    assert names(journal) == kept
    assert [journal.blobs.get(ref) for ref in refs] == [b"\0", b"\1", b"\2", b"\3"]
    assert journal.get("order", "o", rev=1).data["deep"][0]["invoice"] == refs[0]


def test_what_a_key_held_before_is_not_kept(journal):
    old = journal.blobs.put(b"old")
    journal.kv.put("newest", old)
    rounds(journal, 2)
    new = journal.blobs.put(b"new")
    journal.kv.put("newest", new)
    assert blob_path(old["sha256"]) in rounds(journal, 5)
    assert names(journal) == {new["sha256"]}


def test_the_payload_of_a_key_stays_as_long_as_its_event(journal, root):
    for number in range(3):
        journal.kv.put("large", f"{number}" * 70_000)
    kept = names(journal)
    assert len(kept) == 3
    assert rounds(journal, 5) == []
    assert names(journal) == kept
    shutil.rmtree(os.path.join(root, "local"))
    with Journal.open(store=root) as again:
        assert len(again.history("$kv", "large")) == 3
        assert again.doctor(verify=True).ok


def test_a_reference_in_time_saves_a_blob_and_putting_it_again_begins_anew(journal):
    late, again = journal.blobs.put(b"late"), journal.blobs.put(b"again")
    rounds(journal)
    journal.put("order", "o", {"invoice": late})
    journal.blobs.put(b"again")
    assert rounds(journal) == []
    assert rounds(journal) == [blob_path(again["sha256"])]
    assert rounds(journal, 3) == []
    assert journal.blobs.get(late) == b"late"


def test_losing_the_notes_only_gives_more_time(journal, root):
    journal.blobs.put(b"idle")
    rounds(journal)
    shutil.rmtree(os.path.join(root, "local", "derived"))
    assert rounds(journal) == []
    with open(os.path.join(root, "local", "derived", "blobs", "notes.json"), "wb") as file:
        file.write(b'{"packs": 1}')
    assert rounds(journal) == []
    assert len(rounds(journal)) == 1


def test_what_packs_mention_is_read_once(journal, root, monkeypatch):
    import journal.upkeep.blobs_in_use as module

    ref = journal.blobs.put(b"used")
    journal.put("order", "o", {"invoice": ref})
    rounds(journal, 3)
    read = []
    of_events = module._of_events
    monkeypatch.setattr(module, "_of_events", lambda *place: read.append(place[2]) or of_events(*place))
    packs = os.listdir(os.path.join(root, "archive"))
    rounds(journal)
    assert read.count("archive") <= 1 < len(packs)
    assert names(journal) == {ref["sha256"]}


def test_the_decision_is_a_table():
    known = {"a": ["05", 1, 1], "b": ["05", 1, 1], "c": ["05", 1, 1]}
    now = {"a": (1, 1), "b": (2, 1), "d": (1, 1)}
    assert still_idle(known, now, "09") == {"a": ["05", 1, 1], "b": ["09", 2, 1], "d": ["09", 1, 1]}
    idle = {"a": ["05", 1, 1], "b": ["07", 1, 1], "c": ["09", 1, 1], "d": ["", 1, 1]}
    assert may_leave(idle, ["09", "07"]) == ["a", "b", "d"]
    assert may_leave(idle, ["09", "08"]) == ["a", "b", "d"]
    assert may_leave(idle, ["09"]) == []
    assert may_leave(idle, []) == []


def test_git_sees_the_blob_leave_and_its_bytes_are_still_read_here(tmp_path):
    tree = WorkTree(tmp_path / "one")
    with tree.open() as journal:
        ref = journal.blobs.put(b"bytes")
        path = f".journal/{blob_path(ref['sha256'])}"
        journal.commit("a blob")
        for _ in range(2):
            rounds(journal)
            journal.commit("compacted")
        assert path not in tree.git("ls-files").split()
        assert tree.git("status", "--porcelain") == ""
        # Somebody refers to it after all: the bytes are put aside, not gone.
        journal.put("order", "o", {"invoice": ref})
        assert journal.blobs.get(ref) == b"bytes"


def test_a_blob_that_was_put_aside_twice_leaves_git_again(tmp_path):
    tree = WorkTree(tmp_path / "one")
    with tree.open() as journal:
        for _ in range(2):
            ref = journal.blobs.put(b"bytes")
            journal.commit("a blob")
            assert rounds(journal, 2) == [blob_path(ref["sha256"])]
            assert journal.commit("compacted") is not None
        assert f".journal/{blob_path(ref['sha256'])}" not in tree.git("ls-files").split()
        assert tree.git("status", "--porcelain") == ""
        assert len(os.listdir(tree.store / "local" / "parked")) == 2
        assert journal.blobs.get(ref) == b"bytes"


def test_hooks_let_a_blob_leave_that_was_put_aside_and_no_other(tmp_path):
    from journal.hooks.verdict import TruthFacts, truth_problem

    gone = TruthFacts("blobs/ab/abc", is_there=False, was_there=True, on_disk="missing")
    assert truth_problem(gone._replace(parked=True), in_progress=False) is None
    assert truth_problem(gone, in_progress=False).code == "truth-removed"


def test_a_copy_that_lacks_the_blob_says_where_to_look(journal, root, tmp_path):
    ref = journal.blobs.put(b"bytes")
    rounds(journal, 2)
    journal.put("order", "o", {"invoice": ref})
    with Journal.open(store=clone(root, tmp_path / "clone")) as other:
        assert not other.blobs.has(ref)
        findings = [finding for finding in other.doctor().findings if finding.code == "reference-missing"]
        assert [finding.path for finding in findings] == [blob_path(ref["sha256"])]
        assert "git log" in findings[0].hint
        other.blobs.put(b"bytes")
        assert other.doctor().ok
    (here,) = (finding for finding in journal.doctor().findings if finding.code == "reference-missing")
    assert (here.severity, "journal blob put" in here.hint) == ("warning", True)


def test_what_a_seeded_memory_parks_has_the_same_name_each_time():
    def parked():
        with Journal.memory(seed=7) as journal:
            journal.blobs.put(b"idle")
            for number in range(4):
                journal.put("t", "a", {"n": number})
                journal.checkpoint()
                journal.compact()
            return [name for name, _ in journal._engine.files.list(f"{journal.root}/local/parked")]

    assert parked() == parked() != []
