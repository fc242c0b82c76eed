"""What each operation of git does to a journal: the table in docs/guide.md, line by line."""

import itertools
import shutil
from types import SimpleNamespace

import pytest
from story import FIRST, MAIN, SIDE, Story

from journal.errors import GitError
from journal.store import lanes, recording
from tests.support.stores import truth
from tests.support.worktree import WorkTree


@pytest.fixture
def story(tmp_path):
    return Story(tmp_path)


def picks(story, keep):
    """Rebase the last two commits of main by hand: ``keep`` turns the list of picks into another."""
    editor = story.folder / "editor.py"
    lines = "[line for line in open(sys.argv[1]) if line.startswith('pick')]"
    editor.write_text(f"import sys\nlines = {lines}\nopen(sys.argv[1], 'w').writelines({keep})\n")
    story.git("-c", f"sequence.editor=python3 {editor}", "rebase", "-q", "-i", "HEAD~2", check=False)
    story.finish()


BOTH_SHOW = {"x": 1, "y": 2, "z": 3}
WAYS = {
    "merge": ["merge", "-q", "-m", "m", "side"],
    "merge --no-ff": ["merge", "-q", "--no-ff", "-m", "m", "side"],
    "merge -X ours": ["merge", "-q", "-m", "m", "-X", "ours", "side"],
    "merge -X theirs": ["merge", "-q", "-m", "m", "-X", "theirs", "side"],
    "merge --squash": ["merge", "-q", "--squash", "side"],
    "rebase": ["rebase", "-q", "side"],
    "cherry-pick a range": ["cherry-pick", "main~2..side"],
}


@pytest.mark.parametrize("way", WAYS)
def test_both_sides_events_are_there_after(story, way):
    story.git(*WAYS[way], check=False)
    story.finish()
    story.check(MAIN | SIDE)
    assert story.plans()["a"] == BOTH_SHOW
    story.commit()
    assert story.git("status", "--porcelain") == ""


def test_a_fast_forward_brings_the_events_of_the_commits_that_it_passes(story):
    story.git("checkout", "-q", "-b", "behind", "main~2")
    story.check(FIRST)
    story.git("merge", "-q", "--ff-only", "side")
    story.check(SIDE)


def test_an_octopus_brings_the_events_of_all_its_arms(story):
    story.git("merge", "-q", "-m", "m", "other", "third")
    story.check(MAIN | {"other-d", "third-e"})


def test_an_aborted_merge_leaves_what_was_there(story):
    story.git("merge", "-q", "side", check=False)
    assert story.stopped() == {".journal/entities/plan/a.json"}
    story.git("merge", "--abort")
    story.check(MAIN)


def test_an_aborted_rebase_leaves_what_was_there(story):
    story.git("rebase", "-q", "side", check=False)
    assert story.stopped() == {".journal/entities/plan/a.json"}
    with story.tree.open() as journal, pytest.raises(GitError):
        journal.commit()
    story.git("rebase", "--abort")
    story.check(MAIN)


def test_commits_that_a_rebase_drops_take_their_events_along(story):
    picks(story, "lines[1:]")
    story.check(FIRST | {"main-c"})
    assert story.plans() == {"a": {"x": 1}, "c": {"x": 1}}


def test_commits_in_another_order_are_the_same_events(story):
    before = story.plans()
    picks(story, "lines[::-1]")
    story.check(MAIN)
    assert story.plans() == before


def test_commits_that_a_rebase_squashes_keep_their_events(story):
    picks(story, "[lines[0], lines[1].replace('pick', 'fixup')]")
    story.check(MAIN)
    assert story.git("rev-list", "--count", "HEAD").strip() == "2"


def test_a_rebase_drops_what_was_first_committed_in_a_merge_commit(story):
    story.git("merge", "-q", "--no-commit", "--no-ff", "other")
    story.write("in-the-merge", "f", x=1)
    story.git("add", "-A")
    story.git("commit", "-q", "-m", "merge, and more")
    story.check(MAIN | {"other-d", "in-the-merge"})
    story.git("rebase", "-q", "third", check=False)
    story.finish()
    story.check(MAIN | {"other-d", "third-e"})


def test_a_cherry_pick_brings_the_events_of_that_commit_alone(story):
    story.git("cherry-pick", "side")
    story.check(MAIN | {"side-b"})
    story.git("cherry-pick", "side~1", check=False)
    story.finish()
    story.check(MAIN | SIDE)
    assert story.plans()["a"] == BOTH_SHOW


def test_git_revert_takes_the_events_away_and_journal_revert_adds_one(story):
    story.git("revert", "--no-edit", "HEAD")
    story.check(MAIN - {"main-c"})
    assert "c" not in story.plans()
    story.git("revert", "--no-edit", "HEAD")
    story.check(MAIN)
    with story.tree.open() as journal:
        journal.revert(story.ids["main-c"])
        assert len(journal.history("plan", "c")) == 2
    assert "c" not in story.plans()


def test_amend_changes_no_event(story):
    story.write("later", "c", x=2)
    story.git("add", "-A")
    story.git("commit", "-q", "--amend", "--no-edit")
    story.check(MAIN | {"later"})


def test_commit_a_leaves_new_segments_out_and_the_next_commit_has_them(story):
    story.write("new", "a", x=5)
    story.git("commit", "-q", "-a", "-m", "tracked files only")
    story.check(MAIN | {"new"})
    assert "?? .journal/segments/" in story.git("status", "--porcelain")
    story.git("add", "-A")
    story.git("commit", "-q", "-m", "and the rest")
    story.git("clone", "-q", str(story.tree.path), "../clone")
    story.at(story.folder / "clone").check(MAIN | {"new"})


def test_no_line_ending_setting_touches_the_truth(story):
    story.git("clone", "-q", "-c", "core.autocrlf=true", "-c", "core.eol=crlf", str(story.tree.path), "../clone")
    before = truth(str(story.tree.store))
    story.at(story.folder / "clone").check(MAIN)
    assert truth(str(story.tree.store)) == before


@pytest.mark.parametrize("way", ["--soft", "--mixed"])
def test_a_reset_that_leaves_the_files_leaves_the_events(story, way):
    story.git("reset", "-q", way, "HEAD~1")
    story.check(MAIN)
    story.commit()
    story.check(MAIN)


def test_reset_hard_drops_the_events_of_the_commits_and_no_id_is_given_twice(story):
    story.git("reset", "-q", "--hard", "HEAD~1")
    story.check(MAIN - {"main-c"})
    written = story.write("after", "c", x=9)
    assert written.event.split("@")[1] != story.ids["main-c"].split("@")[1]
    story.git("merge", "-q", "-m", "back", "HEAD@{1}", check=False)
    story.check(MAIN - {"main-c"} | {"after"})


def test_reset_hard_leaves_events_that_git_does_not_know(story):
    story.write("new", "f", x=1)
    story.git("reset", "-q", "--hard")
    story.check(MAIN | {"new"})


def test_stash_leaves_new_events_and_stash_u_takes_them_until_pop(story):
    story.write("new", "a", x=5)
    story.git("stash", "-q")
    story.check(MAIN | {"new"})
    story.git("restore", ".journal/entities")
    story.git("stash", "pop", "-q")
    story.check(MAIN | {"new"})
    story.git("stash", "-q", "-u")
    story.check(MAIN)
    story.git("stash", "pop", "-q")
    story.check(MAIN | {"new"})


def test_stash_u_beside_a_write_keeps_both(story):
    story.write("new", "a", x=5)
    story.git("stash", "-q", "-u")
    story.write("meanwhile", "a", x=6)
    story.commit()
    story.git("stash", "pop", "-q", check=False)
    story.finish()
    story.check(MAIN | {"new", "meanwhile"})


def test_checkout_shows_the_events_of_the_branch(story):
    story.git("checkout", "-q", "side")
    story.check(SIDE)
    story.git("checkout", "-q", "main")
    story.check(MAIN)


def test_events_on_a_detached_head_are_those_of_the_commit_and_what_is_written_there(story):
    story.git("checkout", "-q", "--detach", "main~2")
    story.write("detached", "f", x=1)
    story.commit()
    story.check(FIRST | {"detached"})
    story.git("checkout", "-q", "main")
    story.check(MAIN)
    story.git("merge", "-q", "-m", "m", "HEAD@{1}")
    story.check(MAIN | {"detached"})


def test_a_worktree_has_its_commits_events_and_a_lane_of_its_own(story):
    story.git("worktree", "add", "-q", "../second", "side")
    story.at(story.folder / "second").check(SIDE)
    written = story.write("second", "f", x=1)
    assert written.event.split("@")[1] not in {id.split("@")[1] for id in list(story.ids.values())[:-1]}
    story.commit()
    story.at(story.folder / "work").check(MAIN)
    story.git("worktree", "remove", "../second")
    story.git("merge", "-q", "-m", "m", "side", check=False)
    story.finish()
    story.check(MAIN | SIDE | {"second"})


@pytest.mark.parametrize("depth", [[], ["--depth", "1"]])
def test_a_clone_has_all_events_however_shallow(story, depth):
    story.git("clone", "-q", *depth, f"file://{story.tree.path}", str(story.folder / "clone"))
    story.at(story.folder / "clone").check(MAIN)
    story.write("cloned", "a", w=1)
    story.commit()
    if depth:
        story.git("fetch", "-q", "--unshallow")
    story.check(MAIN | {"cloned"})


@pytest.mark.parametrize("way", ["--no-rebase", "--rebase"])
def test_a_pull_brings_what_was_pushed(story, way):
    story.git("clone", "-q", "--bare", str(story.tree.path), "../origin.git")
    WorkTree.git_at(story.folder, "clone", "-q", "origin.git", "clone")
    story.write("here", "a", w=1)
    story.commit()
    story.git("push", "-q", "../origin.git", "main")
    story.at(story.folder / "clone")
    story.write("there", "a", v=1)
    story.commit()
    story.git("pull", "-q", "--no-edit", way, "origin", "main", check=False)
    story.finish()
    story.check(MAIN | {"here", "there"})
    story.git("push", "-q", "origin", "main")


def test_a_pull_with_rebase_after_a_forced_push_drops_what_the_push_dropped(story):
    story.git("clone", "-q", "--bare", str(story.tree.path), "../origin.git")
    WorkTree.git_at(story.folder, "clone", "-q", "origin.git", "clone")
    story.git("reset", "-q", "--hard", "HEAD~1")
    story.git("push", "-q", "--force", "../origin.git", "main")
    story.at(story.folder / "clone")
    story.write("there", "d", v=1)
    story.commit()
    story.git("pull", "-q", "--rebase", "origin", "main")
    story.check(MAIN - {"main-c"} | {"there"})


def test_gc_has_no_effect_on_what_is_checked_out(story):
    story.write("new", "f", x=1)
    story.git("reflog", "expire", "--expire=now", "--all")
    story.git("gc", "-q", "--prune=now")
    story.check(MAIN | {"new"})


def test_clean_deletes_events_that_were_never_committed_and_no_id_is_given_twice(story):
    story.write("new", "f", x=1)
    story.git("clean", "-q", "-fdx")
    assert not (story.tree.store / "local").exists()
    story.check(MAIN)
    story.write("after", "f", x=2)


@pytest.mark.parametrize("how", [{}, {"copy_function": shutil.copy}], ids=["cp -a", "cp -r"])
def test_a_copied_folder_begins_a_lane_of_its_own(story, how):
    story.write("new", "f", x=1)
    copied = story.copy("copied", **how)
    here = story.write("here", "f", x=2)
    story.commit()
    story.at(copied).check(MAIN | {"new"})
    there = story.write("there", "f", y=2)
    assert there.event.split("@")[1] != here.event.split("@")[1]
    story.commit()
    story.git("pull", "-q", "--no-edit", "--no-rebase", "../work", "main", check=False)
    story.finish()
    story.check(MAIN | {"new", "here", "there"})


def test_a_backup_that_is_put_back_shows_its_events_and_gives_no_id_twice(story):
    backup = story.copy("backup")
    story.write("lost", "f", x=1)
    shutil.rmtree(story.tree.path)
    shutil.copytree(backup, story.tree.path, symlinks=True)
    story.check(MAIN)
    story.write("after", "f", x=2)


def test_without_its_local_folder_a_store_shows_the_same(story):
    story.write("new", "f", x=1)
    shutil.rmtree(story.tree.store / "local")
    story.check(MAIN | {"new"})
    story.write("after", "f", x=2)


def test_a_dropped_event_stays_counted_where_a_checkpoint_that_stays_counted_it_in(story):
    with story.tree.open() as journal:
        journal.checkpoint()
    before = story.plans()
    story.git("reset", "-q", "--hard", "HEAD~1")
    assert "main-c" not in story.events()
    assert story.plans() == before


LONG = " ".join(f"word{number * 7919 % 1000}" for number in range(500))


def both_compacted(story: Story) -> str:
    """Let both branches compact, and write an event that says much the same as what left; merge, and return what stops.

    A rename that git guesses on one side would meet the removal on the other.
    """
    text = LONG

    def packed(name, number):
        story.write(name, "long", text=text, number=number)
        story.commit()
        for _ in range(2):
            with story.tree.open() as journal:
                journal.compact()
            story.commit()

    packed("old-1", 101)
    packed("old-2", 102)
    story.git("branch", "apart")
    packed("new-1", 103)
    story.git("checkout", "-q", "apart")
    packed("new-2", 104)
    story.git("merge", "-q", "-m", "m", "main", check=False)
    unmerged: str = story.git("diff", "--name-only", "--diff-filter=U")
    return unmerged


def test_segments_that_say_much_the_same_do_not_resemble_each_other_to_git(tmp_path, monkeypatch):
    counted = itertools.count(0, 7)
    spaces = SimpleNamespace(random=lambda size: bytes(next(counted) for _ in range(size)))
    encode = recording.encode_lines

    def encode_with_other_spaces(backend, *others):
        return encode(SimpleNamespace(files=backend.files, random=spaces.random), *others)

    monkeypatch.setattr(recording, "encode_lines", encode_with_other_spaces)
    story = Story(tmp_path)
    assert ".journal/segments/" not in both_compacted(story)


def test_a_rename_that_git_guesses_between_segments_costs_no_event(tmp_path, monkeypatch):
    """Where chance gives the same spaces git stops, at files that nobody edited; in them is every event of both."""
    monkeypatch.setattr(recording, "SPACES_MAX", 0)
    monkeypatch.setattr(lanes, "SPACES_MAX", 0)
    story = Story(tmp_path)
    assert ".journal/segments/" in both_compacted(story), "git has guessed no rename: nothing is shown here"
    with story.tree.open() as journal:
        journal.reconcile()
    story.git("add", ".journal")
    story.git("commit", "-q", "--no-edit")
    assert {"old-1", "old-2", "new-1", "new-2"} <= story.events()
    assert story.plans()["long"]["text"] == LONG
