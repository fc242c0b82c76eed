"""The values that say what became of an old store."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from journal.upkeep.stages.deciding import Standing
from journal.upkeep.stages.old_store import OldStore, Unreadable


class Difference(NamedTuple):
    """A document that does not say what the rebuilt journal says."""

    type: str
    id: str
    path: str
    fields: tuple[str, ...]


@dataclass(slots=True)
class StageReport:
    """Where an old store stands; ``stage`` None: the journal stands beside none.

    ``is_active``: this checkout writes the old files when the journal changes. ``standings``: all that is not as it
    should be. ``counts``: how many entities and documents stand how.
    """

    kind: str | None = None
    path: str | None = None
    stage: str | None = None
    is_active: bool = False
    is_there: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    standings: list[Standing] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class StageChange:
    """What a change of the stage did, or would do.

    ``taken``: documents that became events; ``written``: those that were written as the journal says; ``parked``: where
    what had to give way was put. ``verified``: how many documents were compared with a journal that was built anew.
    """

    path: str
    before: str
    after: str
    is_dry_run: bool
    taken: list[Standing] = field(default_factory=list)
    written: list[Standing] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)
    unplaced: Counter[str] = field(default_factory=Counter)
    unreadable: list[Unreadable] = field(default_factory=list)
    events: int = 0
    verified: int = 0
    backup: str | None = None


class HistoryProblem(NamedTuple):
    """A record of the old store's journal that is not as it should be; ``line`` counts from 1.

    ``code``: torn, damaged, duplicate, gap, rev, blob, checkpoint, refused.
    """

    code: str
    path: str
    line: int | None
    message: str


@dataclass(slots=True)
class Brainclaw:
    """What bringing a brainclaw store in did, or would do (``is_dry_run``).

    ``records``: of its journal, brought in as events; ``snapshots``: documents that the journal did not have;
    ``updates``: documents that said other than the last event; ``deletes``: entities without a document, where that was
    asked for; ``gone``: such entities that were kept.
    """

    path: str
    is_dry_run: bool
    stage: str | None
    old: OldStore
    has_history: bool = False
    records: int = 0
    snapshots: int = 0
    updates: list[str] = field(default_factory=list)
    deletes: int = 0
    same: int = 0
    gone: list[Standing] = field(default_factory=list)
    problems: list[HistoryProblem] = field(default_factory=list)
    parked_log: str | None = None
    backup: str | None = None
    verified: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether all that is in the old store is here now, as it is there."""
        return not (self.old.unreadable or self.old.duplicates or self.problems or self.differences)
