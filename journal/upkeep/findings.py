"""What doctor finds, as values."""

from dataclasses import dataclass, field
from typing import Literal

LINK_HINT = "move it out of the store; if it leads to the store's own files, put these themselves in its place"
"""What to do about a link, or a file, where the store has a folder of its own."""

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    ``code`` is a stable word; ``path`` is relative to the store, or absolute outside of it; the hint never
    suggests anything that destroys data. An "info" does not make a store unhealthy.
    """

    code: str
    severity: Severity
    path: str | None
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, what was looked at (counts by name), and what ``fix`` did (one sentence each)."""

    findings: tuple[Finding, ...]
    checked: dict[str, int]
    fixed: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether nothing worse than an "info" was found."""
        return all(finding.severity == "info" for finding in self.findings)
