"""What a set of events means, read off the definition in docs/format.md by brute force.

An event's past is what the fuzzer saw in the work tree when it was written, not what the journal says that it was.
"""

import json
from typing import Any, NamedTuple

from tests.fuzz.ledger import Holding, Ledger, Written
from tests.fuzz.taken import Taken

UNSET = "(unset)"
STRATEGIES = {"plan": {"tags": "union", "votes": "max"}}
"""Type to field to strategy, as the fuzzer's journal.toml has it."""

Key = tuple[str, str]


class Meaning(NamedTuple):
    """An entity: what it shows (None: deleted), its heads, each field's maximal assignments, and what is missing."""

    shown: dict[str, Any] | None
    heads: int
    fields: dict[str, int]
    head_holes: int
    field_holes: dict[str, int]


def meanings(ledger: Ledger, holding: Holding) -> dict[Key, Meaning]:
    """Return the meaning of every entity of which an event is held."""
    entities: dict[Key, list[tuple[int, Written]]] = {}
    held, taken = holding.all, holding.taken
    for event in ledger.those(held, taken):
        if event.record["kind"] == "entity":
            number = ledger.number(*event.id)
            assert number is not None
            entities.setdefault((event.record["type"], event.record["id"]), []).append((1 << number, event))
    return {key: _meaning(ledger, key[0], mine, held, taken) for key, mine in entities.items()}


def _meaning(ledger: Ledger, type: str, mine: list[tuple[int, Written]], held: int, taken: Taken) -> Meaning:
    heads, head_holes = _maximal(mine, held)
    fields: dict[str, int] = {}
    field_holes: dict[str, int] = {}
    writers: dict[str, list[tuple[int, Written]]] = {}
    for bit, event in mine:
        for name in assigned(event.record):
            writers.setdefault(name, []).append((bit, event))
    for name, some in writers.items():
        fields[name], missing = _maximal(some, held)
        if missing:
            field_holes[name] = missing
    return Meaning(_shown(ledger, type, heads, fields, taken), heads, fields, head_holes, field_holes)


def _maximal(some: list[tuple[int, Written]], held: int) -> tuple[int, int]:
    seen = every = 0
    for bit, event in some:
        seen |= event.saw
        every |= bit
    return every & ~seen, seen & ~held


def assigned(record: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that a record assigns; a tombstone assigns none."""
    if record["action"] == "delete":
        return {}
    unset = dict.fromkeys(record.get("unset", ()), UNSET)
    return {**unset, **{name: record["data"][name] for name in record.get("set", ())}}


def _shown(ledger: Ledger, type: str, heads: int, fields: dict[str, int], taken: Taken) -> dict[str, Any] | None:
    images = [event.record.get("data") for event in sorted(ledger.those(heads, taken), key=lambda event: event.id)]
    if len(images) == 1 or all(image is None for image in images):
        return images[0]
    shown = {name: item for image in images for name, item in (image or {}).items()}
    for name, maximal in fields.items():
        said = [
            assigned(event.record)[name] for event in sorted(ledger.those(maximal, taken), key=lambda event: event.id)
        ]
        settled = _settled(said, STRATEGIES.get(type, {}).get(name))
        if settled == UNSET:
            shown.pop(name, None)
        else:
            shown[name] = settled
    return shown


def _settled(said: list[Any], strategy: str | None) -> Any:
    present = [item for item in said if item != UNSET]
    if len(said) > 1 and strategy == "union" and present and all(isinstance(item, list) for item in present):
        members = {json.dumps(member): member for item in present for member in item}
        return list(members.values())
    # What is redacted is a text, and texts have a greatest one, too.
    if len(said) > 1 and strategy == "max" and {*map(type, present)} in ({int}, {str}):
        return max(present)
    return said[-1]
