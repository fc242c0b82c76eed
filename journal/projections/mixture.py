"""Whether a document can be what a merge made of known versions, of which no two say the same. Pure.

Git merges lines, so what it joins may lie deep inside of a field: a member from one side, an element of a list from
the other. A mixture holds nothing that no version holds in that place, and lacks nothing that all of them hold.
"""

from typing import Any

from journal.format import values
from journal.state.entity import Payload

_STEPS_MAX = 200_000
"""How many values are compared before the answer is no; only a hostile or very large document needs more."""


def is_mixture(document: Payload, versions: list[Payload]) -> bool:
    """Tell whether a document is a mixture of versions."""
    try:
        return _Comparison().is_mixed(document, list(versions))
    except _TooLongError:
        return False


class _TooLongError(Exception):
    """Comparing takes longer than the answer is worth."""


class _Comparison:
    """Compares level by level; counts its steps."""

    def __init__(self) -> None:
        self._steps = 0

    def is_mixed(self, item: Any, versions: list[Any]) -> bool:
        """Tell whether an item is one of the versions in its place, or a mixture of them."""
        known = self._distinct(versions)
        if values.canonical(item) in known:
            return True
        alike = [version for version in known.values() if type(version) is type(item)]
        if type(item) is dict:
            return self._are_members_mixed(item, alike)
        return type(item) is list and self._are_elements_mixed(item, alike)

    def _are_members_mixed(self, item: Payload, versions: list[Payload]) -> bool:
        if not versions or not set.intersection(*(set(version) for version in versions)) <= item.keys():
            return False
        return all(
            self.is_mixed(member, [version[name] for version in versions if name in version])
            for name, member in item.items()
        )

    def _are_elements_mixed(self, item: list[Any], versions: list[list[Any]]) -> bool:
        if not versions:
            return False
        parts = [self._distinct(version) for version in versions]
        known = {text: element for part in parts for text, element in part.items()}
        here = self._distinct(item)
        if not set.intersection(*(set(part) for part in parts)) <= here.keys():
            return False
        rest = [element for text, element in here.items() if text not in known]
        return all(self.is_mixed(element, list(known.values())) for element in rest)

    def _distinct(self, items: list[Any]) -> dict[bytes, Any]:
        self._steps += len(items)
        if self._steps > _STEPS_MAX:
            raise _TooLongError
        return {values.canonical(item): item for item in items}
