"""Whatever part of a compaction is committed, in any order: no commit holds fewer events than the one before it."""

import io
import random
import shutil
import subprocess
import tarfile

import pytest

from tests.fuzz.ledger import _records
from tests.support.stores import configure, event_ids, examples
from tests.support.worktree import WorkTree

OPTIONS = 'durability = "os"\nroll_bytes = 4096'
TRUTH = ("archive", "checkpoints", "segments")


def events_of(tree, commit):
    """Return the ids of the events in the files of a commit; of one alone what its checkpoints say is not counted."""
    packed = subprocess.run(["git", "archive", commit, ".journal"], cwd=tree.path, capture_output=True, check=True)
    found = set()
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
        for member in files:
            folder, _, _ = member.name.removeprefix(".journal/").partition("/")
            if member.isfile() and folder in ("segments", "archive"):
                data = files.extractfile(member).read()
                found |= {f"{seq}@{lane}" for (seq, lane), _, _ in _records(member.name, data)}
    return found


def write(tree, chance, count=12, name="p"):
    with tree.open() as journal:
        for _ in range(count):
            journal.put("plan", f"{name}{chance.randrange(5)}", {"n": chance.randrange(10**6), "text": "x" * 200})


def compact(tree, chance):
    with tree.open() as journal:
        journal.compact()


def journal_commit(tree, chance):
    with tree.open() as journal:
        journal.commit(compact=False)


def changed(tree):
    told = tree.git("status", "--porcelain", "-uall", "--no-renames", "--", *(f".journal/{name}" for name in TRUTH))
    return [line[3:] for line in told.splitlines() if line[1] != " "]


def add_some(tree, chance):
    paths = changed(tree)
    if paths:
        tree.git("add", "-A", "--", *chance.sample(paths, chance.randint(1, len(paths))))


def unstage_some(tree, chance):
    paths = tree.git("diff", "--cached", "--name-only", "--no-renames").split()
    if paths:
        tree.git("restore", "--staged", "--", *chance.sample(paths, chance.randint(1, len(paths))))


def commit_staged(tree, chance):
    tree.git("commit", "-q", "-m", "staged", check=False)


def commit_tracked(tree, chance):
    tree.git("commit", "-q", "-a", "-m", "tracked", check=False)


def commit_some(tree, chance):
    """``git commit -- PATH…``: these paths alone, whatever is staged."""
    known = set(tree.git("ls-files").split())
    paths = [path for path in changed(tree) if path in known]
    if paths:
        tree.git("commit", "-q", "-m", "some", "--", *chance.sample(paths, chance.randint(1, len(paths))), check=False)


def amend(tree, chance):
    tree.git("commit", "-q", "--amend", "--no-edit", "--allow-empty")


def stash_and_pop(tree, chance):
    if "No local changes" in tree.git("stash", "push", *chance.choice([[], ["--keep-index"], ["-u"]])):
        return
    tree.git("clean", "-qfd", ".journal/entities")
    tree.git("checkout", "-q", "--", ".journal")
    tree.git("stash", "pop", "-q")


STEPS = [
    *[write] * 3,
    *[compact] * 5,
    *[add_some] * 4,
    *[unstage_some] * 2,
    *[commit_staged] * 4,
    *[commit_tracked] * 2,
    *[commit_some] * 2,
    amend,
    stash_and_pop,
    journal_commit,
]


@pytest.mark.parametrize("seed", range(examples(4, 200)))
def test_no_commit_of_a_part_of_a_compaction_loses_an_event(tmp_path, seed):
    chance = random.Random(seed)
    tree = WorkTree(tmp_path / "work")
    configure(str(tree.store), OPTIONS)
    for _ in range(2):
        write(tree, chance, 40)
        compact(tree, chance)
        journal_commit(tree, chance)
    held = events_of(tree, "HEAD")
    head = tree.git("rev-parse", "HEAD")
    removed, done = 0, []
    for _ in range(50):
        step = chance.choice(STEPS)
        done.append(step.__name__)
        before = len(tree.files("segments"))
        step(tree, chance)
        removed += max(0, before - len(tree.files("segments")))
        if tree.git("rev-parse", "HEAD") != head:
            head = tree.git("rev-parse", "HEAD")
            now = events_of(tree, "HEAD")
            assert held <= now, (done, sorted(held - now))
            held = now
    everything = {event.split()[0] for event in event_ids(str(tree.store))}
    assert held <= everything
    journal_commit(tree, chance)
    assert events_of(tree, "HEAD") == everything
    with tree.open() as journal:
        assert journal.doctor(verify=True).ok
    assert removed, "nothing left in this run, so nothing was shown"


def compacted(tmp_path):
    """Make a store with a compaction in two commits: return it, and what it holds."""
    chance = random.Random(1)
    tree = WorkTree(tmp_path / "work")
    configure(str(tree.store), OPTIONS)
    for _ in range(2):
        write(tree, chance, 40)
        with tree.open() as journal:
            journal.commit(compact=False)
            journal.checkpoint()
            journal.commit(compact=False)
    tree.git("branch", "before")
    with tree.open() as journal:
        done = journal.compact(commit=True)
    assert len(done.commits) == 2
    return tree, set(event_ids(str(tree.store)))


def test_a_revert_of_the_removal_brings_the_segments_back(tmp_path):
    tree, events = compacted(tmp_path)
    tree.git("revert", "--no-edit", "HEAD")
    assert set(event_ids(str(tree.store))) == events
    with tree.open() as journal:
        assert journal.doctor(verify=True).ok
        assert journal.compact(commit=True).removed
        assert journal.doctor(verify=True).ok
    assert set(event_ids(str(tree.store))) == events | set(event_ids(str(tree.store)))


def test_the_removal_picked_alone_is_made_good_by_the_next_merge(tmp_path):
    """Git drops the files that a person picks the removal of; what holds them is one merge away."""
    tree, events = compacted(tmp_path)
    tree.git("checkout", "-q", "before")
    tree.git("cherry-pick", "main")
    assert set(event_ids(str(tree.store))) < events
    with tree.open() as journal:
        journal.put("plan", "here", {"n": 1})
        journal.commit(compact=False)
    tree.git("merge", "-q", "-m", "merge", "main")
    assert events < set(event_ids(str(tree.store)))
    with tree.open() as journal:
        assert journal.doctor(verify=True).ok


@pytest.mark.parametrize("steps", ["both remove", "one removes, one packs", "one removes, one writes"])
@pytest.mark.parametrize("way", ["merge", "rebase"])
def test_two_branches_that_compact_at_once(tmp_path, steps, way):
    tree, _ = compacted(tmp_path)
    tree.git("reset", "-q", "--hard", "before")
    other = WorkTree(tmp_path / "other", clone_of=tree)
    other.git("checkout", "-q", "-B", "main", "origin/before")
    chance = random.Random(2)
    for side, name in ((tree, "ours"), (other, "theirs")):
        write(side, chance, 10, name)
        with side.open() as journal:
            journal.commit(compact=False)
            if side is tree or steps == "both remove":
                assert journal.compact(commit=True).removed
            elif steps == "one removes, one packs":
                assert journal.compact().packs
                journal.commit(compact=False)
    events = set(event_ids(str(tree.store))) | set(event_ids(str(other.store)))
    tree.git("fetch", "-q", str(other.path), "main:theirs")
    if way == "merge":
        tree.git("merge", "-q", "-m", "merge", "theirs")
    else:
        tree.git("rebase", "-q", "theirs")
    assert set(event_ids(str(tree.store))) == events
    with tree.open() as journal:
        assert journal.doctor(verify=True).ok
        journal.compact(commit=True)
        assert journal.doctor(verify=True).ok
    assert events <= set(event_ids(str(tree.store)))


def test_a_shallow_clone_holds_everything_and_compacts(tmp_path):
    tree, events = compacted(tmp_path)
    write(tree, random.Random(3), 40)
    journal_commit(tree, random.Random(3))
    events |= set(event_ids(str(tree.store)))
    shallow = tmp_path / "shallow"
    WorkTree.git_at(None, "clone", "-q", "--depth", "1", f"file://{tree.path}", str(shallow))
    clone = WorkTree.__new__(WorkTree)
    clone.path = shallow
    clone.git("config", "user.name", "Ann")
    clone.git("config", "user.email", "ann@example.org")
    assert set(event_ids(str(clone.store))) == events
    with clone.open() as journal:
        assert journal.doctor(verify=True).ok
        done = journal.compact(commit=True)
        assert done.packed
        assert done.removed
    assert events <= set(event_ids(str(clone.store)))


def test_a_removal_is_committed_although_the_index_was_made_anew(tmp_path):
    """An index that is built from a checkpoint has not read the packs."""
    tree, events = compacted(tmp_path)
    tree.git("reset", "-q", "--hard", "HEAD~1")
    with tree.open() as journal:
        assert journal.compact().removed
    shutil.rmtree(tree.store / "local")
    journal_commit(tree, None)
    assert tree.git("status", "--porcelain") == ""
    assert events_of(tree, "HEAD") >= events
