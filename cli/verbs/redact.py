"""``journal redact``."""

import sys
from functools import partial
from typing import TYPE_CHECKING

from journal.errors import UsageError

from ..declare import ALL_STATUSES, FLAG, INPUT, WRITE_STATUSES, Argument, Option, Verb
from ..inputs import text_of
from ..output import shown
from ..session import Session

if TYPE_CHECKING:
    from journal.upkeep.redacting.redact import Redaction
    from journal.upkeep.redacting.searching import Purge

_EVENTS_SHOWN_MAX = 20
_OBJECTS_SHOWN_MAX = 10


def run(
    session: Session,
    *,
    entity: str | None,
    id: str | None,
    field: str | None,
    event: str | None,
    value: str | None,
    reason: str | None,
    dry_run: bool,
    yes: bool,
    no_commit: bool,
) -> None:
    """Tell what would be taken out, and take it out where that is confirmed."""
    if reason is None:
        raise UsageError("a redaction has a reason", hint='--reason "token of the build server, rotated on Monday"')
    if (entity is None) is not (id is None):
        raise UsageError("an entity is named by its type and its id", hint="--entity TYPE ID")
    text = None if value is None else text_of(value, what="the value").removesuffix("\n" if value == "-" else "")
    if dry_run and yes:
        raise UsageError("--dry-run and --yes exclude each other")
    redact = partial(
        session.journal.redact,
        type=entity,
        id=id,
        field=field,
        event=event,
        value=text,
        reason=reason,
        commit=not no_commit,
    )
    done = redact(dry_run=not yes)
    if not yes and not dry_run and done.events and _asks(session):
        _tell(session, done)
        if not _confirmed(session):
            return
        done = redact(dry_run=False)
    if session.output.is_json:
        session.output.json(_form(done))
    else:
        _tell(session, done)
        if not done.is_done and not dry_run:
            session.output.note("nothing was changed; --yes does it")


def _asks(session: Session) -> bool:
    return not session.output.is_json and sys.stdin is not None and sys.stdin.isatty()


def _confirmed(session: Session) -> bool:
    session.output.note("what is taken out cannot be brought back. Type 'redact' to go on:")
    if sys.stdin.readline().strip() == "redact":
        return True
    session.output.note("nothing was changed")
    return False


def _tell(session: Session, done: "Redaction") -> None:
    output = session.output
    would = "" if done.is_done else "would be "
    for number, (event, paths) in enumerate(done.events.items()):
        if number == _EVENTS_SHOWN_MAX:
            output.line(f"… and {len(done.events) - number:,} more events")
            break
        output.line(f"{would}redacted  {event}  {shown(' '.join(paths))}")
    gone = (*done.files, *done.blobs, *done.local)
    output.lines([f"{would}removed   {shown(path)}" for path in gone])
    output.lines([f"wrote     {shown(path)}" for path in done.written])
    output.lines([f"wrote     {shown(path)}" for path in done.documents])
    output.lines([f"recorded  {note}" for note in done.notes])
    output.lines([f"committed {done.commit[:12]}"] if done.commit else [])
    if not done.events and not gone:
        output.line("nothing that can be taken out holds it" if done.stays else "nothing here holds it")
    for sentence in done.stays:
        output.note(f"cannot be taken out: {shown(sentence)}")
    if done.documents and done.commit:
        output.note("the documents of the old store are yours: commit them with git")
    if done.waiting:
        output.note(f"not committed: {shown(done.waiting)}")
    if done.purge is not None and (done.purge.files or done.purge.advice):
        _tell_purge(session, done, done.purge)
    if done.purge is not None and done.purge.earlier:
        many = f"{len(done.purge.earlier):,}"
        output.note(f"what earlier redactions took out is still in git ({many} objects): ask for it again to purge it")


def _tell_purge(session: Session, done: "Redaction", purge: "Purge") -> None:
    output = session.output
    when = "still" if done.is_done else "now"
    output.line(f"git holds it {when}: objects {len(purge.files):,}, commits {len(purge.commits):,}")
    shown_first = list(purge.files.items())[:_OBJECTS_SHOWN_MAX]
    output.lines([f"  object {identity}  {shown(path)}" for identity, path in shown_first])
    output.lines([f"  commit {identity}" for identity in purge.commits[:_OBJECTS_SHOWN_MAX]])
    output.lines([f"  git LFS {sha256}" for sha256 in purge.lfs[:_OBJECTS_SHOWN_MAX]])
    output.lines([f"  its own text: {identity}" for identity in purge.messages[:_OBJECTS_SHOWN_MAX]])
    most = max(len(purge.files), len(purge.commits), len(purge.messages), len(purge.lfs))
    output.lines([f"  … --json lists all {most:,}"] if most > _OBJECTS_SHOWN_MAX else [])
    if done.is_done and purge.commands:
        output.line("to purge it, once the value is of no use to anybody any more:")
        output.lines([f"  {shown(command)}" for command in purge.commands])
    for sentence in purge.advice if done.is_done else ():
        output.note(sentence)


def _form(done: "Redaction") -> dict[str, object]:
    return {
        "done": done.is_done,
        "events": [{"event": event, "paths": list(paths)} for event, paths in done.events.items()],
        "entities": [{"type": type, "id": id} for type, id in done.entities],
        "files": list(done.files),
        "written": list(done.written),
        "documents": list(done.documents),
        "blobs": list(done.blobs),
        "local": list(done.local),
        "notes": list(done.notes),
        "stays": list(done.stays),
        "commit": done.commit,
        "waiting": done.waiting,
        "git": None if done.purge is None else _purge_form(done.purge),
    }


def _purge_form(purge: "Purge") -> dict[str, object]:
    return {
        "objects": [{"id": identity, "path": path or None} for identity, path in purge.files.items()],
        "commits": list(purge.commits),
        "messages": list(purge.messages),
        "lfs": list(purge.lfs),
        "earlier": list(purge.earlier),
        "commands": list(purge.commands),
        "advice": list(purge.advice),
    }


VERB = Verb(
    name="redact",
    summary="Take a value out of the store, everywhere, with a record of who and why.",
    run=run,
    text="""\
The exception to a history that is never rewritten, for what should never have been written: a password, a name. What
is selected is replaced by "[redacted]" in every event that holds it, and segments, packs, checkpoints, blobs, readable
files and the index are written anew without it. Ids, order and revisions stay. A note records who and why, never what.

Rotate a leaked secret first: who has a clone has it. Without --yes this only tells what would be done, and asks on a
terminal.""",
    arguments=(Argument("id", "With --entity: the entity's id.", required=False, complete="id"),),
    options=(
        Option(("--entity",), "All values of an entity, in all of its events: --entity TYPE ID.", metavar="TYPE"),
        Option(("--field",), "With --entity: of this field alone.", metavar="FIELD"),
        Option(("--event",), "All values of one event, SEQ or SEQ@LANE.", metavar="EVENT"),
        Option(
            ("--value",),
            "A text, wherever it stands; - reads it from stdin, @FILE from a file.",
            metavar="TEXT",
            kind=INPUT,
        ),
        Option(("--reason",), "Why: it is written down, so it must not say what.", metavar="WHY"),
        Option(("--dry-run",), "Only tell what would be done.", FLAG),
        Option(("--yes",), "Do it, and do not ask.", FLAG),
        Option(("--no-commit",), "Leave the commit to you.", FLAG),
    ),
    examples=(
        ("journal redact --entity user u1 --field phone --reason 'asked to be forgotten' --dry-run", ""),
        ("journal redact --value - --reason 'token, rotated' --yes < token.txt", "not in the shell's history"),
    ),
    statuses=WRITE_STATUSES
    | {7: ALL_STATUSES[7], 20: "the truth is damaged: what is lost may hold the value; nothing was changed"},
    writes=True,
)
