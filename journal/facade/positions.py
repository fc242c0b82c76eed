"""Positions: the whole journal from a token on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from journal.arguments import checks_arguments
from journal.facade.base import Base
from journal.store.looking_back import look_back

if TYPE_CHECKING:
    from journal.store.events import ReadEvent
    from journal.store.positions import Gaps


@checks_arguments()
class Positions(Base):
    """The methods of ``Journal`` that read everything, from where a reader stopped."""

    def position(self) -> str:
        """Return the token that names every event of this checkout: reading on from it yields what comes after now."""
        from journal.format import token

        with self._engine.reading() as view:
            return token.encode(view.have)

    def read_all(self, *, since: str | None = None, limit: int | None = None) -> "Iterator[ReadEvent]":
        """Yield all events that a token does not name, of entities, streams and notes, in the total order.

        ``since``: the token; without it all events are yielded. ``limit``: at most so many. It yields what is here at
        the time of the call. An event that a merge brings later is new to the token, so it comes with a later reading.
        Each event has the ``token`` from which to read on after it. Raises RefusedError for a text that is no token,
        and JournalError where events leave the checkout while they are read.
        """
        from journal.store import positions

        return positions.read_all(self._engine, positions.decoded(since), limit)

    def gaps(self, since: str | None = None) -> "Gaps":
        """Return the events that reading on from a token cannot give.

        Those are events that the token names and that are not here any more, and new ones that cannot be read.
        """
        from journal.store import positions

        known = positions.decoded(since)
        return look_back(self._engine, lambda view: positions.gaps(view, known))
