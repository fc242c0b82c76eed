"""Goal: what two branches make together never loses an event, and the walk over history agrees with git's own."""

import random

import pytest
from sync_support import git

from journal.errors import GitError
from journal.git.adopting import Meeting
from journal.git.ancestry import Ancestry, ancestry_of, merge_bases
from journal.git.merging import Difference, differences
from journal.git.objects import ObjectReader
from journal.git.refs import Head
from journal.git.repository import Repository
from journal.git.trees import MODE_FILE, MODE_FOLDER, TreeEntry
from journal.upkeep.exchange.joining import Sides
from journal.upkeep.exchange.merge_rules import plan_of, union

SEGMENT = "segments/000000000001-aaaaaaaaaaaaa.jsonl"
PACK = "archive/000000000001-aaaaaaaaaaaaa-0000000000000000.jsonl.gz"
BLOBS = {"short": b"one\n", "long": b"one\ntwo\n", "other": b"one\nthree\n", "torn": b"one\ntw"}


class Lore:
    """Answers of two sides; ``packed`` are (path, by us)."""

    def __init__(self, packed=()):
        self.packed = set(packed)

    def blob(self, identity):
        return BLOBS[identity]

    def has_packed(self, path, *, by_us):
        return (path, by_us) in self.packed

    def inner(self, path):
        return path.removeprefix(".journal/") if path.startswith(".journal/") else None


def file(identity):
    return None if identity is None else TreeEntry(MODE_FILE, identity)


def planned(path, base, ours, theirs, packed=()):
    item = Difference(f".journal/{path}", (file(base),), file(ours), file(theirs))
    return plan_of([item], Lore(packed))


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs", "packed", "wanted"),
    [
        (SEGMENT, None, None, "short", (), "short"),
        (SEGMENT, None, "short", None, (), "ours"),
        (SEGMENT, "short", "short", "long", (), "long"),
        (SEGMENT, "short", "long", "short", (), "ours"),
        (SEGMENT, None, "long", "short", (), "ours"),
        (SEGMENT, None, "torn", "long", (), "long"),
        (SEGMENT, "short", "long", "other", (), b"one\ntwo\nthree\n"),
        (SEGMENT, "short", "short", None, (), "ours"),
        (SEGMENT, "short", "short", None, [(SEGMENT, False)], None),
        (SEGMENT, "short", "short", None, [(SEGMENT, True)], "ours"),
        (SEGMENT, "short", None, "short", (), "short"),
        (SEGMENT, "short", None, "short", [(SEGMENT, True)], "ours"),
        (SEGMENT, "short", None, "long", (), "long"),
        (PACK, "short", "short", None, (), "ours"),
        (PACK, "short", "short", None, [(PACK, False)], None),
        (PACK, None, None, "short", (), "short"),
        ("checkpoints/a", "short", "short", None, (), None),
        ("checkpoints/a", "short", None, "short", (), "ours"),
        ("blobs/ab/ab", None, None, "short", (), "short"),
        ("journal.toml", "short", "short", "long", (), "long"),
        ("journal.toml", "short", "long", "short", (), "ours"),
        ("journal.toml", "short", "long", "other", (), "clash"),
        ("journal.toml", None, "long", "other", (), "clash"),
        ("README.md", "short", "long", "other", (), "other"),
        ("notes.txt", "short", "long", "other", (), "clash"),
        ("notes.txt", "short", None, "other", (), "clash"),
        ("entities/a/b.json", "short", "short", "long", (), "long"),
        ("entities/a/b.json", "short", "long", "other", (), "printed"),
        ("entities/a/b.json", "short", None, "other", (), "printed"),
        ("local/tip", None, None, "short", (), "ours"),
    ],
)
def test_the_rules(path, base, ours, theirs, packed, wanted):
    plan = planned(path, base, ours, theirs, packed)
    outer = f".journal/{path}"
    assert plan.clashes == ([path] if wanted == "clash" else [])
    assert plan.printed == ([path] if wanted == "printed" else [])
    if wanted in ("ours", "clash", "printed"):
        assert (plan.blobs, plan.files, plan.gone) == ({}, {}, {})
        return
    assert plan.blobs == {outer: wanted}
    if path.startswith("entities/"):
        assert (plan.files, plan.gone) == ({}, {})
    elif wanted is None:
        assert (list(plan.files), list(plan.gone)) == ([], [path])
    else:
        assert (plan.files[path].content, list(plan.gone)) == (wanted, [])


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "concerned"),
    [("short", "short", "long", True), ("short", "long", "other", True), ("short", "long", "short", False)],
)
def test_what_they_changed_outside_of_the_store_is_gits(base, ours, theirs, concerned):
    plan = plan_of([Difference("code.txt", (file(base),), file(ours), file(theirs))], Lore())
    assert plan.foreign == (["code.txt"] if concerned else [])
    assert plan.blobs == {}


@pytest.mark.parametrize("mode", [0o120000, 0o160000])
@pytest.mark.parametrize("path", [SEGMENT, "journal.toml", "entities/a/b.json"])
def test_what_is_no_plain_file_is_refused(mode, path):
    with pytest.raises(GitError, match="no plain file"):
        plan_of([Difference(f".journal/{path}", (None,), None, TreeEntry(mode, "short"))], Lore())


@pytest.mark.parametrize("name", [".git", ".GIT", ".git.", ".g\u200cit", "git~1", "a\\b", "c:x", "..", "."])
def test_a_name_that_leads_elsewhere_is_refused(name):
    for path in (f".journal/{name}", f".journal/{name}/config", f".journal/blobs/{name}"):
        with pytest.raises(GitError, match="no plain file"):
            plan_of([Difference(path, (None,), None, file("short"))], Lore())


def test_a_union_has_the_lines_of_both_once():
    assert union(b"a\nb\n", b"a\nc") == b"a\nb\nc\n"
    assert union(b"a\nb", b"a\nc\n") == b"a\nb\nc\n"


def test_only_folders_that_differ_are_read():
    folder = lambda identity: TreeEntry(MODE_FOLDER, identity)  # noqa: E731
    trees = {
        "base": {b"same": folder("big"), b"changed": folder("old")},
        "ours": {b"same": folder("big"), b"changed": folder("old")},
        "theirs": {b"same": folder("big"), b"changed": folder("new")},
        "old": {b"a": file("1"), b"b": file("2")},
        "new": {b"a": file("1"), b"b": file("3")},
    }
    asked = []
    found = list(differences(lambda tree: asked.append(tree) or trees[tree], ["base"], "ours", "theirs"))
    assert [(item.path, item.bases, item.ours, item.theirs) for item in found] == [
        ("changed/b", (file("2"),), file("2"), file("3"))
    ]
    assert "big" not in asked


def random_history(random, commits):
    """A history as {commit: ancestry}, with clocks that are wrong now and then."""
    history = {}
    for number in range(commits):
        parents = random.sample(sorted(history), min(len(history), random.choice([0, 1, 1, 1, 2, 2, 3])))
        history[f"c{number:03}"] = Ancestry(
            tuple(parents), number if random.random() < 0.9 else random.randrange(commits)
        )
    return history


def ancestors(history, commit):
    found, waiting = set(), [commit]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting.extend(history[at].parents)
    return found


@pytest.mark.parametrize("seed", range(40))
def test_common_ancestors_are_those_that_no_other_has(seed):
    chance = random.Random(seed)
    history = random_history(chance, 30)
    for _ in range(20):
        ours, theirs = chance.sample(sorted(history), 2)
        common = ancestors(history, ours) & ancestors(history, theirs)
        best = {one for one in common if not any(one in ancestors(history, other) - {other} for other in common)}
        assert sorted(merge_bases(history.__getitem__, ours, theirs)) == sorted(best)


def test_common_ancestors_are_those_that_git_names(hub):
    clone = hub.clone("one")
    chance = random.Random(7)
    branches = [f"b{number}" for number in range(4)]
    for branch in branches:
        clone.git("branch", branch)
    for number in range(14):
        clone.git("switch", "-q", chance.choice(branches))
        if chance.random() < 0.5:
            clone.git("merge", "-q", "-s", "ours", "--no-edit", chance.choice(branches))
        clone.git("commit", "-q", "--allow-empty", "-m", f"commit {number}")
    repository = Repository.discover(str(clone.path))
    reader = ObjectReader(repository)
    for one in branches:
        for other in branches:
            ours, theirs = (clone.git("rev-parse", name).strip() for name in (one, other))
            wanted = clone.git("merge-base", "--all", one, other).split()
            assert sorted(merge_bases(ancestry_of(repository, reader), ours, theirs)) == sorted(wanted)
    reader.close()


def test_the_walk_does_not_go_beyond_what_is_common(hub):
    clone = hub.clone("one")
    for number in range(30):
        clone.git("commit", "-q", "--allow-empty", "-m", f"old {number}", "--date", f"{1_000_000_000 + number} +0000")
    base = clone.git("rev-parse", "HEAD").strip()
    clone.git("commit", "-q", "--allow-empty", "-m", "ours")
    repository = Repository.discover(str(clone.path))
    meeting = Meeting(repository, Head("refs/heads/main", clone.git("rev-parse", "HEAD").strip()), base)
    assert (meeting.bases, meeting.is_settled, meeting.is_forward) == ([base], True, False)
    meeting.close()


def compact(clone):
    """Pack and remove the segments of a clone, as a person does: two checkpoints, two runs, a commit between."""
    with clone.open() as journal:
        journal.checkpoint()
        journal.put("plan", "beat", set={"n": 1})
        journal.checkpoint()
        journal.commit("checkpoints")
        journal.compact()
        journal.commit("packs")
        removed = journal.compact().removed
        journal.commit("removed")
    return removed


def test_a_compaction_on_one_side_is_taken_over_and_loses_nothing(hub):
    one = hub.attached("one")
    one.sync()
    for number in range(3):
        one.put("plan", f"p{number}", title="One")
        one.commit()
    one.sync()
    two = hub.attached("two")
    removed = compact(one)
    assert [path for path in removed if "segments/" in path]
    two.put("plan", "mine", title="Two")
    one.sync()
    two.sync()
    one.sync()
    assert one.everything() == two.everything()
    assert set(two.documents()) == {("plan", id) for id in ("p0", "p1", "p2", "beat", "mine")}
    assert not any((two.store / path).exists() for path in removed)
    assert git(two.store, "status", "--short") == ""
    two.assert_sound()


def test_only_the_packs_that_may_hold_what_left_are_read(hub, monkeypatch):
    """A store of years has hundreds of packs, and each compaction on another side removes a few segments."""
    one = hub.attached("one")
    for number in range(4):
        one.put("plan", f"p{number}", title="One")
        one.commit()
        compact(one)
    one.sync()
    two = hub.attached("two")
    one.put("plan", "late", title="One")
    one.commit()
    one.sync()
    two.sync()
    removed = [path for path in compact(one) if "segments/" in path]
    one.sync()
    read = []
    spans = Sides._pack_spans
    monkeypatch.setattr(Sides, "_pack_spans", lambda self, identity: read.append(identity) or spans(self, identity))
    two.put("plan", "mine", title="Two")
    two.sync()
    assert removed
    assert not any((two.store / path).exists() for path in removed)
    assert len(list((two.store / "archive").iterdir())) > 4
    assert len(set(read)) <= 2
    one.sync()
    assert one.everything() == two.everything()


def test_a_segment_that_somebody_just_removed_comes_back(hub):
    one = hub.attached("one")
    one.put("plan", "p1", title="Kept")
    one.sync()
    two = hub.attached("two")
    segment = next((one.store / "segments").iterdir())
    git(one.store, "rm", "-q", f"segments/{segment.name}")
    git(one.store, "commit", "-qm", "gone")
    git(one.store, "push", "-q", "origin", "journal")
    two.put("plan", "p2", title="Two")
    two.sync()
    one.sync()
    assert set(one.documents()) == set(two.documents()) == {("plan", "p1"), ("plan", "p2")}
    third = hub.attached("third")
    assert third.everything() == one.everything() == two.everything()


def test_it_comes_back_also_where_a_clone_only_moves_forward(hub):
    one = hub.attached("one")
    one.put("plan", "p1", title="Kept")
    one.sync()
    two = hub.attached("two")
    segment = next((one.store / "segments").iterdir())
    git(one.store, "rm", "-q", f"segments/{segment.name}")
    git(one.store, "commit", "-qm", "gone")
    git(one.store, "push", "-q", "origin", "journal")
    assert two.sync().pushed is False
    assert set(two.documents()) == {("plan", "p1")}
    assert two.sync().pushed is True
    one.sync()
    assert one.everything() == two.everything()
