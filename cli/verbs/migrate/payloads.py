"""``journal migrate payloads``."""

from typing import TYPE_CHECKING

from journal.errors import UsageError

from ...declare import FLAG, INTEGER, WRITE_STATUSES, Option, Verb
from ...output import shown
from ...session import Session

if TYPE_CHECKING:
    from journal.upkeep.migrating.payloads import LiftedPayloads


def run(session: Session, *, type: str | None, to: int | None, dry_run: bool) -> None:
    """Write old payloads of a type anew, lifted."""
    if type is None:
        raise UsageError("of which type?", hint="say --type TYPE")
    done = session.journal.migrate_payloads(type, to=to, dry_run=dry_run)
    if session.output.is_json:
        left = [{"id": item.id, "why": item.why} for item in done.left]
        form = {"type": done.type, "to": done.to, "written": done.written, "current": done.current, "left": left}
        session.output.json({**form, "dry_run": dry_run})
        return
    for item in done.left:
        session.output.line(shown(f"left  {done.type} {item.id}: {item.why}"))
    session.output.done(_line(done, dry_run=dry_run))


def _line(done: "LiftedPayloads", *, dry_run: bool) -> str:
    verb = "would lift" if dry_run else "lifted"
    left = f", {len(done.left):,} left as they are" if done.left else ""
    there = f"{done.current:,} are there already"
    return f"{verb} {done.written:,} of {shown(done.type)} to version {done.to}; {there}{left}"


VERB = Verb(
    name="migrate payloads",
    summary="Write payloads of old schema versions anew, lifted.",
    run=run,
    text="""\
Registered upcasters lift old payloads for readers; this writes what they give, as ordinary update events, so that no
old version is left in what entities show now. Their history stays as it was written. Entities with open conflicts,
and those that cannot be lifted, are left and listed. A run that was cut short is run again.

Upcasters come from installed packages (docs/payloads.md), never from the repository.""",
    options=(
        Option(("--type",), "The type whose payloads to lift.", metavar="TYPE", complete="type"),
        Option(("--to",), "Up to this version; else to the newest.", INTEGER, metavar="N"),
        Option(("--dry-run",), "Tell what would be done, and change nothing.", FLAG),
    ),
    examples=(
        ("journal migrate payloads --type plan --dry-run", "what it would do"),
        ("journal migrate payloads --type plan", ""),
    ),
    statuses=WRITE_STATUSES,
    writes=True,
)
