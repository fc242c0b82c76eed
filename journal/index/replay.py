"""Putting the records of several segments into an order in which causes come first, with bounded memory. Pure."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from journal.format.segment import Header
from journal.segments.scan import Found


class Piece(NamedTuple):
    """Records of one lane's segment that are to be applied, ascending; ``file`` is the index's number.

    ``first`` names the segment; ``header`` is None for one known already, or lost.
    """

    lane: str
    first: int
    file: int
    header: Header | None
    found: list[Found]

    @property
    def start(self) -> int:
        """The seq at which this piece takes part in the order."""
        return self.found[0].record["seq"] if self.found else self.first


class Source(NamedTuple):
    """A file that is read only when the order reaches ``start``."""

    start: int
    lane: str
    load: Callable[[], list[Piece]]


def in_causal_order(sources: Iterable[Source], opened: Callable[[Piece], None]) -> Iterator[tuple[Piece, list[Found]]]:
    """Yield (piece, its next records), each record after all that its writer may have seen.

    ``opened`` is called for each piece when all records with a lower seq have been yielded: at that
    moment what its writer saw and what is here can be compared. Between two such moments the runs of
    several pieces come one after the other: none of these saw another's, and a join asks for no order.
    """
    waiting: list[tuple[int, str, int, Source | Piece]] = []
    for number, source in enumerate(sources):
        waiting.append((source.start, source.lane, number, source))
    heapq.heapify(waiting)
    number = len(waiting)
    runs: list[tuple[Piece, int]] = []
    while waiting or runs:
        until = waiting[0][0] if waiting else None
        yield from _until(runs, until)
        runs = [(piece, at) for piece, at in _advance(runs, until) if at < len(piece.found)]
        if not waiting:
            break
        _, _, _, item = heapq.heappop(waiting)
        if isinstance(item, Source):
            for piece in item.load():
                number += 1
                heapq.heappush(waiting, (piece.start, piece.lane, number, piece))
        else:
            opened(item)
            if item.found:
                runs.append((item, 0))


def _advance(runs: list[tuple[Piece, int]], until: int | None) -> list[tuple[Piece, int]]:
    return [(piece, _stop(piece, at, until)) for piece, at in runs]


def _stop(piece: Piece, at: int, until: int | None) -> int:
    found = piece.found
    if until is None or found[-1].record["seq"] < until:
        return len(found)
    while found[at].record["seq"] < until:
        at += 1
    return at


def _until(runs: list[tuple[Piece, int]], until: int | None) -> Iterator[tuple[Piece, list[Found]]]:
    for piece, at in runs:
        found = piece.found[at : _stop(piece, at, until)]
        if found:
            yield piece, found
