"""Which streams there are, and hiding the beginning of one."""

from dataclasses import dataclass

from journal.errors import NotFoundError, UsageError
from journal.format.names import event_id
from journal.index.streams import Reading, names
from journal.index.view import View
from journal.state.stream import TRUNCATE_NOTE
from journal.store.batch import Note
from journal.store.engine import Engine
from journal.store.streams.appending import check_stream


@dataclass(frozen=True, slots=True)
class Stream:
    """A line of the catalogue of streams.

    ``length``: the last position, which truncating does not change; ``first``: the least position that is not hidden
    (one more than ``length`` where all are); ``count``: how many events are not hidden; ``last_event``: the id of the
    event at the last position, None where only a truncation of the stream is here.
    """

    name: str
    length: int
    first: int
    count: int
    last_event: str | None


def streams(view: View) -> list[Stream]:
    """Return all streams by name, but for the journal's own; truncated ones too."""
    return [stream(view, name) for name in names(view) if not name.startswith("$")]


def stream(view: View, name: str) -> Stream:
    """Return one stream's line of the catalogue; that of a stream without events counts nothing."""
    reading = Reading(view, name)
    facts, last = reading.facts, reading.last_counted
    return Stream(name, facts.last, reading.first, facts.visible, event_id(*last) if last is not None else None)


def truncate(engine: Engine, name: str, through: int, *, actor: str | None, summary: str | None) -> Stream:
    """Hide a stream's events up to a position from its readers; return what it is afterwards.

    A note says so, and names the last event that is hidden: what its writer did not know of stays. Truncating to where
    a stream is truncated already writes nothing. Raises NotFoundError where there is no such position.
    """
    check_stream(name)
    if type(through) is not int or through < 1:
        raise UsageError("a stream is truncated through a position, which is 1 or more")
    with engine.locked(), engine.reading(history=True) as view:
        now = stream(view, name)
        if through > now.length:
            raise NotFoundError(f"the stream {name!r} has no position {through}: its last is {now.length}")
        if through < now.first:
            return now
        last = next(Reading(view, name).visible(1, through, reverse=True)).end
        data = {"stream": name, "through": event_id(*last), "position": through}
        engine.write([Note(note=TRUNCATE_NOTE, data=data, actor=actor, summary=summary)])
        engine.flush()
        with engine.reading(history=True) as after:
            return stream(after, name)
