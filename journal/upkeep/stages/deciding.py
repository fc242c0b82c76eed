"""What becomes of one document of the old store, in a store that is ``dual`` or ``primary``. Pure.

A document is *ours* if it is as this checkout left it, or shows an earlier version of its entity that this checkout has
not written since. What is ours may be written over; what somebody else wrote is never lost.

======== ============= ========================== ========= ===========================
entity   document      whose                      stage     standing
======== ============= ========================== ========= ===========================
live     the same      -                          any       same
live     another       ours                       any       lagging: to be written
live     another       somebody's                 any       changed: left as it is
live     none          was never there            any       lagging
live     none          was there                  off, dual missing: left as it is
live     none          was there                  primary   lagging: a projection that is gone is made again
none     none          -                          any       same
none     a document    ours                       any       lagging: to be removed
none     a document    somebody's                 any       new: left as it is
any      unreadable    -                          any       unreadable: left as it is
======== ============= ========================== ========= ===========================

While the stage is ``off`` a document is the truth, and never ours.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from journal.format import values
from journal.index.view import Key
from journal.state.entity import Payload

Word = Literal["same", "lagging", "changed", "missing", "new", "unreadable", "unplaced"]


class Standing(NamedTuple):
    """How an entity and its document stand to each other; ``path`` is relative to the old store.

    "unplaced": the old store has no folder for the type, or the id cannot be a file's name there.
    """

    word: Word
    key: Key
    path: str | None


def decide(
    now: Payload | None,
    document: Payload | None,
    *,
    was_there: bool,
    is_ours: Callable[[], bool],
    stage: str,
) -> Word:
    """Return how they stand; see the table. ``was_there``: the old store had a document of this entity before."""
    if now is None and document is None:
        return "same"
    if now is None:
        return "lagging" if stage != "off" and is_ours() else "new"
    if document is None:
        return "missing" if was_there and stage != "primary" else "lagging"
    if values.is_same(now, document):
        return "same"
    return "lagging" if stage != "off" and is_ours() else "changed"
