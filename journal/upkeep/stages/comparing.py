"""Comparing the old store's documents with the journal's entities, one by one, value by value."""

import hashlib
import json
from collections.abc import Callable, Container, Iterator
from functools import partial
from typing import NamedTuple

from journal.format import values
from journal.format.lines import BadLineError
from journal.index.database import Index
from journal.index.records import read_record
from journal.index.view import Key, View
from journal.state.entity import Payload
from journal.store.superseded import was_superseded
from journal.upkeep.stages.deciding import Standing, decide
from journal.upkeep.stages.layout import file_of, folder_of
from journal.upkeep.stages.old_store import Document, OldStore, Unreadable
from journal.upkeep.stages.unmerged import has_markers, ours_of

SNAPSHOT = "snapshot"
"""The action of an event that says what a document held when it was met first."""


class Left(NamedTuple):
    """How this checkout left a document: where, the sha256 of its bytes, and the seq of the event that it showed."""

    path: str
    sha256: str
    seq: int


def left_at(index: Index, key: Key) -> Left | None:
    """Return how this checkout left an entity's document; None where it does not know."""
    found = index.meta(memory_name(key))
    return Left(*json.loads(found)) if found else None


def memory_name(key: Key) -> str:
    """Return under which name the index remembers an entity's document."""
    return f"old-store {key[0]}\0{key[1]}"


def memory_of(document: Document, seq: int) -> str:
    """Return what the index is to remember of a document that is as it should be."""
    return json.dumps(Left(document.path, digest(document.text), seq))


def digest(text: bytes) -> str:
    """Return the hash by which a document is known again."""
    return hashlib.sha256(text).hexdigest()


def value_now(view: View, key: Key) -> Payload | None:
    """Return what an entity shows, None where it is deleted or unknown."""
    row = view.row(key)
    if row is None or row.data is None:
        return None
    found: Payload = values.decode(row.data)
    return found


def is_ours(
    view: View, key: Key, document: Document | None, left: Left | None, list_places: Callable[[], None]
) -> bool:
    """Tell whether a document is what this checkout left, or a version of its entity that it has not written since.

    What a redaction superseded is ours too: its events do not say it any more.
    """
    if document is None:
        return False
    if left is not None and left.sha256 == digest(document.text):
        return True
    if was_superseded(view.files, view.root, document.text):
        return True
    list_places()
    after = left.seq if left is not None else 0
    return any(seq >= after and values.is_same(image, document.data) for seq, image in versions_of(view, key))


def unmerged_document(view: View, key: Key, found: Unreadable, list_places: Callable[[], None]) -> Document | None:
    """Return our side of a document in which git left what it could not merge, if only machines had a hand in it."""
    if not has_markers(found.text):
        return None
    list_places()
    now = value_now(view, key)
    images = [image for _, image in versions_of(view, key)]
    return ours_of(key, found, images if now is None else [*images, now])


def versions_of(view: View, key: Key) -> Iterator[tuple[int, Payload]]:
    """Yield (seq, image) of an entity's events, oldest first; needs all files listed. What fails is left out."""
    for place in view.events_of(key):
        try:
            record = read_record(view, place)
            image = None if record is None else view.change_of(record, place.lane).image
        except (BadLineError, FileNotFoundError):
            continue
        if image is not None:
            yield place.seq, image


def compare(
    view: View,
    memory: Index,
    old: OldStore,
    stage: str,
    *,
    is_folder: Callable[[str], bool],
    list_places: Callable[[], None],
    had: Container[Key] = (),
) -> list[Standing]:
    """Return how each entity and each document stand; ``memory``: the index that remembers how they were left.

    ``had``: entities of which the old store is known to have had documents.
    """
    found: list[Standing] = []
    unreadable = {item.path: item for item in old.unreadable}
    folders: dict[str, str | None] = {}
    for key in sorted(live_keys(view) | old.documents.keys()):
        document, left = old.documents.get(key), left_at(memory, key)
        if key[0] not in folders:
            folders[key[0]] = folder_of(key[0], is_folder)
        path = document.path if document is not None else place_of(key, left, folders[key[0]])
        if path is None:
            found.append(Standing("unplaced", key, None))
        elif document is None and path in unreadable:
            is_merge = stage != "off" and unmerged_document(view, key, unreadable[path], list_places) is not None
            found.append(Standing("lagging" if is_merge else "unreadable", key, path))
        else:
            word = decide(
                value_now(view, key),
                document.data if document is not None else None,
                was_there=left is not None or key in had or (stage == "off" and _was_met(view, key, list_places)),
                is_ours=partial(is_ours, view, key, document, left, list_places),
                stage=stage,
            )
            found.append(Standing(word, key, path))
    return found


def _was_met(view: View, key: Key, list_places: Callable[[], None]) -> bool:
    """Tell whether an event says that the entity came from a document."""
    list_places()
    records = (read_record(view, place) for place in view.events_of(key))
    return any(record is not None and record.get("action") == SNAPSHOT for record in records)


def place_of(key: Key, left: Left | None, folder: str | None) -> str | None:
    """Return where an entity's document is, or belongs; None where the old store has no place for it."""
    if left is not None:
        return left.path
    return None if folder is None else file_of(folder, key[1])


def live_keys(view: View) -> set[Key]:
    """Return all entities that are not deleted, but for the journal's own."""
    keys = {(row.type, row.id) for row in view.index.entities(None)} | set(view.overlay.states)
    return {key for key in keys if not key[0].startswith("$") and value_now(view, key) is not None}
