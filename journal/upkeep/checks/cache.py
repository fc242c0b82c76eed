"""The index against the truth: is it ours, is it sound, does it hold what the files hold.

An index that is only behind is fine: the next reader brings it forward. What is looked at here is a copy of
it in memory, brought forward; the file is not changed.
"""

import contextlib
import os
from typing import NamedTuple

from journal.format.segment import Vector
from journal.index.catchup import catch_up
from journal.index.database import MEMORY, Index
from journal.index.inspection import problem_of
from journal.index.loading import NeedsRebuildError
from journal.index.rebuild import rebuild
from journal.index.view import Key, View
from journal.segments.folders import Listing, list_truth
from journal.state import vector
from journal.store.breakage import BREAKAGE
from journal.store.engine import Engine
from journal.store.home import INDEX_FILE, LANE_FILE, is_made_here
from journal.store.indexing import LOOKS_MAX, Indexing, changes_too_fast
from journal.store.tip_file import RememberedTip, Standing
from journal.upkeep.checks.survey import Survey
from journal.upkeep.findings import Finding

INDEX_PATH = f"local/{INDEX_FILE}"
_HINT = "it holds nothing of its own: journal doctor --fix builds it anew"


class Cache(NamedTuple):
    """A view of the store in memory, from the index, or built from the files where it is of no use.

    ``is_live``: its state came from the index. ``behind``: entities whose projection is known to be behind,
    which the next reader mends.
    """

    view: View
    is_live: bool
    behind: set[Key]
    findings: list[Finding]


def indexing_of(engine: Engine, standing: Standing | None) -> Indexing:
    """Return what opens indexes of this store, apart from the engine's own."""
    tips = RememberedTip(standing)
    indexing = Indexing(engine.backend, engine.root, engine.local, engine.config, tips, lambda _: None)
    indexing.tail.standing = standing
    return indexing


def build(indexing: Indexing, engine: Engine, listing: Listing) -> View:
    """Build everything from these files, in memory."""
    view = View(engine.files, engine.root, Index(MEMORY), engine.config.strategies)
    rebuild(view, listing, indexing.tail.bounds)
    return view


def built_anew(engine: Engine) -> View:
    """Return a view built anew in memory from all files of the truth; the caller closes its index."""
    for _ in range(LOOKS_MAX):
        listing, _strange = list_truth(engine.files, engine.root)
        with contextlib.suppress(NeedsRebuildError, FileNotFoundError):  # what was listed was taken away a moment ago
            return build(indexing_of(engine, engine.tip_file.look()), engine, listing)
    raise changes_too_fast()


def open_cache(engine: Engine, indexing: Indexing, listing: Listing, *, thorough: bool) -> Cache:
    """Return the index as a view that holds all that these files hold."""
    findings = _file_findings(engine, thorough=thorough)
    view = None if findings else _copy(engine, indexing)
    if view is not None:
        try:
            is_live = _bring_forward(view, listing, indexing)
            return Cache(view, is_live, {*view.index.unprinted(), *view.overlay.states}, findings)
        except (ValueError, *BREAKAGE) as error:
            view.index.close()
            findings.append(Finding("index-corrupt", "error", INDEX_PATH, f"cannot be read: {error}", _HINT))
    return Cache(build(indexing, engine, listing), False, set(), findings)


def _bring_forward(view: View, listing: Listing, indexing: Indexing) -> bool:
    try:
        catch_up(view, listing, indexing.tail.bounds)
    except NeedsRebuildError:
        # What it knows of projections stays.
        rebuild(view, listing, indexing.tail.bounds)
        return False
    return True


def _file_findings(engine: Engine, *, thorough: bool) -> list[Finding]:
    path = os.path.join(engine.local, INDEX_FILE)
    found = engine.files.stat(path)
    is_ours = is_made_here(engine.files, engine.local)
    if found is None:
        return _lane_findings(engine) if not is_ours else []
    if found.kind != "file":
        return []  # that is told with the rest of the folder
    if not is_ours:
        message = "was not made by this work tree (a copy, a backup, or the lock file was replaced): it does not count"
        return [Finding("index-foreign", "info", INDEX_PATH, message, "the next write makes a new one")]
    problem = problem_of(path, thorough=thorough)
    # What only a thorough look finds, only a repair that looks as thoroughly finds too.
    hint = _HINT.replace("--fix", "--verify --fix") if thorough else _HINT
    return [Finding("index-corrupt", "error", INDEX_PATH, problem, hint)] if problem else []


def _lane_findings(engine: Engine) -> list[Finding]:
    if engine.files.stat(os.path.join(engine.local, LANE_FILE)) is None:
        return []
    message = "what this folder remembers of its lane is not this work tree's own: the next write starts a new lane"
    return [Finding("local-foreign", "info", "local", message)]


def _copy(engine: Engine, indexing: Indexing) -> View | None:
    opened = indexing.open_if_ours()
    if opened is None:
        return None
    try:
        return View(engine.files, engine.root, opened.index.private_copy(), engine.config.strategies)
    finally:
        indexing.drop()


def index_findings(cache: Cache, survey: Survey, lost: Vector, covers: Vector) -> list[Finding]:
    """Return where the index and the files disagree on which events there are; ``lost``: those without their blob."""
    if not cache.is_live:
        return []
    have = cache.view.have
    missing = vector.subtract(vector.subtract(survey.have, lost), have)
    extra = vector.subtract(vector.subtract(have, vector.union(survey.have, covers)), gaps(survey))
    findings = []
    for events, what in ((missing, "lacks {} that the files hold"), (extra, "holds {} that the files do not")):
        count = vector.count(events)
        if count:
            message = what.format(f"{count:,} event{'s' if count > 1 else ''}")
            findings.append(Finding("index-differs", "error", INDEX_PATH, message, _HINT))
    return findings


def gaps(survey: Survey) -> Vector:
    """Return the seqs between a lane's segments, which belong to no event and count as here."""
    gaps: Vector = {}
    for section in survey.sections:
        if section.previous is not None and section.previous.segment.endswith(f"-{section.lane}"):
            gaps = vector.union(gaps, vector.of(section.lane, section.previous.seq + 1, section.first - 1))
    return gaps
