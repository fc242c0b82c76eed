"""A commit takes the store's files and nothing else; status tells what it would take."""

import json
import subprocess

import pytest

from journal import GitError
from tests.support.reads import ReadMeter
from tests.support.worktree import WorkTree


def names_in_head(tree):
    return set(tree.git("show", "--name-only", "--format=", "HEAD").split())


def test_a_commit_takes_exactly_what_changed(tree):
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        journal.put("plan", "b", {"n": 1})
        assert journal.commit() is not None
        assert journal.commit() is None
        journal.put("plan", "a", {"n": 2})
        journal.delete("plan", "b")
        journal.commit()
    assert {name.split("/")[1] for name in names_in_head(tree)} == {"entities", "segments"}
    assert ".journal/entities/plan/a.json" in names_in_head(tree)
    assert ".journal/entities/plan/b.json" in names_in_head(tree)
    assert not tree.git("status", "--porcelain")
    tree.git("fsck", "--full", "--strict")


def test_the_users_own_work_stays_staged_unstaged_and_untracked(tree):
    (tree.path / "mine.txt").write_text("one\n")
    tree.commit_all()
    (tree.path / "mine.txt").write_text("two\n")
    (tree.path / "staged.txt").write_text("staged\n")
    (tree.path / "untracked.txt").write_text("untracked\n")
    tree.git("add", "staged.txt")
    before = tree.git("status", "--porcelain")
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        journal.commit()
    assert tree.git("status", "--porcelain") == before
    assert all(name.startswith(".journal/") for name in names_in_head(tree))


def test_a_clone_gives_the_same_answers_and_the_same_bytes(tree, tmp_path):
    with tree.open() as journal:
        for number in range(20):
            journal.put("plan", f"P{number}", {"n": number, "text": "é\u2028 <b>"})
        journal.commit()
        shown = journal.list()
    clone = WorkTree(tmp_path / "clone", clone_of=tree)
    with clone.open() as journal:
        assert journal.list() == shown
        journal.reconcile()
    assert clone.files("entities/plan") == tree.files("entities/plan")
    assert not clone.git("status", "--porcelain")


def test_after_someone_elses_commit_of_the_store_nothing_is_forgotten(tree):
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        journal.commit()
        journal.put("plan", "a", {"n": 2})
    tree.commit_all("by hand")
    with tree.open() as journal:
        assert journal.commit() is None
        journal.put("plan", "b", {"n": 1})
        journal.commit()
    tree.git("reset", "-q", "--soft", "HEAD~2")
    with tree.open() as journal:
        journal.put("plan", "c", {"n": 1})
        journal.commit()
    assert not tree.git("status", "--porcelain")
    assert json.loads(tree.git("show", "HEAD:.journal/entities/plan/a.json")) == {"n": 2}


def test_the_prefix_of_a_segment_that_a_git_add_met_open_is_committed_whole(tree):
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        tree.git("add", "-A")
        (segment,) = (tree.store / "segments").iterdir()
        prefix = segment.read_bytes()
        journal.put("plan", "a", {"n": 2})
        with segment.open("ab") as stream:
            stream.write(b"")
        assert segment.read_bytes() == prefix, "a git add closes the segment"
        journal.commit()
    assert not tree.git("status", "--porcelain")


def test_a_missing_segment_is_never_committed_as_removed(tree):
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        journal.commit()
    (segment,) = (tree.store / "segments").iterdir()
    segment.unlink()
    with tree.open() as journal:
        journal.put("plan", "b", {"n": 1})
        with pytest.raises(GitError, match="missing") as caught:
            journal.commit()
    assert "git restore" in caught.value.hint
    tree.git("restore", "--", f".journal/segments/{segment.name}")
    with tree.open() as journal:
        journal.commit()
        assert {entity.id for entity in journal.list("plan")} == {"a", "b"}


def test_truth_that_an_ignore_rule_would_drop_is_an_error(tree):
    (tree.path / ".gitignore").write_text(".journal/\n")
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        with pytest.raises(GitError, match="ignore"):
            journal.commit()


@pytest.mark.parametrize("rule", ["*.gz", "*.jsonl", "*.json", "archive/", "segments", "local"])
def test_common_ignore_rules_of_the_user_drop_nothing(tree, rule):
    (tree.path / ".gitignore").write_text(f"{rule}\n")
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        journal.checkpoint()
        journal.commit()
    tracked = tree.git("ls-files").split()
    assert {name.split("/")[1] for name in tracked} >= {"entities", "segments", "checkpoints", "journal.toml"}
    assert not any(name.startswith(".journal/local") for name in tracked)
    assert not tree.git("status", "--porcelain", "--", ".journal")


def test_a_persons_edit_is_neither_overwritten_nor_committed(tree):
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        journal.commit()
    path = tree.store / "entities" / "plan" / "a.json"
    path.write_text('{\n  "n": 99\n}\n')
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 2})
        assert journal.status().edited == ("entities/plan/a.json",)
        journal.commit()
        assert journal.get("plan", "a").data == {"n": 2}
    assert json.loads(path.read_text()) == {"n": 99}
    assert json.loads(tree.git("show", "HEAD:.journal/entities/plan/a.json")) == {"n": 1}


def test_status_counts_what_a_commit_would_take(tree):
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        assert "entities/plan/a.json" in journal.status().uncommitted
        journal.commit()
        assert journal.status().uncommitted == ()
        assert journal.status().lagging == 0


def test_a_large_segment_is_in_memory_as_a_whole_neither_for_a_status_nor_for_a_commit(tree):
    meter = ReadMeter()
    with tree.open(files=meter) as journal:
        journal.append_batch("s", [("Moved", {"text": "x" * 900, "n": number}) for number in range(200)])
        journal.put("plan", "a", {"n": 1})
        meter.forget()
        (segment,) = (tree.store / "segments").iterdir()
        assert f"segments/{segment.name}" in journal.status().uncommitted
        assert not meter.bytes[str(segment)], "git has nothing under this name, so nothing is to be compared"
        journal.commit()
        assert meter.parts[str(segment)]
        assert not meter.whole[str(segment)]
        (segment,) = (tree.store / "segments").iterdir()
        assert tree.git("show", f"HEAD:.journal/segments/{segment.name}") == segment.read_text()
        assert journal.commit() is None
    assert not tree.git("status", "--porcelain")
    tree.git("fsck", "--full", "--strict")


@pytest.mark.parametrize("what", ["HEAD", "objects", "refs"])
def test_status_says_that_git_cannot_be_read(tree, what):
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        journal.commit()
    if what == "HEAD":
        (tree.path / ".git" / "HEAD").write_text("garbage")
    else:
        (tree.path / ".git" / what).rename(tree.path / ".git" / "elsewhere")
    with tree.open() as journal:
        status = journal.status()
        assert status.uncommitted is None
        assert what in status.git_trouble
        assert status.last_event == "1@" + status.lane


def test_the_diff_of_one_change_is_a_few_lines(tree):
    with tree.open() as journal:
        journal.put("plan", "a", {f"field{number}": number for number in range(40)})
        journal.commit()
        journal.put("plan", "a", set={"field7": "seven"})
        journal.commit()
    diff = tree.git("diff", "--numstat", "HEAD~1", "--", ".journal/entities")
    assert diff.split()[:2] == ["1", "1"]


def test_staging_closes_the_segment_and_leaves_the_commit_to_the_user(tree):
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        assert journal.stage() > 0
        staged = tree.git("diff", "--cached", "--name-only").split()
        assert ".journal/entities/plan/a.json" in staged
        journal.put("plan", "b", {"n": 1})
    assert len(list((tree.store / "segments").iterdir())) == 2
    tree.git("commit", "-q", "-m", "mine")
    tree.git("fsck", "--full")


def test_a_store_outside_of_git_says_so(tmp_path):
    from journal import Journal

    (tmp_path / "plain").mkdir()
    Journal.init(tmp_path / "plain")
    with Journal.open(tmp_path / "plain") as journal:
        journal.put("plan", "a", {"n": 1})
        with pytest.raises(GitError, match="not in a git work tree"):
            journal.commit()
        assert (journal.status().uncommitted, journal.status().git_trouble) == (None, None)


def test_a_linked_work_tree_is_a_writer_of_its_own(tree, tmp_path):
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        journal.commit()
    linked = tmp_path / "linked"
    tree.git("worktree", "add", "-q", "-b", "side", str(linked))
    from journal import Journal

    with Journal.open(linked) as journal:
        journal.put("plan", "side", {"n": 1})
        journal.commit("from the side")
    with tree.open() as journal:
        journal.put("plan", "main", {"n": 1})
        journal.commit("from main")
    tree.git("merge", "-q", "--no-edit", "side")
    with tree.open() as journal:
        assert {entity.id for entity in journal.list("plan")} == {"a", "side", "main"}
        lanes = {event.lane for event in journal.log()}
    assert len(lanes) == 2
    assert subprocess.run(["git", "fsck"], cwd=linked, capture_output=True).returncode == 0
