"""Which file shows which entity, and the bytes it holds (docs/format.md, "Projections"). Pure."""

from journal.format import values
from journal.format.names import decode_name, encode_name, fanout_folder

ENTITIES = "entities"
ID_FIELD = "$journal_id"
"""The top-level key that holds the id where the file name is cut; no payload may use it."""


def path_of(type: str, id: str, *, fanout: bool) -> str:
    """Return the path of an entity's projection, relative to the store, ``/`` separated."""
    folder = f"{ENTITIES}/{encode_name(type)}"
    if fanout:
        folder += f"/{fanout_folder(id)}"
    return f"{folder}/{encode_name(id)}.json"


def entity_at(path: str) -> tuple[str, str | None] | None:
    """Return (type, id) that a relative path shows; id None for a cut name; None for no projection."""
    parts = path.split("/")
    if len(parts) not in (3, 4) or parts[0] != ENTITIES or not parts[-1].endswith(".json"):
        return None
    type = decode_name(parts[1])
    return None if type is None else (type, decode_name(parts[-1].removesuffix(".json")))


def render(id: str, data: str) -> bytes:
    """Return the bytes of a projection from the entity's data (JSON text)."""
    shown = values.decode(data)
    if decode_name(encode_name(id)) is None:
        shown[ID_FIELD] = id
    return values.pretty(shown)
