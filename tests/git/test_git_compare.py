"""Goal: ``diff`` says of any two commits, branches or events what a comparison of their documents says.

The oracle: each commit is checked out in a clone and its documents are read; each event's documents are noted
when it is written. Dicts are then compared by a few lines that know nothing of the journal.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

from journal import ABSENT, Journal
from journal.errors import FormatError, GitError, NotFoundError, UsageError
from journal.git.objects import ObjectReader
from journal.index.rebuild import rebuild
from journal.upkeep.comparing import commits, sides
from journal.upkeep.comparing.range import Range, parse_range
from tests.support.stores import documents, truth
from tests.support.worktree import WorkTree

LONG = "x" * 70_000


def put_right(tree):
    with tree.open() as journal:
        journal.reconcile()


class Story:
    """A history in real git, with the documents of every commit and of every event's writer."""

    def __init__(self, path):
        self.tree = WorkTree(path)
        self.events, self.commits = {}, {}

    def do(self, *steps, actor="ana"):
        with self.tree.open(actor=actor) as journal:
            for verb, *words in steps:
                done = (
                    getattr(journal, verb)(*words[:2], **words[2]) if len(words) > 2 else getattr(journal, verb)(*words)
                )
                if not isinstance(done, str) and done is not None and hasattr(done, "event"):
                    self.events[done.event] = documents(journal)

    def commit(self, name):
        with self.tree.open() as journal:
            if journal.commit(name) is None:
                self.tree.git("commit", "-q", "--allow-empty", "-m", name)
            self.commits[name] = documents(journal)
        self.tree.git("tag", name)

    def merge(self, name, other):
        self.tree.git("merge", "-q", "--no-commit", other, check=False)
        put_right(self.tree)
        self.tree.git("add", "-A")
        self.tree.git("commit", "-q", "-m", name)
        self.tree.git("tag", name)
        with self.tree.open() as journal:
            self.commits[name] = documents(journal)


def make_story(path):
    story = Story(path)
    story.do(("put", "plan", "a", {"data": {"n": 1, "gone": True}}), ("put", "plan", "b", {"data": {"n": 1}}))
    story.do(("put", "note", "long", {"data": {"text": LONG}}))
    story.commit("base")
    story.tree.git("switch", "-q", "-c", "feature")
    story.do(("put", "plan", "a", {"set": {"n": 2, "by": "bob"}}), actor="bob")
    story.do(("put", "plan", "c", {"data": {}}), ("delete", "plan", "b"), actor="bob")
    story.commit("feature1")
    story.do(
        ("put", "note", "long", {"set": {"text": LONG + "y"}}), ("put", "plan", "b", {"data": {"m": 0}}), actor="bob"
    )
    story.commit("feature2")
    story.tree.git("switch", "-q", "main")
    story.do(("put", "plan", "a", {"set": {"n": 3}, "unset": ["gone"]}), ("checkpoint",))
    story.commit("main1")
    story.do(("put", "plan", "a", {"set": {"x": None}}), ("checkpoint",))
    story.commit("main2")
    story.do(("compact",))
    story.commit("packed")
    story.do(("compact",))
    story.commit("swept")
    story.merge("merged", "feature")
    story.do(("put", "plan", "a", {"set": {"n": 9}}), ("delete", "note", "long"), ("checkpoint",), ("compact",))
    story.commit("last")
    story.do(("put", "plan", "d", {"data": {"é": "☃"}}))
    return story


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    return make_story(tmp_path_factory.mktemp("story") / "work")


def expected(old, new):
    """What differs between two sets of documents."""
    found = {}
    for key in old.keys() | new.keys():
        before, after = old.get(key), new.get(key)
        fields = {
            name: ((before or {}).get(name, ABSENT), (after or {}).get(name, ABSENT))
            for name in (before or {}).keys() | (after or {}).keys()
            if (before or {}).get(name, ABSENT) != (after or {}).get(name, ABSENT)
        }
        if (before is None) is not (after is None) or fields:
            change = "added" if before is None else "removed" if after is None else "changed"
            found[key] = (change, fields)
    return found


def found(comparison):
    return {
        (entity.type, entity.id): (entity.change, {item.field: (item.old, item.new) for item in entity.fields})
        for entity in comparison.entities
    }


def test_the_story_has_what_it_is_meant_to_have(story):
    names = {
        name for commit in story.commits for name in story.tree.git("ls-tree", "-r", "--name-only", commit).split()
    }
    for folder in ("archive", "checkpoints", "blobs", "segments"):
        assert any(name.startswith(f".journal/{folder}/") for name in names), folder
    swept = story.tree.git("ls-tree", "--name-only", "swept", ".journal/segments/").split()
    assert set(story.tree.git("ls-tree", "--name-only", "main2", ".journal/segments/").split()) - set(swept)
    assert len(story.commits) >= 9
    assert len(story.events) >= 12


def test_the_documents_of_a_commit_are_those_of_its_checkout(story, tmp_path):
    clone = WorkTree(tmp_path / "clone", clone_of=story.tree)
    for name, known in story.commits.items():
        clone.git("checkout", "-q", "--force", name)
        with clone.open() as journal:
            assert documents(journal) == known, name


def test_any_two_commits(story):
    with story.tree.open() as journal:
        for old, before in story.commits.items():
            for new, after in story.commits.items():
                comparison = journal.diff(old, new)
                assert found(comparison) == expected(before, after), (old, new)
                assert comparison.damage is None
                assert comparison.new == story.tree.git("rev-parse", f"{new}^{{commit}}").strip()


def test_a_commit_and_the_present(story):
    with story.tree.open() as journal:
        assert journal.diff("base..last") == journal.diff("base", "last")
        now = documents(journal)
        for name, before in story.commits.items():
            assert found(journal.diff(name)) == expected(before, now)
        assert found(journal.diff()) == {("plan", "d"): ("added", {"é": (ABSENT, "☃")})}
        assert found(journal.diff("last..")) == {}
        assert found(journal.diff("main", "HEAD")) == {}


def test_from_where_two_branches_went_apart(story):
    with story.tree.open() as journal:
        assert found(journal.diff("swept...feature2")) == expected(story.commits["base"], story.commits["feature2"])
        assert found(journal.diff("feature2...swept")) == expected(story.commits["base"], story.commits["swept"])


def test_any_two_events_are_what_their_writers_saw(story):
    """After merges and compactions: the events stand in packs by now, and in several files."""
    with story.tree.open() as journal:
        for old, before in story.events.items():
            for new, after in story.events.items():
                assert found(journal.diff(old, new)) == expected(before, after), (old, new)
            assert found(journal.diff(old)) == expected(before, documents(journal))


def test_an_event_and_a_commit(story):
    event, before = list(story.events.items())[3]
    with story.tree.open() as journal:
        for name in ("feature1", "swept"):
            assert found(journal.diff(event, name)) == expected(before, story.commits[name])
            assert found(journal.diff(name, event)) == expected(story.commits[name], before)


def test_a_type_alone(story):
    with story.tree.open() as journal:
        everything = found(journal.diff("base", "last"))
        for type in ("plan", "note", "nothing"):
            wanted = {key: value for key, value in everything.items() if key[0] == type}
            assert found(journal.diff("base", "last", type=type)) == wanted
            event = next(iter(story.events))
            assert {entity.type for entity in journal.diff(event, type=type).entities} <= {type}


def test_who_gave_a_field_its_value_is_who_the_checkout_blames(story, tmp_path):
    clone = WorkTree(tmp_path / "clone", clone_of=story.tree)
    blamed = {}
    for name in story.commits:
        clone.git("checkout", "-q", "--force", name)
        with clone.open() as journal:
            for type, id in documents(journal):
                for line in journal.blame(type, id):
                    blamed[name, type, id, line.field] = (line.event, line.actor, line.ts)
    seen = 0
    with story.tree.open() as journal:
        for old in ("base", "swept", "last"):
            for new in story.commits:
                for entity in journal.diff(old, new).entities:
                    for item in entity.fields:
                        if item.new is not ABSENT:
                            at = (new, entity.type, entity.id, item.field)
                            assert (item.event, item.actor, item.ts) == blamed[at], (old, at)
                            seen += 1
    assert seen > 40


def test_who_gave_a_field_its_value_is_asked_of_the_work_tree_where_it_has_the_event(story, monkeypatch):
    """A commit may have a million events, of which it is not listed then where they stand."""
    listed = []
    monkeypatch.setattr(sides, "list_events", listed.append)
    with story.tree.open() as journal:
        told = [
            item.actor
            for old in story.commits
            for new in story.commits
            for entity in journal.diff(old, new).entities
            for item in entity.fields
            if item.new is not ABSENT
        ]
    assert set(told) == {"ana", "bob"}
    assert not listed


def test_who_deleted_an_entity_or_took_a_field_out_is_told(story):
    with story.tree.open() as journal:
        (removed,) = [entity for entity in journal.diff("base", "feature1").entities if entity.id == "b"]
        assert {(item.actor, item.new) for item in removed.fields} == {("bob", ABSENT)}
        (gone,) = [
            item for entity in journal.diff("base", "main1").entities for item in entity.fields if item.field == "gone"
        ]
        assert (gone.actor, gone.old, gone.new) == ("ana", True, ABSENT)
        assert journal.show(gone.event).unset == ("gone",)
        (missing,) = [entity for entity in journal.diff("feature1", "base").entities if entity.id == "c"]
        assert (missing.change, missing.fields) == ("removed", ())


def test_nothing_is_written_anywhere(story):
    def everything():
        index = os.stat(story.tree.path / ".git" / "index")
        said = [
            story.tree.git(*words)
            for words in (["--no-optional-locks", "status", "--porcelain"], ["count-objects"], ["show-ref"])
        ]
        return truth(str(story.tree.store)), said, (index.st_ino, index.st_size, index.st_mtime_ns, index.st_ctime_ns)

    before = everything()
    with story.tree.open() as journal:
        journal.diff("base..feature2")
        journal.diff("feature2...main")
    assert everything() == before


def test_packed_objects_and_linked_work_trees_are_read_too(story, tmp_path):
    clone = WorkTree(tmp_path / "clone", clone_of=story.tree)
    clone.git("gc", "-q")
    clone.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "linked", "feature2")
    with Journal.open(tmp_path / "linked") as journal:
        assert found(journal.diff("base", "last")) == expected(story.commits["base"], story.commits["last"])
        assert found(journal.diff("last")) == expected(story.commits["last"], story.commits["feature2"])


def test_without_the_git_program_plain_names_work(story):
    script = """
import sys
from journal import Journal
with Journal.open(sys.argv[1]) as journal:
    print(len(journal.diff("base", "last").entities), len(journal.diff("feature...main").entities))
    try:
        journal.diff("main~1")
    except Exception as error:
        print(error)
"""
    environment = {**os.environ, "PATH": ""}
    ended = subprocess.run(
        [sys.executable, "-c", script, str(story.tree.path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    counts, said = ended.stdout.splitlines()
    base, feature, last = (story.commits[name] for name in ("base", "feature2", "last"))
    assert counts == f"{len(expected(base, last))} {len(expected(feature, last))}"
    assert "needs the git program" in said


def test_a_strategy_that_changed_counts_as_each_commit_has_it(tmp_path):
    tree = WorkTree(tmp_path / "work")
    with tree.open() as journal:
        journal.put("plan", "p", {"votes": 1})
    tree.commit_all("base")
    tree.git("switch", "-q", "-c", "other")
    with tree.open(actor="bob") as journal:
        journal.put("plan", "p", set={"votes": 9})
    tree.commit_all("other")
    tree.git("switch", "-q", "main")
    with tree.open(actor="ana") as journal:
        journal.put("plan", "p", set={"votes": 5})
    tree.commit_all("main")
    tree.git("merge", "-q", "--no-commit", "other", check=False)
    config = tree.store / "journal.toml"
    plain = config.read_text()
    values = {}
    for strategy in ("max", "min"):
        config.write_text(plain + f'\n[types.plan]\nmerge = {{ votes = "{strategy}" }}\n')
        put_right(tree)
        tree.commit_all(strategy)
        with tree.open() as journal:
            values[strategy] = journal.get("plan", "p").data["votes"]
        tree.git("tag", strategy)
    assert values == {"max": 9, "min": 5}
    with tree.open() as journal:
        ((entity),) = journal.diff("max", "min").entities
    assert [(item.field, item.old, item.new, item.actor) for item in entity.fields] == [("votes", 9, 5, "ana")]


def test_events_that_only_a_checkpoint_knows_by_now_count(tmp_path):
    """A commit that added a segment was reverted, and a checkpoint that counted its events stayed."""
    tree = WorkTree(tmp_path / "work")
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        journal.commit("one")
        journal.put("plan", "b", {"n": 1})
        journal.commit("two")
        journal.checkpoint()
        journal.commit("three")
    tree.git("revert", "--no-edit", "HEAD~1")
    tree.git("tag", "reverted")
    with tree.open() as journal:
        now = documents(journal)
        assert ("plan", "b") in now
        assert found(journal.diff("HEAD~3", "reverted")) == expected({("plan", "a"): {"n": 1}}, now)
        assert found(journal.diff("reverted", "HEAD~3")) == expected(now, {("plan", "a"): {"n": 1}})
        assert found(journal.diff("reverted")) == {}


def test_a_store_that_is_a_work_tree_of_its_own_branch(tmp_path):
    tree = WorkTree(tmp_path / "work")
    shutil.rmtree(tree.store)
    (tree.path / "readme").write_text("code")
    tree.commit_all("code")
    tree.git("worktree", "add", "-q", "--detach", str(tree.store))
    tree.git_at(tree.store, "switch", "-q", "--orphan", "journal")
    Journal.init(tree.store)
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        tree.git_at(tree.store, "add", "-A")
        tree.git_at(tree.store, "commit", "-q", "-m", "one")
        journal.put("plan", "a", {"n": 2})
        assert found(journal.diff()) == {("plan", "a"): ("changed", {"n": (1, 2)})}
        with pytest.raises(NotFoundError, match="has no store"):
            journal.diff("main")


# -- what cannot be compared ------------------------------------------------------------------------


def test_a_commit_without_a_store_or_with_another_is_told(story, tmp_path):
    clone = WorkTree(tmp_path / "clone", clone_of=story.tree)
    clone.git("switch", "-q", "--orphan", "empty")
    clone.git("commit", "-q", "--allow-empty", "-m", "nothing")
    shutil.rmtree(clone.store, ignore_errors=True)
    Journal.init(clone.path)
    clone.commit_all("another")
    clone.git("switch", "-q", "-c", "newer", "origin/main")
    config = clone.store / "journal.toml"
    config.write_text(config.read_text().replace("format = 1", "format = 2"))
    clone.commit_all("newer")
    clone.git("switch", "-q", "-c", "here", "origin/main")
    with clone.open() as journal:
        with pytest.raises(NotFoundError, match=r"has no store at \.journal"):
            journal.diff("empty~1")
        with pytest.raises(FormatError, match="another store"):
            journal.diff("empty")
        with pytest.raises(FormatError, match=r"in the commit .* format 2"):
            journal.diff("newer")
        with pytest.raises(GitError, match="no commit in common"):
            journal.diff("empty...here")


def test_a_shallow_clone_compares_what_it_has_and_says_what_to_do(story, tmp_path):
    folder = tmp_path / "shallow"
    story.tree.git_at(None, "clone", "-q", "--depth", "1", f"file://{story.tree.path}", str(folder))
    with Journal.open(folder) as journal:
        assert found(journal.diff()) == {}
        for asked in ("HEAD~1", "HEAD~1..HEAD"):
            with pytest.raises(NotFoundError) as raised:
                journal.diff(asked)
            assert "git fetch --unshallow" in raised.value.hint
        event = min(story.events, key=lambda event: int(event.partition("@")[0]))
        assert found(journal.diff(event)) == expected(story.events[event], story.commits["last"])


def test_a_missing_object_is_told(story, tmp_path):
    clone = tmp_path / "clone"
    shutil.copytree(story.tree.path, clone)
    blob = story.tree.git("ls-tree", "base", ".journal/segments/").split()[2]
    os.unlink(clone / ".git" / "objects" / blob[:2] / blob[2:])
    with Journal.open(clone) as journal, pytest.raises(GitError, match="is missing"):
        journal.diff("base")


def test_outside_of_git_events_can_be_compared_and_commits_not(tmp_path):
    Journal.init(tmp_path)
    with Journal.open(tmp_path) as journal:
        first = journal.put("plan", "a", {"n": 1}).event
        journal.put("plan", "a", {"n": 2})
        assert found(journal.diff(first)) == {("plan", "a"): ("changed", {"n": (1, 2)})}
        assert found(journal.diff("1", "2")) == found(journal.diff("1..2")) == found(journal.diff(first))
        with pytest.raises(GitError, match="not in a git work tree"):
            journal.diff()


def test_damage_in_a_commit_is_told_with_the_answer(tmp_path):
    tree = WorkTree(tmp_path / "work")
    with tree.open() as journal:
        journal.put("plan", "a", {"word": "first"})
        journal.put("plan", "b", {"n": 1})
        name = journal._engine.own_segment()
    path = tree.store / "segments" / name
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"first", b"worst"))
    tree.commit_all("damaged")
    path.write_bytes(whole)
    with tree.open() as journal:
        comparison = journal.diff("HEAD")
        assert found(comparison) == {("plan", "a"): ("added", {"word": (ABSENT, "first")})}
        assert "is damaged" in comparison.damage


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        ((), Range("HEAD", None)),
        (("main",), Range("main", None)),
        (("main", "v1"), Range("main", "v1")),
        (("main..feature",), Range("main", "feature")),
        (("main...feature",), Range("main", "feature", from_base=True)),
        (("..feature",), Range("HEAD", "feature")),
        (("main...",), Range("main", "HEAD", from_base=True)),
        (("12..40@k3f9x2a7b4c5d",), Range("12", "40@k3f9x2a7b4c5d")),
    ],
)
def test_a_range_is_read_as_git_reads_it(texts, wanted):
    assert parse_range(texts) == wanted


@pytest.mark.parametrize(
    "texts", [("a..b", "c"), ("a", "b..c"), ("a....b",), ("a..b..c",), ("12...main",), ("a", "b", "c")]
)
def test_a_range_that_makes_no_sense_is_refused(texts):
    with pytest.raises(UsageError):
        parse_range(texts)


def test_a_number_is_an_event_and_a_branch_of_that_name_is_written_in_full(story, tmp_path):
    clone = WorkTree(tmp_path / "clone", clone_of=story.tree)
    clone.git("branch", "1", "base")
    with clone.open() as journal:
        assert found(journal.diff("1", "3")) == expected(
            *[next(docs for id, docs in story.events.items() if id.startswith(f"{seq}@")) for seq in (1, 3)]
        )
        assert found(journal.diff("refs/heads/1", "base")) == {}
        for wrong in ("nothing", "-x", "99999"):
            with pytest.raises((NotFoundError, UsageError)):
                journal.diff(wrong)


def test_the_values_survive_json(story):
    with story.tree.open() as journal:
        shown = [(item.old, item.new) for entity in journal.diff("base", "main2").entities for item in entity.fields]
    assert (ABSENT, None) in shown
    assert json.loads(json.dumps([new for _, new in shown if new is not ABSENT]))


# -- what it costs, and a hostile commit ------------------------------------------------------------


def test_each_object_is_read_once_and_the_second_commit_is_reached_from_the_first(story, monkeypatch):
    reads, rebuilds = [], []
    read = ObjectReader.read
    monkeypatch.setattr(ObjectReader, "read", lambda self, sha, kind: reads.append(sha) or read(self, sha, kind))
    monkeypatch.setattr(commits, "rebuild", lambda *words, **named: rebuilds.append(words) or rebuild(*words, **named))
    with story.tree.open() as journal:
        journal.list()
        reads.clear()
        assert found(journal.diff("base", "feature2")) == expected(story.commits["base"], story.commits["feature2"])
    assert len(reads) == len(set(reads))
    assert len(rebuilds) == 1


@pytest.mark.parametrize("what", ["segments", "journal.toml", ""])
def test_a_link_in_a_commit_is_not_followed(story, tmp_path, what):
    clone = WorkTree(tmp_path / "clone", clone_of=story.tree)
    clone.git("switch", "-q", "-c", "hostile")
    outside = tmp_path / "outside"
    shutil.copytree(clone.store, outside)
    path = clone.store / what if what else clone.store
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to(outside / what if what else outside)
    clone.git("add", "-A")
    clone.git("commit", "-q", "-m", "hostile")
    clone.git("switch", "-q", "main")
    with clone.open() as journal:
        if what == "segments":
            assert journal.diff("hostile").old
        else:
            with pytest.raises(NotFoundError, match="has no store"):
                journal.diff("hostile")
