"""Which events a subscription is about. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from journal.arguments import TEXTS, unfit
from journal.format.reserved import is_reserved

_KINDS = {"entity": "type", "event": "stream"}
_NAMES_MAX = 1000
_NAMES = TEXTS._replace(
    what=f"a list of names, of at most {_NAMES_MAX:,}, and none is empty",
    holds=lambda names: TEXTS.holds(names) and len(names) <= _NAMES_MAX and all(names),
    typed="a name",
)


class Selection(NamedTuple):
    """Entities of ``types``, events of ``streams``; a name that ends in ``*`` stands for all that begin so.

    With neither, all entities and streams, without the journal's own (``$kv``, ``$…``); ``notes``: its notes too.
    """

    types: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    notes: bool = False

    def has(self, fields: Mapping[str, Any]) -> bool:
        """Tell whether an event is meant; ``fields`` are those of its record."""
        kind = fields["kind"]
        if kind not in _KINDS:
            return self.notes
        wanted = self.types if kind == "entity" else self.streams
        name = fields[_KINDS[kind]]
        if not self.types and not self.streams:
            return not is_reserved(name)
        return any(name.startswith(item[:-1]) if item.endswith("*") else name == item for item in wanted)


def select(types: Sequence[str], streams: Sequence[str], *, notes: bool = False) -> Selection:
    """Return the selection of a caller's names. Raises UsageError where one is none."""
    for argument, names in (("types", types), ("streams", streams)):
        if not _NAMES.holds(names):
            raise unfit("subscribe", argument, names, _NAMES)
    return Selection(tuple(sorted(set(types))), tuple(sorted(set(streams))), notes)
