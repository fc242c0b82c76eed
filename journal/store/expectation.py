"""What is expected of an entity before it is written, and the conflict where that is not so. Frozen; safe to keep."""

from dataclasses import dataclass
from typing import Any

from journal.format.names import event_id, parse_event_id
from journal.state.entity import EntityState
from journal.state.value import Strategies


@dataclass(frozen=True, slots=True)
class Conflict:
    """An expectation that was not met, as a value: nothing was written.

    ``heads`` are the ids of the entity's present heads, to try again with. Within a transaction ``actual`` is what the
    operations before had made of it, and nothing has come of these.
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

    def check(self, key: tuple[str, str], state: EntityState | None, strategies: Strategies) -> Conflict | None:
        """Return a Conflict unless the entity's state, read by the strategies of its type, is as expected."""
        if self.heads is None and self.rev is None:
            return None
        heads = heads_of(state)
        if self.heads is not None and sorted(_ids(self.heads)) != sorted(_ids(heads)):
            return Conflict(*key, list(self.heads), list(heads), heads)
        if self.rev is not None:
            is_live = state is not None and not state.is_deleted
            actual = state.rev if state is not None and is_live else 0
            # Several heads may share a rev: such a state is never what a rev can name.
            if actual != self.rev or (is_live and len(heads) > 1):
                return Conflict(*key, self.rev, actual, heads)
        return None


def heads_of(state: EntityState | None) -> tuple[str, ...]:
    """Return the ids of an entity's heads, in the total order."""
    return tuple(event_id(*head) for head in sorted(state.heads)) if state is not None else ()


ANYTHING = Expectation()
"""Expects nothing."""


def _ids(texts: tuple[str, ...]) -> list[tuple[int, str]]:
    return [parse_event_id(text) or (-1, text) for text in texts]
