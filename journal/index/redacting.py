"""What is redacted here: known from notes, from the copies themselves, and from checkpoints; kept with the index.

A redaction counts wherever it is read from, and for every copy of the event that it names, whatever comes first: a
record is redacted when it is read, so a value is never shown, nor its way into a state, because its old copy is still
here. Files that hold such an old copy are noted (``unredacted``); whoever holds the lock next writes them anew
(``upkeep.redacting``).

A redaction of an event that was applied before it was heard of makes the view *stale*: it is built anew, with all
redactions known from the start. Those of the truth that say so themselves (``redacted``) are heard in time, so a
clone that was redacted long ago is built in one pass.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from journal.format import values
from journal.format.checkpoint import CheckpointHeader
from journal.format.light import TEXT, payload_of
from journal.format.lines import BadLineError
from journal.format.names import parse_event_id
from journal.format.record import Record
from journal.format.segment import Vector
from journal.index.rows import DamageFacts, vector_of
from journal.index.view import Key, View
from journal.segments.folders import CHECKPOINTS
from journal.segments.scan import Found
from journal.state import vector
from journal.state.encoding import decode_state, encode_state
from journal.state.redaction import (
    KEY,
    NOTE,
    Redactions,
    decode_groups,
    encode_groups,
    is_applied,
    merge,
    paths_in,
    redact_payload,
    redact_record,
    redact_state,
)
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


def take(view: View, found: Sequence[Found], lane: str, file: Key) -> Sequence[Found]:
    """Hear what a lane's records say of redactions, and return them redacted; the file is noted where it is behind."""
    for item in found:
        hear_record(view, item.record, lane)
    redacting = view.redacting
    if redacting is None or not any((item.record["seq"], lane) in redacting.known for item in found):
        return found
    taken = []
    for item in found:
        paths = redacting.known.get((item.record["seq"], lane))
        if paths is not None and not is_applied(item.record, paths):
            redacting.note(*file)
            after = redacted(view, item.record, lane)
            taken.extend([] if after is None else [item._replace(record=after)])
        else:
            taken.append(item)
    return taken


def hear_record(view: View, record: Record, lane: str) -> None:
    """Hear what a record says of redactions, if it says anything."""
    event = (record["seq"], lane)
    if KEY in record:
        _of(view).hear({event: paths_in(record)}, event, view.have, view.damage)
    if record.get("note") == NOTE:
        _of(view).notes.add(event)
        try:
            _of(view).hear(decode_groups(record["data"].get(KEY)), event, view.have, view.damage)
        except BadLineError:
            return  # not ours: a note is for the journal only if the journal wrote it


def _of(view: View) -> Redacting:
    if view.redacting is None:
        view.redacting = Redacting({}, {}, set())
    return view.redacting


def redacted(view: View, record: Record, lane: str) -> Record | None:
    """Return a record as the redactions leave it; its payload stands in it then, wherever it was.

    None where the payload is gone: an old copy whose blob has left, while a new one is there.
    """
    redacting = view.redacting
    paths = redacting.known.get((record["seq"], lane)) if redacting is not None else None
    if paths is None or is_applied(record, paths):
        return record
    whole = {name: item for name, item in record.items() if name != TEXT}
    if record.get(TEXT) is not None:
        whole["data"] = payload_of(record[TEXT])
    elif "ref" in record:
        try:
            whole["data"] = view.blob_payload(whole["ref"])
        except BadLineError:
            return None
        del whole["ref"]
    return redact_record(whole, paths)


# -- checkpoints ------------------------------------------------------------------------------------


def hear_checkpoint(view: View, header: CheckpointHeader, have: Vector, name: str) -> None:
    """Hear the redactions that a checkpoint names, and note it where it may hold more than is left.

    ``have``: all that was taken in before it. Raises BadLineError.
    """
    named: Redactions = {}
    if header.redacted is not None:
        named = decode_groups(header.redacted)
        _of(view).hear(named, None, have)
    redacting = view.redacting
    if redacting is None:
        return
    for event, paths in redacting.known.items():
        if vector.contains(header.covers, *event) and merge({event: named.get(event, ())}, {event: paths}):
            redacting.note(CHECKPOINTS, name)
            return


def redacted_form(view: View, form: dict[str, Any]) -> dict[str, Any]:
    """Return a checkpoint's line as the redactions leave it; its data stands in it then. Raises BadLineError."""
    redacting = view.redacting
    if redacting is None or not any(event in redacting.known for event in _events_in(form)):
        return form
    if "ref" in form:
        form = {**form, "data": view.blob_payload(form["ref"])}
        del form["ref"]
    state = redact_state(decode_state(form), redacting.known)
    return {"type": form["type"], "id": form["id"], **encode_state(state)}


def _events_in(form: dict[str, Any]) -> Iterator[EventId]:
    try:
        for text in (*form["heads"], *form.get("set", ()), *form.get("values", ())):
            event = parse_event_id(text)
            if event is not None:
                yield event
    except (KeyError, TypeError, AttributeError) as error:
        raise BadLineError(f"not an entity's state: {error}") from error


def masked(view: View, payload: dict[str, Any], events: Sequence[EventId]) -> dict[str, Any]:
    """Return a payload without what was taken out of any of these events."""
    redactions = {} if view.redacting is None else view.redacting.known
    for event in events:
        payload = redact_payload(payload, redactions.get(event, ()))
    return payload
