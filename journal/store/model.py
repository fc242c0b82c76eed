"""Entities as values that callers get. Frozen; safe to keep."""

from dataclasses import MISSING, dataclass, fields
from typing import Any

from journal.state.entity import Payload


def shown(value: Any) -> str:
    """Return a value as the call that makes it, without what it says by default: most events lack most fields."""
    told = (
        f"{item.name}={found!r}"
        for item in fields(value)
        if item.repr and ((found := getattr(value, item.name)) != item.default or item.default is MISSING)
    )
    return f"{type(value).__name__}({', '.join(told)})"


@dataclass(frozen=True, slots=True, repr=False)
class Entity:
    """An entity as it stands: ``event`` is its greatest head, the token for compare-and-set.

    ``data`` is None only for a deleted one; ``conflicts`` counts what concurrent edits left open. ``lifted_from`` is
    the version that its payload has in the store, where upcasters lifted it; ``lift_error`` says why they could not.
    """

    type: str
    id: str
    rev: int
    event: str
    data: Payload | None
    conflicts: int = 0
    lifted_from: int | None = None
    lift_error: str | None = None

    __repr__ = shown
