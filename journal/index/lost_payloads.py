"""Payloads that are lost, since the blob that they stand in is missing or is not what its name says.

An entity's payload is read when its event is applied, a stream's when somebody reads the event. Either way the loss is
noted as damage at the place of the line, by which doctor tells it too. No folder that is looked at tells that a blob is
back: so while there is such damage, each look tries the blobs again, and what is back is taken in by a rebuild.
"""

import hashlib
import os

from journal.errors import UnsafePathError
from journal.format.names import blob_file
from journal.index.comparing import path_of
from journal.index.rows import DamageFacts
from journal.index.view import View
from journal.segments.folders import text_of
from journal.segments.scan import scan
from journal.state.vector import EventId


def note_loss(view: View, at: EventId, reason: str) -> list[DamageFacts]:
    """Note that an event's payload is lost; return the damage, one for each file that its line stands in."""
    files = {place.file for place in view.places_at(*at)}
    noted = {item.file: item for item in view.damage if (item.low, item.high, item.lane) == (at[0], at[0], at[1])}
    for file in sorted(files - noted.keys()):
        item = _damage_in(view, file, at, reason)
        if item is not None:
            view.add_damage(item)
            noted[file] = item
    return list(noted.values())


def _damage_in(view: View, file: int, at: EventId, reason: str) -> DamageFacts | None:
    facts = view.by_id[file]
    found = scan(text_of(view.files.read(path_of(view, facts)), facts.folder).data)
    for section in found.sections:
        for item in section.found:
            if item.record["seq"] == at[0] and "ref" in item.record:
                blob = item.record["ref"]["sha256"]
                return DamageFacts(file, item.offset, item.length, at[1], at[0], at[0], reason, blob)
    return None


def is_over(view: View) -> bool:
    """Tell whether the blob of a payload that was lost is back."""
    return any(_is_here(view, blob) for blob in {item.blob for item in view.damage if item.blob})


def _is_here(view: View, sha256: str) -> bool:
    path = os.path.join(view.root, "blobs", *blob_file(sha256).split("/"))
    if view.files.stat(path) is None:
        return False
    try:
        return hashlib.sha256(view.files.read(path)).hexdigest() == sha256
    except (OSError, UnsafePathError):
        return False
