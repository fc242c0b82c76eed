"""What the verbs that migrate share: options, and how a migration is told."""

from typing import TYPE_CHECKING, Any

from .declare import ALL_STATUSES, FLAG, WRITE_STATUSES, Option
from .output import shown
from .session import DAMAGED, Session

if TYPE_CHECKING:
    from journal import Migration, Rules
    from journal.upkeep.migrating.model import Difference, Problem

TYPE = Option(("--type",), "The type of the entities.", metavar="TYPE", complete="type")
TYPE_FIELD = Option(("--type-field",), "The field that holds the type.", metavar="FIELD")
ID_FIELD = Option(("--id-field",), "The field that holds the id (else {id} in the pattern, else id).", metavar="FIELD")
EACH = Option(
    ("--each",), "The entities are the members of this field of a file: a list, or an object by id.", metavar="FIELD"
)
ONLY = Option(("--only",), "Bring in this field, and no others that are not named.", many=True, metavar="FIELD")
WITHOUT = Option(("--without",), "Leave this field out.", many=True, metavar="FIELD")
DRY_RUN = Option(("--dry-run",), "Tell what would be written, and write nothing.", FLAG)
FORCE = Option(("--force",), "Let the source win where an entity was changed here too.", FLAG)
RULES = (TYPE, TYPE_FIELD, ID_FIELD, ONLY, WITHOUT)
WISHES = (DRY_RUN, FORCE)

STATUSES = WRITE_STATUSES | {
    3: "there is no such file or folder",
    5: ALL_STATUSES[5],
    20: "something was not brought in, or is not as in the source; the rest is here",
    130: "interrupted: run it again to go on",
}
TEXT_ON_RUNS = """\
Only what differs from the store is written, so it can be run again: after a kill, to go on, and after a change of the
source, to bring that in. What people changed here since stays; where both sides changed the same field, it is told, and
--force lets the source win. The source is only read. Before the first event the truth is kept in local/backups/;
afterwards everything is rebuilt and compared with the source, field by field."""

_WORDS = {"create": "new", "update": "changed", "delete": "gone", "same": "same", "kept": "kept"}
_SHOWN_MAX = 20


def rules_of(values: dict[str, Any]) -> "Rules":
    """Return the rules that options ask for, taking them out of ``values``."""
    from journal import Rules

    named = {name: values.pop(name) for name in Rules._fields if name in values}
    return Rules(**named)


def print_migration(session: Session, found: "Migration") -> int:
    """Print what a migration did, and return the exit status."""
    output = session.output
    if output.is_json:
        output.json(migration_form(found))
        return 0 if found.is_whole else DAMAGED
    print_problems(session, found)
    output.lines(_difference_line(item) for item in found.differences[:_SHOWN_MAX])
    print_types(session, found)
    output.done(_summary(found))
    if found.run is not None:
        kept = f"; what git did not have of the truth is kept in {found.backup}" if found.backup is not None else ""
        output.note(f"run {found.run}{kept}")
    return 0 if found.is_whole else DAMAGED


def print_problems(session: Session, found: "Migration") -> None:
    """Print the first problems, a line each, and how many more there are."""
    session.output.lines(_problem_line(problem) for problem in found.problems[:_SHOWN_MAX])
    more = sum(found.problem_counts.values()) - len(found.problems[:_SHOWN_MAX])
    if more > 0:
        session.output.line(f"… and {more:,} more; --json lists them")


def print_types(session: Session, found: "Migration") -> None:
    """Print for each type what was decided."""
    for type_, counts in sorted(found.types.items()):
        told = ", ".join(f"{counts[word]:,} {_WORDS[word]}" for word in _WORDS if counts[word])
        session.output.done(f"{shown(type_)}: {told}")


def migration_form(found: "Migration") -> dict[str, Any]:
    """Return a migration as JSON has it."""
    return {
        "source": found.source,
        "dry_run": found.is_dry_run,
        "run": found.run,
        "types": {type_: {word: counts[word] for word in _WORDS} for type_, counts in sorted(found.types.items())},
        "events": found.events,
        "transactions": found.transactions,
        "commits": found.commits,
        "resumed_at": found.resumed_at,
        "verified": found.verified,
        "differences": [item._asdict() | {"fields": list(item.fields)} for item in found.differences],
        "problems": [problem._asdict() for problem in found.problems],
        "problem_counts": dict(sorted(found.problem_counts.items())),
        "backup": found.backup,
    }


def _summary(found: "Migration") -> str:
    events = f"{found.events:,} event{'' if found.events == 1 else 's'}"
    commits = f" of {found.commits:,} commit{'' if found.commits == 1 else 's'}" if found.commits else ""
    if found.is_dry_run:
        return f"would write {events}{commits}; nothing was written"
    what = f"wrote {events}{commits}" if found.events else "nothing new"
    return f"{what}; compared {found.verified:,}, {len(found.differences):,} differ"


def _problem_line(problem: "Problem") -> str:
    at = f"{problem.commit[:10]}: " if problem.commit else ""
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    return shown(f"{problem.code}  {at}{place}: {problem.message}")


def _difference_line(item: "Difference") -> str:
    fields = ", ".join(item.fields) or "the whole entity"
    return shown(f"differs  {item.path}: {item.type} {item.id}: {fields}")
