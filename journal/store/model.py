"""Entities, and what is expected of them, as values that callers get and give. Frozen; safe to keep."""

from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any

from journal.format.names import event_id, parse_event_id
from journal.state.entity import EntityState, Payload

if TYPE_CHECKING:
    pass


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


@dataclass(frozen=True, slots=True)
class Conflict:
    """An expectation that was not met, as a value: nothing was written.

    ``heads`` are the ids of the entity's present heads, to try again with.
    """

    type: str
    id: str
    expected: Any
    actual: Any
    heads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must hold before a write: ``rev`` (0: no live entity), and the exact heads."""

    rev: int | None = None
    heads: tuple[str, ...] | None = None

    def check(self, key: tuple[str, str], state: EntityState | None) -> Conflict | None:
        """Return a Conflict unless the entity's state is as expected."""
        heads = tuple(event_id(*head) for head in sorted(state.heads)) if state is not None else ()
        if self.heads is not None and sorted(_ids(self.heads)) != sorted(_ids(heads)):
            return Conflict(*key, list(self.heads), list(heads), heads)
        if self.rev is not None:
            is_live = state is not None and not state.is_deleted
            actual = state.rev if state is not None and is_live else 0
            # Several heads may share a rev: such a state is never what a rev can name.
            if actual != self.rev or (is_live and len(heads) > 1):
                return Conflict(*key, self.rev, actual, heads)
        return None


ANYTHING = Expectation()
"""Expects nothing."""


def _ids(texts: tuple[str, ...]) -> list[tuple[int, str]]:
    return [parse_event_id(text) or (-1, text) for text in texts]
