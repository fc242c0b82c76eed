"""Where the next record goes: the lane rule of docs/format.md, "Lanes", as a decision table. Pure.

=========  ========  =======  ==========  =======  =========================================
memory     newest    file     tail        moved    so
=========  ========  =======  ==========  =======  =========================================
none       any       any      any         any      a new lane: nothing is known to be ours
yes        no        any      any         any      a new lane: somebody else wrote in ours
yes        yes       foreign  any         any      a new lane: git or a backup put it back
yes        yes       ours     clean       no       the open segment goes on
yes        yes       ours     clean       yes      the lane's next segment
yes        yes       ours     longer      any      the lane's next segment, after adopting
yes        yes       ours     shorter     any      the same: what a power cut took was not durable
yes        yes       ours     cut         any      the lane's next segment, from there on
=========  ========  =======  ==========  =======  =========================================
"""

from enum import Enum
from typing import NamedTuple

from journal.disk.files import FileStat
from journal.segments.tip import Tip, is_exactly


class Choice(Enum):
    """What the next writer does."""

    CONTINUE = "continue"
    NEXT_SEGMENT = "next-segment"
    NEW_LANE = "new-lane"


class Facts(NamedTuple):
    """All that the decision depends on.

    ``tip``: the trusted memory, None without one. ``durable``: how many bytes of the segment are known to be durable;
    ``is_cut``: it ends before something that could not be written or made durable. ``found``: the file that the tip
    names. ``is_newest``: no later segment of the lane is here. ``has_moved``: git's HEAD or index, or the folders of
    the truth, are not what they were when the segment was started, or it is full.
    """

    tip: Tip | None
    durable: int
    is_cut: bool
    found: FileStat | None
    is_newest: bool
    has_moved: bool


def choose(facts: Facts) -> Choice:
    """Return where the next record goes."""
    tip, found = facts.tip, facts.found
    if tip is None or found is None or not facts.is_newest or found.kind != "file":
        return Choice.NEW_LANE
    if found.inode != tip.inode or found.size < facts.durable:
        return Choice.NEW_LANE
    if facts.is_cut or found.size != tip.size:
        return Choice.NEXT_SEGMENT
    if not is_exactly(tip, found):
        return Choice.NEW_LANE
    return Choice.NEXT_SEGMENT if facts.has_moved else Choice.CONTINUE
