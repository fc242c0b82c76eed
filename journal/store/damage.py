"""Whether damage of the truth may affect an answer."""

from journal.format.record import Record
from journal.index.places import list_events
from journal.index.records import read_record
from journal.index.rows import DamageFacts
from journal.index.view import Key, View
from journal.segments.scan import ENDS_EARLY
from journal.state import vector

ACCEPTED_NOTE = "damage"

Place = tuple[str, int, int]
"""Where bytes are damaged or missing: (path in the store, offset, length)."""


def open_damage(view: View) -> list[DamageFacts]:
    """Return the damage that nobody has accepted (``doctor --fix --accept-loss``) and that may cost something."""
    damage = [item for item in view.damage if not _only_ends_early(view, item)]
    if not damage:
        return []
    accepted = _accepted(view)
    return [item for item in damage if damage_name(view, item) not in accepted]


def _only_ends_early(view: View, item: DamageFacts) -> bool:
    """Tell whether a file is an early version, which git may leave beside a pack that has all that it lacks."""
    lacks = vector.of(item.lane, item.low, item.high)
    return item.reason == ENDS_EARLY and not item.length and vector.is_subset(lacks, view.have_files)


def is_accepted(view: View, item: DamageFacts) -> bool:
    """Tell whether somebody has accepted some damage."""
    return damage_name(view, item) in _accepted(view)


def accepted_place(record: Record) -> Place | None:
    """Return the place that a ``damage`` note accepts; None for any other record."""
    if record.get("note") != ACCEPTED_NOTE:
        return None
    data = record["data"]
    path, offset, length = data.get("segment"), data.get("offset"), data.get("length")
    if type(path) is not str or type(offset) is not int or type(length) is not int:
        return None
    return path, offset, length


def _accepted(view: View) -> set[Place]:
    if not view.is_listed():
        list_events(view)  # a rebuild does not note where the notes stand
    records = (read_record(view, place) for place in view.notes())
    accepted = (accepted_place(record) for record in records if record is not None)
    return {place for place in accepted if place is not None}


def damage_name(view: View, item: DamageFacts) -> Place:
    """Return how a ``damage`` note names some damage."""
    facts = view.by_id.get(item.file)
    return (f"{facts.folder}/{facts.name}" if facts else "", item.offset, item.length)


def damage_note(view: View, key: Key | None) -> str | None:
    """Return a sentence where open damage may affect the answer about an entity, or about all."""
    damage = [item for item in open_damage(view) if item.lane]
    if key is not None and damage:
        damage = [item for item in damage if not _is_beyond(view, key, item)]
    if not damage:
        return None
    path, offset, _ = damage_name(view, damage[0])
    lost = _count_lost(view, damage)
    events = f"{lost:,} event{'s' if lost != 1 else ''} lost" if lost else "events may be lost"
    others = len(damage) - 1
    more = f" and {others:,} more place{'s' if others > 1 else ''}" if others else ""
    return f"{path} is damaged at byte {offset}{more}: {events}; this answer may lack what they said"


def _count_lost(view: View, damage: list[DamageFacts]) -> int:
    """Return how many events damage costs: neighbours may cost the same ones, and another file may have some."""
    lost = vector.EMPTY
    for item in damage:
        these = vector.of(item.lane, item.low, item.high)
        lost = vector.union(lost, these if item.blob else vector.subtract(these, view.have_files))
    return vector.count(lost)


def _is_beyond(view: View, key: Key, item: DamageFacts) -> bool:
    """Tell whether a head of the entity came after what was lost, and so carries its whole post-image."""
    state = view.state(key)
    if state is None or item.high < item.low:
        return False
    lost = (item.high, item.lane)
    return any(head > lost and view.past_of(head).has(lost, head) for head in state.heads)
