"""The truth on the disk against git's copy of it: what is gone, what is another, what git does not have yet."""

from collections.abc import Iterator

from journal.disk.folders import full_path
from journal.format.checkpoint import decode_header, decompress_lines
from journal.format.lines import BadLineError
from journal.format.names import is_sha256, parse_checkpoint_file, parse_segment_file
from journal.format.segment import Vector
from journal.segments.folders import ARCHIVE, CHECKPOINTS, SEGMENTS
from journal.state import vector
from journal.store.blobs import BLOBS
from journal.store.engine import Engine
from journal.upkeep.checks.copies import Copies
from journal.upkeep.checks.survey import Survey
from journal.upkeep.checks.unread import Unread
from journal.upkeep.findings import Finding

_HINT = "journal doctor --fix brings it back from git"


def missing_paths(
    copies: Copies, survey: Survey, present: set[str], covers: Vector, wanted: set[str], unread: Unread
) -> list[str]:
    """Return the files of the truth that git's index lists and that are needed and not here.

    After a compaction that is not committed yet, git lists segments whose events a pack holds: these are not missing.
    Nor is a blob that nothing refers to (``wanted`` are those that something does), nor what cannot be read.
    """
    packed = {(section.lane, section.first) for section in survey.sections}
    known = vector.union(survey.have, covers)
    missing = []
    for path in sorted(copies.tracked - present):
        folder, _, name = path.partition("/")
        segment = parse_segment_file(name) if folder == SEGMENTS else None
        is_needed = (
            folder == ARCHIVE
            or (segment is not None and (segment.lane, segment.first) not in packed)
            or (folder == CHECKPOINTS and parse_checkpoint_file(name) and _adds(copies.read(path), known))
            or (folder == BLOBS and is_sha256(name.rpartition("/")[2]) and name.rpartition("/")[2] in wanted)
        )
        if is_needed and not unread.hides(path):
            missing.append(path)
    return missing


def _adds(data: bytes | None, known: Vector) -> bool:
    """Tell whether a checkpoint covers events that are not here otherwise."""
    try:
        return data is not None and not vector.is_subset(decode_header(next(decompress_lines(data))).covers, known)
    except (BadLineError, StopIteration):
        return False


def missing_findings(paths: list[str]) -> Iterator[Finding]:
    """Yield a finding for each file of the truth that git has and that is gone here."""
    for path in paths:
        yield Finding("truth-missing", "error", path, "git lists it, and it is gone from the disk", _HINT)


def changed_paths(engine: Engine, copies: Copies, identities: dict[str, str]) -> tuple[list[str], list[str]]:
    """Return (files that do not begin with what HEAD has under their name; files that HEAD lacks, or not all of).

    ``identities``: path to git's id of the bytes on the disk.
    """
    changed: list[str] = []
    uncommitted: list[str] = []
    for path, identity in sorted(identities.items()):
        known = copies.identity(path)
        if known is None:
            uncommitted.append(path)
        elif known != identity:
            committed = copies.read(path)
            data = engine.files.read(full_path(engine.root, path))
            (uncommitted if committed is None or data.startswith(committed) else changed).append(path)
    return changed, uncommitted


def changed_findings(changed: list[str], uncommitted: list[str]) -> Iterator[Finding]:
    """Yield what differs from HEAD: a path of the truth has one content for ever, and segments only grow."""
    for path in changed:
        yield Finding(
            "truth-changed", "error", path, "is not what git has under this name, nor does it continue it", _HINT
        )
    if uncommitted:
        message = f"of the truth git's HEAD lacks, or has otherwise: files {len(uncommitted):,}"
        yield Finding("uncommitted", "info", None, message, "journal commit commits them")
