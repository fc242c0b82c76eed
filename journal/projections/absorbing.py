"""What a person changed in a projection, against the version that they edited. Pure.

========  ============  =========================================================
before    now           what the file says
========  ============  =========================================================
nothing   nothing       all of it: the entity is new
a state   the same      the fields that differ
a state   another       the fields that differ from ``before``; where ``now`` differs
                        there too, and is not what the file says: an overlap
a state   deleted       nothing if the file is as ``before``; else all of it overlaps
nothing   a state       not asked: ``nearest`` finds what the file was made from
========  ============  =========================================================
"""

from collections.abc import Iterable
from typing import NamedTuple

from journal.format import values
from journal.state.entity import Payload


class Edit(NamedTuple):
    """Fields that a person set and unset, none where only the spacing differs, and where that overlaps."""

    set: Payload
    unset: tuple[str, ...]
    overlaps: tuple[str | None, ...]
    """Fields that were changed meanwhile too; None stands for a delete."""


def edit_of(before: Payload | None, file: Payload, now: Payload | None) -> Edit:
    """Return what a person changed; see the table."""
    was = before or {}
    if now is None:
        changed = before is None or not values.is_same(before, file)
        return Edit(dict(file) if changed else {}, (), (None,) if changed and before is not None else ())
    names = sorted({*was, *file})
    changed_names = [name for name in names if values.differ_in(was, file, name)]
    wanted = [name for name in changed_names if values.differ_in(file, now, name)]
    overlaps = tuple(name for name in wanted if values.differ_in(was, now, name))
    return Edit(
        {name: file[name] for name in wanted if name in file},
        tuple(name for name in wanted if name not in file),
        overlaps,
    )


def stale(file: Payload, names: Iterable[str], versions: Iterable[Payload]) -> tuple[str, ...]:
    """Return those of some fields in which the file says what a version says: perhaps it is from there, and not typed.

    For a file that is known to be made from a version which is none of these.
    """
    known = list(versions)
    return tuple(name for name in names if any(not values.differ_in(version, file, name) for version in known))


def nearest(file: Payload, versions: Iterable[Payload]) -> Payload | None:
    """Return the version, of those given oldest first, from which the file differs in the fewest fields.

    Of several the latest. For a file whose editor's version nobody noted: in a fresh clone, after ``local/`` was lost.
    """
    best, fewest = None, -1
    for version in versions:
        distance = sum(values.differ_in(version, file, name) for name in {*version, *file})
        if best is None or distance <= fewest:
            best, fewest = version, distance
    return best
