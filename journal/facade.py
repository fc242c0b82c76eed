"""``Journal``: the one door to a store for callers in Python and for the command line."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from journal.disk.files import Files, OsFiles
from journal.errors import ExpectationError, NotFoundError, UsageError
from journal.format import names, values
from journal.format.names import event_id
from journal.index.rows import EntityRow
from journal.index.view import Key, View
from journal.state.entity import Payload
from journal.store import history as past
from journal.store.batch import Delete, Draft, Operation, Put
from journal.store.engine import Engine, Options
from journal.store.layout import STORE_FOLDER, find_store, make_store
from journal.store.listing import list_rows
from journal.store.model import ANYTHING, Blame, Conflict, Entity, Event, Expectation, FieldConflict
from journal.store.query import Condition, conditions_of
from journal.store.reverting import inverse_of

if TYPE_CHECKING:
    from journal.format.segment import Vector
    from journal.git.commit import CommitResult
    from journal.upkeep.compact import Compaction
    from journal.upkeep.findings import Report
    from journal.upkeep.importing import ImportResult
    from journal.upkeep.status import Status

Progress = Callable[[str, int, int], None]
"""Called with (what, done, of) while something long goes on."""
_List = list
_LOG_PIECE = 500
Where = Mapping[str, Any] | Iterable[str | Condition] | None


class Journal:
    """An open store. Use it as a context manager; safe for threads, not across a fork.

    Every method that reads sees everything acknowledged before the call, by any process. Every method that
    writes returns when the write is durable (``durability``), or raises and nothing was applied;
    OutcomeUnknownError is the one exception to that, and says so.
    """

    def __init__(self, engine: Engine, actor: str | None) -> None:
        self._engine = engine
        self._actor = actor

    # -- opening --------------------------------------------------------------------------------

    @classmethod
    def init(
        cls, path: str | os.PathLike[str] = ".", *, fanout: Sequence[str] = (), files: Files | None = None
    ) -> tuple[str, bool]:
        """Make a store and return (its folder, whether anything was new).

        In a git work tree the store is ``.journal`` at its top, unless ``path`` names a ``.journal`` itself;
        elsewhere it is ``.journal`` in ``path``. On a store that exists this changes nothing.
        """
        from journal.disk.gitdir import find_git
        from journal.store.config import new_config

        files = files or OsFiles()
        folder = os.path.abspath(os.fspath(path))
        if os.path.basename(folder) == STORE_FOLDER:
            root = folder
        else:
            git = find_git(files, folder)
            root = os.path.join(git.work_tree if git else folder, STORE_FOLDER)
        return root, make_store(files, root, new_config(os.urandom(16), fanout_types=tuple(fanout)))

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        store: str | os.PathLike[str] | None = None,
        actor: str | None = None,
        durability: str | None = None,
        projections: str | None = None,
        lock_timeout_seconds: float | None = 30.0,
        progress: Progress | None = None,
        files: Files | None = None,
    ) -> "Journal":
        """Open the store that is found from ``path`` upwards, or the folder ``store`` itself.

        ``actor``: who writes, unless a call says otherwise. ``durability`` ("sync", "os") and
        ``projections`` ("eager", "lazy") override ``journal.toml``. Raises StoreNotFoundError, FormatError.
        """
        files = files or OsFiles()
        root = os.path.abspath(os.fspath(store)) if store is not None else find_store(files, os.fspath(path))
        options = Options(durability, projections, lock_timeout_seconds, progress)
        return cls(Engine(files, root, options), actor)

    @property
    def root(self) -> str:
        """The store's folder."""
        return self._engine.root

    def close(self) -> None:
        """Bring index and projections up to date where that needs no waiting, and let go of everything."""
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- writing --------------------------------------------------------------------------------

    def put(
        self,
        type: str,
        id: str,
        data: Payload | None = None,
        *,
        set: Mapping[str, Any] | None = None,
        unset: Sequence[str] = (),
        merge: Payload | None = None,
        action: str | None = None,
        summary: str | None = None,
        actor: str | None = None,
        expect_rev: int | None = None,
        expect_event: str | Sequence[str] | None = None,
    ) -> Entity | Conflict:
        """Write an entity: the whole document ``data``, or single fields of what is there.

        ``expect_event`` (the heads) and ``expect_rev`` (0: must not be live) make it a compare-and-set: what
        comes back then may be a Conflict, and nothing was written. A put that changes nothing makes no event.
        """
        operation = Put(
            type=type,
            id=id,
            data=data,
            set=dict(set or {}),
            unset=tuple(unset),
            merge=merge,
            action=action,
            summary=summary,
            actor=actor or self._actor,
            expect=_expectation(expect_rev, expect_event),
        )
        return self._write_one(operation)

    def new(self, type: str, data: Payload, *, summary: str | None = None, actor: str | None = None) -> Entity:
        """Write an entity under a fresh id, which carries 64 random bits and the type's prefix."""
        options = self._engine.config.types.get(type)
        prefix = (options.prefix if options else None) or type[:3]
        id = f"{prefix}_{names.lane_from(os.urandom(8))}"
        operation = Put(
            type=type, id=id, data=data, summary=summary, actor=actor or self._actor, expect=Expectation(rev=0)
        )
        written = self._write_one(operation)
        assert isinstance(written, Entity), "64 random bits met twice"
        return written

    def mutate(
        self,
        type: str,
        id: str,
        change: Callable[[Payload], Payload],
        *,
        action: str | None = None,
        summary: str | None = None,
        actor: str | None = None,
    ) -> Entity:
        """Read, change and write an entity with nobody in between; ``change`` gets and returns the document.

        Raises NotFoundError where there is none.
        """

        def decide(view: View) -> list[Operation]:
            row = view.row((type, id))
            if row is None or row.data is None:
                raise NotFoundError(f"there is no {type} {id!r}")
            after = change(values.decode(row.data))
            return [Put(type=type, id=id, data=after, action=action, summary=summary, actor=actor or self._actor)]

        self._engine.write(decide)
        entity = self.get(type, id)
        assert entity is not None
        return entity

    def delete(
        self,
        type: str,
        id: str,
        *,
        summary: str | None = None,
        actor: str | None = None,
        expect_rev: int | None = None,
        expect_event: str | Sequence[str] | None = None,
    ) -> Entity | Conflict:
        """Write a tombstone. Raises NotFoundError where nothing is there to delete."""
        expect = _expectation(expect_rev, expect_event)
        return self._write_one(Delete(type=type, id=id, summary=summary, actor=actor or self._actor, expect=expect))

    def write(self, operations: Sequence[Operation]) -> list[Event] | Conflict:
        """Write several operations as one transaction: all, or none. For imports and tools."""
        written, conflict = self._engine.write(operations)
        return conflict if conflict is not None else [_as_event(*item) for item in written]

    def transaction(self, *, actor: str | None = None, summary: str | None = None) -> "Transaction":
        """Collect writes and make them one: all are applied when the block ends without error, or none."""
        return Transaction(self._engine, actor or self._actor, summary)

    def revert(self, event: str, *, force: bool = False, actor: str | None = None) -> list[Event]:
        """Write the inverse of an event, or of its whole transaction, as new events.

        Raises ExpectationError where later changes overlap, unless ``force``.
        """
        engine = self._engine
        with engine.locked(), engine.reading(history=True) as view:
            operations = inverse_of(view, past.find_event(view, event), force=force, actor=actor or self._actor)
            written, _ = engine.write(operations)
        return [_as_event(*item) for item in written]

    def _write_one(self, operation: Put | Delete) -> Entity | Conflict:
        written, conflict = self._engine.write([operation])
        if conflict is not None:
            return conflict
        if not written:
            found = self._entity((operation.type, operation.id))
            assert found is not None
            return found
        draft, seq, lane = written[0]
        data = values.decode(draft.payload) if draft.payload is not None else None
        return Entity(operation.type, operation.id, draft.own["rev"], event_id(seq, lane), data, _open(draft))

    # -- reading --------------------------------------------------------------------------------

    def get(self, type: str, id: str, *, rev: int | None = None, at: str | None = None) -> Entity | None:
        """Return an entity, None where there is no live one; as of a ``rev``, or as the writer of ``at`` saw it."""
        if rev is not None and at is not None:
            raise UsageError("rev and at exclude each other")
        key = (type, id)
        if rev is not None:
            return self._entity_of_rev(key, rev)
        if at is not None:
            return self._entity_at(key, at)
        entity = self._entity(key)
        return entity if entity is not None and entity.data is not None else None

    def _entity(self, key: Key) -> Entity | None:
        with self._engine.reading() as view:
            row = view.row(key)
            return row and _entity(row)

    def _entity_of_rev(self, key: Key, rev: int) -> Entity | None:
        with self._engine.reading(history=True) as view:
            if not view.events_of(key):
                return None
            found = [event for event in past.entity_events(view, key) if event.rev == rev]
        if not found or found[-1].data is None:
            return None
        return Entity(*key, rev, found[-1].id, found[-1].data)

    def _entity_at(self, key: Key, at: str) -> Entity | None:
        with self._engine.reading(history=True) as view:
            state, shown = past.value_at(view, key, past.find_event(view, at))
            return state and (None if shown is None else Entity(*key, state.rev, event_id(*state.event), shown))

    def list(
        self,
        type: str | None = None,
        *,
        where: Where = None,
        sort: str | None = None,
        limit: int | None = None,
        deleted: bool = False,
    ) -> list[Entity]:
        """Return entities by type and id: live ones, or deleted ones.

        ``where``: a mapping of paths to values that must be equal, or conditions (``"priority<2"``).
        ``sort``: a field, ``-field`` for the other way.
        """
        conditions = conditions_of(dict(where) if isinstance(where, Mapping) else where)
        with self._engine.reading() as view:
            return [
                _entity(row, shown)
                for row, shown in list_rows(view, type, conditions, sort=sort, limit=limit, deleted=deleted)
            ]

    def texts(self, type: str, id: str) -> EntityRow | None:
        """Return an entity's row with its data still as text: what a fast path needs, and nothing decoded."""
        with self._engine.reading() as view:
            return view.row((type, id))

    def conflicts(self, type: str | None = None, id: str | None = None) -> _List[FieldConflict]:
        """Return what concurrent edits left open: fields with several values, updates beside deletes."""
        from journal.store.conflicts import open_conflicts

        with self._engine.reading() as view:
            if not any(row and row.conflicts for row in view.overlay_rows().values()) and not view.index.conflicted():
                return []
        with self._engine.reading(history=True) as view:
            return open_conflicts(view, type, id)

    def history(self, type: str, id: str) -> _List[Event]:
        """Return an entity's events, oldest first. Raises NotFoundError."""
        with self._engine.reading(history=True) as view:
            return past.entity_events(view, (type, id))

    def blame(self, type: str, id: str) -> _List[Blame]:
        """Return for each field who set it and when. Raises NotFoundError."""
        with self._engine.reading(history=True) as view:
            return past.blame(view, (type, id))

    def show(self, event: str) -> Event:
        """Return one event, named ``SEQ`` or ``SEQ@LANE``. Raises NotFoundError."""
        with self._engine.reading(history=True) as view:
            return past.event_at(view, past.find_event(view, event))

    def log(
        self,
        *,
        limit: int | None = None,
        since: str | None = None,
        type: str | None = None,
        actor: str | None = None,
        stream: str | None = None,
        reverse: bool = False,
    ) -> Iterator[Event]:
        """Yield events, newest first, or oldest first with ``reverse``; ``limit`` counts the newest either way."""
        moment = past.parse_since(since) if since is not None else None

        def matches(event: Event) -> bool:
            return (
                (type is None or event.type == type)
                and (actor is None or event.actor == actor)
                and (stream is None or event.stream == stream)
                and (moment is None or past.is_since(event, moment))
            )

        with self._engine.reading(history=True) as view:
            places = past.all_places(view, newest_first=limit is not None or not reverse)
            if limit is None:
                everything = list(places)
            else:
                found = list(itertools.islice(filter(matches, past.events_in(view, places)), limit))
        if limit is not None:
            yield from reversed(found) if reverse else found
            return
        # Piece by piece: a caller may take its time, and must not keep other threads waiting meanwhile.
        for start in range(0, len(everything), _LOG_PIECE):
            with self._engine.reading(history=True) as view:
                events = list(past.events_in(view, everything[start : start + _LOG_PIECE]))
            yield from filter(matches, events)

    def follow(self, *, poll_seconds: float = 0.3) -> Iterator[Event]:
        """Yield events that arrive from this call on, of any lane, in the order of their arrival; never ends."""
        with self._engine.reading() as view:
            seen = view.have
        return self._arriving(seen, poll_seconds)

    def _arriving(self, seen: "Vector", poll_seconds: float) -> Iterator[Event]:
        import time

        from journal.state import vector

        while True:
            with self._engine.reading(history=True) as view:
                fresh, seen = vector.subtract(view.have, seen), view.have
                spans = [(low, high, lane) for lane, intervals in fresh.items() for low, high in intervals]
                places = [place for low, high, lane in spans for place in past.places_between(view, lane, low, high)]
                events = list(past.events_in(view, sorted(places)))
            yield from events
            time.sleep(poll_seconds)

    # -- looking after --------------------------------------------------------------------------

    def reconcile(self) -> int:
        """Bring index and all projections up to date now; return how many projections were written or removed."""
        from journal.upkeep.reconcile import reconcile

        return reconcile(self._engine)

    def import_trace(self, path: str | os.PathLike[str], *, progress: Progress | None = None) -> "ImportResult":
        """Import an event trace, resuming where an earlier run of the same source stopped."""
        from journal.upkeep.importing import import_trace

        return import_trace(self._engine, os.fspath(path), progress)

    def damage_note(self, type: str | None = None, id: str | None = None) -> str | None:
        """Return what to tell a reader of an answer that damage may affect; None where it cannot.

        An entity is not affected where its head saw, or follows, all that was lost.
        """
        from journal.store.damage import damage_note

        with self._engine.reading() as view:
            return damage_note(view, None if type is None or id is None else (type, id))

    def status(self) -> "Status":
        """Return where the store stands: watermark, live segments, uncommitted, hand edits, conflicts."""
        from journal.upkeep.status import status

        return status(self._engine)

    def stats(self) -> dict[str, Any]:
        """Return sizes and counts, by type."""
        from journal.upkeep.status import stats

        return stats(self._engine)

    def doctor(self, *, verify: bool = False, fix: bool = False, accept_loss: bool = False) -> "Report":
        """Check the store; ``verify`` rebuilds everything and compares, ``fix`` repairs what can be repaired."""
        from journal.upkeep.doctor import examine

        return examine(self._engine, verify=verify, fix=fix, accept_loss=accept_loss)

    def checkpoint(self) -> str:
        """Write a checkpoint of the present state and return its name."""
        from journal.upkeep.checkpoint import write_checkpoint

        return write_checkpoint(self._engine, self._actor)

    def compact(self, *, dry_run: bool = False) -> "Compaction":
        """Pack closed segments that two checkpoints cover; remove what an earlier run packed and git has."""
        from journal.upkeep.compact import compact

        return compact(self._engine, self._actor, dry_run=dry_run)

    def commit(
        self, message: str | None = None, *, author: str | None = None, verify: bool = True
    ) -> "CommitResult | None":
        """Commit the store's files, and nothing else, to git; None where git has them all already."""
        from journal.upkeep.commit import commit

        return commit(self._engine, message, author=author, verify=verify)

    def stage(self) -> int:
        """Add the store's files to git's index; return how many changed."""
        from journal.upkeep.commit import stage

        return stage(self._engine)


class Transaction:
    """Writes that become one when its block ends. Nothing is read or written before."""

    def __init__(self, engine: Engine, actor: str | None, summary: str | None) -> None:
        self._engine, self._actor, self._summary = engine, actor, summary
        self._operations: list[Operation] = []
        self.events: list[Event] = []
        """The events, once the block has ended."""

    def put(
        self,
        type: str,
        id: str,
        data: Payload | None = None,
        *,
        set: Mapping[str, Any] | None = None,
        unset: Sequence[str] = (),
        merge: Payload | None = None,
        action: str | None = None,
        expect_rev: int | None = None,
        expect_event: str | Sequence[str] | None = None,
    ) -> None:
        """Write an entity, as ``Journal.put`` does; an expectation that is not met fails the whole block."""
        self._operations.append(
            Put(
                type=type,
                id=id,
                data=data,
                set=dict(set or {}),
                unset=tuple(unset),
                merge=merge,
                action=action,
                summary=self._summary,
                actor=self._actor,
                expect=_expectation(expect_rev, expect_event),
            )
        )

    def delete(self, type: str, id: str) -> None:
        """Write a tombstone."""
        self._operations.append(Delete(type=type, id=id, summary=self._summary, actor=self._actor))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Apply all of it. Raises ExpectationError, and nothing was written, where an expectation is not met."""
        if kind is not None or not self._operations:
            return
        written, conflict = self._engine.write(self._operations)
        if conflict is not None:
            raise ExpectationError(
                f"{conflict.type} {conflict.id!r}: expected {conflict.expected}, found {conflict.actual}"
            )
        self.events = [_as_event(*item) for item in written]


def _expectation(rev: int | None, event: str | Sequence[str] | None) -> Expectation:
    if rev is None and event is None:
        return ANYTHING
    heads = tuple(event.split(",")) if isinstance(event, str) else event
    return Expectation(rev, None if heads is None else tuple(head.strip() for head in heads if head.strip()))


def _entity(row: EntityRow, shown: Payload | None = None) -> Entity:
    data = shown if shown is not None or row.data is None else values.decode(row.data)
    return Entity(row.type, row.id, row.rev, event_id(row.seq, row.lane), data, row.conflicts)


def _open(draft: Draft) -> int:
    # The writer saw all that is here: only fields it did not name can still be open.
    return sum(len(pairs) > 1 for pairs in draft.state.fields.values()) if draft.state is not None else 0


def _as_event(draft: Draft, seq: int, lane: str) -> Event:
    own, operation = draft.own, draft.operation
    return Event(
        id=event_id(seq, lane),
        seq=seq,
        lane=lane,
        kind=draft.kind,
        ts=operation.ts or "",
        writer="",
        actor=operation.actor,
        summary=operation.summary,
        type=own.get("type"),
        entity=own.get("id"),
        rev=own.get("rev"),
        action=own.get("action"),
        set=tuple(own.get("set", ())),
        unset=tuple(own.get("unset", ())),
        data=values.decode(draft.payload) if draft.payload is not None else None,
        note=own.get("note"),
    )
