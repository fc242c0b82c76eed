"""``journal migrate sqlite``."""

from typing import Any

from journal.errors import UsageError

from ...declare import FLAG, PATH, Argument, Option, Verb
from ...migrating import RULES, STATUSES, TEXT_ON_RUNS, WISHES, print_migration, rules_of
from ...session import Session

QUERY = Option(("--query",), "A SELECT: each row is an entity, each column a field.", metavar="SQL")
PARSE = Option(("--parse",), "The text in this column is JSON.", many=True, metavar="COLUMN")
BASE64 = Option(("--base64",), "Bring in bytes as base64; else such rows are told and left out.", FLAG)
OMIT_NULL = Option(("--omit-null",), "Leave out fields that are NULL.", FLAG)


def run(session: Session, *, file: str, query: str | None, parse: tuple[str, ...], **values: Any) -> int:
    """Migrate the rows of a query."""
    if not query:
        raise UsageError("which rows?", hint="--query 'SELECT … FROM …'")
    rules = rules_of(values)
    return print_migration(session, session.journal.migrate_sqlite(file, query, rules=rules, json=parse, **values))


VERB = Verb(
    name="migrate sqlite",
    summary="Bring in the rows of a query on a SQLite database.",
    run=run,
    text=f"""\
The database is opened for reading alone, and the query may only select. The id is the column id, or --id-field; whole
numbers count as their digits. Of several rows with one id the last counts.

{TEXT_ON_RUNS}""",
    arguments=(Argument("file", "The database.", kind=PATH),),
    options=(QUERY, *RULES, PARSE, BASE64, OMIT_NULL, *WISHES),
    examples=(
        ("journal migrate sqlite app.db --query 'SELECT * FROM tasks' --type task --dry-run", "look first"),
        ("journal migrate sqlite app.db --query 'SELECT id, kind, body FROM items' --type-field kind --parse body", ""),
    ),
    statuses=STATUSES,
    writes=True,
)
