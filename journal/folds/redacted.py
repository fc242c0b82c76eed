"""Whether a state heeds what is redacted: told by the notes of redactions that its token names.

A token names the notes that were here when its events were folded. What they took out of its events is in no value that
was folded then. What else was taken out of them since, or came without its note as copies that are redacted already,
may be.
"""

import weakref

from journal.format.lines import BadLineError
from journal.format.segment import Vector
from journal.index.records import read_record
from journal.index.view import View
from journal.state import vector
from journal.state.redaction import KEY, Redactions, decode_groups, merge
from journal.state.vector import EventId
from journal.store.engine import Engine

_said: "weakref.WeakKeyDictionary[Engine, dict[EventId, Redactions]]" = weakref.WeakKeyDictionary()
"""What each note says, which is read once."""


def is_redacted_since(engine: Engine, view: View, known: Vector) -> bool:
    """Tell whether more was taken out of events of a set than the notes in the set say; all files are listed."""
    redacting = view.redacting
    now: Redactions = {}
    if redacting is not None:
        now = {event: paths for event, paths in redacting.known.items() if vector.contains(known, *event)}
    if redacting is None or not now:
        return False
    heeded: Redactions = {}
    for note in redacting.notes:
        if vector.contains(known, *note):
            merge(heeded, _says(engine, view, note))
    return bool(merge(heeded, now))


def redactions_of(view: View) -> Vector:
    """Return the notes of redactions that are here."""
    found = vector.EMPTY
    for seq, lane in view.redacting.notes if view.redacting is not None else ():
        found = vector.union(found, vector.of(lane, seq, seq))
    return found


def _says(engine: Engine, view: View, note: EventId) -> Redactions:
    known = _said.setdefault(engine, {})
    if note not in known:
        records = (read_record(view, place) for place in view.places_at(*note))
        record = next((record for record in records if record is not None), None)
        if record is None:
            return {}  # not for ever: its file may have moved a moment ago
        try:
            known[note] = decode_groups(record["data"].get(KEY))
        except BadLineError:
            known[note] = {}
    return known[note]
