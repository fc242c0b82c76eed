"""The values that callers get and give. Frozen; safe to keep."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from journal.format.names import event_id, parse_event_id
from journal.format.record import Record, decode
from journal.format.segment import Vector
from journal.state import vector
from journal.state.entity import EntityState, Payload
from journal.state.vector import EventId

if TYPE_CHECKING:
    from journal.format.event_lines import EventLine


def _shown(value: Any) -> str:
    """Return a value as the call that makes it, without what it says by default: most events lack most fields."""
    told = (
        f"{item.name}={found!r}"
        for item in fields(value)
        if item.repr and ((found := getattr(value, item.name)) != item.default or item.default is MISSING)
    )
    return f"{type(value).__name__}({', '.join(told)})"


@dataclass(frozen=True, slots=True, repr=False)
class Entity:
    """An entity as it stands: ``event`` is its greatest head, the token for compare-and-set.

    ``data`` is None only for a deleted one; ``conflicts`` counts what concurrent edits left open. ``lifted_from`` is
    the version that its payload has in the store, where upcasters lifted it; ``lift_error`` says why they could not.
    """

    type: str
    id: str
    rev: int
    event: str
    data: Payload | None
    conflicts: int = 0
    lifted_from: int | None = None
    lift_error: str | None = None

    __repr__ = _shown


class _Told:
    """What is filled from an event's line when it is asked for: a reader of a million events looks at few fields."""

    __slots__ = ("_record", "_told")

    __repr__ = _shown

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

    @property
    def token(self) -> str:
        """The position token from which a reader that has taken this event goes on."""
        from journal.format import token

        return token.encode(vector.union(self.since, vector.through(self.here, (self.seq, self.lane))))


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


class Reach:
    """What one reading can give: what was here when it began, without what turns out to be lost on the way."""

    __slots__ = ("here",)

    def __init__(self, here: Vector) -> None:
        self.here = here

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
_FILLED = frozenset((*_KEYS, "since", "here", "lane", "position"))
"""What is filled in from an event's line when it is asked for."""
_new = object.__new__
_put_record, _put_told = _Told.__dict__["_record"].__set__, _Told.__dict__["_told"].__set__
_put_data, _put_event = Event.__dict__["data"].__set__, Event.__dict__["event"].__set__


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
    new, put_record, put_told, put_data, put_event = _new, _put_record, _put_told, _put_data, _put_event
    for line in lines:
        data = line.data
        if data is None and (data := fetch(line)) is lost:
            continue
        event = new(StreamEvent)
        put_record(event, line)
        put_told(event, told)
        put_data(event, data)
        put_event(event, line.event)
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
    if name == "here":
        return told.reach.here
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


@dataclass(frozen=True, slots=True)
class Stream:
    """A line of the catalogue of streams.

    ``length``: the last position, which truncating does not change; ``first``: the least position that is not hidden
    (one more than ``length`` where all are); ``count``: how many events are not hidden; ``last_event``: the id of the
    last event of all, None where only a truncation of the stream is here.
    """

    name: str
    length: int
    first: int
    count: int
    last_event: str | None


@dataclass(frozen=True, slots=True)
class Gaps:
    """Events that no reading from a token can give: lane -> intervals of seq.

    ``gone``: the token names them, and they are not in this checkout any more; a branch was dropped, or another is
    checked out. ``unreadable``: they are new to the token, and their lines are damaged or lost.
    """

    gone: Vector
    unreadable: Vector

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.gone or self.unreadable)


@dataclass(frozen=True, slots=True)
class Conflict:
    """An expectation that was not met, as a value: nothing was written.

    ``heads`` are the ids of the entity's present heads, to try again with.
    """

    type: str
    id: str
    expected: Any
    actual: Any
    heads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that concurrent edits left open; ``field`` None: an update beside a delete.

    ``winner`` and ``losers`` have ``event``, ``value``, ``actor`` and ``ts``.
    """

    type: str
    id: str
    field: str | None
    winner: dict[str, Any]
    losers: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Blame:
    """Who gave a field its value; of several whose values were combined, the last."""

    field: str
    value: Any
    event: str
    actor: str | None
    ts: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must hold before a write: ``rev`` (0: no live entity), and the exact heads."""

    rev: int | None = None
    heads: tuple[str, ...] | None = None

    def check(self, key: tuple[str, str], state: EntityState | None) -> Conflict | None:
        """Return a Conflict unless the entity's state is as expected."""
        heads = tuple(event_id(*head) for head in sorted(state.heads)) if state is not None else ()
        if self.heads is not None and sorted(_ids(self.heads)) != sorted(_ids(heads)):
            return Conflict(*key, list(self.heads), list(heads), heads)
        if self.rev is not None:
            is_live = state is not None and not state.is_deleted
            actual = state.rev if state is not None and is_live else 0
            # Several heads may share a rev: such a state is never what a rev can name.
            if actual != self.rev or (is_live and len(heads) > 1):
                return Conflict(*key, self.rev, actual, heads)
        return None


ANYTHING = Expectation()
"""Expects nothing."""


def _ids(texts: tuple[str, ...]) -> list[tuple[int, str]]:
    return [parse_event_id(text) or (-1, text) for text in texts]
