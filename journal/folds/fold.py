"""Folding streams into a value: from the seed, from a state on, or from a snapshot; all give the same.

A state names what it has folded as a token. It can be gone on from only if what came since sorts behind all of it, and
nothing of it has left the checkout; else an older snapshot serves, or the seed. So a late event of a merged branch is
folded in its place, and snapshot + tail is what a full replay gives. Events that are truncated are folded too: hiding
the beginning of a stream from its readers does not change what it came to.

A state names the redactions that it heeds as well. One that was made before a redaction of something in its past may
hold what was taken out, and is not gone on from either.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, TypeVar

from journal.arguments import check
from journal.errors import RefusedError
from journal.folds.redacted import is_redacted_since, redactions_of
from journal.format import names, token, values
from journal.format.segment import Vector
from journal.index.streams import Reading
from journal.index.view import View
from journal.state import vector
from journal.state.stream import Stretch, in_one_order
from journal.state.vector import EventId
from journal.store.engine import Engine
from journal.store.events import Reach, StreamEvent
from journal.store.lifting import lifted_events
from journal.store.looking_back import look_back
from journal.store.lost_payloads import lose_by
from journal.store.positions import in_pieces, reach_of, readable, still_fresh
from journal.store.streams.as_of import StreamAsOf
from journal.store.streams.reading import events_of, last_of, up_to

V = TypeVar("V")
_START: EventId = (0, "")


@dataclass(frozen=True, slots=True)
class Fold(Generic[V]):
    """How events become a value: ``step(value, event)`` returns the next one, from ``seed`` on.

    ``step`` is pure: it asks no clock, no chance and no file, and does not change what it is given. The value is what
    JSON has. ``version`` is to be raised when ``step`` or ``seed`` changes, or the code of an upcaster that lifts its
    events: snapshots of another one do not count, nor those made with other upcasters registered.
    """

    name: str
    seed: V
    step: Callable[[V, StreamEvent], V]
    version: int = 1

    def __post_init__(self) -> None:
        """Refuse what is of a wrong kind, and a name that no snapshot can have."""
        check("Fold", name=self.name, step=self.step, version=self.version)
        names.check_id(self.name, what="name of the fold")


@dataclass(frozen=True, slots=True)
class FoldState(Generic[V]):
    """What a fold has come to: the value, and the token of what it has folded."""

    value: V
    position: str


class Tail(NamedTuple):
    """What a state lacks: the events, in order; ``reach`` is what can be read, as of when it was asked for.

    ``redactions``: the notes of those that were known then, which the events are read by.
    """

    events: Iterator[StreamEvent]
    reach: Reach
    redactions: Vector


def replay(
    engine: Engine, fold: Fold[V], streams: Sequence[str], states: Iterable[FoldState[V]], told: Callable[[int], None]
) -> FoldState[V]:
    """Fold what there is, from the first of ``states`` that can be gone on from, else from the seed.

    ``told`` is called with the number of events folded, now and then and at the end.
    """
    for state in states:
        rest = tail(engine, streams, token.decode(state.position))
        if rest is not None and (begun := _begun(state)) is not None:
            return run(fold, begun, rest, told)
    seed = FoldState(fold.seed, token.encode({}))
    rest = tail(engine, streams, {})
    assert rest is not None, "nothing is late to who knows nothing"
    return run(fold, replace(seed, value=copied(fold.seed)), rest, told)


def _begun(state: FoldState[V]) -> FoldState[V] | None:
    """Return a state of its own to go on from; None where its value is nothing that JSON has."""
    try:
        return replace(state, value=copied(state.value))
    except RefusedError:
        return None


def run(fold: Fold[V], state: FoldState[V], rest: Tail, told: Callable[[int], None]) -> FoldState[V]:
    """Fold the tail onto a state, whose value is nobody else's."""
    value = state.value
    known, step, event, number = token.decode(state.position), fold.step, None, 0
    for number, event in enumerate(rest.events, start=1):
        value = step(value, event)
        if not number % _TELL_EVERY:
            told(number)
    if number % _TELL_EVERY or not number:
        told(number)
    folded = vector.EMPTY if event is None else rest.reach.through((event.seq, event.lane))
    return FoldState(value, token.encode(vector.union(vector.union(known, folded), rest.redactions)))


_TELL_EVERY = 1000


def copied(value: V) -> V:
    """Return a value of its own, as JSON has it: whoever changes one by mistake changes no other."""
    wrapped: dict[str, Any] = values.decode(values.encode({"value": value}))
    found: V = wrapped["value"]
    return found


def tail(engine: Engine, streams: Sequence[str], known: Vector) -> Tail | None:
    """Return the events of streams that a set lacks; None where the set cannot be gone on from.

    That is where some of it has left the checkout or cannot be read any more, something that it lacks sorts before the
    last of it, or some of it was redacted since.
    """

    def look(view: View) -> tuple[list[StreamAsOf], Reach, Vector, bool]:
        is_other = _is_late(view, streams, known) or is_redacted_since(engine, view, known)
        return [StreamAsOf(view, name) for name in streams], reach_of(view), redactions_of(view), is_other

    then, reach, redactions, is_other = look_back(engine, look)
    if is_other or not vector.is_subset(known, reach.here):
        return None

    def piece(view: View, after: EventId, size: int) -> tuple[Iterator[StreamEvent], EventId | None]:
        fresh = still_fresh(view, reach, known)
        stretches = up_to(size, _fresh([stream.reading(view) for stream in then], fresh, after))
        events = events_of(view, stretches, known, reach, lose_by(engine))
        return lifted_events(engine, events), last_of(stretches, size)

    return Tail(in_pieces(engine, piece, None), reach, redactions)


def lag(view: View, streams: Sequence[str], known: Vector) -> int:
    """Return how many events of streams a set lacks."""
    fresh = vector.subtract(readable(view), known)
    return sum(stretch.length for stretch in _fresh([Reading(view, name) for name in streams], fresh, _START))


def _is_late(view: View, streams: Sequence[str], known: Vector) -> bool:
    last = max(((intervals[-1][1], lane) for lane, intervals in known.items()), default=_START)
    fresh = vector.through(vector.subtract(readable(view), known), last)
    return any(True for name in streams for _ in Reading(view, name).fresh(fresh, _START, with_all=True))


def _fresh(streams: Sequence[Reading], fresh: Vector, after: EventId) -> Iterator[Stretch]:
    each = [stream.fresh(fresh, after, with_hidden=True) for stream in streams]
    return each[0] if len(each) == 1 else in_one_order(each)
