"""What was applied since the last flush of a view, and is not in the index yet."""

from journal.format.segment import Intervals
from journal.index.rows import DamageFacts, EntityRow, FileFacts, Location, SectionFacts
from journal.index.stream_table import BEYOND, StreamFacts
from journal.state import vector
from journal.state.entity import EntityState
from journal.state.stream import Entry, Placed
from journal.state.vector import EventId

Key = tuple[str, str]
"""(type, id) of an entity, or (folder, name) of a file."""


class Event:
    """One event that is not yet in the index: where it stands, and which entity's or stream's it is."""

    __slots__ = ("key", "location", "stream")

    def __init__(self, key: Key | None, location: Location, stream: str | None = None) -> None:
        self.key, self.location, self.stream = key, location, stream


class StreamChanges:
    """What came to one stream since the last flush.

    ``tail``: the new events with their places while all of them sort behind what the index has, which is what appending
    does; None as soon as one does not, or hides others: then the index numbers the stream anew at the next flush.
    """

    __slots__ = ("base", "cuts", "end", "entries", "keys", "last", "rev", "tail", "through")

    def __init__(self, base: StreamFacts, through: EventId) -> None:
        self.base, self.through = base, through
        self.entries: dict[EventId, Entry] = {}
        self.cuts: dict[EventId, EventId] = {}
        self.keys: dict[str, EventId] = {}
        self.tail: list[Placed] | None = []
        self.last, self.rev, self.end = base.last, base.rev, base.end

    def add(self, entry: Entry, *, repeats: bool) -> None:
        """Take an event in that is not in the index; ``repeats``: an earlier event there has its key."""
        at, rev, key = entry
        self.entries[at] = entry
        self.rev = max(self.rev, rev)
        if key is not None:
            repeats = repeats or self.keys.get(key, BEYOND) < at
            self.keys[key] = min(self.keys.get(key, at), at)
        if self.tail is None or at <= self.end or at <= self.through:
            self.tail = None
            return
        self.last += not repeats
        self.end = at
        self.tail.append(Placed(at, rev, key, None if repeats else self.last, False))

    def cut(self, at: EventId, through: EventId) -> None:
        """Take a truncation in."""
        self.cuts[at] = through
        self.tail = None


class Overlay:
    """What was applied since the last flush."""

    def __init__(self) -> None:
        self.states: dict[Key, EntityState | None] = {}
        self.rows: dict[Key, EntityRow] = {}
        self.events: dict[vector.EventId, Event] = {}
        self.streams: dict[str, StreamChanges] = {}
        self.sections: dict[tuple[str, int], SectionFacts] = {}
        self.parts: dict[tuple[int, str, int], Intervals] = {}
        self.files: dict[int, FileFacts] = {}
        self.damage: list[DamageFacts] = []

    @property
    def is_empty(self) -> bool:
        """Whether a flush would write nothing."""
        return not (self.files or self.states or self.events or self.sections)
