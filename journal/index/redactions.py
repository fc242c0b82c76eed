"""What is redacted here: known from notes, from the copies themselves, and from checkpoints; kept with the index.

A redaction of an event that was applied before it was heard of makes the view *stale*: it is built anew, with all
redactions known from the start. Those of the truth that say so themselves (``redacted``) are heard in time, so a
clone that was redacted long ago is built in one pass.
"""

from collections.abc import Sequence
from typing import Any

from journal.format import values
from journal.format.segment import Vector
from journal.index.rows import DamageFacts, vector_of
from journal.state import vector
from journal.state.redaction import Redactions, decode_groups, encode_groups, merge
from journal.state.vector import EventId

Told = tuple[Vector, Redactions]
"""What a checkpoint covers, and what was known when it was joined."""


class Redacting:
    """The redactions of one view. ``sources``: the events that say them, so that they are forgotten with these."""

    def __init__(self, known: Redactions, sources: Vector, unredacted: set[tuple[str, str]]) -> None:
        self.known, self.sources, self.unredacted = known, sources, unredacted
        self.notes: set[EventId] = set()
        """The notes of redactions that were read."""
        self.is_stale = False
        self.is_changed = self.has_grown = False

    @classmethod
    def of(cls, text: str) -> "Redacting":
        """Return what ``text`` kept."""
        form = values.decode(text)
        kept = cls(decode_groups(form["known"]), vector_of(form["sources"]), {(a, b) for a, b in form["unredacted"]})
        kept.is_stale = form["stale"]
        kept.notes = {(seq, lane) for seq, lane in form["notes"]}
        return kept

    def text(self) -> str:
        """Return all of it as JSON, for the index."""
        sources = values.encode_trusted(self.sources).decode()
        form = {"known": encode_groups(self.known), "sources": sources, "unredacted": sorted(self.unredacted)}
        return values.encode_trusted({**form, "stale": self.is_stale, "notes": sorted(self.notes)}).decode()

    def hear(
        self, redactions: Redactions, source: EventId | None, have: Vector, damage: Sequence[DamageFacts] = ()
    ) -> None:
        """Take redactions in; what is here already and was not known to be redacted makes the view stale.

        So does what was found lost: an old copy, whose blob has left, is no damage.
        """
        grown = merge(self.known, redactions)
        self.is_changed = True
        self.has_grown = self.has_grown or bool(grown)
        if source is not None:
            self.sources = vector.union(self.sources, vector.of(source[1], source[0], source[0]))
        lost = (
            event for event in grown for item in damage if item.lane == event[1] and item.low <= event[0] <= item.high
        )
        if any(vector.contains(have, *event) for event in grown) or any(lost):
            self.is_stale = True

    def compare(self, told: Sequence[Told]) -> None:
        """Note that all is to be built anew where more is known than when a checkpoint was joined that it concerns."""
        for covers, before in told:
            more = (event for event, paths in self.known.items() if before.get(event) != paths)
            if any(vector.contains(covers, *event) for event in more):
                self.is_stale = True

    def within(self, covers: Vector) -> list[dict[str, Any]] | None:
        """Return, as a checkpoint names them, the redactions of events in a set; None where there are none."""
        named = {event: paths for event, paths in self.known.items() if vector.contains(covers, *event)}
        return encode_groups(named) if named else None

    def note(self, folder: str, name: str) -> None:
        """Note a file that holds what is redacted."""
        self.unredacted.add((folder, name))
        self.is_changed = True
