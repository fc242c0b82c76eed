"""The real store, in a real git repository, beside plain dicts: one per branch."""

import contextlib
import copy
import os
import shutil
import tempfile
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from journal import Journal
from journal.errors import ExpectationError, NotFoundError
from journal.store.expectation import Conflict
from tests.support.repositories import Repository
from tests.support.stores import configure, documents, event_ids, examples, projections, rendered

Key = tuple[str, str]
KEYS = [("task", "a"), ("task", "B"), ("plan", "x/y")]
FIELDS = ("f", "g", "h")
VALUES = st.one_of(st.integers(-3, 3), st.sampled_from(["", "ä", "x" * 300]), st.just([1, {"k": None}]), st.none())
DOCUMENTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=3)
KEY = st.sampled_from(KEYS)


class Branch:
    """What a branch should hold: live documents, the ids of each entity's events, and the values its fields had."""

    def __init__(self) -> None:
        self.documents: dict[Key, dict[str, Any]] = {}
        self.events: dict[Key, set[str]] = {}
        self.values: dict[Key, list[tuple[str, Any]]] = {}

    def wrote(self, key: Key, event: str, document: dict[str, Any] | None) -> None:
        if event in self.events.setdefault(key, set()):
            return
        self.events[key].add(event)
        if document is None:
            self.documents.pop(key, None)
        else:
            self.documents[key] = copy.deepcopy(document)
            self.values.setdefault(key, []).extend(copy.deepcopy(document).items())


class StoreBesideADict(RuleBasedStateMachine):
    """See the module."""

    new_branch: type[Branch] = Branch

    def __init__(self) -> None:
        super().__init__()
        self.scratch = tempfile.mkdtemp()
        self.git = Repository.new(os.path.join(self.scratch, "work"))
        self.root, _ = Journal.init(self.git.folder)
        configure(self.root, 'durability = "os"\nroll_bytes = 4096')
        self.git.commit_all("start")
        self.handles: list[Journal | None] = [None, None]
        self.branches = {"main": self.new_branch()}
        self.bases = {"main": copy.deepcopy(self.branches["main"])}
        self.now = "main"
        self.ids: dict[str, bytes] = {}

    def close(self) -> None:
        for at, handle in enumerate(self.handles):
            if handle is not None:
                handle.close()
            self.handles[at] = None

    @property
    def branch(self) -> Branch:
        return self.branches[self.now]

    def store(self, at: int) -> Journal:
        handle = self.handles[at]
        if handle is None:
            handle = self.handles[at] = Journal.open(self.git.folder, projections=("eager", "lazy")[at])
        return handle

    # What a caller does

    @rule(at=st.integers(0, 1), key=KEY, document=DOCUMENTS)
    def put(self, at, key, document):
        entity = self.store(at).put(*key, document)
        assert entity.data == document
        self.branch.wrote(key, entity.event, document)

    @rule(at=st.integers(0, 1), key=KEY, fields=DOCUMENTS, unset=st.sets(st.sampled_from(FIELDS), max_size=1))
    def set_fields(self, at, key, fields, unset):
        unset -= fields.keys()
        if not fields and not unset:
            return
        entity = self.store(at).put(*key, set=fields, unset=sorted(unset))
        before = self.branch.documents.get(key, {})
        expected = {name: value for name, value in {**before, **fields}.items() if name not in unset}
        assert entity.data == expected
        self.branch.wrote(key, entity.event, expected)

    @rule(at=st.integers(0, 1), key=KEY)
    def delete(self, at, key):
        if key not in self.branch.documents:
            try:
                self.store(at).delete(*key)
            except NotFoundError:
                return
            raise AssertionError("what is not there was deleted")
        entity = self.store(at).delete(*key)
        self.branch.wrote(key, entity.event, None)

    @rule(
        at=st.integers(0, 1), documents=st.lists(st.tuples(KEY, DOCUMENTS), min_size=1, max_size=4), fails=st.booleans()
    )
    def transaction(self, at, documents, fails):
        store = self.store(at)
        try:
            with store.transaction(summary="several") as tx:
                for key, document in documents:
                    tx.put(*key, document)
                if fails:
                    tx.put("task", "never", {}, expect_rev=77)
        except ExpectationError:
            assert fails
            return
        assert not fails
        for event in tx.events:
            self.branch.wrote((event.type, event.entity), event.id, event.data)

    @rule(at=st.integers(0, 1), key=KEY, document=DOCUMENTS, is_right=st.booleans())
    def compare_and_set(self, at, key, document, is_right):
        store = self.store(at)
        found = store.get(*key)
        if not is_right:
            wrong = store.put(*key, document, expect_rev=(found.rev if found else 0) + 1)
            assert isinstance(wrong, Conflict)
            return
        if found is None:
            entity = store.put(*key, document, expect_rev=0)
        else:
            entity = store.put(*key, document, expect_event=[event.id for event in store.history(*key)][-1:])
            if isinstance(entity, Conflict):
                assert len(entity.heads) > 1
                entity = store.put(*key, document, expect_event=entity.heads)
        assert entity.data == document
        self.branch.wrote(key, entity.event, document)

    # What happens to the store

    @rule()
    def reopen(self):
        self.close()

    @rule(at=st.integers(0, 1))
    def checkpoint(self, at):
        self.store(at).checkpoint()

    @rule(at=st.integers(0, 1))
    def compact(self, at):
        self.store(at).compact()

    @rule(with_open_handles=st.booleans())
    def drop_local(self, with_open_handles):
        if not with_open_handles:
            self.close()
        shutil.rmtree(os.path.join(self.root, "local"), ignore_errors=True)

    @rule()
    def drop_projections(self):
        shutil.rmtree(os.path.join(self.root, "entities"), ignore_errors=True)

    @rule(at=st.integers(0, 1), garbage=st.sampled_from([b'{"kind":"entity","seq":9', b"\0" * 700, b"\xff\n", b"\n"]))
    def corrupt_the_tail(self, at, garbage):
        name = self.store(at)._engine.own_segment()
        path = os.path.join(self.root, "segments", name or "-")
        if name and os.path.exists(path) and not self.git.git("ls-files", "--", path):
            with open(path, "ab") as file:
                file.write(garbage)

    # What git does

    @rule()
    def commit(self):
        self.git.commit_all()

    @precondition(lambda self: len(self.branches) < 3)
    @rule()
    def branch_off(self):
        self.git.commit_all()
        name = f"branch{len(self.branches)}"
        self.git.git("checkout", "-q", "-b", name)
        self.branches[name] = copy.deepcopy(self.branch)
        self.bases[name] = copy.deepcopy(self.branch)
        self.now = name

    @precondition(lambda self: len(self.branches) > 1)
    @rule(number=st.integers(0, 2))
    def switch(self, number):
        self.git.commit_all()
        self.now = sorted(self.branches)[number % len(self.branches)]
        self.git.git("checkout", "-q", self.now)

    @precondition(lambda self: len(self.branches) > 1)
    @rule(number=st.integers(0, 2))
    def merge(self, number):
        """Truth never conflicts; of the projections git may think what it likes: they are made anew."""
        other = sorted(self.branches)[number % len(self.branches)]
        if other == self.now:
            return
        self.git.commit_all()
        self.git.git("merge", "-q", "-m", "merge", other, check=False)
        unmerged = self.git.unmerged()
        assert all(path.startswith((".journal/entities/", ".journal/kv/")) for path in unmerged), unmerged
        self.store(0).reconcile()
        self.git.commit_all("merged")
        self.merged(self.branches[other])

    def merged(self, theirs: Branch) -> None:
        """Take in what another branch holds, now that git has merged it."""
        mine = self.branch
        for key, events in theirs.events.items():
            known = mine.events.setdefault(key, set())
            if events <= known:
                continue
            if known <= events:
                self._take(key, theirs)
            else:
                self._settle(key, mine, theirs)
            known |= events
            mine.values.setdefault(key, []).extend(theirs.values.get(key, ()))

    def _take(self, key: Key, theirs: Branch) -> None:
        self.branch.documents.pop(key, None)
        if key in theirs.documents:
            self.branch.documents[key] = copy.deepcopy(theirs.documents[key])

    def _settle(self, key: Key, mine: Branch, theirs: Branch) -> None:
        """Both changed it: what shows is, field by field, what some event of either said.

        Not only what the two show: a value that one of them shows may be superseded by the other, and then a third
        one wins; and what came before a delete counts again where an update overrides the delete.
        """
        found = self.store(0).get(*key)
        sides = [side.documents.get(key) for side in (mine, theirs)]
        if found is None:
            assert None in sides
            self.branch.documents.pop(key, None)
            return
        assert sides != [None, None]
        for name, value in found.data.items():
            assert (name, value) in [*mine.values.get(key, ()), *theirs.values.get(key, ())]
        self.branch.documents[key] = copy.deepcopy(found.data)

    # What always holds

    def lines(self) -> dict[str, bytes]:
        """Return what of each event never changes, by its id."""
        return event_ids(self.root)

    def look(self):
        """What the store shows is what the dict holds, with all of its history; the projections follow."""
        self.store(0)
        for handle in self.handles:
            if handle is not None:
                assert documents(handle) == self.branch.documents
        store = self.store(0)
        for key, events in self.branch.events.items():
            assert {event.id for event in store.history(*key)} == events
        store.reconcile()
        assert projections(self.root) == rendered(store)

    def teardown(self):
        try:
            self.look()
            with contextlib.suppress(ModuleNotFoundError):
                report = self.store(0).doctor(verify=True)
                assert report.ok, report
        finally:
            self.close()
            shutil.rmtree(self.scratch)

    @invariant()
    def no_event_id_has_two_meanings(self):
        for id, line in self.lines().items():
            assert self.ids.setdefault(id, line) == line


class StoreLookedAtAlways(StoreBesideADict):
    """After each step all of it is compared."""

    @invariant()
    def it_is_as_it_should_be(self):
        self.look()


class StoreLookedAtRarely(StoreBesideADict):
    """Nothing is read between the steps: projections and index lag as they do in life."""

    @rule()
    def look_now(self):
        self.look()


LENGTH = settings(max_examples=examples(20, 400), stateful_step_count=examples(25, 60), deadline=None)
TestStoreLookedAtAlways = StoreLookedAtAlways.TestCase
TestStoreLookedAtAlways.settings = LENGTH
TestStoreLookedAtRarely = StoreLookedAtRarely.TestCase
TestStoreLookedAtRarely.settings = LENGTH
