"""Streams as they were when a reading began: it is of that moment, however long its reader takes."""

from journal.index.streams import Reading, truncations
from journal.index.view import View
from journal.state import vector
from journal.state.vector import EventId

_START: EventId = (0, "")


class StreamAsOf:
    """One stream as a view has it now, for looks at later views: of what came since then nothing counts.

    What comes behind the stream's end, as all that is appended here does, moves nothing. Only where something came
    before that (a merge) or was hidden, the stream is put together once, in memory, of the events that were here; a
    stream that has to be put together from the beginning is so once.
    """

    def __init__(self, view: View, name: str) -> None:
        self._name, self._had = name, dict(view.have)
        now = Reading(view, name)
        self._end = now.facts.end
        self._whole = now if now.is_put_together else None

    def reading(self, view: View) -> Reading:
        """Return the stream as it was, by a view of later."""
        if self._whole is None and self._has_changed(view):
            self._whole = Reading.as_of(view, self._name, self._had)
        return self._whole or Reading(view, self._name)

    def _has_changed(self, view: View) -> bool:
        new = vector.subtract(view.have, self._had)
        if not new:
            return False
        first = next(Reading(view, self._name).fresh(new, _START, with_hidden=True, with_all=True), None)
        if first is not None and first.start < self._end:
            return True
        return any(not vector.contains(self._had, *cut.at) for cut in truncations(view, self._name))
