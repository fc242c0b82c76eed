"""``journal migrate jsonl``."""

from typing import Any

from ...declare import PATH, Argument, Verb
from ...migrating import RULES, STATUSES, TEXT_ON_RUNS, WISHES, print_migration, rules_of
from ...session import Session


def run(session: Session, *, file: str, **values: Any) -> int:
    """Migrate a file of JSON Lines."""
    rules = rules_of(values)
    return print_migration(session, session.journal.migrate_jsonl(file, rules=rules, **values))


VERB = Verb(
    name="migrate jsonl",
    summary="Bring in a file of JSON Lines, an entity a line.",
    run=run,
    text=f"""\
FILE may be gzipped. The id is the field id, or --id-field. Of several lines with one id the last counts. A line that
cannot be read is told, and the others are brought in.

{TEXT_ON_RUNS}""",
    arguments=(Argument("file", "The file, plain or gzipped.", kind=PATH),),
    options=(*RULES, *WISHES),
    examples=(
        ("journal migrate jsonl issues.jsonl --type issue --dry-run", "look first"),
        ("journal migrate jsonl export.jsonl.gz --type-field kind --id-field key", ""),
    ),
    statuses=STATUSES,
    writes=True,
)
