"""Views: what a fold of streams comes to, always current, in one step to read.

A view holds the state in memory. A read asks what is here that the state lacks: usually nothing, which is told without
looking at any event; else the tail is folded first. So a read is never stale, and costs what came since. A view that is
refreshed on append folds what this process appends behind the append, so that reads find that done.

**Threads.** No lock is held while events are read or folded, so a view may be read anywhere, also by a function that
``mutate`` calls. Two threads that find the same events missing both fold them. Whoever began last says what the state
is.
"""

import itertools
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, NamedTuple

from journal.arguments import checks_arguments
from journal.errors import RefusedError
from journal.folds import snapshots
from journal.folds.fold import Fold, FoldState, V, copied, lag, replay
from journal.format import token
from journal.format.segment import Vector
from journal.state import vector
from journal.store.engine import Engine
from journal.store.events import Event
from journal.store.looking_back import look_back


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """How a view stands: its ``watermark`` (the token of what it has folded), and how many events it lacks.

    ``last_error``: what kept it from going on at last, as text; None where nothing did.
    """

    name: str
    watermark: str
    lag: int
    last_error: str | None


class _Seen(NamedTuple):
    """What a checkout holds: events, those that it has lines of, in which files, and how many places are redacted.

    Where a lost payload is back, or a damaged line, the files were taken in anew (``generation``). ``upcasters``: how
    often one was registered, and what is versioned, by which events are other values.
    """

    have: Vector
    in_files: Vector
    generation: int
    redacted: int
    upcasters: tuple[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Known(Generic[V]):
    """A state, what the checkout held when it was made current, and the number of the look that found so."""

    state: FoldState[V]
    seen: _Seen
    look: int


@checks_arguments()
class MaterializedView(Generic[V]):
    """A fold over streams that is kept up to date. Safe for several threads; made by ``Journal.view``."""

    def __init__(self, engine: Engine, fold: Fold[V], streams: Sequence[str]) -> None:
        self._engine, self._fold, self._streams = engine, fold, tuple(streams)
        self._changing = threading.Lock()
        self._looks = itertools.count(1)
        self._known: _Known[V] | None = None
        self._error: str | None = None

    @property
    def name(self) -> str:
        """The fold's name."""
        return self._fold.name

    def read(self) -> V:
        """Return the value with everything in it that was acknowledged before this call; it is the caller's own.

        Raises what ``step`` raises, and keeps the state before it: ``status`` says so too.
        """
        return self.state().value

    def peek(self) -> V:
        """Return the same value, and no copy of it: in one step, however large it is. It is only to be looked at."""
        return self._current().value

    def state(self) -> FoldState[V]:
        """Return the value and the token of what it has folded, brought up to date."""
        state = self._current()
        try:
            return _own(state)
        except RefusedError as error:  # no JSON, which only copying it tells
            self._error = _said(error)
            raise

    def refresh(self) -> bool:
        """Bring the view up to date now; whether it is. What goes wrong is not raised: ``status`` says it."""
        try:
            self._current()
        except Exception as error:
            self._error = _said(error)
            return False
        return True

    def _lacks(self, event: Event) -> bool:
        known = self._known
        is_seen = known is not None and vector.contains(known.seen.have, event.seq, event.lane)
        return event.stream in self._streams and not is_seen

    def rebuild(self, progress: Callable[[int], None] | None = None) -> FoldState[V]:
        """Fold everything anew from the seed, while reads go on with the state that is there; then take its place.

        ``progress`` is called with the number of events folded, now and then and at the end.
        """
        here = self._here()
        after = self._replay((), progress or _ignore)
        self._keep(after, here)
        return _own(after)

    def snapshot(self) -> FoldState[V]:
        """Keep the present state for the next process, and return it."""
        state = self.state()
        snapshots.save(self._engine, self._fold, self._streams, state)
        return state

    def status(self) -> ViewStatus:
        """Return how the view stands now; nothing is folded."""
        known = self._known
        folded = {} if known is None else token.decode(known.state.position)
        missing = look_back(self._engine, lambda view: lag(view, self._streams, folded))
        return ViewStatus(self.name, token.encode(folded), missing, self._error)

    def _current(self) -> FoldState[V]:
        with self._changing:
            look, known = next(self._looks), self._known
        here = self._here()
        if known is not None and known.seen == here:
            self._error = None
            return known.state
        mine = () if known is None or known.seen.upcasters != here.upcasters else (known.state,)
        state = self._replay(chain(mine, snapshots.kept(self._engine, self._fold, self._streams)), _ignore)
        self._keep(state, here, look)
        return state

    def _here(self) -> _Seen:
        with self._engine.reading() as view:
            redacted = 0 if view.redacting is None else sum(map(len, view.redacting.known.values()))
            lifting = self._engine.lifting
            upcasters = 0 if lifting is None else lifting.own.changes
            known = upcasters, self._engine.config.versioned
            return _Seen(dict(view.have), dict(view.have_files), view.generation, redacted, known)

    def _keep(self, state: FoldState[V], seen: _Seen, look: int | None = None) -> None:
        """Make a state the view's, unless that is of a look which began later; without a look it takes over."""
        with self._changing:
            number = next(self._looks) if look is None else look
            if self._known is None or number > self._known.look:
                self._known = _Known(state, seen, number)

    def _replay(self, states: Iterable[FoldState[V]], told: Callable[[int], None]) -> FoldState[V]:
        try:
            after = replay(self._engine, self._fold, self._streams, states, told)
        except Exception as error:
            self._error = _said(error)
            raise
        self._error = None
        return after


def refresh_with(on: Callable[[Callable[[Event], None]], Callable[[], None]], view: MaterializedView[V]) -> None:
    """Have a view refreshed when an event comes that it lacks, for as long as somebody has the view.

    ``on`` takes a handler of events, and returns what ends that. Of a batch the first event brings all.
    """
    held = weakref.ref(view)

    def handle(event: Event) -> None:
        found = held()
        if found is None:
            off()
        elif found._lacks(event):
            found.refresh()

    off = on(handle)


def _own(state: FoldState[V]) -> FoldState[V]:
    """Return a state whose value its caller may change."""
    return FoldState(copied(state.value), state.position)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _ignore(_: int) -> None:
    """Tell nobody."""
