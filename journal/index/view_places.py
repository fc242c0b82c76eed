"""Where events stand, as a view knows it: the index's spans, and over them those that are not in it yet."""

from collections.abc import Iterator
from heapq import merge

from journal.format.segment import Vector
from journal.index.database import Index
from journal.index.overlay import Key, Overlay, Owner
from journal.index.rows import Location
from journal.index.span_table import NOTES
from journal.index.spans import Span, in_total_order
from journal.state import vector


class Places:
    """The questions of ``View`` on places; they need all files listed."""

    index: Index
    overlay: Overlay

    def events_of(self, key: Key) -> list[Location]:
        """Return where an entity's events stand, oldest first."""
        return self._owned(key, self.index.entity_number(*key))

    def notes(self) -> list[Location]:
        """Return where the notes of the journal about itself stand, newest first, but for truncations of streams."""
        return self._owned(None, NOTES)[::-1]

    def _owned(self, owner: Owner, number: int | None) -> list[Location]:
        known = self.index.spans.owned(number) if number is not None else ()
        found = {(place.seq, place.lane): place for place in known}
        for span in self.overlay.spans:
            for seq, other in enumerate(span.owners, start=span.first):
                if other == owner:
                    found[seq, span.lane] = span.place(seq)
        return [place for _, place in sorted(found.items())]

    def spans(self, low: int, high: int, *, newest_first: bool = False) -> Iterator[Span]:
        """Yield all spans that have lines with a seq of a range, and maybe others near it, by their first seqs."""
        mine = sorted(
            (span for span in self.overlay.spans if span.first <= high and span.last >= low),
            key=_first_of,
            reverse=newest_first,
        )
        known = self.index.spans.between(low, high, newest_first=newest_first)
        return merge(known, mine, key=_first_of, reverse=newest_first) if mine else known

    def places(self, low: int = 0, high: int = 1 << 62, *, newest_first: bool = False) -> Iterator[Location]:
        """Yield where the events of a range of seqs stand, in the total order or against it."""
        places = in_total_order(self.spans(low, high, newest_first=newest_first), newest_first=newest_first)
        return (place for place in places if low <= place.seq <= high)

    def places_at(self, seq: int, lane: str | None) -> list[Location]:
        """Return where the events with a seq stand, of one lane or of all, by lane."""
        return [place for place in self.places(seq, seq) if lane in (None, place.lane)]

    def spans_of(self, lane: str, low: int, high: int) -> list[Span]:
        """Return the spans of a lane that have lines of a range, by their first seqs."""
        mine = [span for span in self.overlay.spans if span.lane == lane and span.first <= high and span.last >= low]
        return sorted([*self.index.spans.of_lane(lane, low, high), *mine], key=_first_of)

    def touched(self, lane: str, low: int, high: int) -> set[Key]:
        """Return the entities that a lane's events of a range changed."""
        numbers = {owner for _, owner in self.index.spans.owners(lane, low, high) if owner > NOTES}
        found = {key for number in numbers if (key := self.index.entity_named(number)) is not None}
        for span in self.overlay.spans:
            if span.lane == lane:
                owners = span.owners[max(0, low - span.first) : max(0, high + 1 - span.first)]
                found.update(owner for owner in owners if isinstance(owner, tuple))
        return found

    def event_ids(self) -> Vector:
        """Return the ids of the events whose lines are here, and no number that a lane left to others."""
        held: dict[str, list[tuple[int, int]]] = {}
        for lane, low, high in self.index.spans.held():
            held.setdefault(lane, []).append((low, high))
        for span in self.overlay.spans:
            held.setdefault(span.lane, []).append((span.first, span.last))
        return {lane: vector.normal(spans) for lane, spans in held.items()}


def _first_of(span: Span) -> int:
    return span.first
