"""Everything in a store as text for other programs, a piece at a time.

These forms are an interface (docs/json.md): they are built here field by field, so that a change of the
library's classes does not change them.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from journal.errors import UsageError
from journal.format import values

if TYPE_CHECKING:
    from journal import Journal
    from journal.store.events import Event
    from journal.store.model import Entity

FORMATS = ("jsonl", "events", "json")
_LINES_AT_ONCE = 256


def export(journal: "Journal", format: str, *, is_lifted: bool = False) -> Iterator[bytes]:
    """Yield the text of an export in pieces; payloads as written, or entities' payloads lifted by upcasters.

    ``jsonl``: one line per live entity, by type and id. ``events``: one line per event, oldest first.
    ``json``: one document ``{"entities": {type: {id: document}}, "kv": {key: value}}``. Raises UsageError.
    """
    if format == "jsonl":
        entities = journal.list(reserved=True, as_written=not is_lifted)
        return _joined(values.encode_trusted(entity_form(entity)) + b"\n" for entity in entities)
    if format == "events":
        return _joined(
            values.encode_trusted(event_form(event)) + b"\n" for event in journal.log(reverse=True, reserved=True)
        )
    if format == "json":
        return _joined(_document(journal, is_lifted))
    raise UsageError(f"there is no format {format!r}", hint=f"one of {', '.join(FORMATS)}")


def entity_form(entity: "Entity") -> dict[str, Any]:
    """Return an entity as JSON has it."""
    form = {"type": entity.type, "id": entity.id, "rev": entity.rev, "event": entity.event, "data": entity.data}
    return form | lifted_form(entity)


def lifted_form(item: "Entity | Event") -> dict[str, Any]:
    """Return what is to be said of a payload that upcasters lifted, or could not; nothing of any other."""
    if item.lifted_from is None and item.lift_error is None:
        return {}
    return {"lifted_from": item.lifted_from} if item.lift_error is None else {"lift_error": item.lift_error}


def event_form(event: "Event") -> dict[str, Any]:
    """Return an event as JSON has it: what its kind does not have is left out."""
    form: dict[str, Any] = {
        "event": event.id,
        "seq": event.seq,
        "lane": event.lane,
        "kind": event.kind,
        "ts": event.ts,
        "writer": event.writer,
        "actor": event.actor,
        "summary": event.summary,
        "tx": list(event.tx) if event.tx else None,
    }
    if event.kind == "entity":
        form |= {"type": event.type, "id": event.entity, "rev": event.rev, "action": event.action}
        form |= {"set": list(event.set), "unset": list(event.unset)}
    elif event.kind == "event":
        form |= {"stream": event.stream, "name": event.event, "rev": event.rev, "key": event.key, "meta": event.meta}
    else:
        form |= {"note": event.note}
    return form | {"data": event.data}


def _document(journal: "Journal", is_lifted: bool) -> Iterator[bytes]:
    # Written member by member: one document of everything would be in memory twice.
    type = None
    yield b'{"entities":{'
    for entity in journal.list(as_written=not is_lifted):
        if entity.type != type:
            yield (b"},\n" if type is not None else b"\n") + values.encode_trusted(entity.type) + b":{\n"
            type = entity.type
        else:
            yield b",\n"
        yield values.encode_trusted(entity.id) + b":" + values.encode_trusted(entity.data)
    yield (b"\n}" if type is not None else b"") + b'},"kv":{'
    for at, (key, value) in enumerate(journal.kv.list().items()):
        yield (b",\n" if at else b"\n") + values.encode_trusted(key) + b":" + values.encode_trusted(value)
    yield b"}}\n"


def _joined(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield fewer, larger pieces."""
    batch: list[bytes] = []
    for piece in pieces:
        batch.append(piece)
        if len(batch) >= _LINES_AT_ONCE:
            yield b"".join(batch)
            batch.clear()
    yield b"".join(batch)
