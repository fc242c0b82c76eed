"""The reserved entity types and what their payloads hold (docs/format.md, "Keys and values"). Pure."""

from typing import Any

from journal.errors import RefusedError
from journal.format.names import check_type

KV_TYPE = "$kv"
"""The entity type under which keys and values are kept."""

KV_FIELD = "value"
"""The one field of such an entity."""


def is_reserved(type: str) -> bool:
    """Tell whether a type is the journal's own."""
    return type.startswith("$")


def check_entity_type(type: str) -> None:
    """Raise RefusedError for a type that no entity of this format has."""
    if type != KV_TYPE:
        check_type(type)


def check_document(type: str, document: dict[str, Any]) -> None:
    """Raise RefusedError for a payload that an entity of a reserved type cannot have."""
    if type == KV_TYPE and document.keys() != {KV_FIELD}:
        raise RefusedError(f'a value is kept as {{"{KV_FIELD}": …}}, and nothing else beside it')
