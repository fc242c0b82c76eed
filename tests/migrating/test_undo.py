"""The way back: what a run wrote is undone by new events, and nothing is lost."""

import shutil
from collections import Counter

import pytest

from journal import NotFoundError, Rules
from journal.upkeep.migrating import undoing
from tests.support.cuts import Cut, CutFiles

PLAN = Rules(type="plan")


def undo(place, run=None, **wishes):
    with place.open() as journal:
        return journal.undo_migration(run, **wishes)


def test_what_a_run_made_is_gone_and_what_it_changed_is_as_before(place):
    with place.open() as journal:
        journal.put("plan", "own", {"mine": 1})
    place.write(plan__a={"n": 1}, plan__b={"n": 1})
    place.migrate()
    before = place.entities()
    place.write(plan__a={"n": 2}, plan__c={"n": 3})
    place.migrate()
    found = undo(place)
    assert place.entities() == before
    assert (found.types, found.events) == ({"plan": Counter(update=1, delete=1)}, 2)
    undo(place)
    assert place.entities() == {("plan", "own"): {"mine": 1}}
    with pytest.raises(NotFoundError):
        undo(place)
    with place.open() as journal:
        assert len(journal.history("plan", "a")) == 4
        assert [run.is_undone for run in journal.migration_runs()] == [True, True]
        assert journal.doctor(verify=True).ok


def test_what_people_changed_since_stays(place):
    place.write(plan__a={"n": 1, "m": 1}, plan__b={"n": 1, "m": 1}, plan__c={"n": 1})
    place.migrate()
    place.write(plan__a={"n": 2, "m": 1}, plan__b={"n": 2, "m": 1}, plan__c={"n": 2})
    place.migrate()
    with place.open() as journal:
        journal.put("plan", "a", set={"m": 9})
        journal.put("plan", "b", set={"n": 9})
    found = undo(place)
    assert place.entities() == {
        ("plan", "a"): {"n": 1, "m": 9},
        ("plan", "b"): {"n": 9, "m": 1},
        ("plan", "c"): {"n": 1},
    }
    assert found.problem_counts == {"overlap": 1}


def test_with_force_what_people_changed_since_gives_way(place):
    place.write(plan__a={"n": 1})
    place.migrate()
    with place.open() as journal:
        journal.put("plan", "a", {"n": 9})
    assert undo(place, force=True).problem_counts == {}
    assert place.entities() == {}


def test_a_dry_run_tells_and_writes_nothing(place):
    place.write(plan__a={"n": 1})
    place.migrate()
    assert undo(place, dry_run=True).types == {"plan": Counter(delete=1)}
    assert set(place.entities()) == {("plan", "a")}
    assert len(place.events()) == 1


def test_after_the_way_back_it_can_be_brought_in_again(place):
    place.write(plan__a={"n": 1, "m": 1}, plan__b={"n": 1})
    place.migrate()
    with place.open() as journal:
        journal.put("plan", "a", set={"mine": 1})
    place.write(plan__a={"n": 2, "m": 1}, plan__b={"n": 2})
    for _ in range(2):
        assert place.migrate().is_whole
        assert place.entities() == {("plan", "a"): {"n": 2, "m": 1, "mine": 1}, ("plan", "b"): {"n": 2}}
        undo(place)
        assert place.entities() == {("plan", "a"): {"n": 1, "m": 1, "mine": 1}, ("plan", "b"): {"n": 1}}
    with place.open() as journal:
        run = journal.migration_runs()[0].id
    undo(place, run)
    assert set(place.entities()) == {("plan", "a")}  # it was changed since the first run
    assert place.migrate().types["plan"]["create"] == 1


def test_a_run_that_is_not_there_is_not_found(place):
    with pytest.raises(NotFoundError, match="no run"):
        undo(place, "none")


def test_cut_off_anywhere_the_way_back_goes_on_and_undoes_each_once(place, monkeypatch):
    monkeypatch.setattr(undoing, "ENTITIES_AT_ONCE", 2)
    place.write(**{f"plan__p{number}": {"n": 1} for number in range(5)})
    place.migrate()
    place.write(**{f"plan__p{number}": {"n": 2} for number in range(7)})
    place.migrate()
    shutil.copytree(place.folder / "store", place.folder / "kept")
    cuts = 0
    for at in range(0, 200, 4):
        shutil.rmtree(place.folder / "store")
        shutil.copytree(place.folder / "kept", place.folder / "store")
        try:
            with place.open(files=CutFiles(at)) as journal:
                journal.undo_migration()
            break
        except Cut:
            cuts += 1
        with place.open() as journal:
            run = journal.migration_runs()[1]
            journal.undo_migration(run.id)
            assert journal.migration_runs()[1].is_undone
        assert place.entities() == {("plan", f"p{number}"): {"n": 1} for number in range(5)}
        assert len(place.events()) == 5 + 7 + 7
    assert cuts > 5
