"""Who is told of what this process writes; ``journal.subscriptions.hub`` is one."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from journal.store.batch import Written


class Outbox(Protocol):
    """Told of records under the lock, and called once lock and store were left."""

    def add(self, written: "list[Written]") -> None:
        """Note records that are durable; called in the order of the commits. Must not fail."""
        ...

    def hand_out(self) -> None:
        """Do what is to be done with them; no lock is held."""
        ...
