"""``journal schema put``."""

import os

from journal.errors import command_line

from ...declare import INPUT, TYPE, WRITE_STATUSES, Argument, Verb
from ...inputs import json_object
from ...output import shown
from ...session import Session


def run(session: Session, *, type: str, document: str) -> None:
    """Make a type have a schema."""
    path = session.journal.schemas.put(type, json_object(document, what="the schema", of="it"))
    if session.output.is_json:
        session.output.json({"type": type, "path": os.path.relpath(path, session.journal.root)})
        return
    session.output.done(shown(f"{type} has the schema {os.path.relpath(path)}"))
    misfits = session.journal.schemas.check(type)
    if misfits:
        count = len({item.id for item in misfits})
        session.output.note(shown(f"{count:,} of {type} do not fit it: {command_line('schema check', type)}"))


VERB = Verb(
    name="schema put",
    summary="Give a type a JSON Schema.",
    run=run,
    text="""\
The schema is kept in the store, as schemas/TYPE.json; commit it like the rest. From then on a write of the type that
does not fit is refused. Entities that are there stay as they are. A schema that refers to another file or address is
refused, and so is one with a pattern that cannot be run in bounded time.""",
    arguments=(
        TYPE,
        Argument("document", metavar="JSON", help="The schema: a literal, @FILE, or - for stdin.", kind=INPUT),
    ),
    examples=(("journal schema put plan @plan.schema.json", ""),),
    statuses=WRITE_STATUSES,
    writes=True,
)
