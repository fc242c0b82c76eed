"""Putting the records of several segments into an order in which causes come first, with bounded memory. Pure."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from journal.format.segment import Header
from journal.segments.scan import Found


class Piece(NamedTuple):
    """Records of one lane's segment that are to be applied, ascending; ``file`` is the index's number.

    ``first`` names the segment; ``header`` is None for one known already, or lost. ``following`` is the start of the
    next piece of the same source, None for its last.
    """

    lane: str
    first: int
    file: int
    header: Header | None
    found: list[Found]
    following: int | None = None

    @property
    def start(self) -> int:
        """The seq at which this piece takes part in the order."""
        return self.found[0].record["seq"] if self.found else self.first


class Source(NamedTuple):
    """A file that is read only when the order reaches ``start``, and each of its pieces only when that is due."""

    start: int
    lane: str
    pieces: Iterator[Piece]


def in_causal_order(sources: Iterable[Source], opened: Callable[[Piece], None]) -> Iterator[tuple[Piece, list[Found]]]:
    """Yield (piece, its next records), each record after all that its writer may have seen.

    ``opened`` is called for each piece when all records with a lower seq have been yielded: at that
    moment what its writer saw and what is here can be compared. Between two such moments the runs of
    several pieces come one after the other: none of these saw another's, and a join asks for no order.
    """
    waiting: list[tuple[int, str, int, Iterator[Piece] | Piece]] = []
    for number, source in enumerate(sources):
        waiting.append((source.start, source.lane, number, source.pieces))
    heapq.heapify(waiting)
    number = len(waiting)
    # Opened pieces by the seq of their next record: of very many only those that move are touched.
    runs: list[tuple[int, int, Piece, int]] = []
    while waiting or runs:
        yield from _until(runs, waiting[0][0] if waiting else None)
        if not waiting:
            break
        _, _, _, item = heapq.heappop(waiting)
        number += 1
        if isinstance(item, Piece):
            opened(item)
            if item.found:
                heapq.heappush(runs, (item.start, number, item, 0))
        elif (piece := next(item, None)) is not None:
            heapq.heappush(waiting, (piece.start, piece.lane, number, piece))
            if piece.following is None:
                next(item, None)  # it ends here, and lets go of the file's bytes
            else:
                number += 1
                heapq.heappush(waiting, (piece.following, piece.lane, number, item))


def _until(runs: list[tuple[int, int, Piece, int]], until: int | None) -> Iterator[tuple[Piece, list[Found]]]:
    """Yield all records below ``until`` and leave in ``runs`` what is not below it."""
    while runs and (until is None or runs[0][0] < until):
        _, number, piece, at = heapq.heappop(runs)
        stop = _stop(piece, at, until)
        yield piece, piece.found[at:stop]
        if stop < len(piece.found):
            heapq.heappush(runs, (piece.found[stop].record["seq"], number, piece, stop))


def _stop(piece: Piece, at: int, until: int | None) -> int:
    found = piece.found
    if until is None or found[-1].record["seq"] < until:
        return len(found)
    while found[at].record["seq"] < until:
        at += 1
    return at
