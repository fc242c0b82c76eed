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
        """Return the token of now: it names every event of this checkout."""
        from journal.format import token

        with self._engine.reading() as view:
            return token.encode(view.have)

    def read_all(self, *, since: str | None = None, limit: int | None = None) -> "Iterator[ReadEvent]":
        """Yield the events that a token does not name, in the total order: entities, streams and notes together.

        What is read is what is here at the time of the call; late events of merged branches come once each. Each event
        has the ``token`` from which to go on behind it. Raises RefusedError for a text that is no token, JournalError
        where events leave the checkout on the way.
        """
        from journal.store import positions

        return positions.read_all(self._engine, positions.decoded(since), limit)

    def gaps(self, since: str | None = None) -> "Gaps":
        """Return what reading on from a token cannot give: what it names and is gone, and what cannot be read."""
        from journal.store import positions

        known = positions.decoded(since)
        return look_back(self._engine, lambda view: positions.gaps(view, known))
