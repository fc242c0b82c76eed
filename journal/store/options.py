"""How one opening of a store behaves."""

from collections.abc import Callable
from typing import NamedTuple


class Options(NamedTuple):
    """Where it is None, a value is as ``journal.toml`` says. ``progress`` is called while something long goes on."""

    durability: str | None = None
    projections: str | None = None
    lock_timeout_seconds: float | None = 30.0
    progress: Callable[[str, int, int], None] | None = None
