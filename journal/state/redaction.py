"""What a redaction takes out of a record, and what is left of it (docs/format.md, "Redaction"). Pure.

A redaction names events, and places in their records as JSON pointers (``/data/title``, ``/summary``); never a value.
What stands at such a place is replaced by ``MARKER``. Nothing else of a record changes, so redacting a record and
adding it to a state give the same in either order, and every copy of a record, old or new, comes to the same.
``/data`` and ``/meta`` stand for every member of that object: names of fields stay, for they are part of causality.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from journal.format import values
from journal.format.limits import DEPTH_MAX
from journal.format.lines import BadLineError
from journal.format.names import event_id, parse_event_id
from journal.format.record import Record
from journal.state.entity import ABSENT, EntityState, Payload
from journal.state.vector import EventId

MARKER = "[redacted]"
"""What stands in the place of a value that was taken out."""

KEY = "redacted"
"""The key of a record, of a note's data and of a checkpoint's header that names what was taken out."""

NOTE = "redaction"
"""The note that puts a redaction in force."""

Paths = tuple[str, ...]
"""JSON pointers into a record: ascending, none within another."""

Redactions = dict[EventId, Paths]

_PLACES = frozenset(("data", "meta", "summary", "actor"))


def normal(paths: Iterable[str]) -> Paths:
    """Return pointers in ascending order, without those that lie within another."""
    kept: dict[str, None] = {}
    for path in sorted(set(paths)):
        parts = path.split("/")
        if not any("/".join(parts[:size]) in kept for size in range(2, len(parts))):
            kept[path] = None
    return tuple(kept)


def pointer(*parts: str | int) -> str:
    """Return the JSON pointer (RFC 6901) of these steps."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def merge(into: Redactions, more: Redactions) -> set[EventId]:
    """Add redactions to others, in place; return the events of which more is taken out than before."""
    grown: set[EventId] = set()
    for event, paths in more.items():
        before = into.get(event, ())
        after = _joined(before, paths)
        if after != before:
            into[event] = after
            grown.add(event)
    return grown


@lru_cache(maxsize=256)
def _joined(before: Paths, more: Paths) -> Paths:
    """Return pointers of both. Remembered: a note names many events that lose the same."""
    return normal((*before, *more))


def paths_in(record: Record) -> Paths:
    """Return what a copy of a record says was taken out of it. Raises BadLineError."""
    found = record.get(KEY)
    return () if found is None else _paths(found)


def is_applied(record: Record, paths: Paths) -> bool:
    """Tell whether a copy of a record says that all of this was taken out of it."""
    there = paths_in(record)
    return normal((*there, *paths)) == there


# -- taking out -------------------------------------------------------------------------------------


def redact_payload(payload: Payload, paths: Iterable[str], place: str = "data") -> Payload:
    """Return a payload without what the pointers name in it; the payload itself is not changed."""
    steps = [_steps(path) for path in paths]
    mine = [path[1:] for path in steps if path and path[0] == place]
    if () in mine:
        return dict.fromkeys(payload, MARKER)
    shown: Any = payload
    for path in mine:
        shown = _without(shown, path)
    result: Payload = shown
    return result


def redact_record(record: Record, paths: Iterable[str]) -> Record:
    """Return a record without what the pointers name, and with their names; the record itself is not changed.

    Its payload has to stand in it: one that is in a blob is fetched by the caller.
    """
    taken = normal((*paths_in(record), *paths))
    fields: Record = {}
    for name, item in record.items():
        if name == KEY:
            continue
        if name in ("data", "ref", "crc") and KEY not in fields:
            fields[KEY] = list(taken)
        if name in ("data", "meta") and type(item) is dict:
            fields[name] = redact_payload(item, taken, name)
        elif f"/{name}" in taken and type(item) is str:
            fields[name] = MARKER
        else:
            fields[name] = item
    fields.setdefault(KEY, list(taken))
    return fields


def redact_state(state: EntityState, redactions: Redactions) -> EntityState:
    """Return an entity's state without what was taken out of the events that it holds."""
    named = {event for event in state.heads if event in redactions}
    named.update(event for pairs in state.fields.values() for event, _ in pairs if event in redactions)
    if not named:
        return state
    heads = {
        event: redact_payload(image, redactions[event]) if image is not None and event in named else image
        for event, image in state.heads.items()
    }
    fields = {
        name: tuple(
            (event, redact_payload({name: item}, redactions[event])[name])
            if event in named and item is not ABSENT
            else (event, item)
            for event, item in pairs
        )
        for name, pairs in state.fields.items()
    }
    return state._replace(heads=heads, fields=fields)


def _without(value: Any, steps: tuple[str, ...]) -> Any:
    if not steps:
        return MARKER
    name, rest = steps[0], steps[1:]
    if type(value) is dict and name in value:
        return {**value, name: _without(value[name], rest)}
    if type(value) is list and name.isdecimal() and len(name) < 10 and int(name) < len(value):
        at = int(name)
        return [*value[:at], _without(value[at], rest), *value[at + 1 :]]
    return value


def _steps(path: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])


# -- as JSON ----------------------------------------------------------------------------------------


def encode_groups(redactions: Redactions) -> list[dict[str, Any]]:
    """Return redactions as JSON: events that lose the same are named together."""
    groups: dict[Paths, list[EventId]] = {}
    for event, paths in sorted(redactions.items()):
        groups.setdefault(paths, []).append(event)
    return [{"paths": list(paths), "events": [event_id(*event) for event in named]} for paths, named in groups.items()]


def decode_groups(value: Any) -> Redactions:
    """Return redactions from their JSON. Raises BadLineError."""
    found: Redactions = {}
    if type(value) is not list:
        raise BadLineError("redactions are no list")
    for group in value:
        if type(group) is not dict or type(group.get("events")) is not list:
            raise BadLineError("a redaction names no events")
        paths = _paths(group.get("paths"))
        for text in group["events"]:
            event = parse_event_id(text) if type(text) is str else None
            if event is None:
                raise BadLineError(f"not an event id: {str(text)[:40]!r}")
            merge(found, {event: paths})
    return found


def groups_within(redactions: Redactions, bytes_max: int) -> list[list[dict[str, Any]]]:
    """Return redactions as JSON, in as many lists as it takes for none to have many more bytes than that."""
    lists: list[list[dict[str, Any]]] = []
    part: Redactions = {}
    size, seen = 0, set[Paths]()
    for event, paths in sorted(redactions.items()):
        more = _EVENT_BYTES + (0 if paths in seen else len(values.encode_trusted(paths)))
        if part and size + more > bytes_max:
            lists.append(encode_groups(part))
            part, size, seen = {}, 0, set()
        part[event] = paths
        size += more
        seen.add(paths)
    return [*lists, encode_groups(part)] if part else lists


_EVENT_BYTES = 40
"""An event's id in JSON has no more bytes."""


def _paths(value: Any) -> Paths:
    if type(value) is not list or not value or not all(type(path) is str for path in value):
        raise BadLineError("a redaction without places")
    for path in value:
        root, place, *rest = [*path.split("/"), ""] if "/" in path else ["?", ""]
        if root or place not in _PLACES or (any(rest) and place in ("summary", "actor")):
            raise BadLineError("a redaction of what cannot be taken out")
        if len(rest) > DEPTH_MAX + 1:
            raise BadLineError("a redaction of what is deeper than a payload can be")
    return normal(value)
