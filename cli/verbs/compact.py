"""``journal compact``."""

from typing import TYPE_CHECKING

from journal.errors import UsageError

from ..compacting import compact_if_due, lines_of
from ..declare import ALL_STATUSES, FLAG, Option, Verb
from ..output import shown
from ..session import Session

if TYPE_CHECKING:
    from journal.upkeep.compact import Compaction


def run(session: Session, *, dry_run: bool, commit: bool, auto: bool, no_verify: bool) -> None:
    """Pack what two checkpoints cover; remove what is packed."""
    if dry_run and (commit or auto):
        raise UsageError("--dry-run changes nothing, so it goes with neither --commit nor --auto")
    if auto:
        done = compact_if_due(session, verify=not no_verify)
        if session.output.is_json:
            session.output.json({"done": done is not None, **(_form(done, dry_run=False) if done else {})})
        return
    done = session.journal.compact(dry_run=dry_run, commit=commit, verify=not no_verify)
    if session.output.is_json:
        session.output.json(_form(done, dry_run=dry_run))
        return
    for path in done.packs:
        session.output.done(f"wrote {shown(path)}")
    for line in lines_of(done, is_foreseen=dry_run):
        session.output.done(line)


def _form(done: "Compaction", *, dry_run: bool) -> dict[str, object]:
    before, after = done.before, done.after
    return {
        "dry_run": dry_run,
        "checkpoint": done.checkpoint,
        "packed": list(done.packed),
        "packs": list(done.packs),
        "removed": list(done.removed),
        "parked": list(done.parked),
        "commits": list(done.commits),
        "waiting": done.waiting,
        "packed_bytes": done.packed_bytes,
        "pack_bytes": done.pack_bytes,
        "removed_bytes": done.removed_bytes,
        "bytes_before": before.bytes,
        "bytes_after": after.bytes,
        "live_bytes_before": before.live_bytes,
        "live_bytes_after": after.live_bytes,
        "live_segments_before": before.live_segments,
        "live_segments_after": after.live_segments,
    }


VERB = Verb(
    name="compact",
    summary="Pack old segments that two checkpoints cover.",
    run=run,
    text="""\
In two steps, so that no commit in between can lose anything: closed segments that two verified checkpoints cover are
packed into compressed files; they are removed once git has these packs and checkpoints (at once where there is no
git). --commit commits each step, so that one run does both. History stays readable and every event keeps its id.
`journal commit` and `journal sync` do this by themselves when the live part has passed a limit of journal.toml.""",
    options=(
        Option(("--dry-run",), "Only say what would be done, and how large it is.", FLAG),
        Option(("--commit",), "Commit each step, and nothing but the store.", FLAG),
        Option(("--auto",), "Only if the live part has passed a limit; commits; ends with 0 if it is put off.", FLAG),
        Option(("--no-verify",), "Do not run the pre-commit and commit-msg hooks.", FLAG),
    ),
    examples=(
        ("journal compact --dry-run", ""),
        ("journal compact --commit", "both steps"),
        ("journal compact --auto", "from a scheduled task"),
    ),
    statuses={5: ALL_STATUSES[5], 7: ALL_STATUSES[7], 8: ALL_STATUSES[8]}
    | {20: "the truth is damaged; nothing was packed or removed"},
    writes=True,
)
