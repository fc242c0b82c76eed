"""What was read of a segment or a pack, as values; nothing of it grows with the payloads."""

from array import array
from typing import NamedTuple

from journal.format.segment import Previous
from journal.index.view import Key
from journal.store.damage import Place
from journal.upkeep.checks.losses import Loss
from journal.upkeep.checks.versions import Versions
from journal.upkeep.findings import Finding


class SectionRead(NamedTuple):
    """One segment's worth of records, without the records; ``store`` is None where the header cannot be read.

    ``saw_previous``: whether the header says that its writer had the end of ``previous``. It may not have had the end
    of another lane's segment, which can be in another branch only.
    """

    path: str
    lane: str
    first: int
    last: int
    store: str | None
    previous: Previous | None
    is_difference: bool
    saw_previous: bool


class EventsRead(NamedTuple):
    """The seqs of one lane in a file, ascending, and the checksum of each one's line."""

    path: str
    lane: str
    seqs: "array[int]"
    crcs: "array[int]"


class Reference(NamedTuple):
    """A line that refers to a blob; ``seq`` is 0 for a header, ``key`` None for what is no entity's."""

    path: str
    offset: int
    length: int
    lane: str
    seq: int
    sha256: str
    size: int
    key: Key | None = None


class FileRead(NamedTuple):
    """What one segment or pack holds; ``abandoned``: records beyond its end, which no reader counts."""

    path: str
    sections: list[SectionRead]
    events: EventsRead
    abandoned: EventsRead
    references: list[Reference]
    accepted: list[Place]
    losses: list[Loss]
    findings: list[Finding]
    versions: Versions
