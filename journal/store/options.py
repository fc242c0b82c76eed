"""How one opening of a store behaves."""

from collections.abc import Callable
from typing import NamedTuple

from journal.store.config import Config

Report = Callable[[str, int, int], None]
"""Called with (what, done, of) while something long goes on."""


class Options(NamedTuple):
    """Where it is None, a value is as ``journal.toml`` says. ``progress`` is called while something long goes on."""

    durability: str | None = None
    projections: str | None = None
    lock_timeout_seconds: float | None = 30.0
    progress: Report | None = None

    def syncs(self, config: Config) -> bool:
        """Tell whether a write is acknowledged only when it is on the disk."""
        return (self.durability or config.durability) == "sync"

    def is_eager(self, config: Config) -> bool:
        """Tell whether readable files follow every write."""
        return (self.projections or config.projections) == "eager"
