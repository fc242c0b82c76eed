"""Goal: what a person sees in a session of Python says what it is, and no more than there is to say."""

import copy
import pickle
import traceback
from dataclasses import replace

import pytest

from journal import (
    Conflict,
    Entity,
    Event,
    GapError,
    Gaps,
    Journal,
    NotFoundError,
    RefusedError,
    StoreNotFoundError,
    StreamEvent,
)


def test_an_entity_and_an_event_show_what_they_have_and_make_themselves_again(journal):
    entity = journal.put("plan", "p", {"n": 1})
    assert repr(entity) == f"Entity(type='plan', id='p', rev=1, event='{entity.event}', data={{'n': 1}})"
    (event,) = journal.history("plan", "p")
    appended = journal.append("s", "E")
    (read,) = journal.read("s")
    for value in (entity, event, appended, read, next(journal.read_all())):
        shown = repr(value)
        assert "None" not in shown
        assert "()" not in shown
        assert eval(shown, {cls.__name__: cls for cls in (Entity, Event, StreamEvent, type(value))}) == value
    assert repr(read).endswith("rev=1, data={}, stream='s', event='E', position=1)")
    assert "data=None" in repr(journal.delete("plan", "p"))


def test_events_are_values_that_can_be_copied_pickled_and_asked_for_what_they_lack(journal):
    journal.put("plan", "p", {"n": 1})
    written = journal.append("s", "E", {"n": 1})
    for event in (journal.history("plan", "p")[0], written, *journal.read("s"), *journal.read_all()):
        for made in (copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event)), replace(event)):
            assert made == event
            assert made.id == event.id
        assert not hasattr(event, "nothing_of_the_kind")


def test_a_conflict_shows_what_was_expected_and_found(journal):
    journal.kv.put("k", 4)
    found = journal.kv.create("k", 5)
    assert isinstance(found, Conflict)
    assert repr(found).startswith("Conflict(type='$kv', id='k', expected=ABSENT, actual=4, heads=(")


def test_a_journal_and_its_parts_show_where_they_are(root):
    with Journal.open(store=root) as journal:
        assert repr(journal) == f"<Journal {root}>"
        assert repr(journal.kv) == f"<KeyValues of {root}>"
        assert repr(journal.kv.local) == f"<LocalValues of {root}>"
        assert repr(journal.blobs) == f"<Blobs of {root}>"
        with journal.transaction() as together:
            together.put("plan", "p", {})
            assert repr(together) == f"<Transaction on {root}: 1 to write>"
        assert repr(together) == f"<Transaction on {root}: 1 written>"
    assert repr(journal) == f"<Journal {root}, closed>"
    assert repr(Journal.memory()) == "<Journal /journal/.journal, not on a disk>"


def test_a_traceback_shows_the_path_and_the_hint_of_an_error(tmp_path):
    with pytest.raises(StoreNotFoundError) as raised:
        Journal.open(tmp_path)
    shown = "".join(traceback.format_exception_only(raised.value))
    assert "hint: make one with: journal init" in shown
    assert "hint" not in str(raised.value)
    with pytest.raises(RefusedError) as raised:
        Journal.init(tmp_path / "a" / "b")
    assert f"path: {tmp_path / 'a'}" in "".join(traceback.format_exception_only(raised.value))


def test_errors_come_through_a_pipe_to_another_process_as_they_were():
    for error in (NotFoundError("not here", path="/a", hint="look"), GapError("gone", gaps=Gaps({}, {}), hint="look")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), again.__dict__) == (type(error), error.__dict__)


@pytest.mark.parametrize("name", ["put", "kv", "blobs", "append", "transaction", "close"])
def test_completion_finds_what_a_journal_does(journal, name):
    assert name in dir(journal)
