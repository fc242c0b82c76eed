"""What an edit changes: the ``set`` and ``unset`` of an event (docs/format.md, "Records"). Pure."""

from collections.abc import Iterable

from journal.format import values
from journal.state.entity import ABSENT, EntityState, Payload


def difference(before: Payload | None, after: Payload, state: EntityState | None) -> tuple[list[str], list[str]]:
    """Return (set, unset) of a full put of ``after`` over what shows now.

    A re-creation (``before`` None) also unsets what the deleted entity had and the new one lacks.
    """
    if before is None:
        known = state.fields if state is not None else {}
        gone = [name for name, pairs in known.items() if name not in after and any(v is not ABSENT for _, v in pairs)]
        return sorted(after), sorted(gone)
    changed = [name for name, item in after.items() if name not in before or not _equal(before[name], item)]
    return sorted(changed), sorted(name for name in before if name not in after)


def named(
    set_names: Iterable[str], unset_names: Iterable[str], implied: tuple[list[str], list[str]]
) -> tuple[list[str], list[str]]:
    """Return (set, unset) where a caller named fields: those count even if they did not change."""
    unset = {*implied[1], *unset_names}
    return sorted({*implied[0], *set_names} - unset), sorted(unset)


def _equal(first: object, second: object) -> bool:
    # 1, 1.0 and True are equal to Python and different in JSON.
    if type(first) is str:
        return first == second
    return first == second and values.canonical(first) == values.canonical(second)
