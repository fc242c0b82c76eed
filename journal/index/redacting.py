"""Redacting what is read: records, and the lines of checkpoints.

A redaction counts wherever it is read from, and for every copy of the event that it names, whatever comes first: a
record is redacted when it is read, so a value is never shown, nor its way into a state, because its old copy is still
here. Files that hold such an old copy are noted (``unredacted``); whoever holds the lock next writes them anew
(``upkeep.redacting``).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from journal.format.checkpoint import CheckpointHeader
from journal.format.light import TEXT, payload_of
from journal.format.lines import BadLineError
from journal.format.names import parse_event_id
from journal.format.record import Record
from journal.format.segment import Vector
from journal.index.redactions import Redacting
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
    is_applied,
    merge,
    paths_in,
    redact_payload,
    redact_record,
    redact_state,
)
from journal.state.vector import EventId


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
