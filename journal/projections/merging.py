"""Three versions of one projection become one, as JSON and field by field. Pure.

Two histories of an entity meet, and git knows only the files that show it. Which of two values wins, the events decide;
they are not here yet. So this makes a projection that every checkout recognises as a machine's: the canonical
rendering of a document in which each field holds a value that one side shows, or the combination that its strategy
makes of both. The next read writes what the events say.

=========  ==========  ===================================================
ours       theirs      becomes
=========  ==========  ===================================================
the same   the same    it
as before  changed     theirs, also where that is "gone"
changed    as before   ours
changed    gone        ours: a value hides nothing that a person may miss
changed    changed     by strategy; with ``lww`` one side, the same for all fields
=========  ==========  ===================================================

The result does not depend on which side is called ours, so that two clones which merge each other agree: the side that
wins is the one with more fields, then the greater text. It is one for all fields, so that where git merges an older
version with a newer one and shows no ancestor (a commit picked twice), the result is one of them. A side that is a
wreck (conflict markers that somebody committed, an empty file) says nothing: the other one counts.
"""

from collections.abc import Callable

from journal.errors import RefusedError
from journal.format import values
from journal.projections.documents import read_document
from journal.projections.plan import is_wreck
from journal.state.entity import ABSENT, Payload
from journal.state.value import Strategies, settle


def merge_projections(strategies: Callable[[], Strategies], ancestor: bytes, ours: bytes, theirs: bytes) -> bytes:
    """Return the merged projection; ``ancestor`` is empty where both sides added the file.

    ``strategies`` is asked only where both sides changed one field. Raises RefusedError where a side was edited to
    what is no JSON object, so that it cannot be merged without losing what somebody typed.
    """
    if theirs in (ours, ancestor):
        return ours
    if ours == ancestor:
        return theirs
    sides = {name: text for name, text in (("ours", ours), ("theirs", theirs)) if not is_wreck(text)}
    documents = [_read(text, name) for name, text in sides.items()]
    if not documents:
        return values.pretty(_read(ancestor, "the common ancestor"))
    if len(documents) == 1:
        return next(iter(sides.values()))
    return values.pretty(merge_documents(strategies, _known(ancestor), *documents))


def merge_documents(strategies: Callable[[], Strategies], base: Payload, ours: Payload, theirs: Payload) -> Payload:
    """Return the document in which each top-level field is merged by the table above."""
    low, high = sorted((ours, theirs), key=lambda side: (len(side), values.canonical(side)))
    merged: Payload = {}
    for name in {**low, **high}:
        item = _merge_field(name, strategies, *(side.get(name, ABSENT) for side in (base, low, high)))
        if item is not ABSENT:
            merged[name] = item
    return merged


def _merge_field(name: str, strategies: Callable[[], Strategies], base: object, low: object, high: object) -> object:
    was, lower, higher = map(_text, (base, low, high))
    if lower in (higher, was):
        return high
    if higher == was:
        return low
    if ABSENT in (low, high):
        return low if high is ABSENT else high
    return settle((((0, "low"), low), ((1, "high"), high)), strategies().get(name, "lww"))


def _text(item: object) -> bytes:
    return b"" if item is ABSENT else values.canonical(item)


def _known(ancestor: bytes) -> Payload:
    """Return what both sides began with; where that is no document, nothing is known of it."""
    try:
        return _read(ancestor, "the common ancestor")
    except RefusedError:
        return {}


def _read(text: bytes, name: str) -> Payload:
    """Return a side's document; what a machine wrote is read quickly."""
    try:
        document = values.decode(text)
    except ValueError:
        return read_document(text, what=name)
    return document if type(document) is dict and values.pretty(document) == text else read_document(text, what=name)
