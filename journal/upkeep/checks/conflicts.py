"""Conflicts that nobody has settled: worth a word, and nothing unhealthy."""

from collections.abc import Iterator

from journal.index.view import View
from journal.store.conflicts import count_open
from journal.upkeep.findings import Finding


def conflict_findings(view: View) -> Iterator[Finding]:
    """Yield what is to be said of open conflicts."""
    count = count_open(view)
    if count:
        message = f"{count:,} open conflict{'s' if count > 1 else ''}: concurrent edits left more than one value"
        yield Finding(
            "conflicts-open", "info", None, message, "journal conflicts lists them, journal resolve settles one"
        )
