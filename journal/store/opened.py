"""What callers hold of a store that is open: once it is closed none of it does anything."""

from journal.store.engine import Engine


class Opened:
    """An object whose calls need the journal to be open."""

    def __init__(self, engine: Engine) -> None:
        self._opened = engine

    @property
    def _engine(self) -> Engine:
        """The engine. Raises ClosedError after the journal was closed, and in a forked child."""
        self._opened.check_open()
        return self._opened
