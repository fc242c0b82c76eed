"""Goal: a merge strategy gives one value in every clone, whatever the order of merges, and says so in journal.toml."""

import itertools
import json
import os

import pytest

from journal import Journal
from journal.errors import FormatError
from tests.support.stores import projections, truth
from tests.support.worktree import WorkTree

TYPES = '\n[types.plan]\nmerge = { tags = "union", votes = "max", due = "min" }\n'
START = {"tags": ["base"], "votes": 1, "due": "2026-06-01", "title": "start"}
EDITS = {
    "ann": {"tags": ["base", "ann"], "votes": 7, "due": "2026-05-01", "title": "by ann"},
    "bob": {"tags": ["bob"], "votes": 3, "due": "2026-04-01"},
    "cid": {"tags": [], "votes": 9, "due": "2026-07-01"},
}


def write_types(tree, text):
    path = tree.store / "journal.toml"
    path.write_text(path.read_text().split("\n[types")[0] + text)


def branches(path, types):
    """A store with a branch of each author, all from one base."""
    tree = WorkTree(path)
    write_types(tree, types)
    with tree.open() as journal:
        journal.put("plan", "p1", START, actor="base")
    tree.commit_all("base")
    for author, fields in EDITS.items():
        tree.git("switch", "-q", "-c", author, "main")
        with tree.open() as journal:
            journal.put("plan", "p1", set=fields, actor=author)
        tree.commit_all(author)
    return tree


def merge(tree, *authors):
    """Merge branches one after the other with what is installed: nothing; the store puts projections right."""
    for author in authors:
        tree.git("merge", "-q", "--no-edit", author, check=False)
        with tree.open() as journal:
            journal.reconcile()
        if tree.git("status", "--porcelain"):
            tree.commit_all(f"merge {author}")


def shown(tree):
    with tree.open() as journal:
        found = journal.get("plan", "p1").data, [item.field for item in journal.conflicts()]
        assert journal.doctor(verify=True).ok
        return found


def test_any_order_of_real_merges_gives_the_same_value_and_bytes(tmp_path):
    tree = branches(tmp_path / "base", TYPES)
    results = []
    for number, order in enumerate(itertools.permutations(EDITS)):
        clone = WorkTree(tmp_path / f"c{number}", clone_of=tree)
        clone.git("fetch", "-q", "origin")
        clone.git("switch", "-q", "main")
        merge(clone, *(f"origin/{author}" for author in order))
        data, open_fields = shown(clone)
        results.append((json.dumps(data, sort_keys=True), open_fields, projections(str(clone.store))))
    assert all(result == results[0] for result in results)
    data = json.loads(results[0][0])
    assert data["votes"] == 9
    assert data["due"] == "2026-04-01"
    assert sorted(data["tags"]) == ["ann", "base", "bob"]
    assert data["title"] == "by ann"
    assert results[0][1] == []


@pytest.mark.parametrize("first", ["ann", "bob"])
def test_without_a_strategy_the_last_shows_and_the_fields_are_open(tmp_path, first):
    tree = branches(tmp_path / "base", "")
    (second,) = {"ann", "bob"} - {first}
    tree.git("switch", "-q", first)
    merge(tree, second)
    data, open_fields = shown(tree)
    with tree.open() as journal:
        (last,) = [item.winner["actor"] for item in journal.conflicts() if item.field == "tags"]
    assert open_fields == ["due", "tags", "votes"]
    assert data == {"title": "by ann", **{name: EDITS[last][name] for name in ("tags", "votes", "due")}}


def test_a_changed_strategy_gives_the_values_anew_everywhere_and_writes_no_event(tmp_path):
    tree = branches(tmp_path / "base", "")
    tree.git("switch", "-q", "ann")
    merge(tree, "bob")
    events = truth(str(tree.store))
    for types, votes, count in ((TYPES, 7, 0), ('\n[types.plan]\nmerge = { votes = "min" }\n', 3, 2), ("", None, 3)):
        write_types(tree, types)
        data, open_fields = shown(tree)
        assert len(open_fields) == count
        assert votes in (None, data["votes"])
        document = json.loads((tree.store / "entities" / "plan" / "p1.json").read_text())
        assert {name: document[name] for name in data} == data
        with tree.open() as journal:
            assert journal.status().edited == ()
            assert journal.list("plan", where={"votes": data["votes"]})
    assert truth(str(tree.store)) == events


def test_a_clone_takes_values_of_an_earlier_strategy_for_what_they_are(tmp_path):
    """The readable file that git brought shows values that no event has; no person wrote them all the same."""
    tree = branches(tmp_path / "base", TYPES)
    tree.git("switch", "-q", "ann")
    merge(tree, "bob")
    write_types(tree, "")
    tree.git("commit", "-q", "-m", "no strategies", ".journal/journal.toml")
    clone = WorkTree(tmp_path / "clone", clone_of=tree)
    before = (clone.store / "entities" / "plan" / "p1.json").read_bytes()
    data, open_fields = shown(clone)
    assert len(open_fields) == 3
    with clone.open() as journal:
        assert journal.status().edited == ()
    after = (clone.store / "entities" / "plan" / "p1.json").read_bytes()
    assert after != before
    assert json.loads(after) == data


def test_blame_names_the_event_whose_value_shows(tmp_path):
    tree = branches(tmp_path / "base", TYPES)
    tree.git("switch", "-q", "ann")
    merge(tree, "bob")
    with tree.open() as journal:
        who = {line.field: (line.value, line.actor) for line in journal.blame("plan", "p1")}
    assert who["votes"] == (7, "ann")
    assert who["due"] == ("2026-04-01", "bob")
    assert who["title"] == ("by ann", "ann")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[types.plan]\nprefix = "pln"\nmerge = { tags = "sum" }\n', ("types.plan.merge.tags", "'sum'", "line 3")),
        ('[types.plan.merge]\nvotes = "max"\ntags = "Union"\n', ("types.plan.merge.tags", "'Union'", "line 3")),
        ('[types.plan]\nmerge = {\n', ("cannot be read", "line 2")),
        ('[types.plan]\nmerge = "union"\n', ("types.plan.merge must map fields", "line 2")),
        ("[types.plan]\nmerge = { tags = 3 }\n", ("types.plan.merge.tags", "not 3", "line 2")),
        ("[types.plan]\nmerge = { a = [\n'lww',\n] }\n", ("types.plan.merge.a", "line 4")),
        ('[options]\nroll_bytes = 5\n', ("options.roll_bytes", "line 2")),
        ("types = 3\n", ("types must be a table", "line 1")),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_told_with_its_line(tmp_path, text, says):
    root, _ = Journal.init(tmp_path)
    path = os.path.join(root, "journal.toml")
    with open(path, encoding="utf-8") as file:
        head = "".join(line for line in file if line.startswith(("format", "store")))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text if text.startswith("types =") else head + text)
    if text.startswith("types ="):
        with open(path, "a", encoding="utf-8") as file:
            file.write(head)
    with pytest.raises(FormatError) as raised:
        Journal.open(tmp_path)
    message = raised.value.message
    line = 0 if text.startswith("types =") else 2
    wanted = [f"line {int(item.split()[1]) + line}" if item.startswith("line ") else item for item in says]
    assert all(item in message for item in wanted), (message, wanted)
    assert raised.value.path == path


def test_what_is_missing_has_no_line(tmp_path):
    root, _ = Journal.init(tmp_path)
    with open(os.path.join(root, "journal.toml"), "w", encoding="utf-8") as file:
        file.write("format = 1\n\n[options]\n")
    with pytest.raises(FormatError, match="store must be an id") as raised:
        Journal.open(tmp_path)
    assert "line" not in raised.value.message
