"""All that one look at a store found, as the repairs need it."""

from dataclasses import dataclass, field

from journal.format.segment import Vector
from journal.segments.folders import CHECKPOINTS, SEGMENTS
from journal.upkeep.checks.blobs import BlobsRead
from journal.upkeep.checks.checkpoints import CheckpointRead
from journal.upkeep.checks.copies import Copies
from journal.upkeep.checks.facts import Reference
from journal.upkeep.checks.losses import Loss
from journal.upkeep.checks.printed import Printed
from journal.upkeep.checks.survey import Survey
from journal.upkeep.checks.unread import Unread
from journal.upkeep.findings import Finding


@dataclass(slots=True)
class Look:
    """What one look found.

    ``missing`` and ``changed`` are files of the truth that git has as they were; ``lost``: events without their
    blob; ``have``: all other events that are in files; ``covers``: those in sound checkpoints;
    ``lying``: checkpoints that say other than their events; ``unread``: what could not be read.
    """

    survey: Survey
    copies: Copies | None
    unread: Unread
    checkpoints: list[CheckpointRead] = field(default_factory=list)
    blobs: BlobsRead = field(default_factory=BlobsRead.nothing)
    references: list[Reference] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    lost: Vector = field(default_factory=dict)
    have: Vector = field(default_factory=dict)
    covers: Vector = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    lying: list[str] = field(default_factory=list)
    printed: Printed = field(default_factory=lambda: Printed([], [], [], 0, 0, 0))
    findings: list[Finding] = field(default_factory=list)

    def is_newer(self) -> bool:
        """Tell whether a segment or pack has a later format, so that no reader and no repair may touch the store."""
        return any(finding.code == "newer-format" for finding in self.survey.findings)

    def has(self, *codes: str) -> bool:
        """Tell whether any finding has one of these codes."""
        return any(finding.code in codes for finding in self.findings)

    def counts(self) -> dict[str, int]:
        """Return how much was looked at."""
        folders = [folder for folder, _ in self.survey.listing]
        blobs = self.blobs
        read = sum(blobs.sound.values()) + sum(blobs.lfs.sound.values())
        size = self.survey.bytes + sum(item.size for item in self.checkpoints) + read
        return {
            "segments": folders.count(SEGMENTS),
            "records": self.survey.records,
            "packs": len(folders) - folders.count(SEGMENTS) - folders.count(CHECKPOINTS),
            "checkpoints": len(self.checkpoints),
            "blobs": len(blobs.sound) + len(blobs.bad) + len(blobs.lfs.all),
            "entities": self.printed.entities,
            "projections": self.printed.files,
            "bytes": size,
        }
