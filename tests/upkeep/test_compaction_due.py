"""Automatic compaction: when it is due, that it never fails what it rides on, that it can be stopped."""

import os
import subprocess
import sys

import pytest

from journal import GitError, Journal
from journal.disk.files import OsFiles
from journal.disk.lock import StoreLock
from journal.format.segment import Vector
from journal.store.config import Config
from journal.upkeep import compact as compacting
from journal.upkeep.compaction_due import Live, is_past
from tests.support.stores import configure, event_ids, fresh_view, meaning
from tests.support.worktree import WorkTree

LIMITS = "roll_bytes = 4096\ncompact_bytes = 16384\ncompact_segments = 40"
SMALL = Config("st_00000000", compact_bytes=1000, compact_segments=10)


def limited(tree, options=LIMITS):
    configure(str(tree.store), options)
    return tree


def write(journal, count, start=0):
    for number in range(start, start + count):
        journal.put("plan", f"p{number % 9}", {"n": number, "text": "x" * 60})


def live_bytes(tree):
    return sum(len(data) for data in tree.files("segments").values())


# -- when ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("live", "is_due"),
    [
        (Live(3, 1000, 3, 1000, 0), False),
        (Live(3, 1001, 3, 1001, 0), True),
        (Live(3, 1001, 1, 499, 0), False),
        (Live(3, 1001, 1, 500, 0), True),
        (Live(3, 1001, 1, 600, 601), False),
        (Live(3, 1001, 1, 601, 601), True),
        (Live(11, 500, 4, 200, 0), False),
        (Live(11, 500, 5, 200, 0), True),
        (Live(10, 500, 10, 500, 0), False),
    ],
)
def test_when_a_compaction_is_due(live, is_due):
    assert is_past(live, SMALL) is is_due


def test_all_checkpoints_together_are_bounded_by_what_was_written():
    """However large a checkpoint is: between two of them comes at least as much."""
    written = live = new = checkpoint = checkpoints = 0
    for _ in range(5000):
        written, live, new = written + 100, live + 100, new + 100
        if is_past(Live(1, live, 1, new, checkpoint), SMALL):
            checkpoint = 300 + written // 4
            checkpoints += checkpoint
            live, new = new, 0
    assert checkpoints > 2 * checkpoint
    assert checkpoints <= 2 * written + checkpoint


# -- riding along --------------------------------------------------------------------------------------------------


def test_a_commit_compacts_when_the_live_part_passes_the_limit(tree):
    limited(tree)
    seen, sizes = set(), []
    with tree.open() as journal:
        for turn in range(24):
            write(journal, 10, turn * 10)
            journal.commit()
            seen |= set(event_ids(str(tree.store)))
            assert set(event_ids(str(tree.store))) == seen
            sizes.append(live_bytes(tree))
            assert tree.git("status", "--porcelain") == ""
        assert [event.data["n"] for event in journal.history("plan", "p1")] == list(range(1, 240, 9))
        assert journal.get("plan", "p3", rev=2).data["n"] == 12
    assert sum(sizes[:4]) > 16384
    assert max(sizes) < 3 * 16384
    assert len(tree.files("checkpoints")) <= 3
    said = tree.git("log", "--format=%s")
    assert "journal: pack " in said
    assert "segments that packs hold" in said
    clone = WorkTree(tree.path.parent / "clone", clone_of=tree)
    assert meaning(fresh_view(str(clone.store)))["entities"] == meaning(fresh_view(str(tree.store)))["entities"]


def test_a_write_never_compacts(tree):
    limited(tree)
    with tree.open() as journal:
        write(journal, 300)
    assert not (tree.store / "archive").exists() or tree.files("archive") == {}
    assert tree.files("checkpoints") == {}


def test_it_can_be_switched_off_in_the_configuration_and_for_a_call(tree):
    limited(tree)
    with tree.open() as journal:
        write(journal, 300)
        journal.commit(compact=False)
        assert tree.files("checkpoints") == {}
    limited(tree, "auto_compact = false")
    with tree.open() as journal:
        journal.commit()
        assert journal.compact_if_due() is None
        assert tree.files("checkpoints") == {}


@pytest.mark.parametrize("state", ["merge", "rebase", "detached"])
def test_it_waits_while_git_is_in_the_middle_of_something(tree, state):
    limited(tree)
    with tree.open() as journal:
        write(journal, 300)
        journal.commit(compact=False)
    if state == "merge":
        (tree.path / ".git" / "MERGE_HEAD").write_text(tree.git("rev-parse", "HEAD"))
    elif state == "rebase":
        (tree.path / ".git" / "rebase-merge").mkdir()
    else:
        tree.git("checkout", "-q", "--detach")
    with tree.open() as journal:
        assert journal.compact_if_due() is None
    assert tree.files("checkpoints") == {}


def test_what_fails_it_never_fails_the_commit(tree):
    limited(tree)
    hook = tree.path / ".git" / "hooks" / "commit-msg"
    hook.write_text("#!/bin/sh\n! grep -q '^journal: ' \"$1\"\n")
    hook.chmod(0o755)
    said = []
    with tree.open() as journal:
        write(journal, 300)
        assert journal.commit("as the hook wants it").branch == "main"
        assert journal.compact_if_due(said.append) is None  # the checkpoint is there, and was not committed
        write(journal, 300)
        assert journal.commit("more") is not None
        with pytest.raises(GitError):
            journal.compact(commit=True)
        assert len(set(event_ids(str(tree.store)))) == len(event_ids(str(tree.store)))
        journal.commit("all of it", compact=False)
    assert tree.git("status", "--porcelain") == ""


def test_a_second_compaction_does_not_wait_for_the_first(tree):
    limited(tree)
    said = []
    with tree.open() as journal:
        write(journal, 300)
        lock = StoreLock(os.path.join(journal.root, "local", compacting.LOCK_FILE))
        with lock.held(5):
            assert journal.commit() is not None
            assert journal.compact_if_due(said.append) is None
        lock.close()
        assert "another compaction of this work tree is under way" in said[0]
        assert tree.files("checkpoints") == {}
        assert journal.compact_if_due(said.append).checkpoint


def test_a_plain_directory_is_compacted_when_it_is_asked_for(tmp_path):
    (tmp_path / "plain").mkdir()
    root, _ = Journal.init(tmp_path / "plain")
    configure(root, LIMITS)
    with Journal.open(tmp_path / "plain") as journal:
        write(journal, 300)
        assert journal.compact_if_due().checkpoint
        assert journal.compact_if_due() is None
        write(journal, 200, 300)
        done = journal.compact_if_due()
        assert done.packed == tuple(path for path in done.removed if path.startswith("segments/"))
        assert done.after.live_bytes < done.before.live_bytes / 2
        assert done.after.bytes < done.before.bytes
        assert len(journal.history("plan", "p1")) == 56


class Stopped(OsFiles):
    """A disk at which a person presses Ctrl-C, at the call of that number."""

    def __init__(self, call):
        self.left = call

    def _count(self):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt

    def create(self, *arguments, **options):
        self._count()
        return super().create(*arguments, **options)

    def replace(self, *arguments, **options):
        self._count()
        return super().replace(*arguments, **options)

    def remove(self, *arguments, **options):
        self._count()
        return super().remove(*arguments, **options)

    def sync_folder(self, *arguments, **options):
        self._count()
        return super().sync_folder(*arguments, **options)


def test_it_may_be_stopped_at_any_moment(tree):
    limited(tree)
    with tree.open() as journal:
        write(journal, 200)
        journal.commit()  # writes the first checkpoint
        write(journal, 150, 200)
        journal.commit(compact=False)
        events, history = event_ids(str(tree.store)), [event.id for event in journal.history("plan", "p2")]
    stops = 0
    for call in range(1, 1000, 3):
        with Journal.open(tree.path, files=Stopped(call)) as journal:
            try:
                journal.compact(commit=True)
                break
            except KeyboardInterrupt:
                stops += 1
        assert events.items() <= event_ids(str(tree.store)).items()
    with tree.open() as journal:
        journal.compact(commit=True)
        assert [event.id for event in journal.history("plan", "p2")] == history
        assert journal.doctor(verify=True).ok
    assert tree.git("status", "--porcelain") == ""
    assert events.items() <= event_ids(str(tree.store)).items()
    assert stops > 3


# -- on the command line -------------------------------------------------------------------------------------------


def run(tree, *words, status=0):
    environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", "journal.cli", *words], cwd=tree.path, capture_output=True, text=True, env=environment
    )
    assert ended.returncode == status, ended.stderr
    return ended


def test_the_command_answers_first_and_says_on_stderr_what_was_saved(tree):
    limited(tree)
    with tree.open() as journal:
        write(journal, 200)
    assert "wrote checkpoint" in run(tree, "commit").stderr
    with tree.open() as journal:
        write(journal, 200, 200)
    ended = run(tree, "commit", "-m", "plans")
    assert ended.stdout.startswith("[main ")
    assert ended.stdout.count("\n") == 1
    assert "journal: packed " in ended.stderr
    assert "live " in ended.stderr
    assert "saved " in ended.stderr
    assert "nothing to commit" in run(tree, "commit").stdout
    assert run(tree, "compact", "--auto", "--json").stdout == '{"done":false}\n'
    assert run(tree, "compact", "--auto").stderr == ""
    run(tree, "compact", "--auto", "--dry-run", status=2)


def test_covers_of_nothing_make_all_of_it_new(tree):
    from journal.upkeep.compaction_due import measure

    limited(tree)
    with tree.open() as journal:
        write(journal, 100)
        nothing: Vector = {}
        with journal._engine.reading() as view:
            live = measure(view.facts.values(), nothing)
            assert (live.new_segments, live.new_bytes) == (live.segments, live.bytes)
            assert live.bytes == live_bytes(tree)
        journal.checkpoint()
        with journal._engine.reading() as view:
            live = measure(view.facts.values(), view.covers)
            assert live.new_segments <= 1
            assert live.checkpoint_bytes == len(next(iter(tree.files("checkpoints").values())))
