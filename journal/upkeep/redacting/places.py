"""Where in a record something stands that is to be taken out, and where it stands and cannot be. Pure."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from journal.format import values
from journal.format.names import is_sha256
from journal.format.record import Record
from journal.index.view import Key
from journal.state.redaction import MARKER, normal, pointer
from journal.state.vector import EventId
from journal.upkeep.redacting.needles import Needles

_PLACES_MAX = 200
"""Beyond so many places in one record whole fields are taken out, and beyond that all of it."""


class Selection(NamedTuple):
    """What a person asks to be taken out: one of an entity (or a field of it), an event, a text."""

    entity: Key | None = None
    field: str | None = None
    event: EventId | None = None
    value: str | None = None


class Match(NamedTuple):
    """Places in one record that are to be taken out, and a phrase for each that cannot be."""

    paths: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()


NOTHING = Match()
BlobHolds = Callable[[str], bool]
"""Tells whether the blob of a sha256 holds what is looked for."""


def match_of(
    selection: Selection, needles: Needles, id: EventId, record: Record, payload: Any, blob_holds: BlobHolds
) -> Match:
    """Return what is to be taken out of a record; ``payload`` is None for a tombstone."""
    if selection.value is not None:
        return _with_text(needles, selection.value, record, payload, blob_holds)
    if selection.event is not None:
        return _all_of(record, payload) if id == selection.event else NOTHING
    if record["kind"] != "entity" or (record["type"], record["id"]) != selection.entity:
        return NOTHING
    if selection.field is None:
        return _all_of(record, payload)
    if payload is None or selection.field not in payload or payload[selection.field] == MARKER:
        return NOTHING
    said = [f"/{name}" for name in ("actor", "summary") if _says(record.get(name), payload[selection.field])]
    return Match(normal([pointer("data", selection.field), *said]))


def _says(text: Any, value: Any) -> bool:
    """Tell whether a summary repeats a field's value; a short one it may hold by chance."""
    return type(text) is str and type(value) is str and len(value) >= 6 and value in text


def _all_of(record: Record, payload: Any) -> Match:
    if record["kind"] == "note":
        return Match((), ("it is a note of the journal about itself",))
    paths = ["/data"] if payload and any(item != MARKER for item in payload.values()) else []
    paths += ["/meta"] if record.get("meta") else []
    paths += ["/summary"] if record.get("summary", MARKER) != MARKER else []
    return Match(normal(paths))


def _with_text(needles: Needles, text: str, record: Record, payload: Any, blob_holds: BlobHolds) -> Match:
    stays = [f"in its {name}" for name in _FIXED if name in record and needles.is_in_text(str(record[name]))]
    paths = [f"/{name}" for name in ("actor", "summary") if needles.is_in_text(record.get(name, ""))]
    number = _number(text)
    names = {*(payload or ()), *record.get("set", ()), *record.get("unset", ()), *record.get("meta", ())}
    if any(needles.is_in_text(name) for name in names) and record["kind"] != "note":
        stays.append("in the name of a field")
    if record["kind"] == "note":
        if payload is not None and any(_found(needles, number, payload, (), blob_holds)):
            stays.append("in a note of the journal about itself")
        return Match(normal(paths), tuple(stays))
    for place, value in (("data", payload), ("meta", record.get("meta"))):
        for name, item in (value or {}).items():
            found = [pointer(place, *steps) for steps in _found(needles, number, item, (name,), blob_holds)]
            paths.extend(found if len(found) <= _PLACES_MAX else [pointer(place, name)])
    if len(paths) > _PLACES_MAX:
        paths = ["/actor", "/data", "/meta", "/summary"]
    return Match(normal(paths), tuple(stays))


_FIXED = ("type", "id", "action", "stream", "event", "key", "writer")


def _found(
    needles: Needles, number: bytes | None, value: Any, steps: tuple[str | int, ...], blob_holds: BlobHolds
) -> Iterator[tuple[str | int, ...]]:
    """Yield the steps to each value within one that is to be taken out, whole."""
    if type(value) is str:
        if needles.is_in_text(value):
            yield steps
    elif type(value) is dict:
        refers = is_sha256(value.get("sha256")) and type(value.get("bytes")) is int
        if any(needles.is_in_text(name) for name in value) and steps:
            yield steps  # a name of a member holds it: the object goes as a whole
        elif refers and blob_holds(value["sha256"]):
            yield steps
        else:
            for name, item in value.items():
                yield from _found(needles, number, item, (*steps, name), blob_holds)
    elif type(value) is list:
        for at, item in enumerate(value):
            yield from _found(needles, number, item, (*steps, at), blob_holds)
    elif number is not None and type(value) in (int, float) and values.canonical(value) == number:
        yield steps


def _number(text: str) -> bytes | None:
    """Return how a text that is a JSON number is written; None for any other."""
    try:
        value = values.decode(text)
    except ValueError:
        return None
    return values.canonical(value) if type(value) in (int, float) else None
