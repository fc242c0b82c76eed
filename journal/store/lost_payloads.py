"""Payloads that turn out to be lost while events are read.

The payload of an event may stand in a blob, and that may be lost while the line is here. It costs this one event, as a
lost line does: it is passed over, told as damage, and no token names it, so it comes once its blob is back.
"""

from collections.abc import Callable

from journal.errors import DamagedError
from journal.format.record import Record
from journal.index.lost_payloads import note_loss
from journal.index.view import View
from journal.state.entity import Payload
from journal.state.vector import EventId
from journal.store.damage import is_accepted
from journal.store.engine import Engine
from journal.store.events import Reach
from journal.store.history import payload_of
from journal.store.looking_back import look_back

LOST: Payload = {}
"""Stands for a payload that is lost; told by its identity."""

Lose = Callable[[EventId, DamagedError], bool]
"""Asked with an event whose payload is lost: note that; whether nobody has accepted it yet."""


def payload_or_lost(view: View, record: Record, at: EventId, reach: Reach, lose: Lose | None) -> Payload | None:
    """Return a record's payload, as ``payload_of`` does; LOST where it is, and the event is to be passed over.

    Raises DamagedError then without a ``lose``: where there is no reading to go on with.
    """
    try:
        return payload_of(view, record)
    except DamagedError as error:
        if lose is None:
            raise
        if lose(at, error):
            reach.leave_out(at)
        return LOST


def lose_in(view: View) -> Lose:
    """For who has a view."""
    return lambda at, error: _lose(view, at, error)


def lose_by(engine: Engine) -> Lose:
    """For who has left the view, and decodes at leisure what was read there."""
    return lambda at, error: look_back(engine, lambda view: _lose(view, at, error))


def _lose(view: View, at: EventId, error: DamagedError) -> bool:
    return any(not is_accepted(view, item) for item in note_loss(view, at, error.message))
