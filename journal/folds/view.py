"""Views: what a fold of streams comes to, always current, in one step to read.

A view holds the state in memory. A read asks what is here that the state lacks: usually nothing, which is told without
looking at any event; else the tail is folded first. So a read is never stale, and costs what came since.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic

from journal.folds import snapshots
from journal.folds.fold import Fold, FoldState, V, copied, lag, replay
from journal.format import token
from journal.format.segment import Vector
from journal.store.engine import Engine
from journal.store.looking_back import look_back


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """How a view stands: its ``watermark`` (the token of what it has folded), and how many events it lacks.

    ``last_error``: what kept it from going on when it was last read, as text; None where nothing did.
    """

    name: str
    watermark: str
    lag: int
    last_error: str | None


class MaterializedView(Generic[V]):
    """A fold over streams that is kept up to date. Safe for several threads; made by ``Journal.view``."""

    def __init__(self, engine: Engine, fold: Fold[V], streams: Sequence[str]) -> None:
        self._engine, self._fold, self._streams = engine, fold, tuple(streams)
        self._threads = threading.Lock()
        self._state: FoldState[V] | None = None
        self._seen: Vector | None = None
        """What the checkout held when the state was last made current."""
        self._error: str | None = None

    @property
    def name(self) -> str:
        """The fold's name."""
        return self._fold.name

    def read(self) -> V:
        """Return the value with everything in it that was acknowledged before this call.

        Raises what ``step`` raises, and keeps the state before it: ``status`` says so too.
        """
        return copied(self.state().value)

    def state(self) -> FoldState[V]:
        """Return the value and the token of what it has folded, brought up to date."""
        with self._engine.reading() as view:
            here = dict(view.have)
        state = self._state
        if state is not None and here == self._seen:
            return state
        with self._threads:
            mine = () if self._state is None else (self._state,)
            kept = snapshots.kept(self._engine, self._fold, self._streams)
            self._state, self._seen = self._replay(chain(mine, kept), _ignore), here
            return self._state

    def rebuild(self, progress: Callable[[int], None] | None = None) -> FoldState[V]:
        """Fold everything anew from the seed, while reads go on with the state that is there; then take its place.

        ``progress`` is called with the number of events folded, now and then.
        """
        with self._engine.reading() as view:
            here = dict(view.have)
        after = self._replay((), progress or _ignore)
        with self._threads:
            self._state, self._seen = after, here
        return after

    def snapshot(self) -> FoldState[V]:
        """Keep the present state for the next process, and return it."""
        state = self.state()
        snapshots.save(self._engine, self._fold, self._streams, state)
        return state

    def status(self) -> ViewStatus:
        """Return how the view stands now; nothing is folded."""
        state = self._state
        known = {} if state is None else token.decode(state.position)
        missing = look_back(self._engine, lambda view: lag(view, self._streams, known))
        return ViewStatus(self.name, token.encode(known), missing, self._error)

    def _replay(self, states: Iterable[FoldState[V]], told: Callable[[int], None]) -> FoldState[V]:
        try:
            after = replay(self._engine, self._fold, self._streams, states, told)
        except Exception as error:
            self._error = f"{type(error).__name__}: {error}"
            raise
        self._error = None
        return after


def _ignore(_: int) -> None:
    """Tell nobody."""
