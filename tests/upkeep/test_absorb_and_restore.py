"""Goal: what a person does to readable files becomes events or is parked, and nothing typed is lost."""

import json
import os
import shutil

import pytest

from journal import ExpectationError, Journal, NotFoundError, RefusedError, UnsafePathError
from journal.format.names import encode_name
from journal.projections.paths import path_of
from tests.support.stores import configure
from tests.support.worktree import WorkTree

BASE = {"title": "Ship", "status": "open", "tags": ["a", "b"]}


class Folder:
    """A store in a plain folder, and its readable files."""

    def __init__(self, path):
        self.path = path
        self.root, _ = Journal.init(path)
        configure(self.root, 'durability = "os"', '[types.wide]\nfanout = true\nmerge = { tags = "union" }')

    def open(self, **options):
        return Journal.open(store=self.root, actor="ana", **options)

    def file(self, id, type="plan", *, fanout=False):
        return os.path.join(self.root, *path_of(type, id, fanout=fanout).split("/"))

    def write(self, id, text, type="plan", *, fanout=False):
        path = self.file(id, type, fanout=fanout)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else json.dumps(text).encode())
        return path

    def shows(self, id, type="plan", *, fanout=False):
        with open(self.file(id, type, fanout=fanout), "rb") as file:
            return file.read()

    def parked(self):
        folder = os.path.join(self.root, "local", "parked")
        found = {}
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name), "rb") as file:
                found[name.partition("__")[2]] = file.read()
        return found

    def count(self):
        with self.open() as journal:
            return journal.stats()["events"]


def pretty(document):
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Folder(tmp_path)
    with folder.open() as journal:
        journal.put("plan", "a", BASE)
        journal.put("plan", "b", {"n": 1})
    return folder


# -- absorb ----------------------------------------------------------------------------------------------------


def test_changed_and_new_files_become_events_of_one_transaction_by_that_person(folder):
    folder.write("a", {"title": "Send", "tags": ["a", "b"]})
    folder.write("c", {"x": None})
    with folder.open() as journal:
        assert journal.status().edited == ("entities/plan/a.json", "entities/plan/c.json")
        first, second = journal.absorb(summary="by hand", actor="eve")
        assert (first.action, first.set, first.unset, first.rev) == ("update", ("title",), ("status",), 2)
        assert (second.action, second.set, second.rev) == ("create", ("x",), 1)
        events = [journal.show(item.event) for item in (first, second)]
        assert [(event.actor, event.summary, event.tx) for event in events] == [
            ("eve", "by hand", (1, 2)),
            ("eve", "by hand", (2, 2)),
        ]
        assert journal.get("plan", "a").data == {"title": "Send", "tags": ["a", "b"]}
        assert journal.status().edited == ()
        assert journal.absorb() == []
    assert folder.shows("a") == pretty({"title": "Send", "tags": ["a", "b"]})
    assert folder.shows("c") == pretty({"x": None})


def test_an_edit_of_an_old_version_undoes_nothing_that_came_meanwhile(folder):
    folder.write("a", {**BASE, "title": "Send"})
    with folder.open() as journal:
        journal.put("plan", "a", set={"status": "done", "owner": "bob"})
        (item,) = journal.absorb()
        assert (item.set, item.unset) == (("title",), ())
        assert journal.get("plan", "a").data == {**BASE, "title": "Send", "status": "done", "owner": "bob"}
    assert folder.shows("a") == pretty({**BASE, "title": "Send", "status": "done", "owner": "bob"})


@pytest.mark.parametrize("memory", ["kept", "lost"])
def test_the_version_that_was_edited_is_found_without_a_memory_of_it(folder, memory):
    with folder.open() as journal:
        journal.put("plan", "a", set={"status": "claimed"})
        folder.write("a", {**BASE, "status": "claimed", "title": "Send"})
        journal.put("plan", "a", set={"status": "done"})
        journal.put("plan", "a", set={"tags": []})
    if memory == "lost":
        shutil.rmtree(os.path.join(folder.root, "local"))
    with folder.open() as journal:
        (item,) = journal.absorb()
        assert (item.set, item.unset) == (("title",), ())
        assert journal.get("plan", "a").data == {"title": "Send", "status": "done", "tags": []}


@pytest.fixture
def met(tmp_path):
    """Two clones whose changes of one entity have met: the file shows what no single event left."""
    hub = tmp_path / "hub.git"
    ana = WorkTree(tmp_path / "ana")
    ana.git_at(None, "init", "-q", "--bare", "-b", "main", str(hub))
    ana.git("remote", "add", "origin", str(hub))
    with ana.open() as journal:
        journal.put("plan", "p1", {"a": 1, "b": 1, "c": 1, "d": 1})
        journal.commit()
    ana.git("push", "-q", "-u", "origin", "main")
    bob = WorkTree(tmp_path / "bob", clone_of=ana)
    bob.git("remote", "set-url", "origin", str(hub))
    with ana.open() as of_ana, bob.open() as of_bob:
        of_ana.put("plan", "p1", set={"a": 2, "b": 2})
        of_bob.put("plan", "p1", set={"c": 2, "d": 2})
        of_bob.sync()
        of_ana.sync()
        of_ana.reconcile()
        assert of_ana.get("plan", "p1").data == {"a": 2, "b": 2, "c": 2, "d": 2}
        yield of_ana, of_bob, ana.store / "entities" / "plan" / "p1.json"


def test_an_edit_of_what_branches_gave_together_undoes_nothing_that_came_meanwhile(met):
    journal, _, path = met
    path.write_text(json.dumps({**json.loads(path.read_text()), "a": 9, "d": 9}))
    journal.put("plan", "p1", set={"c": 3})
    assert [item.set for item in journal.absorb()] == [("a", "d")]
    assert journal.get("plan", "p1").data == {"a": 9, "b": 2, "c": 3, "d": 9}


def test_where_nobody_knows_what_was_edited_an_old_value_is_not_taken_for_typed(met):
    journal, of_bob, path = met
    path.write_text(json.dumps({**json.loads(path.read_text()), "a": 9, "d": 9}))
    of_bob.put("plan", "p1", set={"c": 3})  # beside what met here
    of_bob.sync()
    journal.sync()
    assert journal.get("plan", "p1").data == {"a": 2, "b": 2, "c": 3, "d": 2}
    with pytest.raises(ExpectationError, match="'c' changed in the journal too"):
        journal.absorb()
    path.write_text(json.dumps({"a": 9, "b": 2, "c": 3, "d": 9}))
    assert [item.set for item in journal.absorb()] == [("a", "d")]


def test_a_field_that_changed_in_the_journal_too_is_refused_unless_forced(folder):
    folder.write("a", {**BASE, "title": "Send"})
    text = folder.shows("a")
    folder.write("b", {"n": 2})
    with folder.open() as journal:
        journal.put("plan", "a", set={"title": "Burn"})
        before = folder.count()
        with pytest.raises(ExpectationError, match="'title' changed in the journal too") as caught:
            journal.absorb()
        assert caught.value.path == os.path.join(".journal", "entities", "plan", "a.json")
        assert folder.count() == before
        assert folder.shows("a") == text
        assert [item.set for item in journal.absorb(force=True)] == [("title",), ("n",)]
        assert journal.get("plan", "a").data["title"] == "Send"
        assert journal.conflicts() == []


def test_the_same_change_on_both_sides_is_no_edit(folder):
    folder.write("a", {**BASE, "title": "Send"})
    with folder.open() as journal:
        journal.put("plan", "a", set={"title": "Send"})
        # The file is not as the journal would write it, and says the same.
        (item,) = journal.absorb()
        assert (item.action, item.event) == (None, None)


def test_an_entity_that_was_deleted_meanwhile_comes_back_only_by_force(folder):
    folder.write("a", {**BASE, "title": "Send"})
    with folder.open() as journal:
        journal.delete("plan", "a")
        with pytest.raises(ExpectationError, match="the entity was deleted"):
            journal.absorb()
        (item,) = journal.absorb(force=True)
        assert (item.action, item.rev) == ("create", 3)
        assert journal.get("plan", "a").data == {**BASE, "title": "Send"}


@pytest.mark.parametrize(
    "text",
    [
        b'\xef\xbb\xbf{"title": "Ship", "status": "open", "tags": ["a", "b"]}',
        pretty(BASE).replace(b"\n", b"\r\n"),
        pretty(BASE) + b"   \n\n",
        json.dumps(BASE, indent="\t").encode(),
    ],
)
def test_other_spacing_is_no_event_and_is_written_anew(folder, text):
    before = folder.count()
    folder.write("a", text)
    with folder.open() as journal:
        assert [item.action for item in journal.absorb()] == [None]
        assert journal.status().edited == ()
    assert folder.shows("a") == pretty(BASE)
    assert folder.count() == before


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'{\n  "title": "Send",\n}\n', "line 2, column 18: there is a comma too many"),
        (b'{"title": "Send"', "line 1, column 17: "),
        (b'{"a": 1,\n  "a": 2}', "line 2, column 3: the key 'a' appears twice"),
        (b'{"a":\n\n  NaN}', "line 3, column 3: NaN"),
        (b'{"a": [1, 18446744073709551616]}', "line 1, column 11: .*64 bits"),
        (b'{\n"a": "\xe9"}', "line 2, column 7: not UTF-8"),
        (b"[1]", "line 1, column 1: an entity is a JSON object"),
        (b'{"a": ' + b"[" * 5000, "line 1, column [0-9]+: "),
        (b'{"$journal_id": "a"}', "reserved"),
        ("{}".encode("utf-16"), "line 1, column 1: not UTF-8"),
    ],
)
def test_a_file_that_is_not_right_is_told_with_its_place_and_nothing_at_all_happens(folder, text, place):
    folder.write("b", {"n": 2})
    folder.write("new", text)
    folder.write("zzz", {})
    before = folder.count()
    with folder.open() as journal:
        with pytest.raises(RefusedError, match=place) as caught:
            journal.absorb()
        assert caught.value.path == os.path.join(".journal", "entities", "plan", "new.json")
        assert "b.json" in " ".join(journal.status().edited)
    assert folder.shows("new") == text
    assert folder.count() == before


def test_a_dry_run_changes_nothing(folder):
    path = folder.write("a", {**BASE, "title": "Send"})
    folder.write("b", b'{"n":1}')
    before, text = folder.count(), folder.shows("a")
    with folder.open() as journal:
        first, second = journal.absorb(dry_run=True)
        assert (first.set, first.event, second.action) == (("title",), None, None)
        assert [item.path for item in journal.restore(dry_run=True)] == [first.path, second.path]
        folder.write("b", b"{]")
        with pytest.raises(RefusedError):
            journal.absorb([path, folder.file("b")], dry_run=True)
    assert folder.shows("a") == text
    assert folder.count() == before
    assert folder.parked() == {}


def test_paths_choose_files_and_folders_relative_to_where_one_is(folder, monkeypatch):
    for id in ("a", "b"):
        folder.write(id, {"edited": id})
    folder.write("x", {"edited": "x"}, "issue")
    monkeypatch.chdir(os.path.join(folder.root, "entities", "plan"))
    with folder.open() as journal:
        assert [item.id for item in journal.absorb(["a.json", "./a.json"])] == ["a"]
        assert [item.id for item in journal.absorb(["../issue"], dry_run=True)] == ["x"]
        for above in (folder.path, folder.root):
            assert {item.id for item in journal.absorb([above], dry_run=True)} == {"b", "x"}
        assert journal.absorb(["a.json"]) == []
        assert {item.id for item in journal.absorb([".."])} == {"b", "x"}


def test_a_path_through_a_link_to_the_work_tree_is_understood(folder, tmp_path_factory, monkeypatch):
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(folder.path)
    folder.write("a", {"edited": True})
    with folder.open() as journal:
        assert [item.id for item in journal.absorb([link / ".journal" / "entities" / "plan" / "a.json"])] == ["a"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("elsewhere.json", RefusedError),
        (".journal/journal.toml", RefusedError),
        (".journal/segments", RefusedError),
        (".journal/entities/../segments/x", RefusedError),
        (".journal/entities/plan/none.json", NotFoundError),
        (".journal/entities/plan/a.json.bak", RefusedError),
        (".journal/entities/plan/My Plan.json", RefusedError),
        (".journal/entities/plan/00/a.json", RefusedError),
        (".journal/entities/a.json", RefusedError),
    ],
)
@pytest.mark.parametrize("verb", ["absorb", "restore"])
def test_what_is_no_projection_is_refused(folder, name, error, verb):
    full = folder.path / name
    if error is RefusedError and not full.exists() and "segments" not in name:
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text('{"mine": 1}')
    with folder.open() as journal:
        with pytest.raises(error) as caught:
            getattr(journal, verb)([name])
        assert caught.value.path == name
    assert folder.parked() == {}


def test_the_refusal_tells_how_the_file_would_be_named(folder):
    name = ".journal/entities/plan/My Plan.json"
    (folder.path / name).write_text("{}")
    with folder.open() as journal:
        with pytest.raises(RefusedError) as caught:
            journal.absorb([name])
        assert encode_name("My Plan") in caught.value.hint
        with pytest.raises(RefusedError, match="by its name"):
            journal.absorb()
        assert journal.restore() == []
        os.rename(folder.path / name, folder.file("My Plan"))
        assert [item.id for item in journal.absorb()] == ["My Plan"]


# -- new files in every place --------------------------------------------------------------------------------


@pytest.mark.parametrize("fanout", [True, False])
def test_a_new_file_of_a_type_with_fanout_may_lie_in_either_folder(folder, fanout):
    folder.write("n", {"n": 1}, "wide", fanout=fanout)
    with folder.open() as journal:
        (item,) = journal.absorb()
        assert (item.type, item.id, item.action) == ("wide", "n", "create")
    assert folder.shows("n", "wide", fanout=True) == pretty({"n": 1})
    assert not os.path.exists(folder.file("n", "wide", fanout=False))


def test_two_files_of_one_entity_are_refused_until_there_is_one(folder):
    for fanout in (True, False):
        folder.write("n", {"n": fanout}, "wide", fanout=fanout)
    with folder.open() as journal, pytest.raises(RefusedError, match="two files show the same entity"):
        journal.absorb()
    assert os.path.exists(folder.file("n", "wide", fanout=False))


def test_a_file_with_a_cut_name_says_whose_it_is(folder):
    id = "long " * 60
    with folder.open() as journal:
        journal.put("plan", id, {"n": 1})
        folder.write(id, {"$journal_id": id, "n": 2})
        (item,) = journal.absorb()
        assert (item.id, item.set) == (id, ("n",))
        assert journal.get("plan", id).data == {"n": 2}
        other = id + "!"
        folder.write(other, {"$journal_id": other})
        assert [item.id for item in journal.absorb()] == [other]
        folder.write(id, {"$journal_id": other, "n": 3})
        with pytest.raises(RefusedError):
            journal.absorb([folder.file(id)])


# -- removed files -------------------------------------------------------------------------------------------


def test_removed_files_delete_nothing_unless_they_are_named(folder):
    shutil.rmtree(os.path.join(folder.root, "entities"))
    with folder.open() as journal:
        assert journal.absorb() == []
        assert len(journal.list("plan")) == 2
    assert folder.shows("a") == pretty(BASE)


def test_a_cleared_folder_that_is_named_deletes_nothing_either(folder):
    os.unlink(folder.file("a"))
    with folder.open() as journal:
        assert journal.absorb([os.path.dirname(folder.file("a"))]) == []
        assert len(journal.list("plan")) == 2


def test_a_removed_file_that_is_named_deletes_its_entity(folder):
    os.unlink(folder.file("a"))
    with folder.open() as journal:
        (item,) = journal.absorb([folder.file("a")])
        assert (item.action, item.rev) == ("delete", 2)
        assert [row.id for row in journal.list("plan")] == ["b"]
    assert not os.path.exists(folder.file("a"))


def test_deleted_takes_all_removed_files_and_none_that_was_never_written_here(folder):
    shutil.rmtree(os.path.join(folder.root, "local"))
    shutil.rmtree(os.path.join(folder.root, "entities"))
    with folder.open() as journal:
        assert journal.absorb(deleted=True) == []
        journal.reconcile()
        os.unlink(folder.file("a"))
        assert [(item.action, item.id) for item in journal.absorb(deleted=True)] == [("delete", "a")]


def test_a_removed_file_comes_back_with_a_commit_as_with_any_other_call(tree):
    with tree.open() as journal:
        journal.put("plan", "a", {"n": 1})
        journal.commit()
    (tree.store / "entities/plan/a.json").unlink()
    with tree.open() as journal:
        journal.commit()
    assert not tree.git("status", "--porcelain")


# -- restore -------------------------------------------------------------------------------------------------


def test_restore_puts_files_back_and_keeps_what_was_typed(folder):
    folder.write("a", {**BASE, "title": "Send"})
    folder.write("b", b"{ not json")
    folder.write("new", {"mine": 1})
    os.makedirs(folder.path / "x")
    with folder.open() as journal:
        journal.delete("plan", "b")
        done = {item.path: (item.parked is not None, item.written) for item in journal.restore()}
        assert done == {"entities/plan/a.json": (True, True), "entities/plan/b.json": (True, False)}
        assert journal.status().edited == ("entities/plan/new.json",)
        assert journal.get("plan", "a").data == BASE
        (item,) = journal.restore([folder.file("new")])
        assert (item.parked is not None, item.written) == (True, False)
    assert folder.shows("a") == pretty(BASE)
    assert not os.path.exists(folder.file("b"))
    assert not os.path.exists(folder.file("new"))
    assert folder.parked() == {
        "plan__a.json": json.dumps({**BASE, "title": "Send"}).encode(),
        "plan__b.json": b"{ not json",
        "plan__new.json": b'{"mine": 1}',
    }


def test_restore_writes_removed_files_again(folder):
    os.unlink(folder.file("a"))
    with folder.open() as journal:
        (item,) = journal.restore()
        assert (item.parked, item.written) == (None, True)
    assert folder.shows("a") == pretty(BASE)


@pytest.mark.parametrize("thing", ["link", "folder"])
def test_what_is_no_file_is_never_followed_and_moved_aside_where_it_is_named(folder, thing, tmp_path_factory):
    target = tmp_path_factory.mktemp("outside") / "secret.json"
    target.write_text('{"secret": 1}')
    os.unlink(folder.file("a"))
    os.symlink(target, folder.file("a")) if thing == "link" else os.mkdir(folder.file("a"))
    with folder.open() as journal:
        assert journal.absorb() == []
        with pytest.raises(UnsafePathError):
            journal.absorb([folder.file("a")])
        (item,) = journal.restore([folder.file("a")])
        assert item.written
    assert folder.shows("a") == pretty(BASE)
    assert target.read_text() == '{"secret": 1}'


def test_a_type_folder_that_is_a_link_is_refused(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    shutil.rmtree(os.path.join(folder.root, "entities", "plan"))
    (outside / "a.json").write_text('{"secret": 1}')
    os.symlink(outside, os.path.join(folder.root, "entities", "plan"))
    with folder.open() as journal:
        for verb in (journal.absorb, journal.restore):
            assert verb() == []
            with pytest.raises(UnsafePathError):
                verb([folder.file("a")])
    assert os.listdir(outside) == ["a.json"]


def test_an_editor_that_saves_again_in_between_loses_nothing(folder, monkeypatch):
    from journal.store.printing import Printing

    folder.write("a", {**BASE, "title": "Send"})
    replace = Printing.replace

    def saved_again(self, view, settled):
        folder.write("a", {**BASE, "title": "Send it"})
        return replace(self, view, settled)

    monkeypatch.setattr(Printing, "replace", saved_again)
    with folder.open() as journal:
        journal.absorb()
        assert journal.get("plan", "a").data["title"] == "Send"
        assert journal.status().edited == ("entities/plan/a.json",)
        monkeypatch.undo()
        assert [item.set for item in journal.absorb(force=True)] == [("title",)]
        assert journal.get("plan", "a").data["title"] == "Send it"


def test_a_large_file_is_taken_in(folder):
    large = {"text": "é" * 200_000, "rows": [{"n": n} for n in range(5000)]}
    folder.write("a", large)
    with folder.open() as journal:
        journal.absorb()
        assert journal.get("plan", "a").data == large
