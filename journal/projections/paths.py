"""Which file shows which entity, and the bytes it holds (docs/format.md, "Projections"). Pure."""

from journal.format import values
from journal.format.names import decode_name, encode_name, fanout_folder
from journal.format.reserved import KV_TYPE

ENTITIES = "entities"
KV = "kv"
PROJECTED = (ENTITIES, KV)
"""The folders of a store that hold projections."""
ID_FIELD = "$journal_id"
"""The top-level key that holds the id where the file name is cut; no payload may use it."""


def path_of(type: str, id: str, *, fanout: bool) -> str:
    """Return the path of an entity's projection, relative to the store, ``/`` separated."""
    folder = KV if type == KV_TYPE else f"{ENTITIES}/{encode_name(type)}"
    if fanout:
        folder += f"/{fanout_folder(id)}"
    return f"{folder}/{encode_name(id)}.json"


def entity_at(path: str) -> tuple[str, str | None] | None:
    """Return (type, id) that a relative path shows; id None for a cut name; None for no projection."""
    top, *parts = path.split("/")
    if not path.endswith(".json") or top not in PROJECTED:
        return None
    type = KV_TYPE if top == KV else decode_name(parts.pop(0))
    if len(parts) not in (1, 2) or type is None or (top == ENTITIES and type == KV_TYPE):
        return None
    return type, decode_name(parts[-1].removesuffix(".json"))


def is_projected(path: str) -> bool:
    """Tell whether a relative path lies below a folder of projections."""
    return path.partition("/")[0] in PROJECTED


def render(id: str, data: str) -> bytes:
    """Return the bytes of a projection from the entity's data (JSON text)."""
    shown = values.decode(data)
    if decode_name(encode_name(id)) is None:
        shown[ID_FIELD] = id
    return values.pretty(shown)
