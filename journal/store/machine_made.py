"""Whether a projection's bytes were written by a machine, here or in any clone.

Rendering is deterministic. So a file that is the rendering of any event of its entity was written by some
checkout at some time; and so was one that shows what the writer of any event saw, all that had met by then.

Where an entity ever had several heads, or a part of its past is missing here, as after a
cherry-pick or a revert, git may have merged such renderings by their lines, or the merge driver by their fields: a
canonical rendering of a mixture of what its events left. A person may have typed the same, so that counts only where
git has the very bytes as an object: then nothing is lost by writing over them.
Where git takes an entity that was deleted on one side for a similar one that came there (a rename), it merges what the
other side did to the first into the file of the second; then the events of both count.
A mixture that the merge driver wrote in this checkout is remembered (``merged``).
Where something was redacted, a file may show it still, as a merge with an older branch brings it: what stands in such
a place does not count, where git has the very bytes.
An event that only a checkpoint counts in has no image here any more: what the state still holds of it counts instead.
"""

from collections.abc import Callable, Iterator

from journal.format import values
from journal.format.lines import BadLineError
from journal.index.records import read_record
from journal.index.rows import Location
from journal.index.view import Key, View
from journal.projections.mixture import is_mixture
from journal.projections.paths import ID_FIELD, render
from journal.state.entity import ABSENT, Change, Payload, fold
from journal.state.value import conflicts, value
from journal.state.vector import EventId
from journal.store.merged import was_merged
from journal.store.superseded import was_superseded

_RENAMED_MAX = 64
_ASKED_MAX = 64
_BEFORE_MAX = 64
"""With how many of the events before it an event is compared: concurrent ones have seqs that are near."""


def is_machine_made(view: View, key: Key, text: bytes, git_has: Callable[[bytes], bool]) -> bool:
    """Tell whether a machine wrote these bytes, or more that a power cut shortened; needs all files listed.

    ``git_has`` tells whether git has a file of these bytes.
    """
    changes: list[Change] = []
    for change in _changes(view, key):
        if change.image is not None and _shows(key, change.image, text):
            return True
        changes.append(change)
    counted_in = list(_counted_in(view, key))
    if any(_shows(key, document, text) for document in counted_in):
        return True
    versions = [*(change.image for change in changes if change.image is not None), *counted_in]
    shown = _rendered(text)
    if shown is None or not versions:
        return False
    if view.redacting is not None and _differs_in_redacted(view, key, shown, versions):
        return was_superseded(view.files, view.root, text) or git_has(text)
    is_noted = was_merged(view.files, view.root, text)
    if (is_noted or counted_in or _can_be_mixed(view, key)) and is_mixture(shown, versions):
        return is_noted or any(_shows(key, seen, text) for seen in _seen(view, key, changes)) or git_has(text)
    return any(is_mixture(shown, [*versions, *images_of(view, other)]) for other in _maybe_renamed(view, key)) and (
        git_has(text)
    )


def _differs_in_redacted(view: View, key: Key, shown: Payload, versions: list[Payload]) -> bool:
    """Tell whether a document is a mixture of versions, but for places where something was taken out of a version."""
    from journal.index.redacting import masked

    events = [(place.seq, place.lane) for place in view.events_of(key)]
    return is_mixture(masked(view, shown, events), [masked(view, version, events) for version in versions])


def images_of(view: View, key: Key) -> Iterator[Payload]:
    """Yield what the entity's events left, oldest first; needs all files listed. What does not verify is left out."""
    return (change.image for change in _changes(view, key) if change.image is not None)


def _changes(view: View, key: Key) -> Iterator[Change]:
    for place in view.events_of(key):
        try:
            record = read_record(view, place)
            if record is not None:
                yield view.change_of(record, place.lane)
        except (BadLineError, FileNotFoundError):
            continue


def _shows(key: Key, document: Payload, text: bytes) -> bool:
    return render(key[1], values.encode_trusted(document).decode()).startswith(text)


def seen_of(view: View, key: Key) -> Iterator[Payload]:
    """Yield what the writers of the entity's latest events saw before these, the latest first; needs all files listed.

    Where several branches met, that is what no single event left.
    """
    return _seen(view, key, list(_changes(view, key))) if _can_be_mixed(view, key) else iter(())


def _seen(view: View, key: Key, changes: list[Change]) -> Iterator[Payload]:
    pasts = {change.id: view.saw(change.id) for change in changes}
    strategies = view.strategies(key[0])
    for event in reversed(changes[-_ASKED_MAX:]):
        past = pasts[event.id]
        state = fold((change, pasts[change.id]) for change in changes if past.has(change.id, event.id))
        seen = value(state, strategies) if state is not None else None
        if seen is not None:
            yield seen


def _counted_in(view: View, key: Key) -> Iterator[Payload]:
    """Yield what the state holds of events whose files are not here: of a head all, of others the fields that count."""
    state = view.state(key)
    if state is None:
        return
    listed = {(place.seq, place.lane) for place in view.events_of(key)}
    yield from (image for id, image in state.heads.items() if image is not None and id not in listed)
    parts: dict[EventId, Payload] = {}
    for name, pairs in state.fields.items():
        for id, item in pairs:
            if id not in listed and item is not ABSENT:
                parts.setdefault(id, {})[name] = item
    yield from parts.values()


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


def _can_be_mixed(view: View, key: Key) -> bool:
    """Tell whether an event of the entity did not know one before it, or knew one that is not here."""
    state = view.state(key)
    if state is not None and (state.holes.heads or state.holes.fields):
        return True
    places = view.events_of(key)
    return any(
        not _knew_all(view, after, places[max(0, at - _BEFORE_MAX) : at]) for at, after in enumerate(places) if at
    )


def _knew_all(view: View, after: Location, before: list[Location]) -> bool:
    past = view.saw((after.seq, after.lane))
    return all(past.has((place.seq, place.lane), (after.seq, after.lane)) for place in before)


def _maybe_renamed(view: View, key: Key) -> Iterator[Key]:
    """Yield entities that one side deleted and another changed."""
    count = 0
    for other in sorted({*view.index.conflicted(), *view.overlay.states} - {key}):
        state = view.state(other)
        if state is None or not any(item.field is None for item in conflicts(state, view.strategies(other[0]))):
            continue
        count += 1
        if count > _RENAMED_MAX:
            return
        yield other
