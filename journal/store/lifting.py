"""Payloads as callers see them: lifted by the upcasters that are registered here. Nothing is written.

Everything that stays is kept as written: events, checkpoints, the index, projections. So clones with different code
agree on the state, and only what they hand out differs.

Plug-ins are looked for (``store.upcasters``) where a payload says its version, its type is ``versioned`` in
``journal.toml``, or the caller registered something for it: looking costs more than a read.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from journal.errors import RefusedError
from journal.format import values
from journal.format.values import SCHEMA_VERSION
from journal.index.rows import EntityRow
from journal.state.entity import Payload
from journal.state.value import Lifted
from journal.store.engine import Engine

if TYPE_CHECKING:
    from journal.store.events import Event
    from journal.store.model import Entity
    from journal.store.upcasters import Lifting

_MARK = f'"{SCHEMA_VERSION}"'
E = TypeVar("E", bound="Event")
_NOTHING = Lifted({})


def lifting_of(engine: Engine) -> "Lifting":
    """Return an open store's upcasters, found when they are first needed."""
    if engine.lifting is None:
        import os

        from journal.state.upcasting import Upcasters
        from journal.store.upcasters import Lifting

        engine.lifting = Lifting(Upcasters(), os.path.dirname(engine.root))
    return engine.lifting


def is_concerned(engine: Engine, name: str, text: str) -> bool:
    """Tell whether a payload, given as its text, may have to be lifted."""
    return _MARK in text or _is_lifted(engine, name)


def lift(engine: Engine, name: str, payload: Payload) -> Lifted:
    """Return what callers see of a payload of an entity type, or of a stream event's name."""
    if SCHEMA_VERSION in payload or _is_lifted(engine, name):
        return lifting_of(engine).all().lift(name, payload)
    return Lifted(payload)


def _is_lifted(engine: Engine, name: str) -> bool:
    """Tell whether a payload under a name may have to be lifted though it says no version."""
    return engine.config.is_versioned(name) or (engine.lifting is not None and engine.lifting.own.knows(name))


def document_of(engine: Engine, row: EntityRow) -> Lifted:
    """Return what callers see of an entity's document; nothing for a deleted one."""
    return _NOTHING if row.data is None else lift(engine, row.type, values.decode(row.data))


def document_as_written(row: EntityRow) -> Lifted:
    """Return an entity's document as it is stored."""
    return _NOTHING if row.data is None else Lifted(values.decode(row.data))


def lifted_entity(engine: Engine, entity: "Entity") -> "Entity":
    """Return an entity as callers see it."""
    shown = None if entity.data is None else lift(engine, entity.type, entity.data)
    if shown is None or (shown.lifted_from is None and shown.error is None):
        return entity
    import dataclasses

    return dataclasses.replace(entity, data=shown.data, lifted_from=shown.lifted_from, lift_error=shown.error)


def lifted_event(engine: Engine, event: E) -> E:
    """Return an event as callers see it: of an entity by its type, of a stream by the event's name."""
    name = event.type if event.kind == "entity" else event.event
    shown = None if event.data is None or name is None else lift(engine, name, event.data)
    if shown is None or (shown.lifted_from is None and shown.error is None):
        return event
    import dataclasses

    return dataclasses.replace(event, data=shown.data, lifted_from=shown.lifted_from, lift_error=shown.error)


def lifted_events(engine: Engine, events: Iterable[E]) -> Iterator[E]:
    """Yield events of streams as callers see them."""
    by_name = engine.lifting is not None or bool(engine.config.versioned)
    for event in events:
        if by_name or SCHEMA_VERSION in (event.data or ()):
            yield lifted_event(engine, event)
        else:
            yield event


def lifted_to_write(engine: Engine, type: str, id: str, payload: Payload) -> Payload:
    """Return what a writer changes: the lifted payload. Raises RefusedError where it cannot be lifted.

    A reader is served the payload as written then; a writer made for the newest version must not mix the two.
    """
    shown = lift(engine, type, payload)
    if shown.error is not None:
        hint = "mend the upcaster, or write the whole document"
        raise RefusedError(f"{type} {id!r} cannot be lifted: {shown.error}; nothing was written", hint=hint)
    return shown.data
