"""What redactions take out, read off docs/format.md by a reader of its own."""

from typing import Any

MARKER = "[redacted]"
CHANGED = ("data", "meta", "summary", "actor", "redacted", "ref", "crc")
"""What a redaction may change of a record."""

Taken = frozenset[tuple[int, str]]
"""The number of an event and a place in its record, as a JSON pointer; none lies within another."""


def normal(pairs: set[tuple[int, str]]) -> Taken:
    """Leave out places that lie within another."""
    return frozenset(
        (number, path)
        for number, path in pairs
        if not any(other == number and path.startswith(f"{outer}/") for other, outer in pairs)
    )


def of_group(groups: Any) -> list[tuple[tuple[int, str], str]]:
    """Return (event, place) for all that a note or a checkpoint names."""
    found = []
    for group in groups or ():
        for name in group["events"]:
            seq, _, lane = name.partition("@")
            found.extend(((int(seq), lane), path) for path in group["paths"])
    return found


def without(record: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """Return a record without what the places name."""
    for path in paths:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
        record = _without(record, steps)
    return record


def _without(value: Any, steps: list[str], depth: int = 0) -> Any:
    if not steps:
        return dict.fromkeys(value, MARKER) if depth == 1 and isinstance(value, dict) else MARKER
    if isinstance(value, dict) and steps[0] in value:
        return {**value, steps[0]: _without(value[steps[0]], steps[1:], depth + 1)}
    if isinstance(value, list) and int(steps[0]) < len(value):
        return [_without(v, steps[1:], depth + 1) if at == int(steps[0]) else v for at, v in enumerate(value)]
    return value


def check_copy(original: dict[str, Any], copy: dict[str, Any]) -> None:
    """Two lines of one event differ by nothing but what the one of them says was taken out."""
    assert copy.get("redacted"), "two records"
    kept = [{name: item for name, item in record.items() if name not in CHANGED} for record in (original, copy)]
    assert kept[0] == kept[1], f"two records: {kept}"
    wanted = without(original, copy["redacted"])
    for name in ("data", "meta", "summary", "actor"):
        assert wanted.get(name) == copy.get(name), f"two records: {name} {wanted.get(name)!r} {copy.get(name)!r}"
