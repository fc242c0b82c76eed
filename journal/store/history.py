"""Looking back: events as values, the past of an entity, who set what."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from journal.errors import DamagedError, NotFoundError, UsageError
from journal.format.lines import BadLineError
from journal.format.names import event_id, parse_event_id
from journal.format.record import Record
from journal.index.lost_payloads import note_loss
from journal.index.records import RecordReader, read_record
from journal.index.rows import Location
from journal.index.view import Key, View
from journal.state.entity import ABSENT, EntityState, Payload, fold
from journal.state.value import assignment_shown, value
from journal.state.vector import EventId
from journal.store.events import Event


@dataclass(frozen=True, slots=True)
class Blame:
    """Who gave a field its value; of several whose values were combined, the last."""

    field: str
    value: Any
    event: str
    actor: str | None
    ts: str


def event_at(view: View, place: Location) -> Event:
    """Return the event at a place. Raises DamagedError where its bytes do not verify any more."""
    return _event_of(view, place, read_record(view, place))


def _event_of(view: View, place: Location, record: Record | None) -> Event:
    if record is None:
        facts = view.by_id.get(place.file)
        raise DamagedError(
            f"event {event_id(place.seq, place.lane)} does not verify any more",
            path=facts and f"{facts.folder}/{facts.name}",
            hint="journal doctor tells what is damaged; git may still have the file",
        )
    return as_event(view, record, place.lane)


def as_event(view: View, record: Record, lane: str) -> Event:
    """Return a record as a value for callers, its payload fetched."""
    return Event(**event_fields(view, record, lane))


def event_fields(view: View, record: Record, lane: str) -> dict[str, Any]:
    """Return the fields of ``Event`` that a record says, its payload fetched. Raises DamagedError."""
    tx = record.get("tx")
    return {
        "id": event_id(record["seq"], lane),
        "seq": record["seq"],
        "lane": lane,
        "kind": record["kind"],
        "ts": record["ts"],
        "writer": record["writer"],
        "actor": record.get("actor"),
        "summary": record.get("summary"),
        "type": record.get("type"),
        "entity": record.get("id"),
        "rev": record.get("rev"),
        "action": record.get("action"),
        "set": tuple(record.get("set", ())),
        "unset": tuple(record.get("unset", ())),
        "data": payload_of(view, record),
        "stream": record.get("stream"),
        "event": record.get("event"),
        "key": record.get("key"),
        "note": record.get("note"),
        "tx": tuple(tx) if tx else None,
        "meta": record.get("meta"),
    }


def payload_of(view: View, record: Record) -> Payload | None:
    """Return a record's payload, fetched from its blob if need be; None for a tombstone. Raises DamagedError."""
    if "ref" not in record:
        return record.get("data")
    try:
        return view.payload(record)
    except BadLineError as error:
        raise DamagedError(str(error), hint="journal doctor tells what is damaged") from error


def find_event(view: View, text: str) -> Location:
    """Return the place of the event that ``SEQ`` or ``SEQ@LANE`` names. Raises NotFoundError, UsageError."""
    if text.isascii() and text.isdigit() and len(text) <= 16:
        at: tuple[int, str | None] = (int(text), None)
    else:
        parsed = parse_event_id(text)
        if parsed is None:
            raise UsageError(
                f"not an event: {text!r}", hint="an event is named SEQ or SEQ@LANE, as `journal log` shows"
            )
        at = parsed
    found = view.places_at(*at)
    if not found:
        raise NotFoundError(f"there is no event {text} in this checkout")
    if len(found) > 1:
        ids = ", ".join(event_id(place.seq, place.lane) for place in found)
        raise UsageError(f"seq {text} is not unique after a merge: it may be {ids}", hint="name one of them in full")
    return found[0]


def entity_events(view: View, key: Key) -> list[Event]:
    """Return an entity's events, oldest first. Raises NotFoundError where it has none."""
    places = view.events_of(key)
    if not places:
        raise NotFoundError(f"there is no {key[0]} {key[1]!r}")
    records = RecordReader(view).read_each(places)
    return [_event_of(view, place, record) for place, record in zip(places, records, strict=True)]


def value_at(view: View, key: Key, at: EventId, *, with_it: bool = True) -> tuple[EntityState | None, Payload | None]:
    """Return an entity as the writer of an event saw it; ``with_it``: that event included.

    What was missing there and then does not matter: nothing of it is applied here, nor can it arrive.
    """
    past, reader = view.saw(at), RecordReader(view)
    changes = []
    for place in view.events_of(key):
        seen: EventId = (place.seq, place.lane)
        if (with_it and seen == at) or past.has(seen, at):
            record = reader.read(place)
            if record is not None:
                changes.append((view.change_of(record, place.lane), view.saw(seen)))
    state = fold(changes)
    return state, None if state is None else value(state, view.strategies(key[0]))


def blame(view: View, key: Key) -> list[Blame]:
    """Return for each field that is set who set it. Raises NotFoundError, also where the entity is deleted."""
    state = view.state(key)
    if state is None:
        raise NotFoundError(f"there is no {key[0]} {key[1]!r}")
    shown = value(state, view.strategies(key[0]))
    if shown is None:
        raise NotFoundError(f"{key[0]} {key[1]!r} is deleted", hint="its history tells by whom")
    events = {(place.seq, place.lane): place for place in view.events_of(key)}
    lines = []
    for name in sorted(shown):
        pairs = tuple(pair for pair in state.fields.get(name, ()) if pair[1] is not ABSENT)
        at = assignment_shown(pairs, shown[name])[0] if pairs else state.event
        place = events.get(at)
        event = event_at(view, place) if place else None
        lines.append(Blame(name, shown[name], event_id(*at), event.actor if event else None, event.ts if event else ""))
    return lines


def parse_since(text: str) -> datetime:
    """Return the moment that a text names: RFC 3339, a date, or an age such as ``2h`` or ``3d``."""
    from datetime import timedelta

    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
    if len(text) > 1 and text[:-1].isdecimal() and text[-1] in units and len(text) < 8:
        with contextlib.suppress(OverflowError):  # longer ago than there are dates
            return datetime.now(UTC) - timedelta(**{units[text[-1]]: int(text[:-1])})
        return datetime.min.replace(tzinfo=UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"not a time: {text!r}", hint="write 2026-01-31, 2026-01-31T12:00:00Z, or an age such as 2h or 3d"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_since(event: Event, moment: datetime) -> bool:
    """Tell whether an event's time stamp is at or after a moment; an unreadable stamp is not."""
    stamp = stamp_of(event)
    return stamp is not None and stamp >= moment


def stamp_of(event: Event) -> datetime | None:
    """Return an event's time stamp, None for an unreadable one."""
    try:
        stamp = datetime.fromisoformat(event.ts)
    except ValueError:
        return None
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)


def events_in(view: View, places: Iterable[Location]) -> Iterator[Event]:
    """Yield the events at places of a view, without those that do not verify or whose payload is lost."""
    reader = RecordReader(view)
    for place in places:
        record = reader.read(place)
        if record is None:
            continue
        try:
            yield as_event(view, record, place.lane)
        except DamagedError as error:
            note_loss(view, (place.seq, place.lane), error.message)


def places_now(view: View, places: Sequence[Location]) -> list[Location]:
    """Return where events stand by now that stood at some places, when the view was of an earlier generation."""
    seqs = [place.seq for place in places]
    now = {(place.seq, place.lane): place for place in view.places(min(seqs, default=1), max(seqs, default=0))}
    return [now[event] for place in places if (event := (place.seq, place.lane)) in now]


def places_between(view: View, lane: str, low: int, high: int) -> list[Location]:
    """Return the places of one lane's events of a range, by seq."""
    places = (place for span in view.spans_of(lane, low, high) for place in span.places())
    return [place for _, place in sorted({place.seq: place for place in places if low <= place.seq <= high}.items())]
