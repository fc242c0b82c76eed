"""``journal migrate runs``."""

from typing import TYPE_CHECKING

from ...declare import READ_STATUSES, Verb
from ...output import shown
from ...session import Session

if TYPE_CHECKING:
    from journal.upkeep.migrating.earlier import Run


def run(session: Session) -> None:
    """List the runs of migrations."""
    runs = session.journal.migration_runs()
    if session.output.is_json:
        for each in runs:
            session.output.json(_form(each))
    else:
        session.output.lines(_line(each) for each in runs)
        if not runs:
            session.output.note("nothing was migrated")
    session.check_damage()


def _form(each: "Run") -> dict[str, object]:
    return {"run": each.id, "source": each.source, "ts": each.ts, "events": each.events, "state": _state(each)}


def _line(each: "Run") -> str:
    events = f"{each.events:,} event{'' if each.events == 1 else 's'}"
    return f"{shown(each.id)}  {events}  {_state(each)}  {shown(each.source)}"


def _state(each: "Run") -> str:
    if each.is_undone:
        return "undone"
    if not each.counts:
        return "half undone"
    return "finished" if each.is_finished else "unfinished"


VERB = Verb(
    name="migrate runs",
    summary="List the runs of migrations.",
    run=run,
    text="Oldest first. An unfinished run goes on when the same migration is run again.",
    examples=(("journal migrate runs", ""),),
    statuses=READ_STATUSES,
)
