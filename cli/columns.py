"""Which fields of entities a table shows, and how a value looks in it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from journal.store.model import Entity

_TELLING = ("status", "state", "priority", "title", "name", "subject", "summary", "text")
_FIELDS_MAX = 4
_SAMPLE = 200


def choose_fields(entities: "list[Entity]") -> list[str]:
    """Return the fields that tell most: well-known ones, else the first ones with plain values."""
    sample = [entity.data for entity in entities[:_SAMPLE] if entity.data]
    known = [name for name in _TELLING if any(name in data for data in sample)]
    if known:
        return known[:_FIELDS_MAX]
    plain = (str, int, float, bool)
    return sorted({name for data in sample for name, value in data.items() if isinstance(value, plain)})[:_FIELDS_MAX]


def text_of_value(value: Any) -> str:
    """Return a value for a table: texts as they are, all else as JSON."""
    if isinstance(value, str):
        return value
    from journal.format.values import canonical

    return canonical(value).decode()
