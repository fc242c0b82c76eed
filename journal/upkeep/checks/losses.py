"""What is lost or doubtful in the truth, as values; and what of it somebody has accepted.

A loss is named by a place: file, offset, length. ``doctor --fix --accept-loss`` writes a ``damage`` note with
these names, and from then on the loss is information.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from journal.format.segment import Vector
from journal.segments.scan import ENDS_EARLY
from journal.state import vector
from journal.store.damage import Place
from journal.upkeep.findings import Finding, Severity

_HINT = (
    "git may have the file as it was: journal doctor --fix puts it back then; "
    "what cannot be repaired is noted once by journal doctor --fix --accept-loss"
)


class Loss(NamedTuple):
    """Bytes of the truth that do not verify, or that are missing; ``low``..``high`` are the seqs that it may cost.

    ``high`` below ``low`` means that no event is known to be lost.
    """

    code: str
    path: str
    offset: int
    length: int
    lane: str
    low: int
    high: int
    reason: str
    severity: Severity = "error"

    @property
    def place(self) -> Place:
        """How a ``damage`` note names it."""
        return self.path, self.offset, self.length

    def lost(self, have: Vector) -> Vector:
        """Return the events that it costs, given all that are here."""
        return vector.subtract(vector.of(self.lane, self.low, self.high), have)

    def only_ends_early(self, have: Vector) -> bool:
        """Tell whether a file is an early version, which git may leave beside a pack that has all that it lacks."""
        return self.reason.endswith(ENDS_EARLY) and not self.length and not self.lost(have)


def note_of(loss: Loss, have: Vector) -> dict[str, Any]:
    """Return the data of the ``damage`` note that accepts a loss."""
    spans = loss.lost(have).get(loss.lane, ())
    return {
        "segment": loss.path,
        "offset": loss.offset,
        "length": loss.length,
        "lane": loss.lane,
        "lost": [list(span) for span in spans],
        "reason": loss.reason,
    }


def loss_findings(
    losses: Iterable[Loss], accepted: Collection[Place], have: Vector, covers: Vector
) -> Iterator[Finding]:
    """Yield a finding for each loss; one that was accepted is information, and so is an early version of a file."""
    for loss in losses:
        if loss.only_ends_early(have):
            yield Finding("ends-early", "info", loss.path, f"{loss.reason}; other files have them")
            continue
        message = f"{loss.reason}; {_cost(loss, have, covers)}"
        if loss.place in accepted:
            yield Finding(loss.code, "info", loss.path, f"{message}; this was accepted")
        else:
            yield Finding(loss.code, loss.severity, loss.path, message, _HINT)


def open_losses(losses: Iterable[Loss], accepted: Collection[Place]) -> list[Loss]:
    """Return the losses that nobody has accepted."""
    return [loss for loss in losses if loss.place not in accepted]


def _cost(loss: Loss, have: Vector, covers: Vector) -> str:
    lost = loss.lost(have)
    if not lost:
        return "no event is lost by it"
    spans = lost[loss.lane]
    count = sum(high - low + 1 for low, high in spans)
    seqs = ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in spans[:5])
    text = f"{count:,} event{'s are' if count > 1 else ' is'} lost: {seqs} of lane {loss.lane}"
    if vector.is_subset(lost, covers):
        text += " (a checkpoint still holds what they led to)"
    return text
