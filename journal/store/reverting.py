"""The inverse of an event: what a new event must write so that its change is undone."""

from journal.errors import ExpectationError, NotFoundError, UsageError
from journal.format.names import event_id
from journal.format.segment import Vector
from journal.index.rows import Location
from journal.index.view import Key, View
from journal.state import vector
from journal.state.value import value
from journal.store.batch import Delete, Operation, Put
from journal.store.events import Event
from journal.store.history import event_at, value_at


def inverse_of(view: View, place: Location, *, force: bool, actor: str | None) -> list[Operation]:
    """Return the operations that undo an event, or its whole transaction.

    An entity gets back, in the fields that the events changed, what it showed before them; one that they created is
    deleted, one that they deleted comes back. Raises ExpectationError where an event that they did not know, a later
    one or one of another branch, touched the same fields, unless ``force``; UsageError for an event that is no change
    of an entity.
    """
    events = _transaction(view, place)
    by_key: dict[Key, list[Event]] = {}
    for event in events:
        if event.kind == "entity" and event.type is not None and event.entity is not None:
            by_key.setdefault((event.type, event.entity), []).append(event)
    said = event_id(place.seq, place.lane)
    streams = sorted({event.stream for event in events if event.kind == "event" and event.stream is not None})
    if streams and not (by_key and force):
        raise UsageError(
            f"event {said} appended to the stream {streams[0]!r}: what happened stays",
            hint="append an event that makes up for it"
            + ("; --force reverts the entities of its transaction alone" if by_key else ""),
        )
    if not by_key:
        raise UsageError(f"event {said} changes no entity: there is nothing to revert")
    summary = f"revert {event_id(place.seq, place.lane)}"
    operations = (undo_of(view, key, items, force=force, actor=actor, summary=summary) for key, items in by_key.items())
    return [operation for operation in operations if operation is not None]


def _transaction(view: View, place: Location) -> list[Event]:
    event = event_at(view, place)
    if event.tx is None:
        return [event]
    first = event.seq - event.tx[0] + 1
    found = [at for seq in range(first, first + event.tx[1]) for at in view.places_at(seq, place.lane)]
    return [event_at(view, at) for at in found]


def undo_of(
    view: View,
    key: Key,
    events: list[Event],
    *,
    force: bool,
    actor: str | None,
    summary: str,
    ignored: Vector = vector.EMPTY,
) -> Operation | None:
    """Return what undoes an entity's events, oldest first; None where it is gone already. Raises as ``inverse_of``.

    ``ignored``: events unknown to them that change nothing together, such as others that were undone.
    """
    _, before = value_at(view, key, (events[0].seq, events[0].lane), with_it=False)
    state = view.state(key)
    if state is None:
        raise NotFoundError(f"there is no {key[0]} {key[1]!r}")
    now = value(state, view.strategies(key[0]))
    touched = {name for event in events for name in (*event.set, *event.unset)}
    is_whole = before is None or any(event.action == "delete" for event in events)
    if not force:
        _refuse_overlap(view, key, events, touched, is_whole, ignored)
    if before is None:
        if now is None:
            return None
        return Delete(type=key[0], id=key[1], actor=actor, summary=summary)
    if now is None or is_whole:
        return Put(type=key[0], id=key[1], data=before, actor=actor, summary=summary, action="revert")
    back = {name: item for name, item in before.items() if name in touched}
    gone = tuple(name for name in sorted(touched) if name not in before and name in now)
    return Put(type=key[0], id=key[1], set=back, unset=gone, actor=actor, summary=summary, action="revert")


def _refuse_overlap(
    view: View, key: Key, events: list[Event], touched: set[str], is_whole: bool, ignored: Vector
) -> None:
    mine = {(event.seq, event.lane) for event in events}
    last = max(mine)
    past = view.saw(last)
    for place in view.events_of(key):
        if (place.seq, place.lane) in mine or past.has((place.seq, place.lane), last):
            continue
        if vector.contains(ignored, place.seq, place.lane):
            continue
        later = event_at(view, place)
        names = touched & {*later.set, *later.unset}
        if is_whole or later.action == "delete" or names:
            what = ", ".join(sorted(names)) if names else "it"
            when = "later" if (place.seq, place.lane) > last else "on another branch"
            raise ExpectationError(
                f"{key[0]} {key[1]!r}: event {later.id} changed {what} {when}",
                hint="look at it with `journal show`; --force reverts all the same",
            )
