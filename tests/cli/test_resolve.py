"""Goal: a conflict is data. It is listed, shown everywhere, blocks nothing, and one ordinary event settles it."""

import json
import shutil
import subprocess
import threading

import pytest

from journal import Journal
from journal.errors import NotFoundError


def diverged(work, ours, theirs, base='{"a": 1, "b": 1}'):
    """An entity that two branches changed, merged; ``ours`` and ``theirs`` are words after ``journal``."""
    work("put", "plan", "p1", base)
    work("commit", "-qm", "base")
    work.git("switch", "-qc", "other")
    work(*theirs, "--actor", "ben")
    work("commit", "-qm", "other")
    work.git("switch", "-q", "main")
    work(*ours, "--actor", "cleo")
    work("commit", "-qm", "main")
    subprocess.run(["git", "merge", "-q", "--no-commit", "other"], cwd=work.folder, capture_output=True)
    work("reconcile")
    work.git("add", "-A")
    work.git("commit", "-qm", "merge")
    return work


PUT = ("put", "plan", "p1")
HISTORIES = {
    "field": ((*PUT, "--set", "a=3", "--set", "b=5"), (*PUT, "--set", "a=2", "--unset", "b")),
    "delete": ((*PUT, "--set", "a=3"), ("delete", "plan", "p1")),
}


@pytest.fixture(scope="module")
def kept_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def history(work, kept_folder):
    """Make a history once, and give each test a copy of the folder."""

    def make(name):
        kept = kept_folder / name
        if not kept.exists():
            shutil.copytree(diverged(work, *HISTORIES[name]).folder, kept)
        shutil.rmtree(work.folder)
        shutil.copytree(kept, work.folder)
        return work

    return make


@pytest.fixture
def open_field(history):
    """The field ``a`` is 2 to ben and 3 to cleo, ``b`` is gone to ben and 5 to cleo."""
    return history("field")


@pytest.fixture
def open_delete(history):
    """ben deleted what cleo changed."""
    return history("delete")


def conflicts(work, *words):
    return work("conflicts", *words, "--json").lines


def sides(work, field):
    """actor -> side of the conflict of a field."""
    (found,) = [line for line in conflicts(work) if line["field"] == field]
    return {side["actor"]: side for side in (found["winner"], *found["losers"])}


def test_both_values_with_who_and_when_are_listed_in_the_agreed_form(open_field):
    first, second = conflicts(open_field)
    assert set(first) == {"type", "id", "field", "winner", "losers"}
    assert [first["field"], second["field"]] == ["a", "b"]
    for line in (first, second):
        assert set(line["winner"]) | {"value"} == {"event", "value", "actor", "ts"}
        assert all(set(side) | {"value"} == {"event", "value", "actor", "ts"} for side in line["losers"])
    by = sides(open_field, "a")
    assert (by["ben"]["value"], by["cleo"]["value"]) == (2, 3)
    assert all(side["ts"].endswith("Z") for side in by.values())
    by = sides(open_field, "b")
    assert "value" not in by["ben"]
    assert by["cleo"]["value"] == 5


@pytest.mark.parametrize("who", ["ben", "cleo"])
def test_either_side_can_be_taken_and_that_closes_it(open_field, who):
    side = sides(open_field, "a")[who]
    rev = open_field("get", "plan", "p1", "--json").json["rev"]
    written = open_field("resolve", "plan", "p1", "a", "--take", side["event"], "--json").json
    assert written["data"]["a"] == side["value"]
    assert written["rev"] == rev + 1
    assert [line["field"] for line in conflicts(open_field)] == ["b"]
    assert open_field("get", "plan", "p1", "--json").json["data"]["a"] == side["value"]
    event = open_field("show", written["event"], "--json").json
    assert (event["action"], event["set"], event["unset"]) == ("resolve", ["a"], [])


def test_the_side_that_took_the_field_out_can_be_taken(open_field):
    written = open_field("resolve", "plan", "p1", "b", "--take", sides(open_field, "b")["ben"]["event"], "--json").json
    assert "b" not in written["data"]
    event = open_field("show", written["event"], "--json").json
    assert (event["set"], event["unset"]) == ([], ["b"])
    assert [line["field"] for line in conflicts(open_field)] == ["a"]


def test_a_third_value_settles_it_too_and_so_does_null(open_field):
    assert open_field("resolve", "plan", "p1", "a", "--value", '{"x": 1}', "--json").json["data"]["a"] == {"x": 1}
    assert open_field("resolve", "plan", "p1", "b", "--value", "null", "--json").json["data"]["b"] is None
    assert conflicts(open_field) == []
    assert "no open conflicts" in open_field("conflicts").err


def test_it_stays_settled_in_the_other_clone_whatever_the_order_of_merges(open_field, tmp_path_factory):
    open_field.git("branch", "unsettled")
    open_field("resolve", "plan", "p1", "a", "--take", sides(open_field, "a")["ben"]["event"])
    open_field("resolve", "plan", "p1", "b", "--value", "7")
    open_field("commit", "-qm", "settled")
    open_field.git("switch", "-q", "unsettled")
    assert len(conflicts(open_field)) == 2
    open_field("put", "note", "n1", "{}")
    open_field("commit", "-qm", "something else")
    open_field.git("merge", "-q", "--no-edit", "main")
    assert conflicts(open_field) == []
    assert open_field("get", "plan", "p1", "--json").json["data"] == {"a": 2, "b": 7}


def test_an_event_that_is_no_side_is_refused_and_the_sides_are_named(open_field):
    listed = {side["event"] for side in sides(open_field, "a").values()}
    before = open_field("status", "--json").json["seq"]
    for wrong in ("1", "99", "nonsense", "3@aaaaaaaaaaaaa"):
        ended = open_field("resolve", "plan", "p1", "a", "--take", wrong, "--json", status=3)
        assert ended.error["code"] == "not-found"
        assert all(event in ended.error["message"] for event in listed)
    assert open_field("status", "--json").json["seq"] == before
    assert len(conflicts(open_field)) == 2


def test_a_seq_alone_names_a_side_where_it_is_one_sides_only(work):
    work("put", "note", "n1", "{}")
    diverged(work, (*PUT, "--set", "a=3"), (*PUT, "--set", "a=2"))
    events = [side["event"] for side in sides(work, "a").values()]
    assert len({event.partition("@")[0] for event in events}) == 1
    assert "several sides" in work("resolve", "plan", "p1", "a", "--take", events[0].partition("@")[0], status=3).err
    work("resolve", "plan", "p1", "a", "--take", events[0])


def test_what_is_not_open_cannot_be_settled(open_field):
    open_field("resolve", "plan", "p1", "a", "--value", "9")
    for words in (("p1", "a"), ("p1", "nothing"), ("p9", "a"), ("p1",)):
        take = () if len(words) > 1 else ("--take", "3")
        ended = open_field("resolve", "plan", *words, *(take or ("--value", "1")), status=3)
        assert "has no open" in ended.err
    assert open_field("get", "plan", "p1", "--json").json["data"]["a"] == 9


def test_a_decision_is_one_thing(open_field):
    open_field("resolve", "plan", "p1", "a", status=2)
    open_field("resolve", "plan", "p1", "a", "--take", "3", "--value", "1", status=2)
    open_field("resolve", "plan", "p1", "a", "--value", "no json", status=6)
    assert len(conflicts(open_field)) == 2


def test_taking_the_delete_deletes(open_delete):
    (line,) = conflicts(open_delete)
    assert line["field"] is None
    assert line["winner"]["value"] == {"a": 3, "b": 1}
    assert line["losers"][0]["actor"] == "ben"
    assert "value" not in line["losers"][0]
    assert "(deleted)" in open_delete("conflicts").out
    open_delete("resolve", "plan", "p1", "--value", "{}", status=2)
    assert open_delete("resolve", "plan", "p1", "--take", line["losers"][0]["event"]).out.startswith("deleted plan p1")
    open_delete("get", "plan", "p1", status=3)
    assert conflicts(open_delete) == []


def test_taking_the_update_keeps_what_shows(open_delete):
    (line,) = conflicts(open_delete)
    written = open_delete("resolve", "plan", "p1", "--take", line["winner"]["event"], "--json").json
    assert written["data"] == {"a": 3, "b": 1}
    assert conflicts(open_delete) == []
    assert len(open_delete("history", "plan", "p1", "--json").lines) == 4


def test_of_two_who_settle_at_once_one_is_told(open_field):
    event = sides(open_field, "a")["ben"]["event"]
    ended = []

    def settle():
        with Journal.open(open_field.folder) as journal:
            try:
                ended.append(journal.resolve("plan", "p1", "a", take=event).rev)
            except NotFoundError as error:
                ended.append(error.message)

    threads = [threading.Thread(target=settle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([item for item in ended if isinstance(item, int)]) == 1
    assert all("no open field 'a'" in item for item in ended if isinstance(item, str))
    assert len(open_field("history", "plan", "p1", "--json").lines) == 4


def test_get_status_list_and_doctor_show_it_and_none_fails(open_field):
    shown = open_field("get", "plan", "p1", "--json")
    assert shown.json["conflicts"] == conflicts(open_field, "plan", "p1")
    assert open_field("status", "--json").json["conflicts"] == 2
    assert "conflicts    2 open: journal conflicts" in open_field("status").out
    assert "OPEN" in open_field("list").out
    report = open_field("doctor", "--json").json
    (finding,) = [item for item in report["findings"] if item["code"] == "conflicts-open"]
    assert report["ok"] is True
    assert (finding["severity"], finding["path"]) == ("info", None)
    assert "2 open conflicts" in finding["message"]
    assert open_field("doctor", "--verify").status == 0
    for field in ("a", "b"):
        open_field("resolve", "plan", "p1", field, "--value", "1")
    assert "conflicts-open" not in open_field("doctor").out


@pytest.mark.parametrize("fixture", ["open_field", "open_delete"])
def test_an_open_conflict_blocks_nothing(fixture, request):
    work = request.getfixturevalue(fixture)
    count = len(conflicts(work))
    work("put", "plan", "p1", "--set", "c=1") if fixture == "open_field" else work("put", "plan", "p2", "{}")
    assert len(conflicts(work)) == count
    for words in (
        "get plan p1", "list", "history plan p1", "blame plan p1", "log", "status", "stats", "stage",
        "commit -m more", "checkpoint", "compact", "reconcile", "doctor", "export jsonl", "put plan p3 {}",
    ):  # fmt: skip
        work(*words.split())
    assert len(conflicts(work)) == count
    assert work("get", "plan", "p1", "--json").json["conflicts"] == conflicts(work)


def test_a_write_says_how_many_conflicts_it_left_and_none_where_values_combine(work):
    with open(work.store("journal.toml"), "a", encoding="utf-8") as file:
        file.write('[types.plan]\nmerge = { tags = "union" }\n')
    diverged(work, (*PUT, "--set", 'tags=["x"]', "--set", "a=2"), (*PUT, "--set", 'tags=["y"]', "--set", "a=3"))
    with Journal.open(work.folder) as journal:
        assert [item.field for item in journal.conflicts()] == ["a"]
        assert journal.put("plan", "p1", set={"c": 1}).conflicts == 1
        assert journal.resolve("plan", "p1", "a", value=4).conflicts == 0
        assert sorted(journal.get("plan", "p1").data["tags"]) == ["x", "y"]


def test_conflicts_can_be_settled_by_a_script(open_field):
    for line in open_field("conflicts", "--json").out.splitlines():
        found = json.loads(line)
        open_field("resolve", found["type"], found["id"], found["field"], "--take", found["losers"][0]["event"])
    assert conflicts(open_field) == []
