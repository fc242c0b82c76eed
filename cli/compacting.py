"""Automatic compaction, after a command that is done: what it says, and that it never makes that command fail."""

from typing import TYPE_CHECKING

from .output import counted, shown
from .session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from journal.upkeep.compact import Compaction

STOPPED = "compaction was stopped: nothing is lost, and the next one goes on"


def compact_if_due(
    session: Session, *, verify: bool, share: "Callable[[], object] | None" = None
) -> "Compaction | None":
    """Compact if that is due, and tell it on stderr; None where nothing was done."""
    output = session.output
    output.flush()
    try:
        done = session.journal.compact_if_due(
            lambda text: output.note(f"journal: {shown(text)}"), verify=verify, share=share
        )
    except KeyboardInterrupt:
        output.note(f"journal: {STOPPED}")
        return None
    for line in lines_of(done) if done is not None else ():
        output.note(f"journal: {line}")
    return done


def lines_of(done: "Compaction", *, is_foreseen: bool = False) -> list[str]:
    """Return what a run did, or would do, in lines for people."""
    would = "would have " if is_foreseen else ""
    lines = [f"{would}wrote checkpoint {shown(done.checkpoint)}"] if done.checkpoint else []
    if done.packed:
        into = f" into {counted(len(done.packs), 'pack')} of {done.pack_bytes:,} bytes" if done.packs else ""
        lines.append(f"{would}packed {counted(len(done.packed), 'segment')} of {done.packed_bytes:,} bytes{into}")
    if done.removed:
        checkpoints = sum(path.startswith("checkpoints/") for path in done.removed)
        segments = len(done.removed) - checkpoints
        what = [
            counted(number, name) for number, name in ((segments, "segment"), (checkpoints, "checkpoint")) if number
        ]
        lines.append(f"{would}removed {' and '.join(what)} of {done.removed_bytes:,} bytes")
    if done.parked:
        lines.append(f"moved {counted(len(done.parked), 'blob')} that nothing uses to local/parked/")
    if not lines:
        lines.append("nothing to pack or remove")
    else:
        lines.append(_saved(done, is_foreseen=is_foreseen))
    if done.waiting:
        lines.append(shown(done.waiting))
    return lines


def _saved(done: "Compaction", *, is_foreseen: bool) -> str:
    before, after = done.before, done.after
    less = "less what packs and a checkpoint take" if is_foreseen else f"saved {before.bytes - after.bytes:,}"
    return (
        f"live {before.live_bytes:,} → {after.live_bytes:,} bytes in {before.live_segments:,} → "
        f"{counted(after.live_segments, 'segment')}; on disk {before.bytes:,} → {after.bytes:,} bytes, {less}"
    )
