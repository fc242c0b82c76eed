"""``journal status``."""

from typing import TYPE_CHECKING

from journal.errors import GitError

from ..declare import READ_STATUSES, Verb
from ..output import counted, shown
from ..session import Session

if TYPE_CHECKING:
    from journal.upkeep.status import Status

_FILES_MAX = 10


def run(session: Session) -> None:
    """Print where the store stands."""
    status = session.journal.status()
    if session.output.is_json:
        session.output.json(_form(status))
    else:
        _print(session, status)
    if status.git_trouble is not None:
        session.output.warn(GitError.code, f"git cannot be read: {status.git_trouble}")
    session.check_damage()


def _form(status: "Status") -> dict[str, object]:
    return {
        "store": status.store,
        "root": status.root,
        "last_event": status.last_event,
        "seq": status.seq,
        "lane": status.lane,
        "lanes": status.lanes,
        "live_segments": status.live_segments,
        "live_bytes": status.live_bytes,
        "packs": status.packs,
        "checkpoint": status.checkpoint,
        "events_since_checkpoint": status.events_since_checkpoint,
        "conflicts": status.conflicts,
        "uncommitted": None if status.uncommitted is None else list(status.uncommitted),
        "edited": list(status.edited),
        "lagging": status.lagging,
        "damage": [{"file": file, "offset": offset, "length": length} for file, offset, length in status.damage],
    }


def _print(session: Session, status: "Status") -> None:
    output = session.output
    output.line(f"store        {shown(status.root)}  ({status.store})")
    output.line(f"last event   {status.last_event or 'none yet'}")
    size = f"{status.live_bytes:,} bytes"
    output.line(f"live         {counted(status.live_segments, 'segment')}, {size}; {counted(status.packs, 'pack')}")
    since = f"{counted(status.events_since_checkpoint, 'event')} since"
    output.line(f"checkpoint   {status.checkpoint or 'none yet'}, {since}")
    output.line(f"lanes        {status.lanes}")
    if status.conflicts:
        output.line(output.paint(f"conflicts    {status.conflicts} open: journal conflicts", "yellow"))
    if status.lagging:
        output.line(f"lagging      {status.lagging:,} projections: journal reconcile")
    if status.git_trouble is not None:
        output.line(output.paint("git          cannot be read: journal doctor", "yellow"))
    elif status.uncommitted is None:
        output.line("git          not in a git work tree")
    elif status.uncommitted:
        _print_files(session, f"uncommitted  {len(status.uncommitted):,} files: journal commit", status.uncommitted)
    else:
        output.line("git          has everything")
    if status.edited:
        what = "projection" if len(status.edited) == 1 else "projections"
        head = f"edited       {len(status.edited):,} {what} by hand: journal absorb, or journal restore"
        _print_files(session, head, status.edited)


def _print_files(session: Session, head: str, files: tuple[str, ...]) -> None:
    session.output.line(session.output.paint(head, "yellow"))
    for path in files[:_FILES_MAX]:
        session.output.line(f"    {shown(path)}")
    if len(files) > _FILES_MAX:
        session.output.line(f"    and {len(files) - _FILES_MAX:,} more")


VERB = Verb(
    name="status",
    summary="Tell where the store stands.",
    run=run,
    text="""\
The last event, live segments, what git does not have yet, projections that were edited by hand, open conflicts,
and how far the last checkpoint reaches. For the tests of health there is `journal doctor`.""",
    examples=(
        ("journal status", ""),
        ("journal status --json | jq '.uncommitted | length'", "how many files git does not have yet"),
    ),
    statuses=READ_STATUSES,
)
