"""Checkpoints spare a rebuild, compaction loses nothing, in either of its phases or between them."""

import contextlib
import os

import pytest

from journal import DamagedError, Journal
from journal.disk.files import OsFiles
from journal.upkeep import compact as compacting
from tests.support.worktree import WorkTree


def everything(journal):
    shown = {(entity.type, entity.id): entity.data for entity in journal.list()}
    return shown, [
        (event.id, event.action, event.data) for event in journal.log(reverse=True) if event.kind == "entity"
    ]


def write_some(tree, count=30, start=0):
    with tree.open() as journal:
        for number in range(start, start + count):
            journal.put("plan", f"p{number % 7}", {"n": number})
        journal.delete("plan", f"p{start % 7}")


def small_segments(tree):
    path = tree.store / "journal.toml"
    path.write_text(path.read_text().replace("[options]", "[options]\nroll_bytes = 4096"))


def drop_local(tree):
    for path in (tree.store / "local").iterdir():
        path.unlink()


def test_a_checkpoint_that_nothing_came_after_is_not_written_again(tree):
    write_some(tree)
    with tree.open() as journal:
        first = journal.checkpoint()
        assert journal.checkpoint() == first
        journal.put("plan", "p1", {"n": -1})
        assert journal.checkpoint() != first


def test_a_rebuild_from_a_checkpoint_gives_what_a_rebuild_from_events_gives(tree):
    write_some(tree)
    with tree.open() as journal:
        journal.checkpoint()
        journal.put("plan", "later", {"n": 1})
        before = everything(journal)
    drop_local(tree)
    with tree.open() as journal:
        assert everything(journal) == before


def test_a_bad_checkpoint_costs_time_only(tree):
    write_some(tree)
    with tree.open() as journal:
        journal.checkpoint()
        before = everything(journal)
    (path,) = (tree.store / "checkpoints").iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    drop_local(tree)
    with tree.open() as journal:
        assert everything(journal) == before
        assert journal.damage_note() is None


def test_damage_is_never_hidden_behind_a_checkpoint(tree):
    write_some(tree)
    (path,) = (tree.store / "segments").iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with tree.open() as journal, pytest.raises(DamagedError):
        journal.checkpoint()


def test_nothing_leaves_before_git_has_the_pack_and_both_checkpoints(tree):
    small_segments(tree)
    write_some(tree)
    with tree.open() as journal:
        journal.compact()
        journal.put("plan", "x", {"n": 1})
        packed = journal.compact()
        assert packed.packs
        assert not packed.removed
        segments = tree.files("segments")
        again = journal.compact()
        assert not again.removed
        assert tree.files("segments").keys() >= segments.keys()
        journal.commit()
        gone = journal.compact()
        assert {path.removeprefix("segments/") for path in gone.removed} & segments.keys()
        assert not gone.waiting or "commit" in gone.waiting


def test_history_reads_through_packs_and_the_state_stays(tree):
    small_segments(tree)
    write_some(tree, 60)
    with tree.open() as journal:
        before = everything(journal)
        history = [event.id for event in journal.history("plan", "p3")]
        for _ in range(3):
            journal.compact()
            journal.commit()
            journal.put("note", "n", {"turn": len(list(journal.log()))})
        journal.compact()
        assert list((tree.store / "archive").iterdir())
        assert [event.id for event in journal.history("plan", "p3")] == history
        shown, events = everything(journal)
        assert {key: data for key, data in shown.items() if key[0] == "plan"} == before[0]
        assert events[: len(before[1])] == before[1]
    drop_local(tree)
    with tree.open() as journal:
        assert [event.id for event in journal.history("plan", "p3")] == history
        assert everything(journal)[0] == shown


def test_compacting_on_two_branches_merges_without_a_conflict_in_the_truth(tree, tmp_path):
    small_segments(tree)
    write_some(tree, 60)
    with tree.open() as journal:
        journal.compact()
        journal.put("plan", "y", {"n": 0})
        journal.compact()
        journal.commit("base")
    other = WorkTree(tmp_path / "other", clone_of=tree)
    for side, name in ((tree, "ours"), (other, "theirs")):
        with side.open() as journal:
            journal.put("plan", name, {"n": 1})
            journal.compact()
            journal.commit(name)
            journal.compact()
            journal.commit(f"{name} compacted")
    tree.git("pull", "-q", "--no-rebase", "--no-edit", str(other.path), "main")
    assert not tree.git("diff", "--name-only", "--diff-filter=U")
    with tree.open() as journal:
        assert {"ours", "theirs"} <= {entity.id for entity in journal.list("plan")}
        assert journal.damage_note() is None
        ids = [event.id for event in journal.log()]
    assert len(ids) == len(set(ids))


def test_without_git_packed_segments_leave_in_the_same_run(tmp_path):
    (tmp_path / "plain").mkdir()
    Journal.init(tmp_path / "plain")
    with Journal.open(tmp_path / "plain") as journal:
        journal.put("plan", "a", {"n": 1})
        journal.compact()
        journal.put("plan", "a", {"n": 2})
        done = journal.compact()
        assert set(done.packed) <= set(done.removed)
        assert done.packed
        journal.put("plan", "a", {"n": 3})
        journal.compact()
        assert [event.data for event in journal.history("plan", "a")] == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_what_is_only_staged_keeps_no_segment_from_being_needed(tree):
    """``git reset`` takes the pack out of the index again; ``commit -a`` would then commit the removal alone."""
    small_segments(tree)
    write_some(tree, 60)
    with tree.open() as journal:
        journal.compact()
        journal.put("plan", "x", {"n": 1})
        journal.commit()
        assert journal.compact().packs
        tree.git("add", "-A")
        assert not journal.compact().removed
        tree.git("commit", "-q", "-m", "packed")
        tree.git("rm", "-q", "-r", "--cached", ".journal/archive")
        assert not journal.compact().removed
        tree.git("reset", "-q")
        assert journal.compact().removed


def test_segments_leave_although_each_run_writes_a_new_checkpoint(tree):
    """Two checkpoints that git has are enough: the newest one of a busy store never is among them."""
    small_segments(tree)
    removed = 0
    with tree.open() as journal:
        for turn in range(6):
            for number in range(30):
                journal.put("plan", f"p{number % 7}", {"n": number, "turn": turn})
            done = journal.compact()
            assert done.checkpoint
            removed += len(done.removed)
            journal.commit()
        assert removed > 5
        assert len(tree.files("checkpoints")) <= 4


def test_a_pack_that_is_not_what_was_written_keeps_its_segments(tree):
    small_segments(tree)
    write_some(tree, 60)
    with tree.open() as journal:
        journal.compact()
        journal.put("plan", "x", {"n": 1})
        (name,) = journal.compact().packs
        journal.commit()
        path = tree.store / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        at = os.stat(path)
        with open(path, "r+b") as file:  # in place, with the times that it had: nothing tells
            file.write(data)
        os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))
        segments = tree.files("segments")
        with contextlib.suppress(DamagedError):  # where a reader has noticed
            journal.compact()
        assert segments.keys() <= tree.files("segments").keys()


@pytest.mark.parametrize("has_git", [True, False])
def test_a_dry_run_foretells_what_the_run_does(tmp_path, has_git):
    if has_git:
        tree = WorkTree(tmp_path / "work")
    else:
        (tmp_path / "work").mkdir()
        Journal.init(tmp_path / "work")
    with Journal.open(tmp_path / "work") as journal:
        for turn in range(5):
            for number in range(20):
                journal.put("plan", f"p{number % 7}", {"n": number, "turn": turn})
            foretold, did = journal.compact(dry_run=True), journal.compact()
            assert (foretold.packed, set(foretold.removed)) == (did.packed, set(did.removed))
            assert (foretold.packed_bytes, foretold.removed_bytes) == (did.packed_bytes, did.removed_bytes)
            assert foretold.waiting == did.waiting
            assert foretold.after.bytes == foretold.before.bytes - foretold.removed_bytes
            assert did.pack_bytes == sum(os.stat(os.path.join(journal.root, path)).st_size for path in did.packs)
            if has_git:
                tree.commit_all()


def test_a_dry_run_writes_nothing(tree):
    write_some(tree)
    with tree.open() as journal:
        journal.checkpoint()
        journal.put("plan", "z", {"n": 1})
        journal.checkpoint()
        before = {path: path.stat().st_mtime_ns for path in tree.store.rglob("*") if "local" not in path.parts}
        planned = journal.compact(dry_run=True)
        assert {path: path.stat().st_mtime_ns for path in tree.store.rglob("*") if "local" not in path.parts} == before
        assert planned.packs == ()


def test_a_large_lane_is_packed_into_several_files(tree, monkeypatch):
    monkeypatch.setattr(compacting, "PACK_TEXT_BYTES_MAX", 8192)
    small_segments(tree)
    write_some(tree, 120)
    with tree.open() as journal:
        journal.compact()
        journal.put("plan", "x", {"n": 1})
        assert len(journal.compact().packs) > 1
        before = everything(journal)
    drop_local(tree)
    with tree.open() as journal:
        assert everything(journal) == before


def compacting_under_the_hands(monkeypatch, root):
    """Let another process pack and remove segments at the moment when the first line of one of them is read."""
    real, done = OsFiles.read_at, []

    def read_at(files, path, start, length):
        if path.endswith(".jsonl") and start and not done:
            done.append(path)
            with Journal.open(root) as other:
                for number in range(3):
                    other.put("note", "n", {"n": number})
                    other.compact()
            assert not os.path.exists(path)
        return real(files, path, start, length)

    monkeypatch.setattr(OsFiles, "read_at", read_at)
    return done


@pytest.mark.parametrize("is_private", [False, True], ids=["shared", "private"])
@pytest.mark.parametrize(
    "look",
    [
        lambda journal: journal.history("plan", "p2"),
        lambda journal: journal.blame("plan", "p2"),
        lambda journal: journal.get("plan", "p2", rev=1),
        lambda journal: journal.get("plan", "p2", at="4"),
        lambda journal: journal.show("4"),
        lambda journal: [event for event in journal.log(limit=1000) if event.type == "plan"],
        lambda journal: list(journal.log(type="plan")),
    ],
    ids=["history", "blame", "rev", "at", "show", "log-limited", "log"],
)
def test_an_event_that_is_packed_while_it_is_read_is_read_from_the_pack(tmp_path, monkeypatch, look, is_private):
    root = tmp_path / "plain"
    root.mkdir()
    Journal.init(root)
    with Journal.open(root) as journal:
        for number in range(30):
            journal.put("plan", f"p{number % 7}", {"n": number})
    with Journal.open(root) as journal:
        whole = look(journal)
        if is_private:  # as after files left while another process had the lock
            journal._engine.indexing._open_private()
        done = compacting_under_the_hands(monkeypatch, root)
        assert look(journal) == whole
        assert done
