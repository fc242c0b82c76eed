"""What a reading can give: the events that were here when it began, without those that turn out to be lost on the way.

The payload of an event may stand in a blob, and that may be lost while the line is here. It costs this one event, as a
lost line does: it is passed over, told as damage, and no token names it, so it comes once its blob is back.
"""

from collections.abc import Callable

from journal.errors import DamagedError
from journal.format.record import Record
from journal.format.segment import Vector
from journal.index.payload_losses import note_loss
from journal.index.view import View
from journal.state import vector
from journal.state.entity import Payload
from journal.state.vector import EventId
from journal.store.damage import is_accepted
from journal.store.engine import Engine
from journal.store.history import payload_of
from journal.store.looking_back import look_back

LOST: Payload = {}
"""Stands for a payload that is lost; told by its identity."""

Lose = Callable[[EventId, DamagedError], bool]
"""Asked with an event whose payload is lost: note that; whether nobody has accepted it yet."""


class Reach:
    """What the events of one reading have in common; ``here`` is what their tokens may name."""

    __slots__ = ("here",)

    def __init__(self, here: Vector) -> None:
        self.here = here

    def payload(self, view: View, record: Record, at: EventId, lose: Lose | None) -> Payload | None:
        """Return a record's payload, as ``payload_of`` does; LOST where it is, and the event is to be passed over.

        Raises DamagedError then without a ``lose``: where there is no reading to go on with.
        """
        try:
            return payload_of(view, record)
        except DamagedError as error:
            if lose is None:
                raise
            if lose(at, error):
                self.here = vector.subtract(self.here, vector.of(at[1], at[0], at[0]))
            return LOST


def lose_in(view: View) -> Lose:
    """For who has a view."""
    return lambda at, error: _lose(view, at, error)


def lose_by(engine: Engine) -> Lose:
    """For who has left the view, and decodes at leisure what was read there."""
    return lambda at, error: look_back(engine, lambda view: _lose(view, at, error))


def _lose(view: View, at: EventId, error: DamagedError) -> bool:
    return any(not is_accepted(view, item) for item in note_loss(view, at, error.message))
