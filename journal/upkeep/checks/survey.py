"""Every file of the truth, read once: what all checks of the truth and of the index go by."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from journal.format.segment import Vector
from journal.index.bounds import BoundsOf, with_limit
from journal.segments.folders import ARCHIVE, SEGMENTS, Listing
from journal.state import vector
from journal.store.damage import Place
from journal.upkeep.checks.duplicates import twice_between
from journal.upkeep.checks.facts import EventsRead, FileRead, Reference, SectionRead
from journal.upkeep.checks.losses import Loss
from journal.upkeep.checks.reading import read_file
from journal.upkeep.checks.unread import Unread
from journal.upkeep.checks.versions import Versions
from journal.upkeep.findings import Finding

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Survey:
    """What stands in the segments and packs of a store."""

    listing: Listing
    strange: list[str]
    sections: list[SectionRead] = field(default_factory=list)
    events: dict[str, list[EventsRead]] = field(default_factory=dict)
    abandoned: dict[str, list[EventsRead]] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    accepted: set[Place] = field(default_factory=set)
    losses: list[Loss] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    identities: dict[str, str] = field(default_factory=dict)
    have: Vector = field(default_factory=dict)
    versions: Versions = field(default_factory=Versions)
    records: int = 0
    bytes: int = 0

    def take(self, read: FileRead, size: int) -> None:
        """Add what one file holds."""
        self.sections.extend(read.sections)
        self.events.setdefault(read.events.lane, []).append(read.events)
        if read.abandoned.seqs:
            self.abandoned.setdefault(read.abandoned.lane, []).append(read.abandoned)
        self.references.extend(read.references)
        self.accepted.update(read.accepted)
        self.losses.extend(read.losses)
        self.findings.extend(read.findings)
        self.versions.update(read.versions)
        spans = vector.intervals(read.events.seqs)
        self.have = vector.union(self.have, {read.events.lane: spans} if spans else {})
        self.records += len(read.events.seqs)
        self.bytes += size


def survey_truth(
    unread: Unread,
    listing: Listing,
    strange: list[str],
    *,
    store: str,
    bounds: BoundsOf,
    identify: Callable[[bytes], str] | None,
    progress: Progress | None,
) -> Survey:
    """Read all segments and packs; what cannot be read is noted in ``unread``.

    ``bounds``: what this work tree remembers of a segment's end. ``identify``: git's id of a file's bytes.
    """
    found = Survey(listing, strange)
    limits: dict[str, int] = {}
    done = 0
    for folder, name in _in_order(listing):
        try:
            data = unread.read(f"{folder}/{name}")
        except FileNotFoundError:
            continue  # it left while the others were read; the caller looks again
        if data is None:
            continue
        read = read_file(folder, name, data, with_limit(bounds, name, limits), store)
        for section in read.sections:
            if section.previous is not None:
                segment, seq = section.previous.segment, section.previous.seq
                limits[segment] = min(seq, limits.get(segment, seq))
        found.take(read, len(data))
        if identify is not None:
            found.identities[read.path] = identify(data)
        done += 1
        if progress is not None:
            progress(done, len(listing))
    for lane, parts in sorted(found.events.items()):
        abandoned = found.abandoned.get(lane, [])
        if abandoned or sum(len(part.seqs) for part in parts) > vector.count({lane: found.have.get(lane, ())}):
            found.losses.extend(twice_between(lane, [*parts, *abandoned]))
    return found


def _in_order(listing: Listing) -> Iterator[tuple[str, str]]:
    """A header says where the segment before it ends: so packs come first, then segments, the latest first."""
    for folder in (ARCHIVE, SEGMENTS):
        yield from sorted((key for key in listing if key[0] == folder), key=lambda key: key[1], reverse=True)
