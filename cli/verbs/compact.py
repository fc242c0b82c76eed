"""``journal compact``."""

from ..declare import ALL_STATUSES, FLAG, Option, Verb
from ..output import shown
from ..session import Session


def run(session: Session, *, dry_run: bool) -> None:
    """Pack what two checkpoints cover; remove what an earlier run packed."""
    done = session.journal.compact(dry_run=dry_run)
    if session.output.is_json:
        form = {"dry_run": dry_run, "checkpoint": done.checkpoint, "packed": list(done.packed)}
        form |= {"packs": list(done.packs), "removed": list(done.removed), "waiting": done.waiting}
        session.output.json({**form, "bytes_before": done.bytes_before, "bytes_after": done.bytes_after})
        return
    would = "would have " if dry_run else ""
    if done.checkpoint:
        session.output.done(f"{would}wrote checkpoint {shown(done.checkpoint)}")
    for pack in done.packs:
        session.output.done(f"{would}wrote {shown(pack)}")
    if done.packed:
        session.output.done(f"{would}packed {len(done.packed):,} segments")
    for path in done.removed:
        session.output.done(f"{would}removed {shown(path)}")
    if not (done.checkpoint or done.packed or done.removed):
        session.output.done("nothing to pack or remove")
    else:
        session.output.done(f"{done.bytes_before:,} bytes before, {done.bytes_after:,} after")
    if done.waiting:
        session.output.note(shown(done.waiting))


VERB = Verb(
    name="compact",
    summary="Pack old segments that two checkpoints cover.",
    run=run,
    text="""\
In two steps, so that no commit in between can lose anything. The first run packs closed segments that two
verified checkpoints cover into one compressed file; a later one removes them, once git has the pack (at once where
there is no git). History stays readable and every event keeps its id.""",
    options=(Option(("--dry-run",), "Only say what would be done.", FLAG),),
    examples=(
        ("journal compact --dry-run", ""),
        ("journal compact && journal commit && journal compact && journal commit", "both steps"),
    ),
    statuses={5: ALL_STATUSES[5], 8: ALL_STATUSES[8]},
    writes=True,
)
