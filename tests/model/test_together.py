"""Streams, keys, position tokens and redaction beside plain dicts, together with all that ``test_model`` does."""

import json
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from journal import ABSENT, Conflict
from journal.errors import NotFoundError
from tests.model.beside import MARKER, Appended, StreamsBeside, order, without
from tests.model.test_model import FIELDS, KEY, Branch, Key, StoreBesideADict
from tests.support.stores import event_lines, examples

STREAMS = ("order/1", "Log")
STREAM = st.sampled_from(STREAMS)
TEXTS = ("first secret", "second secret")
DATA = st.fixed_dictionaries({"n": st.integers(0, 1)}, optional={"text": st.sampled_from(TEXTS)})
KV_KEY = st.sampled_from(["k", "K/2"])
KV_VALUE = st.one_of(st.integers(0, 3), st.sampled_from([*TEXTS, None]), st.just([TEXTS[0], {"n": 1}]))


REDACTABLE = {"data", "ref", "meta", "summary", "actor", "redacted", "crc"}


def _redactions(value: Any) -> list[Any]:
    first, second = TEXTS
    return [value, without(value, first), without(value, second), without(without(value, first), second)]


class FullBranch(Branch):
    """A branch with streams and keys too."""

    def __init__(self) -> None:
        super().__init__()
        self.streams = StreamsBeside()
        self.keys: dict[str, Any] = {}
        self.said: dict[str, list[Any]] = {}
        """What a key ever held."""
        self.redacted: set[Key] = set()
        """Entities of which something was taken out."""

    def holds(self, key: str, value: Any) -> None:
        """A key holds something else; ABSENT: it is gone."""
        self.said.setdefault(key, []).append(value)
        if value is ABSENT:
            self.keys.pop(key, None)
        else:
            self.keys[key] = value

    def redact_text(self, text: str) -> None:
        """A text is taken out of all that is here."""
        self.streams.redact_text(text)
        self.keys = without(self.keys, text)
        for key, said in self.values.items():
            said.extend((name, without(item, text)) for name, item in list(said))
            if without(self.documents.get(key), text) != self.documents.get(key):
                self.documents[key] = without(self.documents[key], text)
        self.redacted |= self.values.keys()

    def redact_field(self, key: Key, name: str | None) -> None:
        """An entity loses the values of a field, or of all."""
        names = set(FIELDS) if name is None else {name}
        shown = self.documents.get(key, {})
        shown.update(dict.fromkeys(names & shown.keys(), MARKER))
        self.values.setdefault(key, []).extend((each, MARKER) for each in names)
        self.redacted.add(key)


class StoreTogether(StoreBesideADict):
    """See the module."""

    new_branch = FullBranch

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[tuple[str, set[str]]] = []

    # Streams

    @rule(at=st.integers(0, 1), stream=STREAM, data=DATA, key=st.sampled_from([None, None, "k1", "k2"]))
    def append(self, at, stream, data, key):
        mine = self.branch.streams
        done = self.store(at).append(stream, "Happened", data, key=key)
        first = next((id for id in mine.counted(stream) if key and mine.events[id].key == key), None)
        if first is None:
            mine.events[done.id] = Appended(stream, "Happened", data, key)
            assert done.position == mine.counted(stream).index(done.id) + 1 == len(mine.counted(stream))
        elif mine.data(first) == data:
            assert done.id == first
        else:
            assert isinstance(done, Conflict)

    @rule(at=st.integers(0, 1), stream=STREAM, off=st.integers(-1, 1))
    def append_as_expected(self, at, stream, off):
        mine = self.branch.streams
        expected = max(0, len(mine.counted(stream)) + off)
        done = self.store(at).append(stream, "Expected", {}, expect=expected)
        if expected == len(mine.counted(stream)):
            mine.events[done.id] = Appended(stream, "Expected", {}, None)
        else:
            assert (done.expected, done.actual) == (expected, len(mine.counted(stream)))

    @rule(at=st.integers(0, 1), stream=STREAM, several=st.lists(DATA, min_size=1, max_size=4))
    def append_batch(self, at, stream, several):
        mine = self.branch.streams
        for done, data in zip(
            self.store(at).append_batch(stream, [("Part", data) for data in several]), several, strict=True
        ):
            mine.events[done.id] = Appended(stream, "Part", data, None)
            assert mine.counted(stream)[-1] == done.id

    @rule(at=st.integers(0, 1), key=KEY, stream=STREAM, name=KV_KEY, data=DATA)
    def transaction_of_all_kinds(self, at, key, stream, name, data):
        with self.store(at).transaction() as tx:
            tx.put(*key, {"f": data["n"]})
            tx.append(stream, "Together", data)
            tx.kv.put(name, data["n"])
        for event in tx.events:
            if event.kind == "event":
                self.branch.streams.events[event.id] = Appended(stream, "Together", data, None)
            elif event.type == key[0]:
                self.branch.wrote(key, event.id, {"f": data["n"]})
        self.branch.holds(name, data["n"])

    @rule(at=st.integers(0, 1), stream=STREAM, share=st.floats(0, 1))
    def truncate(self, at, stream, share):
        length = len(self.branch.streams.counted(stream))
        if not length:
            return
        through = max(1, round(share * length))
        self.store(at).truncate(stream, through=through)
        self.branch.streams.truncate(stream, through)

    # Keys

    @rule(at=st.integers(0, 1), key=KV_KEY, value=KV_VALUE)
    def put_key(self, at, key, value):
        assert self.store(at).kv.put(key, value) == value
        self.branch.holds(key, value)

    @rule(at=st.integers(0, 1), key=KV_KEY)
    def delete_key(self, at, key):
        assert self.store(at).kv.delete(key) is (key in self.branch.keys)
        self.branch.holds(key, ABSENT)

    @rule(at=st.integers(0, 1), key=KV_KEY, value=KV_VALUE, is_right=st.booleans())
    def swap_key(self, at, key, value, is_right):
        now = self.branch.keys.get(key, ABSENT)
        done = self.store(at).kv.cas(key, expected=now if is_right else "never", value=value)
        if is_right:
            assert done == value
            self.branch.holds(key, value)
        else:
            assert isinstance(done, Conflict)

    # Tokens

    @rule(at=st.integers(0, 1))
    def remember(self, at):
        self.tokens.append((self.store(at).position(), self._here()))

    @rule(at=st.integers(0, 1), share=st.floats(0, 1))
    def remember_a_place_between(self, at, share):
        """A reader that stopped in the middle."""
        every = list(self.store(at).read_all())
        if every:
            stop = max(1, round(share * len(every)))
            self.tokens.append((every[stop - 1].token, {event.id for event in every[:stop]}))

    def _here(self) -> set[str]:
        return set(self.lines())

    # Redaction

    @rule(at=st.integers(0, 1), key=KEY, name=st.sampled_from(FIELDS), text=st.sampled_from(TEXTS))
    def put_a_secret(self, at, key, name, text):
        self.set_fields(at, key, {name: text}, set())

    @rule(at=st.integers(0, 1), text=st.sampled_from(TEXTS))
    def redact_text(self, at, text):
        self.store(at).redact(value=text, reason="leaked")
        self.branch.redact_text(text)

    @rule(at=st.integers(0, 1), key=KEY, name=st.sampled_from([*FIELDS, None]))
    def redact_entity(self, at, key, name):
        try:
            self.store(at).redact(type=key[0], id=key[1], field=name, reason="asked to")
        except NotFoundError:
            assert not self.branch.events.get(key)
            return
        self.branch.redact_field(key, name)

    @precondition(lambda self: self.branch.streams.events)
    @rule(at=st.integers(0, 1), share=st.floats(0, 1))
    def redact_event(self, at, share):
        ids = sorted(self.branch.streams.events, key=order)
        id = ids[round(share * (len(ids) - 1))]
        self.store(at).redact(event=id, reason="a mistake")
        self.branch.streams.redact_event(id)

    # Merges and looks

    def merged(self, theirs):
        """What is here of two branches: of streams the union; of keys and redacted documents what either said."""
        super().merged(theirs)
        mine = self.branch
        mine.streams.merge(theirs.streams)
        mine.redacted |= theirs.redacted
        for key in mine.redacted & (mine.events.keys() | theirs.events.keys()):
            mine.values.setdefault(key, []).extend(theirs.values.get(key, ()))
            found = self.store(0).get(*key)
            assert (found is None) is (key not in mine.documents)
            if found is not None:
                assert all(pair in mine.values[key] for pair in found.data.items())
                mine.documents[key] = found.data
        self._merge_keys(theirs)

    def _merge_keys(self, theirs):
        mine, found = self.branch, self.store(0).kv.list()
        for key in mine.said.keys() | theirs.said.keys():
            mine.said.setdefault(key, []).extend(theirs.said.get(key, ()))
            said = [taken for value in mine.said[key] for taken in _redactions(value)]
            assert found.get(key, ABSENT) in said or (key not in found and ABSENT in said)
        mine.keys = found

    def lines(self):
        """What a redaction may change does not count."""
        found: dict[str, bytes] = {}
        for id, line in event_lines(self.root):
            record = json.loads(line)
            kept = repr([(name, record[name]) for name in record if name not in REDACTABLE]).encode()
            assert found.setdefault(id, kept) == kept, f"two events have the id {id}"
        return found

    def look(self):
        super().look()
        for handle in self.handles:
            if handle is not None:
                self._look_at_streams(handle)
                assert handle.kv.list() == self.branch.keys
        self._look_at_tokens()

    def _look_at_streams(self, handle):
        mine = self.branch.streams
        assert [stream.name for stream in handle.streams()] == mine.names()
        for line in handle.streams():
            shown, counted = mine.shown(line.name), mine.counted(line.name)
            found = [(e.position, e.id, e.event, e.data, e.key) for e in handle.read(line.name)]
            assert found == shown
            assert (line.length, line.count) == (len(counted), len(shown))
            assert line.first == (shown[0][0] if shown else len(counted) + 1)

    def _look_at_tokens(self):
        here = self._here()
        for token, known in [(None, set()), *self.tokens[-4:]]:
            found = [event.id for event in self.store(0).read_all(since=token)]
            assert found == sorted(here - known, key=order)


class TogetherLookedAtRarely(StoreTogether):
    """Nothing is read between the steps but what the steps read."""

    @rule()
    def look_now(self):
        self.look()


class TogetherLookedAtAlways(StoreTogether):
    """After each step all of it is compared."""

    @invariant()
    def it_is_as_it_should_be(self):
        self.look()


TestTogetherLookedAtRarely = TogetherLookedAtRarely.TestCase
TestTogetherLookedAtRarely.settings = settings(
    max_examples=examples(6, 400), stateful_step_count=examples(40, 80), deadline=None
)
TestTogetherLookedAtAlways = pytest.mark.soak(TogetherLookedAtAlways.TestCase)
TestTogetherLookedAtAlways.settings = settings(max_examples=examples(20, 400), stateful_step_count=60, deadline=None)
