"""The upcasters of one open store: those of the caller, and those of installed plug-ins, which give way."""

from journal.state.upcasting import Upcasters


class Lifting:
    """The upcasters of one open store: the caller's ``own``, and with them those of plug-ins."""

    def __init__(self, own: Upcasters, outer_folder: str) -> None:
        self.own = own
        self.outer_folder = outer_folder
        self._all: Upcasters | None = None
        self._changes = 0

    def all(self) -> Upcasters:
        """Return the caller's upcasters and those of plug-ins."""
        if self._all is None or self._changes != self.own.changes:
            from journal.store.plugins import find_plugins

            self._all, self._changes = Upcasters(), self.own.changes
            self._all.fill_from(self.own)
            self._all.fill_from(find_plugins(self.outer_folder).upcasters)
        return self._all
