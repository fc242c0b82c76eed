"""One look at everything: all checks in order, and what they found, as the repairs need it."""

from journal.errors import JournalError
from journal.index.loading import NeedsRebuildError
from journal.segments.folders import CHECKPOINTS, Listing
from journal.state import vector
from journal.store.damage import Place
from journal.store.engine import Engine
from journal.store.home import TIP_FILE
from journal.store.indexing import Indexing
from journal.store.layout import LOCAL
from journal.upkeep.checks.attached import attached_findings
from journal.upkeep.checks.blobs import blob_findings, blob_losses, read_blobs
from journal.upkeep.checks.cache import Cache, build, index_findings, indexing_of, open_cache
from journal.upkeep.checks.carried import has_lfs, lfs_findings
from journal.upkeep.checks.checkpoints import checkpoint_findings, covered, read_checkpoints
from journal.upkeep.checks.conflicts import conflict_findings
from journal.upkeep.checks.hooking import hook_findings
from journal.upkeep.checks.kept import changed_findings, changed_paths, missing_findings, missing_paths
from journal.upkeep.checks.leftovers import leftover_findings
from journal.upkeep.checks.losses import Loss, loss_findings
from journal.upkeep.checks.old_copies import pass_over_old_copies
from journal.upkeep.checks.old_stores import old_store_findings
from journal.upkeep.checks.payloads import payload_findings
from journal.upkeep.checks.printed import look_at_projections
from journal.upkeep.checks.schemas import schema_findings
from journal.upkeep.checks.shortening import shortened
from journal.upkeep.checks.surroundings import surrounding_findings
from journal.upkeep.checks.survey import Progress, survey_truth
from journal.upkeep.checks.truth import chain_losses, strange_findings
from journal.upkeep.checks.unread import Unread
from journal.upkeep.checks.wiring import copies_of, own_file_findings, wiring_findings
from journal.upkeep.findings import Finding, Severity
from journal.upkeep.found import Look
from journal.upkeep.verifying import verify_state

_TRIES = 3
_LATER = "run it again when it is quieter"
_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}
_OF_A_MOMENT = (
    "checkpoint-differs",
    "index-differs",
    "state-differs",
    "torn-tail",
    "edited",
    "projection-",
    "old-",
    "reference-missing",
    "unredacted",
)
"""What may only seem so while somebody writes; beginnings of codes."""


def look(engine: Engine, *, verify: bool) -> Look:
    """Look at everything, and change nothing; where somebody writes meanwhile, look again."""
    found: Look | None = None
    for _ in range(_TRIES):
        unread, standing = Unread(engine.files, engine.root), None
        # What is remembered of the lane's end comes first: the files may only be ahead of it.
        with unread.noted(f"{LOCAL}/{TIP_FILE}"):
            standing = engine.tip_file.look()
        indexing = indexing_of(engine, standing)
        listing, strange = unread.list_truth()
        try:
            found = _look_once(engine, indexing, listing, strange, unread, verify=verify)
        except (NeedsRebuildError, FileNotFoundError):
            continue  # git or a compaction has taken away what was listed a moment ago
        if unread.list_truth()[0] == listing:
            break
    if found is None:
        raise JournalError("the files of the store change faster than they can be read", hint=_LATER)
    if unread.list_truth()[0] != listing:
        found.findings = [finding for finding in found.findings if not finding.code.startswith(_OF_A_MOMENT)]
        message = "somebody wrote all the while, so index, blobs, files and projections were not compared"
        found.findings.append(Finding("busy", "info", None, message, _LATER))
    found.findings.extend(unread.findings)
    found.findings.sort(key=lambda finding: _ORDER[finding.severity])
    return found


def _look_once(
    engine: Engine, indexing: Indexing, listing: Listing, strange: list[str], unread: Unread, *, verify: bool
) -> Look:
    found = _look_at_files(engine, indexing, listing, strange, unread)
    if found.is_newer():
        return found  # what else there is to say is not known to this version
    cache: Cache | None = None
    if not unread.is_blind:
        with unread.noted():
            cache = open_cache(engine, indexing, listing, thorough=verify)
    if cache is None:
        found.have = found.survey.have
        _tell_losses(found, [*found.survey.losses, *blob_losses(found.references, found.blobs, unread)])
    else:
        _compare(engine, indexing, found, cache, verify=verify)
    unread.is_blind = unread.is_blind or cache is None
    _look_at_git(engine, found)
    has_git, carries_lfs = engine.git is not None, has_lfs(engine, found.blobs)
    found.findings.extend(own_file_findings(engine.files, engine.root, unread, has_git=has_git, has_lfs=carries_lfs))
    found.findings.extend(leftover_findings(engine.files, engine.root, unread))
    found.findings.extend(surrounding_findings(engine.files, engine.root, unread))
    return found


def _compare(engine: Engine, indexing: Indexing, found: Look, cache: Cache, *, verify: bool) -> None:
    """Hold against each other the truth, the index and what is printed; what turns out not to be readable is noted."""
    is_through = False
    with found.unread.noted():
        found.findings.extend(pass_over_old_copies(found, cache.view))
        _look_for_losses(found, cache)
        fresh = build(indexing, engine, found.survey.listing) if verify else cache.view
        # An index that knows more than a damaged truth has something to restore from, and nothing to be blamed for.
        knows_more = bool(found.losses) and fresh.have != cache.view.have
        shown = cache.view if knows_more else fresh
        found.printed = look_at_projections(engine, shown, cache, found.unread)
        found.findings.extend(cache.findings)
        found.findings.extend(index_findings(cache, found.survey, found.lost, found.covers))
        found.findings.extend(found.printed.findings)
        found.findings.extend(conflict_findings(shown))
        found.findings.extend(attached_findings(shown, found.blobs))
        found.findings.extend(payload_findings(engine, shown, found.survey.versions))
        found.findings.extend(schema_findings(engine, shown))
        found.findings.extend(old_store_findings(engine, shown, cache.view.index))
        if verify:
            verify_state(engine, indexing, cache.view if cache.is_live and not knows_more else None, fresh, found)
            fresh.index.close()
        is_through = True
    found.unread.is_blind = not is_through
    cache.view.index.close()


def _look_at_files(engine: Engine, indexing: Indexing, listing: Listing, strange: list[str], unread: Unread) -> Look:
    files, root, store = engine.files, engine.root, engine.config.store
    copies, findings = copies_of(engine)
    identify = copies.identify if copies is not None else None
    survey = survey_truth(
        unread,
        listing,
        strange,
        store=store,
        bounds=indexing.tail.bounds,
        identify=identify,
        progress=_progress(engine),
    )
    found = Look(survey, copies, unread, findings=findings)
    found.checkpoints = list(read_checkpoints(unread, listing, store, survey.identities, identify))
    found.covers = covered(found.checkpoints)
    found.blobs = read_blobs(files, root, engine.lfs_folder, unread)
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
    without_blob = list(blob_losses(found.references, found.blobs, found.unread))
    for loss in without_blob:
        found.lost = vector.union(found.lost, vector.of(loss.lane, loss.low, loss.high))
    found.have = vector.subtract(survey.have, found.lost)
    if copies is not None:
        present = {*survey.identities, *found.blobs.paths()}
        wanted = {ref.sha256 for ref in found.references}
        found.missing = missing_paths(copies, survey, present, found.covers, wanted, found.unread)
    was_known = copies.was_known if copies is not None else lambda path: False
    chain = (loss for loss in chain_losses(survey, found.covers, was_known) if loss.path not in found.missing)
    losses = [*survey.losses, *chain, *without_blob]
    _tell_losses(found, [*losses, *_told_by_index(cache, {loss.place for loss in losses})])


def _tell_losses(found: Look, losses: list[Loss]) -> None:
    found.losses = losses
    found.findings.extend(shortened(loss_findings(losses, found.survey.accepted, found.have, found.covers)))
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
    found.findings.extend(hook_findings(found.copies))
    found.findings.extend(lfs_findings(engine, found.copies, found.blobs))
