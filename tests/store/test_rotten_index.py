"""An index that rots is never believed: it is a cache that SQLite keeps without checksums, and is built anew."""

import os
import sqlite3
from contextlib import suppress
from functools import partial

import pytest

from journal import Journal, NotAppliedError
from journal.store.breakage import BrokenIndexError
from tests.support.stores import new_store, truth

WAYS = {
    "a value": "UPDATE entities SET data = replace(data, '2', '3')",
    "a value that is no JSON": "UPDATE entities SET data = '{'",
    "a value that is no text": "UPDATE entities SET data = CAST(x'7bff7d' AS TEXT)",
    "a rev": "UPDATE entities SET rev = 9",
    "a value that is bytes": "UPDATE entities SET data = CAST(data AS BLOB)",
    "a state that is bytes": "UPDATE entities SET state = CAST(state AS BLOB)",
    "a state": "UPDATE entities SET state = replace(state, '1', '2')",
    "a state that is no JSON": "UPDATE entities SET state = '{'",
    "what a writer saw": "UPDATE sections SET sees = '['",
    "what a file holds": "UPDATE parts SET seqs = 'x'",
    "what a file holds, in words": """UPDATE parts SET seqs = '[["a","b"]]'""",
    "what is here, in words": """UPDATE meta SET value = '{"a":[["b",1]]}' WHERE key = 'have_files'""",
    "what is here": "UPDATE meta SET value = '{' WHERE key = 'have_files'",
    "where lines stand": "UPDATE spans SET lengths = x'00'",
    "whose lines they are": "UPDATE spans SET owners = x'00'",
    "a table": "DROP TABLE streams",
}


M = {"m": 1}


@pytest.fixture
def root(tmp_path):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.put("t", "x", {"n": 1})
        journal.put("t", "x", {"n": 2})
        journal.kv.put("k", 2)
        journal.append("s", "E", {"n": 2})
        list(journal.read_all())
    return root


def change(root, statement):
    database = sqlite3.connect(os.path.join(root, "local", "index.db"))
    with database:
        database.execute(statement)
    database.close()


def answers(journal):
    return (
        journal.get("t", "x"),
        journal.list(),
        journal.kv.get("k"),
        journal.kv.list(),
        [event.data for event in journal.history("t", "x")],
        [event.data for event in journal.read("s")],
        [event.id for event in journal.read_all()],
    )


@pytest.mark.parametrize("statement", WAYS.values(), ids=WAYS)
def test_a_reader_has_it_built_anew_and_gets_the_right_answer(root, statement):
    with Journal.open(store=root) as journal:
        expected = answers(journal)
    change(root, statement)
    with Journal.open(store=root) as journal:
        assert answers(journal) == expected
        # What no answer rests on is found by who looks at everything.
        assert {finding.code for finding in journal.doctor(verify=True).findings} <= {"index-corrupt"}
        assert journal.doctor(fix=True).ok
        assert answers(journal) == expected


@pytest.mark.parametrize("statement", WAYS.values(), ids=WAYS)
def test_a_writer_is_told_that_nothing_was_applied_and_the_next_one_succeeds(root, statement):
    change(root, statement)
    before = truth(root)
    for what in ("append", "put"):
        for is_again in (False, True):
            with Journal.open(store=root) as journal:  # each is a program of its own, as commands are
                act = partial(journal.append, "s", "F") if what == "append" else partial(journal.put, "t", "x", set=M)
                refused = [] if is_again else [NotAppliedError]
                with suppress(*refused):
                    act()
                    break
            assert truth(root) == before
        before = truth(root)
    with Journal.open(store=root) as journal:
        assert journal.get("t", "x").data == {"n": 2, "m": 1}
        assert [event.event for event in journal.read("s")] == ["E", "F"]
        assert journal.doctor(fix=True).ok


def test_what_an_index_holds_wrongly_reaches_no_readable_file_and_no_checkpoint(root):
    change(root, WAYS["a value"])
    with Journal.open(store=root) as journal:
        os.remove(f"{root}/entities/t/x.json")
        for act in (journal.reconcile, journal.reconcile, journal.checkpoint):
            with suppress(BrokenIndexError):
                act()
    with open(f"{root}/entities/t/x.json") as file:
        assert file.read() == '{\n  "n": 2\n}\n'
    os.remove(f"{root}/local/index.db")
    with Journal.open(store=root) as journal:
        assert journal.get("t", "x").data == {"n": 2}


def test_what_fails_behind_the_sync_fails_no_append(root):
    """As a command does, which closes its journal before it ends."""
    change(root, WAYS["where lines stand"])
    journal = Journal.open(store=root)
    assert journal.append("s", "F").position == 2
    journal.close()
    with Journal.open(store=root) as journal:
        assert [event.event for event in journal.read("s")] == ["E", "F"]


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.IntegrityError("UNIQUE constraint failed"),
        sqlite3.OperationalError("no such table: x"),
        OSError(2, "no"),
    ],
    ids=repr,
)
def test_what_goes_wrong_in_a_callers_function_is_the_callers_and_no_index_is_built_anew_for_it(root, error):
    def change(data):
        raise error

    with Journal.open(store=root) as journal:
        index, before = os.stat(f"{root}/local/index.db"), truth(root)
        with pytest.raises(type(error)) as caught:
            journal.mutate("t", "x", change)
        assert caught.value is error
        assert truth(root) == before
        journal.put("t", "x", set=M)
    assert os.stat(f"{root}/local/index.db").st_ino == index.st_ino
