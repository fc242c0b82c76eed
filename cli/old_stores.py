"""What the verbs of ``journal migrate`` that deal with an old store share: options, statuses, how a list is printed."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .declare import ALL_STATUSES, FLAG, WRITE_STATUSES, Option
from .output import shown
from .session import Session

if TYPE_CHECKING:
    from journal.upkeep.stages.deciding import Standing
    from journal.upkeep.stages.model import StageChange
    from journal.upkeep.stages.old_store import Unreadable

LISTED_MAX = 20
"""So many lines are printed of a list; ``--json`` has all."""

DELETED = Option(("--deleted",), "Entities whose document was removed are deleted; else they are kept.", FLAG)
STATUSES = WRITE_STATUSES | {
    3: "there is no such folder",
    5: ALL_STATUSES[5],
    20: "something differs, or stays as it is in the old store",
    130: "interrupted: run it again to go on",
}

_WORDS = {
    "changed": "changed by somebody else",
    "new": "not in the journal",
    "missing": "removed by somebody else",
    "lagging": "not written yet",
    "unreadable": "cannot be read",
    "unplaced": "the old store has no place for it",
}


def documents(count: int) -> str:
    """Return the beginning of a sentence on so many documents."""
    return "1 document says" if count == 1 else f"{count:,} documents say"


def print_list(session: Session, title: str, lines: Sequence[str]) -> None:
    """Print a list with its length, and of a long one the beginning."""
    if not lines:
        return
    session.output.line(f"{title}: {len(lines):,}")
    for line in lines[:LISTED_MAX]:
        session.output.line(f"  {line}")
    if len(lines) > LISTED_MAX:
        session.output.line(f"  … and {len(lines) - LISTED_MAX:,} more (--json has all)")


def standing_line(item: "Standing") -> str:
    """Return a line on an entity and its document."""
    where = f"{shown(item.path)}: " if item.path else ""
    return f"{where}{shown(item.key[0])} {shown(item.key[1])}, {_WORDS.get(item.word, item.word)}"


def standing_form(item: "Standing") -> dict[str, Any]:
    """Return the JSON form of how an entity and its document stand."""
    return {"standing": item.word, "type": item.key[0], "id": item.key[1], "path": item.path}


def unreadable_forms(items: "Iterable[Unreadable]") -> list[dict[str, Any]]:
    """Return the JSON form of files that stay as they are."""
    return [{"path": item.path, "reason": item.reason} for item in items]


def print_unreadable(session: Session, items: "Sequence[Unreadable]") -> None:
    """List files that stay as they are."""
    print_list(session, "unreadable, left as they are", [f"{shown(item.path)}: {shown(item.reason)}" for item in items])


def change(session: Session, stage: str, *, dry_run: bool, deleted: bool) -> None:
    """Change the stage, and say what that did."""
    done = session.journal.change_stage(stage, dry_run=dry_run, deleted=deleted)
    if session.output.is_json:
        session.output.json(_form(done))
        return
    would = "would be " if dry_run else ""
    print_list(session, f"{would}taken in as events", [standing_line(item) for item in done.taken])
    print_list(session, f"{would}written", [standing_line(item) for item in done.written])
    print_list(session, "parked", [shown(path) for path in done.parked])
    print_list(session, "in the journal only", [f"{shown(name)}: {count:,}" for name, count in done.unplaced.items()])
    print_unreadable(session, done.unreadable)
    if done.backup is not None:
        session.output.line(f"backup: {done.backup}")
    if dry_run:
        session.output.done(
            f"dry run: {shown(done.path)} would go from {done.before} to {done.after}; nothing was written"
        )
        return
    session.output.done(f"verified: {documents(done.verified)} what the journal says")
    session.output.done(f"{shown(done.path)}: {done.before} → {done.after}")
    session.check_damage()


def _form(done: "StageChange") -> dict[str, Any]:
    return {
        "path": done.path,
        "from": done.before,
        "to": done.after,
        "dry_run": done.is_dry_run,
        "taken": [standing_form(item) for item in done.taken],
        "written": [standing_form(item) for item in done.written],
        "parked": done.parked,
        "unplaced": dict(done.unplaced),
        "unreadable": unreadable_forms(done.unreadable),
        "events": done.events,
        "verified": done.verified,
        "backup": done.backup,
    }
