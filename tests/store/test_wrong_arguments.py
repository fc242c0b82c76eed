"""Goal: an argument that makes no sense is told as that, and never by an error from deep inside."""

import contextlib

import pytest

from journal import ClosedError, Condition, Fold, Journal, RefusedError, UsageError


@pytest.fixture
def journal(journal):
    journal.append("s", "E", {})
    return journal


CALLS = {
    "list": lambda journal, bad: journal.list(limit=bad),
    "log": lambda journal, bad: journal.log(limit=bad),
    "read_all": lambda journal, bad: journal.read_all(limit=bad),
    "kv.list": lambda journal, bad: journal.kv.list(limit=bad),
    "kv.keys": lambda journal, bad: journal.kv.keys(limit=bad),
    "read last": lambda journal, bad: journal.read("s", last=bad),
    "read start": lambda journal, bad: journal.read("s", start=bad),
    "read end": lambda journal, bad: journal.read("s", start=-1, end=bad),
    "a blob": lambda journal, bad: journal.blobs.get(bad),
    "a value to redact": lambda journal, bad: journal.redact(value=bad, reason="asked"),
    "a reason": lambda journal, bad: journal.redact(value="secret", reason=bad),
}


@pytest.mark.parametrize("bad", [-1, 1.5, b"x", [1]])
@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_argument_is_told(journal, name, bad):
    with pytest.raises(UsageError):
        list(CALLS[name](journal, bad))


@pytest.mark.parametrize("bad", [5, b"j1_x", {}])
def test_what_is_no_text_is_no_token(journal, bad):
    with pytest.raises(RefusedError, match="position token"):
        list(journal.read("s", since=bad))


@pytest.mark.parametrize("key", ["", "a\x01", "x" * 2000])
def test_a_key_that_cannot_be_is_called_a_key(journal, key):
    with pytest.raises(RefusedError, match="the key"):
        journal.kv.put(key, 1)


@pytest.mark.parametrize("options", [{"durability": "Sync"}, {"durability": ""}, {"projections": "never"}])
def test_a_mode_that_there_is_not_is_refused_and_not_taken_for_the_other_one(tmp_path, options):
    Journal.init(tmp_path)
    with pytest.raises(UsageError, match="is one of"):
        Journal.open(tmp_path, **options)


@pytest.mark.parametrize("expected", [object(), float("nan"), b"x"])
def test_what_no_key_can_hold_is_expected_of_none(journal, expected):
    for keys in (journal.kv, journal.kv.local):
        with pytest.raises(RefusedError):
            keys.cas("k", expected=expected, value=1)


@pytest.mark.parametrize(
    "item", [5, "E", ("E",), ("E", {}, 1), {"name": "E"}, {"event": "E", "at": 1}, ("E", [1]), (5, {})]
)
def test_what_is_no_event_of_a_batch_is_told(journal, item):
    with pytest.raises((UsageError, RefusedError)) as told:
        journal.append_batch("s", [("E", {}), item])
    assert told.value.hint
    assert journal.stream("s").length == 1


@pytest.mark.parametrize("field", ["key", "meta", "data"])
def test_what_is_no_field_of_an_event_of_a_batch_is_told(journal, field):
    with pytest.raises(RefusedError, match=field):
        journal.append_batch("s", [{"event": "E", field: [1]}])


def test_numbers_beyond_64_bits_are_told(journal):
    with pytest.raises(UsageError, match="64 bits"):
        journal.read("s", 2**70)
    with pytest.raises(UsageError, match="can be expected"):
        journal.append("s", "E", expect=10**5000)


def test_a_condition_with_an_operator_that_there_is_not_is_told(journal):
    with pytest.raises(UsageError, match="no operator '=='"):
        journal.list(where=[Condition(("n",), "==", 1)])
    assert journal.list(where=[Condition(("n",), ">=", 1)]) == []


def test_a_hint_says_once_what_to_give(journal):
    fold = Fold("n", 0, lambda value, event: value)
    for call in (lambda: journal.view(fold, "s", refresh="never"), lambda: journal.fold(fold, "s", state="x")):
        with pytest.raises(UsageError) as caught:
            call()
        assert caught.value.hint in ("give 'read'", "give a FoldState of this package")


def test_a_change_that_returns_nothing_is_told_and_not_lost(journal):
    """It changes the document in place, as ``list.sort`` does, and took for written what was not."""
    journal.put("t", "x", {"n": 1})
    with pytest.raises(RefusedError, match="returned None") as told:
        journal.mutate("t", "x", lambda data: data.update(n=2))
    assert told.value.hint == "return the document"
    assert journal.get("t", "x").rev == 1


def test_a_document_that_is_none_makes_no_empty_entity(journal):
    with pytest.raises(UsageError, match="nothing to write"):
        journal.put("t", "x", None)
    with pytest.raises(UsageError, match="nothing to write"), journal.transaction() as transaction:
        transaction.put("t", "y", None, action="create")
    assert journal.list() == []
    assert journal.put("t", "x", {}).rev == 1


CALLS_OF_A_TRANSACTION = {
    "put": lambda transaction: transaction.put("t", "y", {}),
    "delete": lambda transaction: transaction.delete("t", "x"),
    "append": lambda transaction: transaction.append("s", "F"),
    "kv": lambda transaction: transaction.kv.put("k", 2),
    "a second block": lambda transaction: transaction.__enter__(),
}


def test_a_transaction_that_is_begun_within_itself_writes_nothing_twice(journal):
    before = len(list(journal.read_all()))
    transaction = journal.transaction()
    with transaction:
        transaction.append("s", "E", {})
        with pytest.raises(UsageError, match="begun already"), transaction:
            pass
        transaction.append("s", "F", {})
    assert len(list(journal.read_all())) == before + 2


@pytest.mark.parametrize("name", CALLS_OF_A_TRANSACTION)
@pytest.mark.parametrize("fails", [False, True])
def test_a_transaction_that_has_ended_takes_no_more(journal, name, fails):
    transaction = journal.transaction()
    with contextlib.suppress(KeyError), transaction:
        transaction.put("t", "x", {})
        transaction.kv.put("k", 1)
        if fails:
            raise KeyError
    with pytest.raises(ClosedError, match="the transaction has ended"):
        CALLS_OF_A_TRANSACTION[name](transaction)
    assert len(list(journal.read_all())) == (1 if fails else 3)
