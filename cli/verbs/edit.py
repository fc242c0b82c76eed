"""``journal edit``."""

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from journal.errors import JournalError, NotFoundError, RefusedError, command_line

from ..declare import ALL_STATUSES, ID, LOST_STATUSES, TYPE, WRITE_STATUSES, Verb
from ..editor import edit_text, keep
from ..output import is_terminal, say, shown
from ..session import Session
from ..written import print_written
from .put import ACTION, SUMMARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from journal.index.rows import EntityRow
    from journal.store.expectation import Conflict
    from journal.store.model import Entity


def run(session: Session, *, type: str, id: str, action: str | None, summary: str | None) -> None:
    """Open an entity in an editor and write what changed, if it still is what was opened."""
    from journal.format.values import canonical, decode, pretty

    row = session.journal.texts(type, id)
    if row is None or row.data is None:
        raise NotFoundError(f"there is no {type} {id!r}", hint=f"make it with: {command_line('put', type, id)} JSON")
    lifted = session.journal.lifted(row)
    before = decode(row.data) if lifted is None or lifted.data is None else lifted.data
    text = pretty(before).decode()
    edited, after = _edit(session, text, f"{type}-{id}")
    # 1, 1.0 and true are equal to Python and different in JSON.
    changed = {
        name: value
        for name, value in after.items()
        if name not in before or canonical(before[name]) != canonical(value)
    }
    gone = [name for name in before if name not in after]
    if not changed and not gone:
        session.output.note(f"{shown(type)} {shown(id)} is unchanged")
        return
    write = partial(session.journal.put, type, id, set=changed, unset=gone, action=action, summary=summary)
    try:
        print_written(session, _write_unless_changed(session, row, write))
    except JournalError as error:
        kept = f"what you typed is kept in {keep(edited, f'{type}-{id}')}"
        error.hint = f"{kept}; {error.hint}" if error.hint else kept
        raise


def _edit(session: Session, text: str, name: str) -> tuple[str, dict[str, Any]]:
    """Return what was typed and its document; asks again, on a terminal, until it is one."""
    from journal.format.values import parse_text

    while True:
        text = edit_text(text, name, session.store or ".")
        try:
            document = parse_text(text, what="the edited text")
            if not isinstance(document, dict):
                raise RefusedError("the edited text: an entity is a JSON object, written {…}")
        except RefusedError as error:
            if not _asks_again(session, error):
                raise RefusedError(error.message, hint=f"what you typed is kept in {keep(text, name)}") from error
        else:
            return text, document


def _asks_again(session: Session, error: RefusedError) -> bool:
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return False
    say(f"journal: {shown(error.message)}\nOpen the editor again? [Y/n] ")
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


def _write_unless_changed(
    session: Session, row: "EntityRow", write: "Callable[..., Entity | Conflict]"
) -> "Entity | Conflict":
    """Write, if the entity still is what was opened; after a merge it may have several heads."""
    from journal.store.expectation import Conflict

    written = write(expect_event=f"{row.seq}@{row.lane}")
    if isinstance(written, Conflict) and session.journal.texts(row.type, row.id) == row:
        return write(expect_event=written.heads)
    return written


VERB = Verb(
    name="edit",
    summary="Open an entity in your editor and write what changed.",
    run=run,
    text="""\
The editor is $GIT_EDITOR, git's core.editor, $VISUAL or $EDITOR, in git's order. Text that is no JSON object is
offered again, or kept in a file whose name is told: nothing typed is lost. Nothing is written where somebody
changed the entity meanwhile (exit status 4).""",
    arguments=(TYPE, ID),
    options=(ACTION, SUMMARY),
    examples=(("journal edit plan pln_1", ""), ("EDITOR='code --wait' journal edit plan pln_1", "")),
    statuses=WRITE_STATUSES
    | LOST_STATUSES
    | {1: "the editor failed", 3: "there is no such entity", 4: ALL_STATUSES[4], 6: "the text is no JSON object"},
    writes=True,
)
