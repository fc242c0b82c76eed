"""Goal: whatever git makes of readable files is put right by the next read; with the driver git does not even stop."""

import json
import os
import shutil
import sys

import pytest

from journal import RefusedError
from journal.git.driver import set_driver
from journal.git.repository import Repository
from journal.projections.paths import path_of, render
from tests.support.stores import configure
from tests.support.worktree import WorkTree

PROGRAM = os.path.join(os.path.dirname(sys.executable), "git-journal")
BASE = {
    "a": 1,
    "owner": {"mail": "x", "name": "ana", "phone": "1", "place": "Rome", "zip": 5},
    "status": "open",
    "tags": ["one", "two", "three"],
    "title": "Ship",
}
FILE = ".journal/entities/plan/p.json"


class Story:
    """Two branches that both change one plan; ``main`` is checked out."""

    def __init__(self, path, *, driver):
        self.tree = WorkTree(path)
        configure(str(self.tree.store), 'durability = "os"', '[types.plan]\nmerge = { tags = "union", votes = "max" }')
        self.driver = driver
        if driver:
            set_driver(Repository.discover(str(path)), PROGRAM)
        self.write("plan", "p", BASE)
        self.commit("base")

    def write(self, type, id, data=None, **options):
        with self.tree.open() as journal:
            journal.put(type, id, data, **options)

    def delete(self, id):
        with self.tree.open() as journal:
            journal.delete("plan", id)

    def commit(self, message):
        with self.tree.open() as journal:
            assert journal.commit(message) is not None

    def git(self, *words, stops=False):
        """Run git; ``stops``: it may report conflicts, and does so only where there is no driver."""
        said = self.tree.git(*words, check=not stops)
        if stops:
            assert bool(self.unmerged()) is not self.driver, said

    def unmerged(self):
        return self.tree.git("diff", "--name-only", "--diff-filter=U").split()

    def branch(self, name, *edits):
        """Make edits on a branch of their own, each a commit, and come back."""
        self.git("switch", "-q", "-c", name)
        for edit in edits:
            edit(self)
            self.commit(name)
        self.git("switch", "-q", "main")

    def settle(self, *words):
        """What a person does after git: one command of the journal, and git's own way on."""
        self.check()
        if words:
            self.git("add", "-A", ".journal")
            self.git("-c", "core.editor=true", *words)
            self.check()
        self.git("add", "-A", ".journal")
        assert self.unmerged() == []

    def check(self):
        """The next read puts every file right: nothing is taken for an edit, each shows what the events say."""
        with self.tree.open() as journal:
            rows = journal.list()
        with self.tree.open() as journal:
            status = journal.status()
            assert (status.edited, status.lagging) == ((), 0)
            shown = {(row.type, row.id): journal.texts(row.type, row.id).data for row in rows}
        files = {
            str(path.relative_to(self.tree.store)): path.read_bytes()
            for path in (self.tree.store / "entities").rglob("*")
            if path.is_file()
        }
        assert files == {f"entities/{type}/{id}.json": render(id, text) for (type, id), text in shown.items()}
        return {id: journal_data for (_, id), journal_data in shown.items()}

    def get(self, id="p"):
        with self.tree.open() as journal:
            found = journal.get("plan", id)
            return None if found is None else found.data


def sets(**fields):
    return lambda story: story.write("plan", "p", set=fields)


BOB = sets(status="done", owner={**BASE["owner"], "zip": 7}, tags=["one", "two", "three", "bob"], votes=3)
ANA = sets(status="stopped", owner={**BASE["owner"], "mail": "y"}, tags=["ana", "one", "two", "three"], votes=5)


@pytest.fixture(params=["driver", "plain"])
def story(request, tmp_path):
    return Story(tmp_path / "work", driver=request.param == "driver")


@pytest.fixture
def edited(story):
    """Bob changed fields of the plan on a branch of his, Ana the same ones on main."""
    story.branch("bob", BOB)
    ANA(story)
    story.commit("ana")
    return story


def test_a_merge(edited):
    edited.git("merge", "-q", "--no-edit", "bob", stops=True)
    edited.settle(*([] if edited.driver else ["commit", "-q", "--no-edit"]))
    assert edited.get()["votes"] == 5
    assert edited.get()["tags"] in (["one", "two", "three", "bob", "ana"], ["ana", "one", "two", "three", "bob"])
    with edited.tree.open() as journal:
        assert {conflict.field for conflict in journal.conflicts()} == {"owner", "status"}


@pytest.mark.parametrize("strategy", ["ours", "theirs"])
def test_a_merge_that_takes_a_side(edited, strategy):
    edited.git("merge", "-q", "--no-edit", "-X", strategy, "bob")
    edited.settle()


def test_a_rebase(edited):
    edited.git("switch", "-q", "bob")
    edited.git("rebase", "-q", "main", stops=True)
    edited.settle(*([] if edited.driver else ["rebase", "--continue"]))
    assert edited.get()["votes"] == 5


def test_a_cherry_pick(edited):
    edited.git("cherry-pick", "bob", stops=True)
    edited.settle(*([] if edited.driver else ["cherry-pick", "--continue"]))
    assert edited.get()["votes"] == 5


def test_a_squash(edited):
    edited.git("merge", "-q", "--squash", "bob", stops=True)
    edited.settle("commit", "-q", "-m", "squashed")
    assert edited.get()["votes"] == 5


def test_a_stash_of_everything_that_comes_back_onto_other_changes(story):
    story.branch("bob", BOB)
    ANA(story)
    story.git("stash", "-q", "-u")
    story.git("merge", "-q", "bob")
    story.git("stash", "pop", stops=True)
    story.settle()
    assert story.get()["votes"] == 5


def test_a_revert_of_a_commit_below_others(story):
    BOB(story)
    story.commit("bob")
    ANA(story)
    story.commit("ana")
    story.git("revert", "--no-edit", "HEAD~1", stops=True)
    story.settle(*([] if story.driver else ["revert", "--continue"]))
    assert story.get()["status"] == "stopped"


@pytest.fixture
def chain(story):
    """Three commits of one work tree, each with a field of its own, that knew each other."""
    for name in ("x", "y", "z"):
        sets(**{name: 1})(story)
        story.commit(name)
    return story


def test_a_revert_of_an_event_that_a_later_one_knew(chain):
    """The later event says all that its writer saw, so the field shows again; git's file without it is no edit."""
    chain.git("revert", "--no-edit", "HEAD~1", stops=True)
    chain.settle(*([] if chain.driver else ["revert", "--continue"]))
    assert chain.get()["z"] == 1


def test_a_cherry_pick_of_an_event_whose_past_stays_behind(chain):
    chain.git("switch", "-q", "-c", "early", "HEAD~2")
    chain.git("cherry-pick", "main", stops=True)
    chain.settle(*([] if chain.driver else ["cherry-pick", "--continue"]))
    assert (chain.get()["x"], chain.get()["z"]) == (1, 1)


def test_a_merge_that_brings_the_past_of_a_picked_event(story):
    """The last event knew the one before it, and not the one before that: no line of events, though none is missing."""
    sets(tags=["one", "two"])(story)
    story.commit("tags")
    sets(z=1)(story)
    story.commit("z")
    story.git("switch", "-q", "-c", "early", "HEAD~2")
    story.git("cherry-pick", "main")
    story.settle()
    sets(tags=["three", "four"])(story)
    story.commit("early")
    story.tree.git("merge", "-q", "--no-edit", "main", check=False)
    story.settle()
    assert story.get()["tags"] == ["three", "four"]


def test_a_rebase_that_drops_a_commit(chain):
    chain.git("rebase", "-q", "--onto", "HEAD~2", "HEAD~1", "main", stops=True)
    chain.settle(*([] if chain.driver else ["rebase", "--continue"]))
    assert (chain.get()["x"], chain.get()["z"]) == (1, 1)


def test_an_octopus(story):
    """Git merges three branches at once by lines alone, whatever the driver, and gives up where lines meet."""
    edits = {"x": sets(a=2), "y": sets(owner={**BASE["owner"], "name": "eve"}), "z": sets(title="Send")}
    for name, edit in edits.items():
        story.branch(name, edit, lambda story, name=name: story.write("plan", name, {"of": name}))
    story.git("merge", "-q", "--no-edit", *edits)
    story.settle()
    assert story.get() == {**BASE, "a": 2, "owner": {**BASE["owner"], "name": "eve"}, "title": "Send"}


def test_an_octopus_that_git_gives_up(story):
    for name in ("x", "y", "z"):
        story.branch(name, sets(status=name))
    story.tree.git("merge", "-q", "--no-edit", "x", "y", "z", check=False)
    story.git("reset", "-q", "--hard")
    story.check()


def test_a_merge_of_merges(edited):
    """Crossed merges: git merges their common ancestors with the driver too."""

    def merges(branch, *, stops):
        edited.git("merge", "-q", "--no-edit", branch, stops=stops)
        edited.settle()
        edited.git("commit", "-q", "--allow-empty", "-m", "written anew")

    edited.git("branch", "cross", "bob")
    merges("bob", stops=True)
    edited.git("switch", "-q", "cross")
    merges("main~1" if edited.driver else "main^1", stops=True)
    sets(status="crossed", late=1)(edited)
    edited.commit("late")
    edited.git("switch", "-q", "main")
    sets(status="kept", other=1)(edited)
    edited.commit("other")
    merges("cross", stops=True)
    assert (edited.get()["late"], edited.get()["other"]) == (1, 1)


def test_lines_that_git_joins_inside_of_a_field_are_told_from_an_edit(story):
    """Git's own merge of lines makes a value of ``owner`` that nobody ever wrote."""
    story.branch("bob", sets(owner={**BASE["owner"], "zip": 7}))
    sets(owner={**BASE["owner"], "mail": "y"})(story)
    story.commit("ana")
    story.git("merge", "-q", "--no-edit", "bob")
    story.settle()
    assert story.get()["owner"] in ({**BASE["owner"], "zip": 7}, {**BASE["owner"], "mail": "y"})


def test_lists_that_git_joins_inside_of_a_field_are_told_from_an_edit(story):
    story.branch("bob", sets(rows=["a", {"k": [1]}, "b", "c"]), sets(rows=["a", {"k": [1]}, "b", "c", "bob"]))
    story.git("merge", "-q", "--ff-only", "bob~1")
    sets(rows=["ana", "a", {"k": [1]}, "b", "c"])(story)
    story.commit("ana")
    story.git("merge", "-q", "--no-edit", "bob")
    story.settle()


@pytest.mark.parametrize("who", ["we", "they"])
def test_a_delete_beside_an_edit(story, who):
    edit, delete = sets(status="done"), lambda story: story.delete("p")
    story.branch("bob", edit if who == "we" else delete)
    (delete if who == "we" else edit)(story)
    story.commit("main")
    story.tree.git("merge", "-q", "--no-edit", "bob", check=False)
    assert story.unmerged() == [FILE]
    story.settle("commit", "-q", "--no-edit")
    assert story.get()["status"] == "done"


def test_an_entity_that_git_takes_for_another_one_renamed(story):
    """Deleted here, and a similar one made; edited there: git carries the edit over to the new one's file."""
    story.branch("bob", sets(status="done"))
    story.delete("p")
    story.write("plan", "q", {**BASE, "a": 2})
    story.commit("ana")
    story.tree.git("merge", "-q", "--no-edit", "bob", check=False)
    story.settle()
    assert story.get("q") == {**BASE, "a": 2}
    assert story.get("p") == {**BASE, "status": "done"}


def test_both_sides_make_the_same_entity(story):
    story.branch("bob", lambda story: story.write("plan", "new", {"title": "Bob's", "b": 1}))
    story.write("plan", "new", {"title": "Ana's", "a": 1})
    story.commit("ana")
    story.git("merge", "-q", "--no-edit", "bob", stops=True)
    story.settle(*([] if story.driver else ["commit", "-q", "--no-edit"]))
    assert story.get("new").keys() == {"title", "a", "b"}


def test_markers_that_somebody_committed(story):
    story.branch("bob", sets(b=1))
    sets(c=1)(story)
    story.commit("ana")
    story.tree.path.joinpath(FILE).write_bytes(b"{\n<<<<<<< HEAD\n}\n=======\n>>>>>>> bob\n")
    story.git("commit", "-q", "-a", "-m", "oops")
    story.git("merge", "-q", "--no-edit", "bob", stops=True)
    story.settle(*([] if story.driver else ["commit", "-q", "--no-edit"]))
    assert story.get() == {**BASE, "b": 1, "c": 1}


def test_a_broken_edit_that_somebody_committed_stops_the_merge_and_is_kept_by_git(tmp_path):
    story = Story(tmp_path / "work", driver=True)
    story.branch("bob", sets(b=1))
    sets(c=1)(story)
    story.tree.path.joinpath(FILE).write_bytes(b'{\n  "c": 1,\n}\n')
    story.git("add", "-A")
    story.git("commit", "-q", "-m", "broken")
    said = story.tree.git("merge", "--no-edit", "bob", check=False)
    assert "CONFLICT" in said
    assert story.unmerged() == [FILE]
    assert story.tree.git("show", f":2:{FILE}") == '{\n  "c": 1,\n}\n'
    with story.tree.open() as journal:
        with pytest.raises(RefusedError, match="git has not finished merging this file"):
            journal.absorb()
        (item,) = journal.restore()
        assert item.parked is not None
    story.settle("commit", "-q", "--no-edit")
    assert story.get() == {**BASE, "b": 1, "c": 1}


def test_an_edit_that_somebody_committed_survives_a_merge_and_can_be_absorbed(tmp_path):
    story = Story(tmp_path / "work", driver=True)
    story.branch("bob", sets(b=1))
    path = story.tree.path.joinpath(FILE)
    path.write_bytes(path.read_bytes().replace(b"Ship", b"Send"))
    story.git("commit", "-q", "-a", "-m", "edited on the web")
    sets(c=1)(story)
    story.git("add", "-A")
    story.git("commit", "-q", "-m", "ana")
    story.git("merge", "-q", "--no-edit", "bob")
    with story.tree.open() as journal:
        assert journal.status().edited == ("entities/plan/p.json",)
        (item,) = journal.absorb()
        assert (item.set, item.unset) == (("title",), ())
    story.check()
    assert story.get() == {**BASE, "b": 1, "c": 1, "title": "Send"}


def test_a_person_who_edits_beside_a_conflict_is_heard(edited):
    """A value that somebody wrote once may be meant all the same."""
    edited.git("merge", "-q", "--no-edit", "bob", stops=True)
    edited.settle()
    edited.git("commit", "-q", "--allow-empty", "-m", "settled")
    shows = edited.get()["status"]
    other = {"done": "stopped", "stopped": "done"}[shows]
    path = edited.tree.path.joinpath(FILE)
    path.write_bytes(path.read_bytes().replace(f'"{shows}"'.encode(), f'"{other}"'.encode()))
    with edited.tree.open() as journal:
        assert journal.status().edited == ("entities/plan/p.json",)
        assert [item.set for item in journal.absorb()] == [("status",)]
        assert {conflict.field for conflict in journal.conflicts()} == {"owner"}
    assert edited.get()["status"] == other


@pytest.mark.parametrize("on", [True, False])
def test_a_merge_with_a_side_that_spreads_its_files_over_folders(tmp_path, on):
    """Git may take that for new names of folders, and put what the other side made into one of them."""
    story = Story(tmp_path / "work", driver=True)
    options = (story.tree.store / "journal.toml").read_text()

    def spread(*, on):
        (story.tree.store / "journal.toml").write_text(f"{options}\n[types.note]\nfanout = {str(on).lower()}\n")

    def check():
        with story.tree.open() as journal:
            ids = [row.id for row in journal.list("note")]
            assert journal.status().edited == ()
        top = story.tree.store / "entities"
        here = sorted(path.relative_to(top).as_posix() for path in top.rglob("*.json") if path.name != "p.json")
        assert here == sorted(path_of("note", id, fanout=on).removeprefix("entities/") for id in ids)
        return ids

    spread(on=not on)
    for number in range(6):
        story.write("note", f"n{number}", {**BASE, "n": number})
    story.commit("many")
    story.branch("bob", lambda story: story.write("note", "new", {**BASE, "n": 9}))
    spread(on=on)
    assert len(check()) == 6
    story.commit("spread")
    assert story.tree.git("status", "--porcelain") == ""
    story.tree.git("merge", "-q", "--no-edit", "bob", check=False)
    assert len(check()) == 7
    story.git("add", "-A")
    story.tree.git("commit", "-q", "-m", "merged", check=False)
    assert len(check()) == 7
    assert story.tree.git("status", "--porcelain") == ""


def pick_what_is_here(story) -> bytes:
    """Pick a commit whose events are here already, and return the mixture that is left of the readable file."""
    story.branch("side", lambda story: story.write("plan", "p", set={"note": "once"}))
    story.git("merge", "-q", "side")
    with story.tree.open() as journal:
        journal.put("plan", "p", set={"a": 2}, unset=["note"])
        journal.commit("without a note")
    story.git("cherry-pick", "-n", "side")
    mixture = (story.tree.path / FILE).read_bytes()
    assert json.loads(mixture) == {**BASE, "a": 2, "note": "once"}
    return mixture


def test_what_the_driver_made_of_a_pick_that_was_here_already_is_put_right(tmp_path):
    story = Story(tmp_path / "work", driver=True)
    pick_what_is_here(story)
    with story.tree.open() as journal:
        journal.reconcile()
        assert journal.status().edited == ()
    assert json.loads((story.tree.path / FILE).read_bytes()) == {**BASE, "a": 2}


def test_a_memory_of_merges_that_was_not_made_here_counts_for_nothing(tmp_path):
    story = Story(tmp_path / "work", driver=True)
    mixture = pick_what_is_here(story)
    assert (story.tree.store / "local" / "merged").stat().st_size == 33
    story.git("commit", "-q", "-m", "picked")
    copy = WorkTree(tmp_path / "copy", clone_of=story.tree)
    with copy.open() as journal:
        journal.put("plan", "q", {"n": 1})
    shutil.copytree(story.tree.store / "local", copy.store / "local", dirs_exist_ok=True)
    with copy.open() as journal:
        journal.reconcile()
        assert len(journal.status().edited) == 1
    assert (copy.path / FILE).read_bytes() == mixture
