"""``journal absorb``."""

from typing import TYPE_CHECKING

from ..declare import ALL_STATUSES, FLAG, PATH, WRITE_STATUSES, Argument, Option, Verb
from ..output import shown
from ..session import Session
from .put import SUMMARY

if TYPE_CHECKING:
    from journal.upkeep.edits.absorbing import Absorbed

PATHS = Argument(
    "paths", "Projections, or folders of them; none means all.", required=False, many=True, metavar="PATH", kind=PATH
)
DRY_RUN = Option(("--dry-run",), "Tell what would be done, and change nothing.", FLAG)


def run(
    session: Session, *, paths: tuple[str, ...], deleted: bool, force: bool, dry_run: bool, summary: str | None
) -> None:
    """Make events of what a person changed in projections."""
    done = session.journal.absorb(paths, deleted=deleted, force=force, dry_run=dry_run, summary=summary)
    if session.output.is_json:
        for item in done:
            session.output.json(_form(item))
        return
    for item in done:
        session.output.done(_line(item, dry_run=dry_run))
    if not done:
        session.output.note("nothing to absorb: no projection was edited by hand" + (_TOLD if paths else ""))


_TOLD = "; one that is as it once was counts as git's, and journal revert or journal put goes back to that"


def _form(item: "Absorbed") -> dict[str, object]:
    return {
        "path": item.path,
        "type": item.type,
        "id": item.id,
        "action": item.action,
        "set": list(item.set),
        "unset": list(item.unset),
        "rev": item.rev,
        "event": item.event,
    }


def _line(item: "Absorbed", *, dry_run: bool) -> str:
    what = f"{item.action or 'only the spacing of'} {item.type} {item.id}"
    fields = " ".join([*item.set, *(f"…{name}" for name in item.unset)]) if item.action == "update" else ""
    text = shown(f"{what}  [{fields}]" if fields else what)
    if dry_run:
        return f"would absorb: {text}"
    return f"{text}  rev {item.rev}  {item.event}" if item.event is not None else f"{text} differed; written anew"


VERB = Verb(
    name="absorb",
    summary="Turn hand edits of projections into events.",
    run=run,
    text="""\
Files below entities/ that were edited in an editor, and new ones dropped there as TYPE/ID.json, become events of
yours: all in one transaction, or none where one file is not right. Each event holds the fields that differ from the
version that was edited, so that it undoes nothing that happened meanwhile in other fields. Where the same field has
changed in the journal too, it is refused, unless --force lets the file win.

A removed file deletes its entity only where it is named, or with --deleted, and before another command has written it
again: else clearing a folder would delete what is in it.""",
    arguments=(PATHS,),
    options=(
        Option(("--deleted",), "Also delete the entities whose files were removed.", FLAG),
        Option(("--force",), "Let the file win where the journal has changed the same field.", FLAG),
        DRY_RUN,
        SUMMARY,
    ),
    examples=(
        ("journal absorb", "everything that was edited or added"),
        ("journal absorb .journal/entities/plan/pln_1.json --summary 'Typo'", ""),
        ("journal absorb --dry-run", "look first"),
    ),
    statuses=WRITE_STATUSES | {3: "there is no such file", 4: ALL_STATUSES[4]},
    writes=True,
)
