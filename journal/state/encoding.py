"""An entity's state as JSON: in checkpoints and in the index (docs/format.md, "Checkpoints"). Pure.

Assignments are grouped by event, and values that the document shows already are not repeated.
"""

from functools import lru_cache
from typing import Any

from journal.format import values
from journal.format.lines import BadLineError
from journal.format.names import event_id, parse_event_id
from journal.format.segment import Vector, decode_vector
from journal.state.entity import ABSENT, NO_HOLES, Assignments, EntityState, Holes, Payload
from journal.state.vector import EventId


def encode_state(state: EntityState) -> dict[str, Any]:
    """Return the JSON form of a state; equal states give equal forms."""
    heads = sorted(state.heads.items()) if len(state.heads) > 1 else list(state.heads.items())
    form: dict[str, Any] = {"rev": state.rev, "heads": [event_id(*head) for head, _ in heads]}
    shown: Payload = {}
    live = [image for _, image in heads if image is not None]
    if len(heads) == 1 and live:
        form["data"] = shown = live[0]
    else:
        form["images"] = [image for _, image in heads]
    groups: dict[EventId, tuple[list[str], list[str], Payload]] = {}
    for name, pairs in sorted(state.fields.items()):
        for event, item in pairs:
            group = groups.get(event)
            if group is None:
                group = groups[event] = ([], [], {})
            if item is ABSENT:
                group[1].append(name)
            elif name in shown and _is_same(shown[name], item):
                group[0].append(name)
            else:
                group[2][name] = item
    ordered = sorted(groups.items())
    for key, part in (("set", 0), ("unset", 1), ("values", 2)):
        chosen = {event_id(*event): group[part] for event, group in ordered if group[part]}
        if chosen:
            form[key] = chosen
    if state.holes is not NO_HOLES:
        form["holes"] = {"heads": _sorted(state.holes.heads), "fields": _sorted_fields(state.holes.fields)}
    return form


def decode_state(form: dict[str, Any]) -> EntityState:
    """Return the state of its JSON form. Raises BadLineError for anything else."""
    try:
        heads = [_event(text) for text in form["heads"]]
        images = [form["data"]] if "data" in form else form["images"]
        state = EntityState(form["rev"], dict(zip(heads, images, strict=True)), _fields(form), _holes(form))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadLineError(f"not an entity's state: {error}") from error
    if type(state.rev) is not int or state.rev < 1:
        raise BadLineError("an entity's state without rev")
    if not heads or len(state.heads) != len(heads):
        raise BadLineError("an entity's state without heads, or with one of them twice")
    if not all(type(image) is dict or (image is None and "data" not in form) for image in images):
        raise BadLineError("an entity's state with a head that is no document")
    return state


def _fields(form: dict[str, Any]) -> dict[str, Assignments]:
    shown = form.get("data", {})
    fields: dict[str, list[tuple[EventId, Any]]] = {}
    for text, names in form.get("set", {}).items():
        event = _event(text)
        for name in _names(names):
            fields.setdefault(name, []).append((event, shown[name]))
    for text, names in form.get("unset", {}).items():
        event = _event(text)
        for name in _names(names):
            fields.setdefault(name, []).append((event, ABSENT))
    for text, members in form.get("values", {}).items():
        event = _event(text)
        for name, item in members.items():
            fields.setdefault(name, []).append((event, item))
    return {
        name: tuple(pairs) if len(pairs) == 1 else tuple(sorted(pairs, key=_by_id)) for name, pairs in fields.items()
    }


def _holes(form: dict[str, Any]) -> Holes:
    if "holes" not in form:
        return NO_HOLES
    heads = decode_vector(form["holes"]["heads"])
    fields = {name: missing for name, item in form["holes"]["fields"].items() if (missing := decode_vector(item))}
    return Holes(heads, fields) if heads or fields else NO_HOLES


def _names(names: Any) -> list[str]:
    if type(names) is not list or not all(type(name) is str for name in names):
        raise BadLineError("no list of field names")
    return names


def _is_same(first: Any, second: Any) -> bool:
    """Tell whether two values have the same text."""
    if first is second:
        return True
    if type(first) is not type(second):
        return False
    if type(first) is str or type(first) is int:
        return bool(first == second)
    # Not the canonical text: the order of keys has to come back too, or clones would differ in bytes.
    return values.encode_trusted(first) == values.encode_trusted(second)


@lru_cache(maxsize=1024)
def _event(text: str) -> EventId:
    parsed = parse_event_id(text)
    if parsed is None:
        raise BadLineError(f"not an event id: {text[:40]!r}")
    return parsed


def _by_id(pair: tuple[EventId, Any]) -> EventId:
    return pair[0]


def _sorted(vector: Vector) -> dict[str, list[list[int]]]:
    return {lane: [list(interval) for interval in intervals] for lane, intervals in sorted(vector.items())}


def _sorted_fields(fields: dict[str, Vector]) -> dict[str, dict[str, list[list[int]]]]:
    return {name: _sorted(missing) for name, missing in sorted(fields.items())}
