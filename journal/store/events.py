"""Events as values that callers get. Frozen; safe to keep."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from journal.format.names import event_id
from journal.format.record import Record, decode
from journal.format.segment import Vector
from journal.state import vector
from journal.state.entity import Payload
from journal.state.vector import EventId
from journal.store.model import shown

if TYPE_CHECKING:
    from journal.format.event_lines import EventLine


class _Told:
    """What is filled from an event's line when it is asked for: a reader of a million events looks at few fields."""

    __slots__ = ("_record", "_told")

    __repr__ = shown

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            value = _fill(self, name)
            object.__setattr__(self, name, value)
            return value


@dataclass(frozen=True, slots=True, repr=False)
class Event(_Told):
    """One event: ``id`` is ``SEQ@LANE``. Fields that its kind does not have are None.

    ``lifted_from`` and ``lift_error`` are an entity's; ``set`` and ``unset`` stay as written.
    """

    id: str
    seq: int
    lane: str
    kind: str
    ts: str
    writer: str
    actor: str | None = None
    summary: str | None = None
    type: str | None = None
    entity: str | None = None
    rev: int | None = None
    action: str | None = None
    set: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    data: Payload | None = None
    stream: str | None = None
    event: str | None = None
    key: str | None = None
    note: str | None = None
    tx: tuple[int, int] | None = None
    meta: Payload | None = None
    lifted_from: int | None = None
    lift_error: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ReadEvent(Event):
    """An event as a reading from a position meets it; ``token`` is the position behind it."""

    since: Vector = field(default_factory=dict, repr=False, compare=False)
    """What the reader had read before it began."""
    here: Vector = field(default_factory=dict, repr=False, compare=False)
    """What this checkout held when the reading began."""
    bridges: Vector = field(default_factory=dict, repr=False, compare=False)
    """What of that is no event: numbers that lanes left to others."""

    @property
    def token(self) -> str:
        """The position token from which a reader that has taken this event goes on."""
        from journal.format import token

        behind = Reach(self.here, self.bridges).through((self.seq, self.lane))
        return token.encode(vector.union(self.since, behind))


@dataclass(frozen=True, slots=True, repr=False)
class StreamEvent(ReadEvent):
    """An event of a stream; ``position`` is its rank there in this checkout, from 1.

    A merge can put events before it, so go on by ``token``, never by ``position``. ``data`` is {} where nothing was
    said.
    """

    position: int = 0
    if TYPE_CHECKING:  # what events of other kinds may lack, this one has
        rev: int = 0
        data: Payload = field(default_factory=dict)
        stream: str = ""
        event: str = ""


class _Draft(StreamEvent):
    """An event of a stream while it is filled: it has the same slots, and is not frozen before its class is changed.

    Filling a frozen one from outside takes thrice as long, and is most of what a replay does beside decoding.
    """

    __slots__ = ()
    __init__ = object.__init__
    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__


class Reach:
    """What one reading can give: what was here when it began, without what turns out to be lost on the way.

    ``bridges``: what of that is no event, but a number between two segments of a lane.
    """

    __slots__ = ("bridges", "here")

    def __init__(self, here: Vector, bridges: Vector) -> None:
        self.here, self.bridges = here, bridges

    def through(self, at: EventId) -> Vector:
        """Return what is up to an event, which is what a token names.

        A lane's last number in it is an event's. Who has that, and not the lane's next segment, has all of it.
        """
        return vector.without_ends(vector.through(self.here, at), self.bridges)

    def leave_out(self, at: EventId) -> None:
        """Let no token name an event."""
        self.here = vector.subtract(self.here, vector.of(at[1], at[0], at[0]))


class Told(NamedTuple):
    """What events that were read together have in common: what was read before, what can be read, their lane.

    ``offset``: what is added to their seqs to get their positions in a stream; None where they have none.
    """

    since: Vector
    reach: Reach
    lane: str
    offset: int | None = None


R = TypeVar("R", bound=ReadEvent)
_KEYS = {name: name for name in Event.__slots__} | {"entity": "id"}
"""Under which name a record has what a field is filled with."""
_FILLED = frozenset((*_KEYS, "since", "here", "bridges", "lane", "position"))
"""What is filled in from an event's line when it is asked for."""
_new = object.__new__
_put_record, _put_told = _Told.__dict__["_record"].__set__, _Told.__dict__["_told"].__set__
_put_data = Event.__dict__["data"].__set__


def event_told(cls: type[R], record: Record, told: Told, data: Payload | None) -> R:
    """Return the event that a record tells, its payload fetched; most of its fields are filled when asked for."""
    event = _new(cls)
    _put_record(event, record)
    _put_told(event, told)
    _put_data(event, data)
    return event


def stream_events_told(
    lines: "Iterable[EventLine]", told: Told, fetch: "Callable[[EventLine], Payload | None]", lost: Payload
) -> Iterator[StreamEvent]:
    """Yield the events that lines tell: the same, in as few steps as can be, for a reader of a million of them.

    ``fetch`` returns the payload that a blob has, or ``lost``: then the event is passed over.
    """
    draft, final = _Draft, StreamEvent
    for line in lines:
        data = line.data
        if data is None and (data := fetch(line)) is lost:
            continue
        event = draft()
        event._record = line
        event._told = told
        event.data = data
        event.event = line.event
        event.__class__ = final
        yield event


def line_told(line: bytes, told: Told) -> StreamEvent:
    """Return the event of a line that was just written; nothing of it is decoded before it is asked for."""
    event = _new(StreamEvent)
    _put_record(event, line)
    _put_told(event, told)
    return event


def with_data(event: StreamEvent, data: Payload) -> None:
    """Give an event that was just told its payload, where its line does not have it."""
    _put_data(event, data)


def _fill(event: Any, name: str) -> Any:
    if name not in _FILLED:  # before anything is asked of an event that was not read: it has no ``_told``
        raise AttributeError(f"an event has no {name!r}", name=name, obj=event)
    told: Told = event._told
    if name in ("here", "bridges"):
        return getattr(told.reach, name)
    if name in ("since", "lane"):
        return getattr(told, name)
    if name == "id":
        return event_id(event.seq, event.lane)
    if name == "position":
        return 0 if told.offset is None else told.offset + event.seq
    key = _KEYS[name]
    record = event._record
    if type(record) is bytes:
        record = decode(record)
        _put_record(event, record)
    found = record.get(key) if type(record) is dict else getattr(record, key, None)
    if name in ("set", "unset"):
        return tuple(found or ())
    return tuple(found) if name == "tx" and found else found
