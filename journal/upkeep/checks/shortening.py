"""Keeping a report readable: of many findings of one kind a few are named, and the rest are counted."""

from collections.abc import Iterable

from journal.upkeep.findings import Finding

NAMED_MAX = 20
"""So many findings of one kind are named."""


def shortened(findings: Iterable[Finding]) -> list[Finding]:
    """Return the first findings of each kind, and one that counts the rest of it."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((finding.code, finding.severity), []).append(finding)
    short: list[Finding] = []
    for same in kinds.values():
        short.extend(same[:NAMED_MAX])
        if len(same) > NAMED_MAX:
            last = same[-1]
            message = f"and {len(same) - NAMED_MAX:,} more of this kind"
            short.append(Finding(last.code, last.severity, None, message, last.hint))
    return short
