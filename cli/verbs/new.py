"""``journal new``."""

from ..declare import INPUT, TYPE, WRITE_STATUSES, Argument, Option, Verb
from ..inputs import assignments, json_object
from ..session import Session
from .put import SUMMARY


def run(session: Session, *, type: str, document: str | None, set: tuple[str, ...], summary: str | None) -> None:
    """Write an entity under a fresh id and print the id."""
    data = json_object(document) if document is not None else {}
    data |= assignments(set) if set else {}
    entity = session.journal.new(type, data, summary=summary)
    if session.output.is_json:
        from ..forms import entity_form

        session.output.json(entity_form(entity))
    else:
        session.output.line(entity.id)


VERB = Verb(
    name="new",
    summary="Write an entity under a fresh id, and print the id.",
    run=run,
    text="""\
The id has the prefix of its type (journal.toml, else the first letters of the type) and 64 random bits, so that
two clones never choose the same one.""",
    arguments=(
        TYPE,
        Argument(
            "document",
            metavar="JSON",
            help="The document: a literal, @FILE, or - for stdin; empty without.",
            required=False,
            kind=INPUT,
        ),
    ),
    options=(Option(("--set",), "Set a field.", many=True, metavar="FIELD=VALUE"), SUMMARY),
    examples=(
        ("""journal new plan '{"title": "Ship it"}'""", "prints for instance pla_0h3k9x2a7b4c5"),
        ("id=$(journal new plan --set title='Ship it' --set priority=2)", "keeps the id in a variable"),
    ),
    statuses=WRITE_STATUSES,
    writes=True,
)
