"""Folds over streams, snapshots of them, views."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from journal.arguments import TEXT_OR_TEXTS, checks_arguments
from journal.facade.subscribing import Subscribing

if TYPE_CHECKING:
    from journal.folds.fold import Fold, FoldState
    from journal.folds.view import MaterializedView

V = TypeVar("V")


@checks_arguments(streams=TEXT_OR_TEXTS)
class Folding(Subscribing):
    """The methods of ``Journal`` that make values of streams."""

    def fold(
        self,
        fold: "Fold[V]",
        streams: str | Sequence[str],
        *,
        state: "FoldState[V] | None" = None,
        progress: Callable[[int], None] | None = None,
    ) -> "FoldState[V]":
        """Fold streams, in one order, and return the value and the token of what was folded.

        It begins with ``state``, which has to be of this fold and these streams, else with the newest snapshot that can
        be gone on from, else with the seed: where an event has arrived late, has left or was redacted, that is an
        earlier one. The result is the same in any case.
        ``progress`` is called with the number of events folded, now and then and at the end. Raises what the fold's
        ``step`` raises.
        """
        from journal.folds import snapshots
        from journal.folds.fold import replay

        names = _names(streams)
        kept = snapshots.kept(self._engine, fold, names)
        states = (item for group in (() if state is None else (state,), kept) for item in group)
        return replay(self._engine, fold, names, states, progress or _ignore)

    def snapshot(self, fold: "Fold[V]", streams: str | Sequence[str]) -> "FoldState[V]":
        """Fold streams, keep the state in this work tree, so that the next fold goes on from there, and return it.

        Raises RefusedError for a value that JSON does not have.
        """
        from journal.folds import snapshots

        state = self.fold(fold, streams)
        snapshots.save(self._engine, fold, _names(streams), state)
        return state

    def view(
        self, fold: "Fold[V]", streams: str | Sequence[str], *, refresh: Literal["read", "append"] = "read"
    ) -> "MaterializedView[V]":
        """Return a view: the fold's value over streams, which is kept current and never stale when it is read.

        ``refresh``: when new events are folded. With ``"read"`` the next read of the view does it. With ``"append"``
        each append of this journal object does, once it is durable, so that reads have nothing to do; it never fails by
        that, and the view's ``status`` tells what went wrong. Events of others wait for the next read or append.
        """
        from journal.folds.view import MaterializedView, refresh_with

        view = MaterializedView(self._engine, fold, _names(streams))
        if refresh == "append":
            view.refresh()
            refresh_with(self.hub.on, view)
        return view


def _names(streams: str | Sequence[str]) -> Sequence[str]:
    return (streams,) if isinstance(streams, str) else tuple(dict.fromkeys(streams))


def _ignore(_: int) -> None:
    """Tell nobody."""
