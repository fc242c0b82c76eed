"""The index's streams against the truth: positions, what is hidden, keys."""

from collections.abc import Iterator

from journal.index.places import list_events
from journal.index.streams import Reading, length_of, names
from journal.index.view import View
from journal.state.stream import Placed
from journal.upkeep.checks.cache import INDEX_PATH
from journal.upkeep.checks.comparing import CODE, HINT
from journal.upkeep.findings import Finding


def stream_differences(live: View, fresh: View) -> Iterator[Finding]:
    """Yield each stream of which the index says other than what was built anew from the files."""
    if not live.is_listed():
        return  # no place was ever asked for, so no stream was noted
    list_events(fresh)
    for name in sorted({*names(live), *names(fresh)}):
        if _said(live, name) != _said(fresh, name):
            message = f"the stream {name!r} is not what the files say"
            yield Finding(CODE, "error", INDEX_PATH, message, HINT)


def _said(view: View, name: str) -> tuple[list[Placed], tuple[int, int], int]:
    reading = Reading(view, name)
    return list(reading.everything()), length_of(view, name), reading.facts.visible
