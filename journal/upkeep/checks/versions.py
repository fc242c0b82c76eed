"""Which schema versions the payloads of a file have. Pure."""

from collections import Counter

from journal.format.record import Record
from journal.state.upcasting import version_of

Versions = Counter[tuple[str, int]]
"""How many events of a name (an entity's type, a stream event's name) have a version; 0 also where they say none."""


def version_in(record: Record) -> tuple[str, int] | None:
    """Return whose payload a record holds and its version; None without one, and for one that stands in a blob."""
    name = record.get("type" if record["kind"] == "entity" else "event")
    payload = record.get("data")
    version = version_of(payload) if isinstance(name, str) and type(payload) is dict else None
    return None if version is None else (str(name), version)
