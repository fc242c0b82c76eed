"""Whether damage of the truth may affect an answer."""

from typing import Any

from journal.index.places import list_events
from journal.index.records import read_record
from journal.index.rows import DamageFacts
from journal.index.view import Key, View
from journal.segments.scan import ENDS_EARLY
from journal.state import vector

ACCEPTED_NOTE = "damage"


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


def _accepted(view: View) -> set[tuple[Any, Any, Any]]:
    if not view.is_listed():
        list_events(view)  # a rebuild does not note where the notes stand
    accepted = set()
    for place in view.notes():
        record = read_record(view, place)
        if record is not None and record.get("note") == ACCEPTED_NOTE:
            data = record["data"]
            accepted.add((data.get("segment"), data.get("offset"), data.get("length")))
    return accepted


def damage_name(view: View, item: DamageFacts) -> tuple[str, int, int]:
    """Return (file, offset, length): how a ``damage`` note names it."""
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
