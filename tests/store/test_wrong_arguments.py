"""Goal: an argument that makes no sense is told as that, and never by an error from deep inside."""

import pytest

from journal import RefusedError, UsageError


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
    with pytest.raises(RefusedError, match="not a position token"):
        list(journal.read("s", since=bad))


@pytest.mark.parametrize("key", ["", "a\x01", "x" * 2000])
def test_a_key_that_cannot_be_is_called_a_key(journal, key):
    with pytest.raises(RefusedError, match="the key"):
        journal.kv.put(key, 1)
