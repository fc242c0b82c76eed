"""The state of an entity to which events are added whose writers saw all before them. Pure.

Then each event supersedes whatever it assigns, and of most events nothing is left: so payloads are decoded
at the end, those that still show alone. The result is what ``entity.follow`` gives, event by event.
"""

from collections.abc import Callable, Iterable

from journal.state.entity import ABSENT, EntityState, Payload
from journal.state.vector import EventId

_Source = tuple[EventId, bytes | None]
"""An event and the text of its payload; no text where it unset the field, or deleted the entity."""


class Latest:
    """Begins with a state that has no holes, or with nothing."""

    __slots__ = ("_base", "_fields", "_head", "_rev")

    def __init__(self, base: EntityState | None) -> None:
        self._base = base
        self._rev = base.rev if base is not None else 0
        self._head: _Source | None = None
        self._fields: dict[str, _Source] = {}

    def add(self, event: EventId, rev: int, text: bytes | None, set: Iterable[str], unset: Iterable[str]) -> None:
        """Add an event; ``text`` is its payload, None for a tombstone."""
        self._head = source = (event, text)
        self._rev = max(self._rev, rev)
        if text is None:
            return
        fields = self._fields
        for name in unset:
            fields[name] = (event, None)
        for name in set:
            fields[name] = source

    def state(self, decode: Callable[[bytes], Payload]) -> EntityState:
        """Return the state, with all that was added in it."""
        images: dict[EventId, Payload] = {}

        def image(source: _Source) -> Payload | None:
            event, text = source
            if text is not None and event not in images:
                images[event] = decode(text)
            return images.get(event) if text is not None else None

        fields = self._base.fields.copy() if self._base is not None else {}
        for name, source in self._fields.items():
            shown = image(source)
            fields[name] = ((source[0], ABSENT if shown is None else shown.get(name, ABSENT)),)
        assert self._head is not None, "nothing was added"
        return EntityState(self._rev, {self._head[0]: image(self._head)}, fields)
