"""Old copies of what is redacted: told as such, and not as doubles or losses. Nothing that they hold is shown."""

from collections.abc import Iterator

from journal.index.view import View
from journal.upkeep.checks.duplicates import CODE
from journal.upkeep.findings import Finding
from journal.upkeep.found import Look

_HINT = "journal doctor --fix writes it anew; in the middle of a merge or rebase, finish that first"


def pass_over_old_copies(found: Look, view: View) -> Iterator[Finding]:
    """Yield a finding for each file that holds old copies; leave out of the losses what they only seem to be."""
    redacting = view.redacting
    if redacting is None:
        return
    known = redacting.known
    found.survey.losses = [
        loss for loss in found.survey.losses if loss.code != CODE or (loss.low, loss.lane) not in known
    ]
    behind = {"/".join(key) for key in redacting.unredacted}
    # A blob to which only an old copy refers has left with what it held.
    found.references = [ref for ref in found.references if ref.path not in behind or ref.sha256 in found.blobs.sound]
    for path in sorted(behind):
        yield Finding(
            "unredacted", "warning", path, "holds an old copy of what is redacted, which nobody is shown", _HINT
        )
