"""``journal migrate brainclaw``."""

from typing import TYPE_CHECKING

from ...declare import PATH, Argument, Verb
from ...migrating import DRY_RUN
from ...old_stores import (
    DELETED,
    STATUSES,
    print_list,
    print_unreadable,
    standing_form,
    standing_line,
    unreadable_forms,
)
from ...output import shown
from ...session import Session

if TYPE_CHECKING:
    from journal.upkeep.stages.model import Brainclaw


def run(session: Session, *, folder: str, dry_run: bool, deleted: bool) -> int:
    """Bring in a brainclaw store."""
    found = session.journal.migrate_brainclaw(folder, dry_run=dry_run, deleted=deleted)
    if session.output.is_json:
        session.output.json(_form(found))
    else:
        _print(session, found)
    session.check_damage()
    return 0 if found.is_whole else 20


def _print(session: Session, found: "Brainclaw") -> None:
    would = "would be " if found.is_dry_run else ""
    line, old = session.output.line, found.old
    if found.has_history:
        line(f"records of its journal {would}brought in: {found.records:,}")
    line(f"documents: {len(old.documents):,}, of which {found.same:,} are here already")
    if found.snapshots:
        line(f"{would}brought in as snapshots: {found.snapshots:,}")
    if found.deletes:
        line(f"{would}deleted, since their documents are gone: {found.deletes:,}")
    print_list(
        session, "documents that say other than the last event, which they follow", list(map(shown, found.updates))
    )
    print_list(session, "without a document, and kept (--deleted deletes them)", list(map(standing_line, found.gone)))
    print_list(
        session,
        "in its journal",
        [
            f"{item.path}{f':{item.line}' if item.line else ''}: {item.code}: {shown(item.message)}"
            for item in found.problems
        ],
    )
    print_unreadable(session, old.unreadable)
    twice = [f"{shown(path)}: {shown(other)} counts" for path, other in old.duplicates]
    print_list(session, "another document has the same id", twice)
    print_list(session, "named otherwise than their id", [shown(path) for path in old.renamed])
    print_list(session, "without schema_version", [shown(path) for path in old.unversioned])
    unknown = [f"{shown(folder)}: {count:,}" for folder, count in old.unknown.items()]
    print_list(session, "folders that are a type of their own", unknown)
    if old.log_bytes is not None:
        log = f" to {found.parked_log}" if found.parked_log else ""
        line(f"events.jsonl: {old.log_bytes:,} bytes without payloads, {would}copied as they are{log}")
    print_list(
        session, "differ after all", [f"{shown(item.path)}: {', '.join(item.fields)}" for item in found.differences]
    )
    if found.is_dry_run:
        session.output.done("dry run: nothing was written")
    else:
        session.output.done(f"verified: {found.verified:,} documents against a journal built anew")
        session.output.done(f"stage: {found.stage}" if found.stage else "no stage was set: see what differs")


def _form(found: "Brainclaw") -> dict[str, object]:
    old = found.old
    return {
        "path": found.path,
        "dry_run": found.is_dry_run,
        "stage": found.stage,
        "history": found.has_history,
        "records": found.records,
        "documents": len(old.documents),
        "same": found.same,
        "snapshots": found.snapshots,
        "updates": found.updates,
        "deletes": found.deletes,
        "gone": [standing_form(item) for item in found.gone],
        "problems": [item._asdict() for item in found.problems],
        "unreadable": unreadable_forms(old.unreadable),
        "duplicates": [{"path": path, "of": other} for path, other in old.duplicates],
        "renamed": old.renamed,
        "unversioned": old.unversioned,
        "unknown": old.unknown,
        "log": None if old.log_bytes is None else {"bytes": old.log_bytes, "parked": found.parked_log},
        "verified": found.verified,
        "backup": found.backup,
        "differences": [{**item._asdict(), "fields": list(item.fields)} for item in found.differences],
    }


VERB = Verb(
    name="migrate brainclaw",
    summary="Bring in what a brainclaw store holds; its files stay the truth.",
    run=run,
    text="""\
DIR holds folders of documents (plans/, constraints/, …), one JSON file each. Where it has a journal of its own,
events/, each record becomes an event, with its agent as actor, its time, action and summary; a document that says
other than the last one becomes a further event. Else each document becomes a snapshot. Nothing in DIR is changed; its
log events.jsonl is copied to DIR/archive/ and stays where it is.

Run it again whenever you like: only what is new comes in, and a run that was stopped goes on. See journal migrate dual
for the next step.""",
    arguments=(
        Argument(
            "folder", "The folder of the old store, below the one that holds the journal.", metavar="DIR", kind=PATH
        ),
    ),
    options=(DRY_RUN, DELETED),
    examples=(
        ("journal migrate brainclaw .brainclaw --dry-run", "what is there, and what is the matter with it"),
        ("journal migrate brainclaw .brainclaw", "then it is in the journal, with its history"),
    ),
    statuses=STATUSES,
    writes=True,
)
