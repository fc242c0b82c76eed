"""Segments and packs among each other: the chain of each lane, files that do not belong."""

import os
from collections.abc import Callable, Iterator

from journal.disk.files import TEMPORARY_SUFFIX, Files
from journal.format.names import parse_segment_file
from journal.format.segment import Vector
from journal.segments.folders import SEGMENTS
from journal.state import vector
from journal.upkeep.checks.facts import SectionRead
from journal.upkeep.checks.losses import Loss
from journal.upkeep.checks.survey import Survey
from journal.upkeep.findings import LINK_HINT, Finding, Severity

# Systems drop these into any folder that somebody looks at.
HARMLESS = frozenset((".DS_Store", "Thumbs.db", "desktop.ini", ".gitkeep", ".directory"))


# -- the chain --------------------------------------------------------------------------------------


def chain_losses(survey: Survey, covers: Vector, was_known: Callable[[str], bool]) -> Iterator[Loss]:
    """Yield a loss for each segment that a header refers to and that is not here, or not to its end.

    ``covers``: what checkpoints stand in for. ``was_known``: whether git ever had a file; then a person dropped
    it (a reverted or a picked commit), and that is history, and no damage.
    """
    here = {(section.lane, section.first) for section in survey.sections}
    seen: set[tuple[str, int]] = set()
    # Of several that say where a segment ends, the least counts.
    for section in sorted(survey.sections, key=lambda one: one.previous.seq if one.previous is not None else 0):
        named = section.previous and parse_segment_file(f"{section.previous.segment}.jsonl")
        if section.previous is None or not named or (named.lane, named.first) in seen:
            continue
        is_here = (named.lane, named.first) in here
        if not is_here and not section.saw_previous:
            continue  # its writer did not have it either, and says where it ends for those who do
        seen.add((named.lane, named.first))
        if is_here:
            yield from _short_end(survey, section, named.lane, named.first)
            continue
        path = f"{SEGMENTS}/{section.previous.segment}.jsonl"
        if (SEGMENTS, f"{section.previous.segment}.jsonl") in survey.listing:
            continue  # it is there, and its header is not: that is told of the file itself
        span = vector.of(named.lane, named.first, section.previous.seq)
        if vector.is_subset(span, covers) and not section.is_difference:
            continue
        reason = f"is not here, and {section.path} comes after it"
        if section.is_difference:
            reason += ", whose header names only what differs: what its writer saw is not known for sure"
        severity: Severity = "error"
        if was_known(path):
            severity, reason = "info", f"{reason}; a commit that is not in this branch has it"
        yield Loss("history-missing", path, 0, 0, named.lane, named.first, section.previous.seq, reason, severity)


def _short_end(survey: Survey, section: SectionRead, lane: str, first: int) -> Iterator[Loss]:
    """A segment that is packed must reach as far as the next header says (a live one's scan tells that itself)."""
    assert section.previous is not None, section
    path = f"segments/{section.previous.segment}.jsonl"
    parts = [part for part in survey.sections if (part.lane, part.first) == (lane, first)]
    if any(part.path == path for part in parts) or section.previous.seq < first:
        return
    last = max(part.last for part in parts)
    if last < section.previous.seq:
        holder = max(parts, key=lambda part: part.last).path
        reason = f"ends at seq {last}, and {section.path} says that {section.previous.seq} stood in it"
        yield Loss("damaged", holder, first, 0, lane, last + 1, section.previous.seq, reason)


# -- what does not belong ---------------------------------------------------------------------------


def strange_findings(survey: Survey, files: Files, root: str) -> Iterator[Finding]:
    """Yield a finding for each thing in the folders of the truth that is no file of it; links are errors."""
    for full in sorted(survey.strange):
        path = os.path.relpath(full, root).replace(os.sep, "/")
        found = files.stat(full)
        name = os.path.basename(full)
        if found is None or name in HARMLESS or name.endswith(TEMPORARY_SUFFIX):
            continue
        if found.kind == "link" or "/" not in path:
            message = "is a link, or no folder; it is not followed and not read"
            yield Finding("unsafe-path", "error", path, message, LINK_HINT)
        else:
            hint = "nothing in it counts: if it is wanted, keep it somewhere else"
            yield Finding("strange-file", "warning", path, "is no file of the journal, by its name or its kind", hint)
