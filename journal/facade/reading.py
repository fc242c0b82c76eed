"""Reading: entities as they are and as they were, events, who set what."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from journal.arguments import TEXT, checks_arguments
from journal.errors import UsageError
from journal.facade.base import Base
from journal.facade.values import entity_of
from journal.format.names import event_id
from journal.format.reserved import is_reserved
from journal.index.rows import EntityRow
from journal.index.view import Key
from journal.store.lifting import document_as_written, document_of, is_concerned, lifted_entity, lifted_event
from journal.store.looking_back import look, look_back, row_at

if TYPE_CHECKING:
    from journal.index.rows import Location
    from journal.index.view import View
    from journal.state.entity import EntityState, Payload
    from journal.state.value import Lifted
    from journal.store.conflicts import FieldConflict
    from journal.store.engine import Engine
    from journal.store.events import Event
    from journal.store.history import Blame
    from journal.store.model import Entity
    from journal.store.query import Condition
    from journal.upkeep.comparing.model import Comparison

Where = Mapping[str, Any] | Iterable["str | Condition"] | None
_List = list
_LOG_PIECE = 500


@checks_arguments(log__since=TEXT)
class Reading(Base):
    """The methods of ``Journal`` that read."""

    def get(
        self, type: str, id: str, *, rev: int | None = None, at: str | None = None, as_written: bool = False
    ) -> "Entity | None":
        """Return an entity, or None where there is no live one.

        ``rev``: as it was at that rev. ``at``: as the writer of that event saw it. ``as_written``: not lifted by
        upcasters. Raises UsageError where both ``rev`` and ``at`` are given.
        """
        if rev is not None and at is not None:
            raise UsageError("rev and at exclude each other")
        key = (type, id)
        if rev is not None or at is not None:
            past = self._entity_of_rev(key, rev) if rev is not None else self._entity_at(key, str(at))
            return past if past is None or as_written else lifted_entity(self._engine, past)
        entity = self._entity(key, as_written)
        return entity if entity is not None and entity.data is not None else None

    def _entity(self, key: Key, as_written: bool) -> "Entity | None":
        row = row_at(self._engine, key)
        return row and entity_of(row, self._document(as_written)(row))

    def _document(self, as_written: bool) -> "Callable[[EntityRow], Lifted]":
        return document_as_written if as_written else partial(document_of, self._engine)

    def _entity_of_rev(self, key: Key, rev: int) -> "Entity | None":
        from journal.store import history as past
        from journal.store.model import Entity

        events = look_back(self._engine, lambda view: past.entity_events(view, key) if view.events_of(key) else [])
        found = [event for event in events if event.rev == rev]
        if not found or found[-1].data is None:
            return None
        return Entity(*key, rev, found[-1].id, found[-1].data)

    def _entity_at(self, key: Key, at: str) -> "Entity | None":
        from journal.store import history as past
        from journal.store.model import Entity

        def seen(view: "View") -> "tuple[EntityState | None, Payload | None]":
            place = past.find_event(view, at)
            return past.value_at(view, key, (place.seq, place.lane))

        state, shown = look_back(self._engine, seen)
        return state and (None if shown is None else Entity(*key, state.rev, event_id(*state.event), shown))

    def list(
        self,
        type: str | None = None,
        *,
        where: Where = None,
        sort: str | None = None,
        limit: int | None = None,
        deleted: bool = False,
        reserved: bool = False,
        as_written: bool = False,
    ) -> "list[Entity]":
        """Return the live entities, or with ``deleted`` the deleted ones, sorted by type and id.

        ``type``: only of this type; without it the journal's own types (``$kv``) are left out, unless ``reserved``.
        ``where``: a mapping of paths to values that must be equal, or conditions (``"priority<2"``), all of which must
        hold. ``sort``: a field to sort by instead, ``-field`` for descending. ``limit``: at most so many.
        ``as_written``: not lifted by upcasters.
        """
        from journal.store.listing import list_rows
        from journal.store.query import conditions_of

        conditions = conditions_of(dict(where) if isinstance(where, Mapping) else where)
        document = self._document(as_written)
        found = look(
            self._engine,
            lambda view: list_rows(
                view, type, conditions, sort=sort, limit=limit, deleted=deleted, reserved=reserved, document=document
            ),
        )
        return [entity_of(row, shown) for row, shown in found]

    def texts(self, type: str, id: str) -> EntityRow | None:
        """Return an entity's row of the index, its data still JSON text and not lifted; None where there is none.

        For callers that print the text as it is, and need not decode it.
        """
        return row_at(self._engine, (type, id))

    def lifted(self, row: EntityRow) -> "Entity | None":
        """Return the lifted entity of a row that ``texts`` gave; None where no upcaster can concern it."""
        if row.data is None or not is_concerned(self._engine, row.type, row.data):
            return None
        return entity_of(row, document_of(self._engine, row))

    def conflicts(self, type: str | None = None, id: str | None = None) -> "_List[FieldConflict]":
        """Return the open conflicts: fields with several concurrent values, and updates beside deletes.

        ``type``, ``id``: only of this type, or of this entity.
        """
        from journal.store.conflicts import open_conflicts

        with self._engine.reading() as view:
            if not any(row and row.conflicts for row in view.overlay_rows().values()) and not view.index.conflicted():
                return []
        return look_back(self._engine, lambda view: open_conflicts(view, type, id))

    def history(self, type: str, id: str, *, as_written: bool = False) -> "_List[Event]":
        """Return the events of an entity, oldest first. Raises NotFoundError where there are none.

        ``as_written``: not lifted by upcasters.
        """
        from journal.store import history as past

        events = look_back(self._engine, lambda view: past.entity_events(view, (type, id)))
        return events if as_written else [lifted_event(self._engine, event) for event in events]

    def blame(self, type: str, id: str) -> "_List[Blame]":
        """Return, for each field of a live entity, the event that set it, who wrote that and when.

        Raises NotFoundError where there is no live entity.
        """
        from journal.store import history as past

        return look_back(self._engine, lambda view: past.blame(view, (type, id)))

    def diff(self, old: str | None = None, new: str | None = None, *, type: str | None = None) -> "Comparison":
        """Return how the entities of two states differ.

        A state is named by an event, a commit or a branch. ``old`` may name both: ``A..B``, or ``A...B`` for from where
        the two branches parted. Without ``new`` the present is compared with ``old``, and with HEAD where neither is
        given. ``type``: only entities of this type. Raises UsageError, NotFoundError, GitError, FormatError.
        """
        from journal.upkeep.comparing.compare import compare

        if old is None and new is not None:
            raise UsageError("a new side goes with an old one")
        return compare(self._engine, tuple(side for side in (old, new) if side is not None), type)

    def show(self, event: str) -> "Event":
        """Return one event, named ``SEQ`` or ``SEQ@LANE``. Raises NotFoundError."""
        from journal.store import history as past

        return look_back(self._engine, lambda view: past.event_at(view, past.find_event(view, event)))

    def log(
        self,
        *,
        limit: int | None = None,
        since: str | None = None,
        type: str | None = None,
        actor: str | None = None,
        stream: str | None = None,
        reverse: bool = False,
        reserved: bool = False,
    ) -> "Iterator[Event]":
        """Yield the events of the store, newest first, or oldest first with ``reverse``.

        ``limit``: only so many of the newest, in either order. ``since``: only those stamped at or after a time, or
        within a while (``"2h"``). ``type``, ``actor``, ``stream``: only such events. Without ``type`` and ``stream``
        the journal's own types and streams (``$kv``) are left out, unless ``reserved``.
        """
        from journal.store import history as past

        moment = past.parse_since(since) if since is not None else None
        has_all = reserved or type is not None or stream is not None

        def matches(event: "Event") -> bool:
            return (
                (type is None or event.type == type)
                and (has_all or not is_reserved(event.type or event.stream or ""))
                and (actor is None or event.actor == actor)
                and (stream is None or event.stream == stream)
                and (moment is None or past.is_since(event, moment))
            )

        def newest(view: "View") -> "_List[Event]":
            places = view.places(newest_first=True)
            return list(itertools.islice(filter(matches, past.events_in(view, places)), limit))

        if limit is None:
            yield from filter(matches, _all_events(self._engine, newest_first=not reverse))
        else:
            found = look_back(self._engine, newest)
            yield from reversed(found) if reverse else found


def _all_events(engine: "Engine", *, newest_first: bool) -> "Iterator[Event]":
    """Yield all events, read piece by piece: a caller may take its time, and must not keep other threads waiting."""
    from journal.store import history as past

    def listing(view: "View") -> "tuple[list[Location], int]":
        return list(view.places(newest_first=newest_first)), view.generation

    def piece_of(view: "View") -> "list[Event]":
        return list(past.events_in(view, piece if view.generation == listed else past.places_now(view, piece)))

    everything, listed = look_back(engine, listing)
    for start in range(0, len(everything), _LOG_PIECE):
        piece = everything[start : start + _LOG_PIECE]
        yield from look_back(engine, piece_of)
