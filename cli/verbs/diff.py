"""``journal diff``."""

from typing import TYPE_CHECKING, Any

from ..columns import text_of_value
from ..declare import ALL_STATUSES, FLAG, READ_STATUSES, Argument, Option, Verb
from ..session import DAMAGED, Session
from ..table import Column, print_table

if TYPE_CHECKING:
    from journal.upkeep.comparing.model import Comparison, EntityDifference


def run(session: Session, *, old: str | None, new: str | None, type: str | None, stat: bool, events: bool) -> None:
    """Print how two states differ."""
    found = session.journal.diff(old, new, type=type)
    if session.output.is_json:
        from ..forms import difference_form

        for entity in found.entities:
            session.output.json(difference_form(entity))
    elif stat:
        _print_stat(session, found)
    else:
        _print_fields(session, found, events)
    if not found.entities:
        session.output.note("no difference")
    if found.damage is not None:
        session.output.flush()
        session.output.warn("damaged", found.damage)
        session.status = DAMAGED


def _print_fields(session: Session, found: "Comparison", events: bool) -> None:
    columns = [
        Column("CHANGE", style="bold"),
        Column("TYPE", 6, style="dim"),
        Column("ID", 14, style="bold"),
        Column("FIELD", 8),
        Column("OLD", 8, style="red"),
        Column("NEW", 8, style="green"),
        Column("WHO", 6),
    ]
    if events:
        columns.append(Column("EVENT", style="yellow"))
    rows = [row if events else row[:-1] for entity in found.entities for row in _rows(entity)]
    print_table(session.output, columns, rows)


def _rows(entity: "EntityDifference") -> list[list[str]]:
    head = [entity.change, entity.type, entity.id]
    missing = "(absent)" if entity.change == "changed" else ""
    rows = [
        [*head, item.field, _text(item.old, missing), _text(item.new, missing), item.actor or "", item.event or ""]
        for item in entity.fields
    ]
    return rows or [[*head, *[""] * 5]]


def _text(value: Any, missing: str) -> str:
    from journal.state.entity import ABSENT

    return missing if value is ABSENT else text_of_value(value)


def _print_stat(session: Session, found: "Comparison") -> None:
    columns = (
        Column("CHANGE", style="bold"),
        Column("TYPE", 6, style="dim"),
        Column("ID", 14, style="bold"),
        Column("FIELDS", 12),
    )
    rows = [
        [entity.change, entity.type, entity.id, " ".join(item.field for item in entity.fields)]
        for entity in found.entities
    ]
    print_table(session.output, columns, rows)
    counts = {
        change: sum(entity.change == change for entity in found.entities) for change in ("added", "changed", "removed")
    }
    if rows:
        session.output.done(", ".join(f"{count:,} {change}" for change, count in counts.items()))


VERB = Verb(
    name="diff",
    summary="Compare events, commits or branches: entities and fields.",
    run=run,
    text="""\
A..B compares A with B, and so do the two as two words; A...B compares the commit where A and B went apart with B:
what B changed. With one side the other is the present, with none the first is HEAD: what git does not have yet.

A side that is a number or SEQ@LANE is an event, and stands for what its writer saw, the event included. Any other
is a commit, by any name that git knows: a branch, a tag, HEAD~2. For a branch whose name is a number write
refs/heads/120. Commits are read from git's objects; nothing is checked out, and nothing is written.""",
    arguments=(
        Argument("old", "A..B, A...B, or the old side.", required=False, metavar="A[..B]"),
        Argument("new", "The new side; none: the present.", required=False, metavar="B"),
    ),
    options=(
        Option(("--type",), "Entities of this type.", metavar="TYPE", complete="type"),
        Option(("--stat",), "Which entities and fields, without values.", FLAG),
        Option(("--events",), "Show the event that gave a field its new value.", FLAG),
    ),
    examples=(
        ("journal diff", "what was written since the last commit"),
        ("journal diff main..feature", "how the two branches differ"),
        ("journal diff main...feature --stat", "what feature changed since it left main"),
        ("journal diff 120@k3f9x2a7b4c5d", "what changed since that event was written"),
        ("journal diff v1.0 HEAD --type plan --json | jq -r .id", ""),
    ),
    statuses={
        3: "there is no such event or commit, or the commit has no store",
        7: ALL_STATUSES[7],
    }
    | READ_STATUSES,
)
