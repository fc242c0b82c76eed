"""Writing what a source says, transaction by transaction; or only telling what would be written.

Crash argument: each transaction is decided under the lock against the state that it is written over, and carries the
note that says what it is. One that did not get through changed nothing; running the migration again finds the rest to
do, and nothing to do for what is there. Before the first one the truth is backed up (``backup``).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from journal.format import values
from journal.index.view import Key, View
from journal.state.entity import Payload
from journal.state.value import value
from journal.store.batch import Delete, Note, Operation, Put
from journal.store.engine import Engine
from journal.upkeep.importing import NOTE
from journal.upkeep.migrating.backup import back_up
from journal.upkeep.migrating.earlier import Earlier
from journal.upkeep.migrating.model import Document, Label, Migration, Problem, Problems, Revision
from journal.upkeep.migrating.planning import NEVER, Decision, Never, decide

DOCUMENTS_AT_ONCE = 512
BYTES_AT_ONCE = 1 << 20
"""A transaction gets no further document after so many, or so many bytes of them."""


def parts_of(documents: Sequence[Document]) -> Iterator[tuple[Sequence[Document], bool]]:
    """Yield the documents in parts that one transaction takes, and whether it is the last part."""
    start, size = 0, 0
    for at, document in enumerate(documents):
        if at > start and (at - start >= DOCUMENTS_AT_ONCE or size + document.size > BYTES_AT_ONCE):
            yield documents[start:at], False
            start, size = at, 0
        size += document.size
    yield documents[start:], True


class Writer:
    """Writes revisions as a run; a run begins with the first thing there is to write."""

    def __init__(self, engine: Engine, earlier: Earlier, found: Migration, problems: Problems, *, force: bool) -> None:
        self._engine, self._earlier, self._found, self._problems = engine, earlier, found, problems
        self._force = force
        self._actor: str | None = None
        self._run = ""
        self._marks: dict[str, Any] = {}

    def begin(self, run: str, marks: dict[str, Any], actor: str | None) -> None:
        """Say which run this is, what its notes are to say of the source, and who runs it."""
        self._run, self._marks, self._actor = run, marks, actor

    def write(self, revision: Revision) -> None:
        """Write one revision, in one transaction or, where it is very large, in several."""
        label, is_written = revision.label, False
        if not revision.documents:
            return
        for documents, is_last_part in parts_of(revision.documents):
            data: dict[str, Any] = {"source": self._found.source, "run": self._run, **self._marks}
            # What is not done to its end is done again, and then nothing differs.
            data["offset"] = revision.offset if is_last_part else revision.offset - 1
            if label.commit is not None:
                data["of"] = label.commit
            is_written = self._write(documents, label, data) or is_written
        self._found.commits += is_written and label.commit is not None

    def finish(self, offset: int) -> None:
        """Note that the run is at its end."""
        data = {"source": self._found.source, "run": self._run, "offset": offset, "is_last": True}
        self._engine.write([Note(note=NOTE, data={**data, **self._marks}, actor=self._actor)])

    def _write(self, documents: Sequence[Document], label: Label, data: dict[str, Any]) -> bool:
        decided: list[tuple[Document, Decision]] = []

        def transaction(view: View) -> list[Operation]:
            decided[:] = [(document, self._decide(view, document)) for document in documents]
            actor = label.author or self._actor
            changes = [(one.key, found) for one, found in decided if found.word in _WRITES]
            if not changes:
                return []
            changes.sort(key=lambda change: change[1].is_merge)
            merges = sum(found.is_merge for _, found in changes)
            if merges:
                data["merged"] = merges
            if self._found.backup is None:
                self._found.run = self._run
                self._found.backup = back_up(self._engine, self._run)
            operations = [_operation(key, found, actor, label) for key, found in changes]
            return [*operations, Note(note=NOTE, data=data, actor=actor, ts=label.ts)]

        written, _ = self._engine.write(transaction)
        count_decisions(decided, label, self._found.types, self._problems)
        if not written:
            return False
        last = written[-1]
        self._earlier.add(last.lane, last.seq, len(written), last.ts, data)
        self._found.events += len(written) - 1
        self._found.transactions += 1
        return True

    def _decide(self, view: View, document: Document) -> Decision:
        state = view.state(document.key)
        now = None if state is None else value(state, view.strategies(document.key[0]))
        if state is not None and not self._earlier.is_theirs(state):
            self._engine.indexing.list_events()
        before = self._earlier.before(view, document.key, state)
        return decide(document.data, now, before, force=self._force)


class Rehearsal:
    """Tells what a writer would do, and writes nothing; what it would have written is remembered as text.

    A revision may be taken in anew, where files left while it was: it counts when it is through.
    """

    def __init__(self, earlier: Earlier, found: Migration, problems: Problems, *, force: bool) -> None:
        self._earlier, self._found, self._problems = earlier, found, problems
        self._force = force
        self._written: dict[Key, tuple[bytes | None, bytes | None]] = {}
        """What an entity would be, and what the source said of it."""

    def rehearse(self, view: View, revision: Revision) -> None:
        """Take in one revision. Ask within ``look_back``."""
        decided = []
        written: dict[Key, tuple[bytes | None, bytes | None]] = {}
        for document in revision.documents:
            now, before = self._states(view, document.key)
            found = decide(document.data, now, before, force=self._force)
            decided.append((document, found))
            if found.word in _WRITES:
                written[document.key] = _text(_after(now, found)), _text(document.data)
        self._written.update(written)
        count_decisions(decided, revision.label, self._found.types, self._problems)
        events = sum(found.word in _WRITES for _, found in decided)
        self._found.events += events
        self._found.commits += events > 0 and revision.label.commit is not None

    def _states(self, view: View, key: Key) -> tuple[Payload | None, Payload | Never | None]:
        if key in self._written:
            now, said = (None if text is None else values.decode(text) for text in self._written[key])
            return now, said
        state = view.state(key)
        if state is None:
            return None, NEVER
        return value(state, view.strategies(key[0])), self._earlier.before(view, key, state)


_WRITES = ("create", "update", "delete")


def _after(now: Payload | None, found: Decision) -> Payload | None:
    if not found.is_merge:
        return found.data
    after = {**(now or {}), **found.set}
    return {name: item for name, item in after.items() if name not in found.unset}


def _text(document: Payload | None) -> bytes | None:
    return None if document is None else values.encode_trusted(document)


def _operation(key: Key, found: Decision, actor: str | None, label: Label) -> Operation:
    if found.word == "delete":
        return Delete(type=key[0], id=key[1], actor=actor, ts=label.ts, summary=label.summary)
    return Put(
        type=key[0],
        id=key[1],
        data=found.data,
        set=found.set,
        unset=found.unset,
        action=found.word,
        actor=actor,
        ts=label.ts,
        summary=label.summary,
    )


def count_decisions(
    decided: Sequence[tuple[Document, Decision]], label: Label, types: dict[str, Counter[str]], problems: Problems
) -> None:
    """Count what was decided, by type; an overlap is a problem, and the entity is kept."""
    for document, found in decided:
        type_, id = document.key
        word = "kept" if found.word == "overlap" else found.word
        types.setdefault(type_, Counter())[word] += 1
        if found.word == "overlap":
            problems.overlaps.add(document.key)
            fields = f" in {', '.join(map(repr, found.overlaps))}" if found.overlaps else ""
            message = f"{type_} {id!r} was changed here too{fields}: it stays as it is here"
            problems.add(Problem("overlap", document.path, document.line, message, label.commit))
