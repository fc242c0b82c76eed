"""What a comparison says; apart from the other values, since every command loads those."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field that differs; ABSENT where a side does not have it. ``event`` gave it what is on the new side."""

    field: str
    old: Any
    new: Any
    event: str | None
    actor: str | None
    ts: str | None


@dataclass(frozen=True, slots=True)
class EntityDifference:
    """An entity that differs: ``change`` is ``added``, ``removed`` or ``changed``."""

    type: str
    id: str
    change: str
    fields: tuple[FieldDifference, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two states of a store differ, by type and id.

    ``old`` and ``new`` name the sides: a commit, an event id, or None for the present. ``damage``: what to tell a
    reader where damage may affect the answer.
    """

    old: str | None
    new: str | None
    entities: tuple[EntityDifference, ...]
    damage: str | None = None
