"""Looking after the durable cursors of a checkout, whether anybody consumes them or not."""

from journal.arguments import checks_arguments
from journal.errors import JournalError
from journal.format import token
from journal.state import vector
from journal.store import positions
from journal.store.looking_back import look_back
from journal.store.opened import Opened
from journal.subscriptions.model import CursorStatus, ParkedEvent
from journal.subscriptions.putting_aside import parked_events, replay
from journal.subscriptions.shelf import FileShelf, cursor_names


@checks_arguments()
class Cursors(Opened):
    """The durable cursors of one store, by name. They belong to this checkout alone, and are never committed."""

    def names(self) -> list[str]:
        """Return the names of all cursors."""
        return cursor_names(self._engine.backend, self._engine.root)

    def status(self, name: str) -> CursorStatus:
        """Return where a cursor stands. Raises NotFoundError, DamagedError, RefusedError (made elsewhere)."""
        shelf = self._shelf(name)
        group = shelf.load()
        here, gone, unreadable = look_back(
            self._engine,
            lambda view: (
                view.event_ids(),
                positions.gaps(view, group.taken).gone,
                positions.gaps(view, group.done).unreadable,
            ),
        )
        claimed = sum(bool(work.holder) for work in group.work.values())
        return CursorStatus(
            name,
            shelf.selection.types,
            shelf.selection.streams,
            shelf.selection.notes,
            to_come=vector.count(vector.subtract(here, group.taken)),
            claimed=claimed,
            waiting=len(group.work) - claimed,
            parked=len(group.parked),
            missing=vector.count(vector.union(gone, unreadable)),
            token=token.encode(group.done),
        )

    def list(self) -> list[CursorStatus | JournalError]:
        """Return where all cursors stand; in place of one that cannot be told, the error."""
        found: list[CursorStatus | JournalError] = []
        for name in self.names():
            try:
                found.append(self.status(name))
            except JournalError as error:
                found.append(error)
        return found

    def parked(self, name: str) -> "tuple[ParkedEvent, ...]":
        """Return the events that a cursor has put aside."""
        return tuple(parked_events(self._shelf(name).load()))

    def replay(self, name: str, *events: str) -> int:
        """Have parked events delivered again, all or those that are named; return how many. Raises NotFoundError."""
        shelf = self._shelf(name)
        shelf.load()  # without a cursor there is no lock to wait for
        return replay(shelf, events)

    def drop(self, name: str) -> None:
        """Remove a cursor and what it knows; subscribing under its name begins anew."""
        self._shelf(name).drop()

    def adopt(self, name: str) -> None:
        """Go on with a cursor that was copied or put back from elsewhere, which is refused otherwise."""
        self._shelf(name).adopt()

    def _shelf(self, name: str) -> FileShelf:
        return FileShelf(self._engine.backend, self._engine.root, name)
