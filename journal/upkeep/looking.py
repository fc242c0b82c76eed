"""One look at everything: all checks in order, and what they found, as the repairs need it."""

from dataclasses import dataclass, field

from journal.format.segment import Vector
from journal.segments.folders import CHECKPOINTS, SEGMENTS, Listing, list_truth
from journal.state import vector
from journal.store.engine import Engine
from journal.store.indexing import Indexing
from journal.upkeep.checks.blobs import BlobsRead, blob_findings, blob_losses, read_blobs
from journal.upkeep.checks.cache import Cache, build, index_findings, indexing_of, open_cache
from journal.upkeep.checks.checkpoints import CheckpointRead, checkpoint_findings, covered, read_checkpoints
from journal.upkeep.checks.comparing import differences
from journal.upkeep.checks.copies import Copies
from journal.upkeep.checks.facts import Reference
from journal.upkeep.checks.kept import changed_findings, changed_paths, missing_findings, missing_paths
from journal.upkeep.checks.leftovers import leftover_findings
from journal.upkeep.checks.losses import Loss, Place, loss_findings
from journal.upkeep.checks.printed import Printed, look_at_projections, shortened
from journal.upkeep.checks.surroundings import surrounding_findings
from journal.upkeep.checks.survey import Progress, Survey, survey_truth
from journal.upkeep.checks.truth import chain_losses, strange_findings
from journal.upkeep.checks.wiring import copies_of, own_file_findings, wiring_findings
from journal.upkeep.findings import Finding, Severity

_TRIES = 3
_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
_OF_A_MOMENT = frozenset(("index-differs", "state-differs", "torn-tail"))
"""What may only seem so while somebody writes."""


@dataclass(slots=True)
class Look:
    """What one look found.

    ``missing`` and ``changed`` are files of the truth that git has as they were; ``lost``: events without their
    blob; ``have``: all other events that are in files; ``covers``: those in sound checkpoints.
    """

    survey: Survey
    copies: Copies | None
    checkpoints: list[CheckpointRead] = field(default_factory=list)
    blobs: BlobsRead = field(default_factory=lambda: BlobsRead({}, set(), []))
    references: list[Reference] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    lost: Vector = field(default_factory=dict)
    have: Vector = field(default_factory=dict)
    covers: Vector = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    printed: Printed = field(default_factory=lambda: Printed([], [], [], 0, 0, 0))
    findings: list[Finding] = field(default_factory=list)

    def has(self, *codes: str) -> bool:
        """Tell whether any finding has one of these codes."""
        return any(finding.code in codes for finding in self.findings)

    def counts(self) -> dict[str, int]:
        """Return how much was looked at."""
        folders = [folder for folder, _ in self.survey.listing]
        size = self.survey.bytes + sum(item.size for item in self.checkpoints) + sum(self.blobs.sound.values())
        return {
            "segments": folders.count(SEGMENTS),
            "records": self.survey.records,
            "packs": len(folders) - folders.count(SEGMENTS) - folders.count(CHECKPOINTS),
            "checkpoints": len(self.checkpoints),
            "blobs": len(self.blobs.sound) + len(self.blobs.bad),
            "entities": self.printed.entities,
            "projections": self.printed.files,
            "bytes": size,
        }


def look(engine: Engine, *, verify: bool) -> Look:
    """Look at everything, and change nothing; where somebody writes meanwhile, look again."""
    for _ in range(_TRIES):
        # What is remembered of the lane's end comes first: the files may only be ahead of it.
        indexing = indexing_of(engine, engine.lanes.tip())
        listing, strange = list_truth(engine.files, engine.root)
        found = _look_once(engine, indexing, listing, strange, verify=verify)
        if list_truth(engine.files, engine.root)[0] == listing:
            break
    else:
        found.findings = [finding for finding in found.findings if finding.code not in _OF_A_MOMENT]
        message = "somebody wrote all the while, so the index and the files were not compared"
        found.findings.append(Finding("busy", "info", None, message, "run it again when it is quieter"))
    found.findings.sort(key=lambda finding: _ORDER[finding.severity])
    return found


def _look_once(engine: Engine, indexing: Indexing, listing: Listing, strange: list[str], *, verify: bool) -> Look:
    found = _look_at_files(engine, indexing, listing, strange)
    cache = open_cache(engine, indexing, listing, thorough=verify)
    _look_for_losses(found, cache)
    found.printed = look_at_projections(engine.files, engine.root, engine.config, cache.view, reads_all=verify)
    found.findings.extend(cache.findings)
    found.findings.extend(index_findings(cache, found.survey, found.lost, found.covers))
    found.findings.extend(found.printed.findings)
    _look_at_git(engine, found)
    found.findings.extend(own_file_findings(engine.files, engine.root, has_git=engine.git is not None))
    found.findings.extend(leftover_findings(engine.files, engine.root))
    found.findings.extend(surrounding_findings(engine.files, engine.root))
    if verify:
        found.findings.extend(shortened(_verify(engine, indexing, cache, found)))
    cache.view.index.close()
    return found


def _look_at_files(engine: Engine, indexing: Indexing, listing: Listing, strange: list[str]) -> Look:
    files, root, store = engine.files, engine.root, engine.config.store
    copies, findings = copies_of(engine)
    identify = copies.identify if copies is not None else None
    survey = survey_truth(
        files,
        root,
        listing,
        strange,
        store=store,
        bounds=indexing.bounds,
        identify=identify,
        progress=_progress(engine),
    )
    found = Look(survey, copies, findings=findings)
    found.checkpoints = list(read_checkpoints(files, root, listing, store, survey.identities, identify))
    found.covers = covered(found.checkpoints)
    found.blobs = read_blobs(files, root)
    found.references = [*survey.references, *(ref for item in found.checkpoints for ref in item.references)]
    found.findings.extend(survey.findings)
    found.findings.extend(strange_findings(survey, files, root))
    found.findings.extend(blob_findings(found.references, found.blobs))
    return found


def _progress(engine: Engine) -> Progress | None:
    report = engine.options.progress
    return None if report is None else lambda done, of: report("doctor", done, of)


def _look_for_losses(found: Look, cache: Cache) -> None:
    survey, copies = found.survey, found.copies
    without_blob = list(blob_losses(found.references, found.blobs))
    for loss in without_blob:
        found.lost = vector.union(found.lost, vector.of(loss.lane, loss.low, loss.high))
    found.have = vector.subtract(survey.have, found.lost)
    if copies is not None:
        present = {*survey.identities, *found.blobs.paths()}
        wanted = {ref.sha256 for ref in found.references}
        found.missing = missing_paths(copies, survey, present, found.covers, wanted)
    was_known = copies.was_known if copies is not None else lambda path: False
    chain = (loss for loss in chain_losses(survey, found.covers, was_known) if loss.path not in found.missing)
    found.losses = [*survey.losses, *chain, *without_blob]
    found.losses.extend(_told_by_index(cache, {loss.place for loss in found.losses}))
    found.findings.extend(loss_findings(found.losses, survey.accepted, found.have, found.covers))
    found.findings.extend(checkpoint_findings(found.checkpoints, found.have))


def _told_by_index(cache: Cache, known: set[Place]) -> list[Loss]:
    """Return the damage that readers are told of and that did not show here (a checkpoint's is told apart)."""
    losses = []
    for item in cache.view.damage:
        facts = cache.view.by_id.get(item.file)
        if facts is None or facts.folder == CHECKPOINTS:
            continue
        path = f"{facts.folder}/{facts.name}"
        if (path, item.offset, item.length) not in known:
            losses.append(Loss("damaged", path, item.offset, item.length, item.lane, item.low, item.high, item.reason))
    return losses


def _look_at_git(engine: Engine, found: Look) -> None:
    if found.copies is None:
        return
    found.changed, uncommitted = changed_paths(engine, found.copies, found.survey.identities)
    found.findings.extend(missing_findings(found.missing))
    found.findings.extend(changed_findings(found.changed, uncommitted))
    found.findings.extend(wiring_findings(engine, found.copies, sorted(found.survey.identities)))


def _verify(engine: Engine, indexing: Indexing, cache: Cache, found: Look) -> list[Finding]:
    """Build everything anew, from checkpoints and tail and from events alone, and compare each entity."""
    listing = found.survey.listing
    findings: list[Finding] = []
    fresh = build(indexing, engine, listing)
    if cache.is_live:
        findings.extend(differences(cache.view, fresh, "the files"))
    alone = {key: stat for key, stat in listing.items() if key[0] != CHECKPOINTS}
    if len(alone) < len(listing) and vector.is_subset(found.covers, fresh.have_files):
        events = build(indexing, engine, alone)
        findings.extend(differences(fresh, events, "the events alone"))
        events.index.close()
    fresh.index.close()
    return findings
