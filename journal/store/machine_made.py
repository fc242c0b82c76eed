"""Whether a projection's bytes were written by a machine, here or in any clone.

Rendering is deterministic. So a file that is the rendering of any event of its entity was written by some
checkout at some time; and where the entity ever had several heads, so was a canonical rendering in
which each field holds a value that some event assigned, or that a strategy yields: any, since it may have been another
when the file was written.
"""

import itertools
from collections.abc import Collection
from typing import Any

from journal.format import values
from journal.format.lines import BadLineError
from journal.index.places import read_record
from journal.index.rows import Location
from journal.index.view import Key, View
from journal.projections.paths import ID_FIELD, render
from journal.state.entity import Payload


def is_machine_made(view: View, key: Key, text: bytes) -> bool:
    """Tell whether a machine wrote these bytes, or more that a power cut shortened; needs all files listed."""
    shown = _rendered(text)
    assigned: dict[str, set[bytes]] = {}
    places = view.events_of(key)
    for place in places:
        try:
            record = read_record(view, place)
            image = view.change_of(record, place.lane).image if record is not None else None
        except (BadLineError, FileNotFoundError):
            continue  # what cannot be read proves nothing
        if image is not None and render(key[1], values.encode_trusted(image).decode()).startswith(text):
            return True
        for name, item in (image or {}).items():
            assigned.setdefault(name, set()).add(values.canonical(item))
    return shown is not None and _did_edits_meet(view, key, places) and _is_mixture(view, key, shown, assigned)


def _rendered(text: bytes) -> Payload | None:
    """Return the document of which a text is the canonical rendering, None if it is none."""
    try:
        shown = values.decode(text)
    except ValueError:
        return None
    if type(shown) is not dict or values.pretty(shown) != text:
        return None
    shown.pop(ID_FIELD, None)
    return shown


def _did_edits_meet(view: View, key: Key, places: list[Location]) -> bool:
    """Tell whether the entity has, or ever had, several heads: one of its events did not see the one before it."""
    state = view.state(key)
    if state is None or len(state.heads) > 1 or any(len(pairs) > 1 for pairs in state.fields.values()):
        return state is not None
    ids = [(place.seq, place.lane) for place in places]
    return any(not view.past_of(after).has(before, after) for before, after in itertools.pairwise(ids))


def _is_mixture(view: View, key: Key, shown: Payload, assigned: dict[str, set[bytes]]) -> bool:
    """Tell whether each field holds a value that some event assigned, or that a strategy can make of those."""
    return all(
        values.canonical(item) in assigned.get(name, ()) or _is_union(item, assigned.get(name, ()))
        for name, item in shown.items()
    )


def _is_union(item: Any, assigned: Collection[bytes]) -> bool:
    """Tell whether an array has only members of arrays that events assigned."""
    arrays = [array for array in map(values.decode, assigned) if type(array) is list]
    members = {values.canonical(member) for array in arrays for member in array}
    return type(item) is list and all(values.canonical(member) in members for member in item)
