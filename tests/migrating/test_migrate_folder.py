"""A folder of JSON files becomes entities; what is none is told; nothing is lost on either side."""

import contextlib
import errno
import itertools
import json
import os
import shutil

import pytest

from journal import Journal, NotFoundError, Rules, UnsafePathError, UsageError
from journal.disk.files import OsFiles
from journal.upkeep.migrating import writing
from journal.upkeep.migrating.writing import Writer
from tests.support.cuts import Cut, CutFiles
from tests.support.faults import FaultyFiles
from tests.support.stores import truth

PLAN = Rules(type="plan")


def words(found):
    return {type: {word: count for word, count in counts.items() if count} for type, counts in found.types.items()}


def codes(found):
    return sorted((problem.code, problem.path, problem.line) for problem in found.problems)


def test_each_file_becomes_an_entity_of_its_folder_and_name(place):
    place.write(plan__a={"n": 1}, plan__B={"n": 2}, task__a={"n": 3})
    place.put("plan/readme.md", "no entity")
    place.put("plan/deep/er.json", "{}")
    found = place.migrate()
    assert place.entities() == {("plan", "a"): {"n": 1}, ("plan", "B"): {"n": 2}, ("task", "a"): {"n": 3}}
    assert words(found) == {"plan": {"create": 2}, "task": {"create": 1}}
    assert (found.verified, found.differences, found.is_whole) == (3, [], True)
    assert {(event.actor, event.action) for event in place.events()} == {("ana", "create")}


def test_names_that_differ_in_case_are_two_entities(place):
    place.write(plan__Ab={"n": 1}, plan__aB={"n": 2}, plan__ab={"n": 3})
    place.migrate()
    assert {id for _, id in place.entities()} == {"Ab", "aB", "ab"}


def test_other_names_in_a_pattern_become_fields_that_a_document_lacks(place):
    place.write(red__tasks__a={"n": 1}, blue__tasks__b={"team": "own"})
    place.migrate("{team}/tasks/{id}.json", rules=Rules(type="task"))
    assert place.entities() == {("task", "a"): {"n": 1, "team": "red"}, ("task", "b"): {"team": "own"}}


def test_ids_and_types_may_come_from_fields(place):
    place.write(x__1={"key": "a", "kind": "plan"}, x__2={"key": 7, "kind": "task"}, x__3={"key": 1.5, "kind": "task"})
    found = place.migrate("x/*.json", rules=Rules(type_field="kind", id_field="key"))
    assert set(place.entities()) == {("plan", "a"), ("task", "7")}
    assert codes(found) == [("no-entity", "x/3.json", None)]


def test_fields_can_be_chosen(place):
    place.write(plan__a={"n": 1, "secret": 2, "m": 3})
    place.migrate(rules=Rules(without=("secret",)))
    assert place.entities() == {("plan", "a"): {"n": 1, "m": 3}}
    place.migrate(rules=Rules(only=("n",)))
    assert place.entities() == {("plan", "a"): {"n": 1}}


@pytest.mark.parametrize("holder", [[{"id": "a", "n": 1}, {"id": "b", "n": 2}], {"a": {"n": 1}, "b": {"n": 2}}])
def test_a_file_may_hold_many_in_a_field(place, holder):
    place.put("all.json", json.dumps({"data": {"plans": holder}}))
    place.migrate("all.json", rules=Rules(type="plan", each="data.plans"))
    assert {key: data["n"] for key, data in place.entities().items()} == {("plan", "a"): 1, ("plan", "b"): 2}


def test_json_lines_in_a_folder_have_an_entity_on_each_line(place):
    place.put("plan/x.jsonl", '{"id": "a"}\n\n{"id": "b"}\r\n{"id": "c"}')
    place.migrate("{type}/*.jsonl")
    assert {id for _, id in place.entities()} == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (b'{"a": 1,\n "b": }', "unreadable", 2),
        (b"", "unreadable", 1),
        (b'{"a": "\xff"}', "unreadable", 1),
        (b'{"a": 1, "a": 2}', "unreadable", 1),
        (b'{"a": NaN}', "unreadable", 1),
        (b'{"a": 123456789012345678901234567890}', "unreadable", 1),
        (b'{\n<<<<<<< HEAD\n"a": 1\n=======\n"a": 2\n>>>>>>> x\n}', "unreadable", 2),
        (b"\x00\x00", "unreadable", 1),
        ('{"a": 1}'.encode("utf-16"), "unreadable", 1),
        (b"[" * 100_000, "unreadable", None),
        (b"[1]", "no-entity", None),
        (b"null", "no-entity", None),
        (b'{"$journal_id": "x"}', "no-entity", None),
    ],
)
def test_what_is_no_entity_is_told_with_its_place_and_left_alone(place, text, code, line):
    path = place.put("plan/bad.json", text)
    place.write(plan__good={"n": 1})
    found = place.migrate()
    assert [(problem.code, problem.path) for problem in found.problems] == [(code, "plan/bad.json")]
    assert line is None or found.problems[0].line == line
    assert path.read_bytes() == text
    assert set(place.entities()) == {("plan", "good")}
    assert not found.is_whole


def test_a_byte_order_mark_and_other_line_ends_are_harmless(place):
    place.put("plan/a.json", b'\xef\xbb\xbf{\r\n"n": 1\r\n}\r\n')
    assert place.migrate().is_whole
    assert place.entities() == {("plan", "a"): {"n": 1}}


def test_a_huge_file_is_not_even_read(place, monkeypatch):
    monkeypatch.setattr("journal.upkeep.migrating.folder.FILE_BYTES_MAX", 100)
    monkeypatch.setattr("journal.upkeep.migrating.folder.documents_in", lambda *_: pytest.fail("was read"))
    path = place.put("plan/a.json", b'{"n": "' + b"x" * 100 + b'"}')
    found = place.migrate(dry_run=True)
    assert codes(found) == [("unreadable", "plan/a.json", None)]
    assert path.exists()


def test_links_are_told_and_never_followed(place, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.json").write_text('{"secret": 1}')
    place.write(plan__a={"n": 1})
    os.symlink(outside / "a.json", place.source / "plan" / "b.json")
    os.symlink(outside, place.source / "task")
    found = place.migrate()
    assert codes(found) == [("link", "plan/b.json", None), ("link", "task", None)]
    assert set(place.entities()) == {("plan", "a")}


def test_a_folder_that_cannot_be_read_and_what_is_no_file_are_told_and_all_others_are_brought_in(place, monkeypatch):
    place.write(plan__a={"n": 1}, shut__b={"n": 2}, task__c={"n": 3})
    os.mkfifo(place.source / "plan" / "pipe.json")
    shut, listed = str(place.source / "shut"), OsFiles.list

    def refuse(files, folder):
        if folder == shut:
            raise PermissionError(13, "Permission denied", folder)
        return listed(files, folder)

    monkeypatch.setattr(OsFiles, "list", refuse)
    found = place.migrate()
    assert codes(found) == [("unreadable", "plan/pipe.json", None), ("unreadable", "shut", None)]
    assert found.problems[1].message == "the folder cannot be read: permission denied"
    assert set(place.entities()) == {("plan", "a"), ("task", "c")}


def test_a_folder_that_is_a_link_is_not_followed_and_the_hint_names_where_it_leads(place):
    place.write(plan__a={"n": 1})
    os.symlink(place.source, place.folder / "elsewhere")
    with place.open() as journal, pytest.raises(UnsafePathError, match="links are not followed") as raised:
        journal.migrate_folder("elsewhere/{type}/{id}.json", base=place.folder)
    assert str(place.source) in raised.value.hint


def test_of_two_files_with_one_id_none_counts_and_both_are_named(place):
    place.write(x__1={"id": "a", "n": 1}, x__2={"id": "a", "n": 2}, x__3={"id": "b"})
    found = place.migrate("x/*.json", rules=PLAN)
    assert codes(found) == [("duplicate", "x/2.json", None)]
    assert "x/1.json" in found.problems[0].message
    assert set(place.entities()) == {("plan", "b")}


def test_a_file_that_two_patterns_name_counts_once(place):
    place.write(plan__a={"n": 1})
    assert place.migrate("plan/{id}.json", "**/{id}.json", rules=PLAN).is_whole


def test_the_store_is_never_its_own_source(place):
    with place.open() as journal:
        journal.put("plan", "here", {"n": 1})
        found = journal.migrate_folder("**/{id}.json", base=journal.root + "/..", rules=PLAN, dry_run=True)
        assert found.types == {}


def test_a_dry_run_tells_what_the_run_will_do_and_writes_nothing(place):
    place.write(plan__a={"n": 1}, plan__b={"n": 2})
    place.migrate()
    place.write(plan__a={"n": 5}, plan__c={"n": 3})
    place.put("plan/bad.json", "{")
    store = str(place.folder / "store" / ".journal")
    before = truth(store)
    names = sorted(os.listdir(f"{store}/local"))
    told = place.migrate(dry_run=True)
    assert truth(store) == before
    assert sorted(os.listdir(f"{store}/local")) == names
    done = place.migrate()
    assert words(told) == words(done) == {"plan": {"create": 1, "update": 1, "same": 1}}
    assert (told.problems, told.events, told.run) == (done.problems, done.events, None)


def test_a_second_run_writes_nothing(place):
    place.write(plan__a={"n": 1}, plan__b={"n": 2})
    place.migrate()
    before = truth(str(place.folder / "store" / ".journal"))
    found = place.migrate()
    assert truth(str(place.folder / "store" / ".journal")) == before
    assert (found.run, found.backup, words(found)) == (None, None, {"plan": {"same": 2}})


def test_what_changed_in_the_source_comes_in_and_what_changed_here_stays(place):
    place.write(plan__a={"n": 1, "m": 1}, plan__b={"n": 1}, plan__c={"n": 1}, plan__d={"n": 1}, plan__e={"n": 1})
    place.migrate()
    with place.open() as journal:
        journal.put("plan", "a", set={"m": 9})
        journal.put("plan", "b", {"n": 9})
        journal.put("plan", "c", {"n": 9})
        journal.delete("plan", "d")
    place.write(plan__a={"n": 2, "m": 1}, plan__c={"n": 2}, plan__e={"n": 2})
    found = place.migrate()
    assert words(found) == {"plan": {"update": 2, "kept": 3}}
    assert codes(found) == [("overlap", "plan/c.json", None)]
    assert place.entities() == {
        ("plan", "a"): {"n": 2, "m": 9},
        ("plan", "b"): {"n": 9},
        ("plan", "c"): {"n": 9},
        ("plan", "e"): {"n": 2},
    }
    assert place.migrate(force=True).is_whole
    assert place.entities()["plan", "c"] == {"n": 2}
    assert place.entities()["plan", "b"] == {"n": 9}


def test_what_both_sides_say_stays_so_over_many_runs(place):
    place.write(plan__a={"x": 1, "y": 1, "z": 1})
    place.migrate()
    with place.open() as journal:
        journal.put("plan", "a", set={"mine": 1, "z": 2})
    place.write(plan__a={"x": 2, "z": 2})
    assert words(place.migrate()) == {"plan": {"update": 1}}
    expected = {"x": 2, "z": 2, "mine": 1}
    assert place.entities()["plan", "a"] == expected
    assert words(place.migrate()) == {"plan": {"kept": 1}}
    place.write(plan__a={"x": 3, "z": 2})
    for _ in range(2):
        found = place.migrate()
        assert found.is_whole
        assert place.entities()["plan", "a"] == expected | {"x": 3}
    place.write(plan__a={"x": 3, "z": 1})
    assert place.migrate().is_whole
    assert place.entities()["plan", "a"] == expected | {"x": 3, "z": 1}
    assert len(place.events()) == 5


def test_an_entity_that_is_here_already_just_so_is_no_difference(place):
    with place.open() as journal:
        journal.put("plan", "a", {"n": 1})
    place.write(plan__a={"n": 1})
    found = place.migrate()
    assert (words(found), found.differences, found.run) == ({"plan": {"same": 1}}, [], None)


def test_an_entity_that_somebody_else_wrote_is_not_overwritten(place):
    with place.open() as journal:
        journal.put("plan", "a", {"mine": 1})
    place.write(plan__a={"n": 1})
    assert codes(place.migrate()) == [("overlap", "plan/a.json", None)]
    assert place.entities() == {("plan", "a"): {"mine": 1}}


def test_a_file_that_is_gone_deletes_nothing(place):
    place.write(plan__a={"n": 1}, plan__b={"n": 1})
    place.migrate()
    (place.source / "plan" / "a.json").unlink()
    place.migrate()
    assert set(place.entities()) == {("plan", "a"), ("plan", "b")}


def test_the_truth_is_kept_before_the_first_event_but_for_what_git_has(tree):
    (tree.path / "plan").mkdir()
    (tree.path / "plan" / "a.json").write_text('{"n": 1}')
    with tree.open() as journal:
        journal.put("plan", "committed", {"n": 1})
        journal.commit("one")
        journal.put("plan", "later", {"n": 1})
        before = truth(journal.root)
        found = journal.migrate_folder("{type}/{id}.json", base=tree.path)
        position = json.loads((tree.store / found.backup / "position.json").read_text())
    assert {path: facts["bytes"] for path, facts in position["files"].items()} == {
        path: len(data) for path, data in before.items()
    }
    kept = {path for path, facts in position["files"].items() if not facts["is_in_git"]}
    assert len(kept) == 1
    assert len(before) == 2
    for path in kept:
        assert (tree.store / found.backup / path).read_bytes() == before[path]


def test_a_wrong_call_is_refused_before_anything_is_read(place):
    with pytest.raises(UsageError, match="what type"):
        place.migrate("plan/{id}.json")
    with pytest.raises(NotFoundError):
        place.migrate("nowhere/{id}.json", rules=PLAN)
    with pytest.raises(NotFoundError, match="no such file"):
        place.migrate("nosuch.json", rules=PLAN)
    place.put("plan/readme.md", "no entity")
    with pytest.raises(NotFoundError, match="a folder") as caught:
        place.migrate("plan", rules=PLAN)
    assert caught.value.hint == "its files: plan/{id}.json"


def every_cut(place, monkeypatch, prepare):
    """Yield after a migration was cut off at each call in turn, of many small transactions."""
    monkeypatch.setattr(writing, "DOCUMENTS_AT_ONCE", 2)
    monkeypatch.setattr("journal.upkeep.migrating.snapshots.DOCUMENTS_AT_ONCE", 2)
    at = 0
    while True:
        prepare(at)
        try:
            with place.open(files=CutFiles(at)) as journal:
                journal.migrate_folder("{type}/{id}.json", base=place.source)
        except Cut:
            yield at
            at += 3
            continue
        return


def test_cut_off_anywhere_it_goes_on_and_nothing_is_lost_or_doubled(place, monkeypatch):
    documents = {f"plan__p{number}": {"n": number} for number in range(7)}
    place.write(**documents)

    def prepare(at):
        shutil.rmtree(place.folder / "store")
        (place.folder / "store").mkdir()
        Journal.init(place.folder / "store")

    cuts = 0
    for _ in every_cut(place, monkeypatch, prepare):
        cuts += 1
        found = place.migrate()
        assert found.is_whole
        assert sorted(event.entity for event in place.events()) == sorted(name[6:] for name in documents)
        with place.open() as journal:
            notes = [event.data for event in journal.log() if event.note == "import"]
            assert len({note["run"] for note in notes}) == 1
            assert journal.doctor(verify=True).ok
    assert cuts > 10


def test_a_run_that_was_cut_off_keeps_the_backup_of_what_was_there_before_it(place, monkeypatch):
    with place.open() as journal:
        journal.put("other", "o", {})
    place.write(**{f"plan__p{number}": {"n": number} for number in range(9)})
    monkeypatch.setattr("journal.upkeep.migrating.writing.DOCUMENTS_AT_ONCE", 2)
    positions = set()
    for at in (2, 2, 99):
        calls, write = itertools.count(1), Writer._write
        with monkeypatch.context() as patch:
            patch.setattr(Writer, "_write", lambda *a, at=at, n=calls, write=write: cut_or(next(n) > at, write, *a))
            with contextlib.suppress(Cut):
                found = place.migrate()
        (backup,) = (place.folder / "store" / ".journal" / "local" / "backups").iterdir()
        positions.add((backup / "position.json").read_bytes())
    (position,) = positions
    assert list(json.loads(position)["have"].values()) == [[[1, 1]]]
    assert found.backup == f"local/backups/{backup.name}"


def test_a_run_of_which_only_its_end_was_cut_off_names_its_backup(place, monkeypatch):
    place.write(plan__a={"n": 1})
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "finish", lambda *_: cut_or(True, None))
        with pytest.raises(Cut):
            place.migrate()
    found = place.migrate()
    assert found.run is not None
    assert found.backup == f"local/backups/{found.run}"


def cut_or(is_cut, function, *arguments):
    if is_cut:
        raise Cut
    return function(*arguments)


def test_a_full_disk_is_told_and_the_rest_comes_later(place):
    place.write(plan__a={"n": 1})
    files = FaultyFiles()
    with place.open(files=files) as journal:
        journal.put("plan", "other", {})
        files.fail("create", 1, errno.ENOSPC)
        with pytest.raises(Exception, match="nothing was applied"):
            journal.migrate_folder("{type}/{id}.json", base=place.source)
    assert place.migrate().is_whole
