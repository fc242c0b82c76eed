"""Old copies of what is redacted: told as such, and not as doubles or losses. Nothing that they hold is shown."""

from collections.abc import Iterator
from itertools import zip_longest

from journal.format.segment import Vector
from journal.index.view import View
from journal.state import vector
from journal.upkeep.checks.duplicates import CODE
from journal.upkeep.findings import Finding
from journal.upkeep.found import Look

_AGAIN = "run the same redaction again: it takes out what it finds, and tells where there is nothing"
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
    beside = vector.count(written_beside(view))
    if beside:
        message = f"events that were written beside a redaction, without knowing of it, may hold the same: {beside:,}"
        yield Finding("redact-again", "info", None, message, _AGAIN)
    for path in sorted(behind):
        yield Finding(
            "unredacted", "warning", path, "holds an old copy of what is redacted, which nobody is shown", _HINT
        )


def written_beside(view: View) -> Vector:
    """Return the events here that no redaction's writer held, and whose own writers knew of none."""
    redacting = view.redacting
    notes = set() if redacting is None else {note for note in redacting.notes if vector.contains(view.have, *note)}
    rest = dict(view.have) if notes else {}
    for seq, lane in notes:
        rest = vector.subtract(rest, view.saw((seq, lane)).seen_by(seq))
        rest = vector.subtract(rest, vector.of(lane, seq, view.top))
    for lane in rest:
        sections = view.index.sections_of(lane)
        for section, after in zip_longest(sections, sections[1:]):
            if any(vector.contains(section.sees, *note) for note in notes):
                rest = vector.subtract(rest, vector.of(lane, section.first, after.first - 1 if after else view.top))
    return rest
