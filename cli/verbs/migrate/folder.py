"""``journal migrate folder``."""

from typing import Any

from ...declare import Argument, Verb
from ...migrating import EACH, RULES, STATUSES, TEXT_ON_RUNS, WISHES, print_migration, rules_of
from ...session import Session


def run(session: Session, *, patterns: tuple[str, ...], **values: Any) -> int:
    """Migrate a folder."""
    rules = rules_of(values)
    return print_migration(session, session.journal.migrate_folder(patterns, rules=rules, **values))


VERB = Verb(
    name="migrate folder",
    summary="Bring in a folder of JSON files.",
    run=run,
    text=f"""\
PATTERN says where the files lie: {{id}} and {{type}} in it are the entity's id and type, any other {{name}} becomes a
field that the document lacks, * and ? stand for characters of a name, ** for any folders. A file is one entity; .jsonl
and .ndjson have one on each line, and with --each a file holds many in one field. Links are not followed. Of several
documents with one id none is brought in.

{TEXT_ON_RUNS}""",
    arguments=(
        Argument("patterns", "For instance plans/{id}.json or '{type}/{id}.json'.", many=True, metavar="PATTERN"),
    ),
    options=(*RULES, EACH, *WISHES),
    examples=(
        ("journal migrate folder '{type}/{id}.json' --dry-run", "look first"),
        ("journal migrate folder 'plans/{id}.json' --type plan", ""),
        ("journal migrate folder data/all.json --each plans --type plan", "a file that holds many"),
    ),
    statuses=STATUSES,
    writes=True,
)
